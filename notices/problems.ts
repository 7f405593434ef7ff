import { LayoutTag, type Liquid, RenderTag, type StaticAnalysis, type Template } from 'liquidjs';
import type { Entitlements } from '../domain/entitlements.ts';
import { NOTICE_KINDS, type NoticeKind } from '../domain/notices/schema.ts';
import { engineOf } from './engine.ts';
import { type Fault, faultsIn } from './liquid-errors.ts';
import { renderNotice } from './render.ts';
import { samplesOf } from './samples.ts';
import { hasParts, LAYOUT, languageFor, partsOf, type Templates } from './templates.ts';
import { VARIABLES } from './values.ts';

/** Why no notice can be made of a template, or none as it was meant. */
export interface TemplateProblem extends Fault {
  language: string;
  file: string;
}

/** Mail programs cut what is longer. */
const MOST_HTML_CHARACTERS = 100_000;

/** The templates of one language. */
interface Language {
  language: string;
  files: Readonly<Record<string, string>>;
}

type Configuration = Pick<Entitlements, 'notices' | 'entitlements'>;

/**
 * Finds everything in templates that would keep a notice from being made: reads all of them, then renders each notice with
 * every value and without, and with values that try to break out of the template.
 */
export function problemsIn(templates: Templates, configuration: Configuration): TemplateProblem[] {
  const problems = Object.keys(templates).flatMap((language) => [
    ...withoutOtherPart(language, templates),
    ...problemsOf({ language, files: templates[language] ?? {} }, configuration),
  ]);
  // The layout is a file of every language, and a partial is in every notice.
  const unique = new Map(problems.map((problem) => [JSON.stringify(problem), problem]));
  return [...unique.values()];
}

/** Returns the kinds for which the configured language has no templates: their users would get another language. */
export function kindsWithout(language: string, templates: Templates, { entitlements }: Configuration): NoticeKind[] {
  const sent = new Set(entitlements.flatMap(({ notices }) => notices?.send ?? []));
  return NOTICE_KINDS.filter((kind) => sent.has(kind) && languageFor(kind, [language], templates) !== language);
}

function withoutOtherPart(language: string, templates: Templates): TemplateProblem[] {
  const files = templates[language] ?? {};
  return NOTICE_KINDS.flatMap((kind) => {
    const { text, html } = partsOf(kind);
    const [file, other] = Object.hasOwn(files, text) ? [text, html] : [html, text];
    if (hasParts(templates, language, kind) || !Object.hasOwn(files, file)) return [];
    return [{ language, file, problem: `expected its other part, too: ${other}` }];
  });
}

function problemsOf({ language, files }: Language, configuration: Configuration): TemplateProblem[] {
  const engines = { text: engineOf(files, language, 'text'), html: engineOf(files, language, 'html') };
  const inFile = (file: string, faults: readonly Fault[]) =>
    faults.map((fault): TemplateProblem => ({ language, file, ...fault }));
  const hasLayout = Object.values(files).some((source) => source.includes(LAYOUT));
  const misread = Object.keys(files).flatMap((file) =>
    file === LAYOUT && !hasLayout ? [] : inFile(file, faultsOf(file, { language, files }, engines.text)),
  );
  // Each notice would report the same again.
  if (misread.length > 0) return misread;
  const kinds = NOTICE_KINDS.filter((kind) => hasParts({ [language]: files }, language, kind));
  return kinds.flatMap((kind) => {
    const parts = partsOf(kind);
    return samplesOf(kind, configuration).flatMap((facts) => {
      try {
        const { html } = renderNotice(facts, language, (format) => engines[format]);
        if (html.length <= MOST_HTML_CHARACTERS) return [];
        return inFile(parts.html, [
          { problem: `more than ${MOST_HTML_CHARACTERS} characters: mail programs would cut it` },
        ]);
      } catch (error) {
        // An error without a place is one of the subject.
        return inFile(
          parts.text,
          faultsIn(error).map((fault) => ({ line: 1, ...fault })),
        );
      }
    });
  });
}

/** Finds what is wrong with one file, also in branches that no sample takes. */
function faultsOf(file: string, { language, files }: Language, engine: Liquid): Fault[] {
  try {
    const parsed = engine.parse(files[file] ?? '', file);
    return [
      ...unknownVariables(file, engine.analyzeSync(parsed, { partials: false })),
      ...unknownFiles(parsed, { language, files }),
    ];
  } catch (error) {
    return faultsIn(error);
  }
}

function unknownVariables(file: string, { globals }: StaticAnalysis): Fault[] {
  const known = VARIABLES.filter((name) => name !== 'subject' || file.endsWith('.html.liquid'));
  return Object.values(globals).flatMap((uses) =>
    uses.flatMap(({ segments, location }) => {
      const [name, ...rest] = segments;
      if (known.some((one) => one === name) && rest.length === 0) return [];
      return [
        { line: location.row, problem: `no such variable: ${segments.join('.')}; expected one of ${known.join(', ')}` },
      ];
    }),
  );
}

/** Finds templates that use another one that the language does not have. */
function unknownFiles(parsed: readonly Template[], { language, files }: Language): Fault[] {
  return allIn(parsed).flatMap((template) => {
    const used = fileOf(template);
    if (!(template instanceof RenderTag || template instanceof LayoutTag)) return [];
    if (typeof used === 'string' && Object.hasOwn(files, used)) return [];
    const [line = 1] = template.token.getPosition();
    const problem =
      typeof used === 'string'
        ? `no such template in ${language}: ${used}`
        : 'expected the name of a template in quotes';
    return [{ line, problem }];
  });
}

/** Returns the template that a tag uses, if it names it in quotes. */
function fileOf(template: Template): unknown {
  return 'file' in template ? template.file : undefined;
}

function allIn(templates: readonly Template[]): Template[] {
  return templates.flatMap((template) => [template, ...allIn(childrenOf(template))]);
}

/** Returns what is within a tag. Without partials it yields nothing before. */
function childrenOf(template: Template): readonly Template[] {
  const { done, value } = template.children?.(false, true).next() ?? {};
  return done === true && Array.isArray(value) ? value : [];
}
