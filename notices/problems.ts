import type { Templates } from '../domain/notices/message.ts';
import { NOTICE_KINDS, type NoticeKind } from '../domain/notices/schema.ts';
import { engineOf } from './engine.ts';
import { inspect, type Language } from './inspect.ts';
import { type Fault, faultsIn } from './liquid-errors.ts';
import { renderNotice } from './render.ts';
import { type Configuration, samplesOf } from './samples.ts';
import { hasParts, languageFor, partsOf, SHIPPED_LANGUAGE } from './templates.ts';

/** Why no notice can be made of a template, or none as it was meant. */
export interface TemplateProblem extends Fault {
  language: string;
  file: string;
}

/** Mail programs cut what is longer. */
const MOST_HTML_CHARACTERS = 100_000;

/**
 * Finds everything in templates that would keep a notice from being made: reads all of them, then renders each notice with
 * every value and without, and with values that try to break out of the template.
 */
export function problemsIn(templates: Templates, configuration?: Configuration): TemplateProblem[] {
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
  const [primary] = language.split('-');
  if (primary === SHIPPED_LANGUAGE) return [];
  const sent = new Set(entitlements.flatMap(({ notices }) => notices?.send ?? []));
  return NOTICE_KINDS.filter((kind) => sent.has(kind) && languageFor(kind, [language], templates) === SHIPPED_LANGUAGE);
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

function problemsOf({ language, files }: Language, configuration?: Configuration): TemplateProblem[] {
  const misread = inspect({ language, files });
  // Each notice would report the same again.
  if (misread.length > 0) return misread.map((fault) => ({ language, ...fault }));
  const engines = { text: engineOf(files, language, 'text'), html: engineOf(files, language, 'html') };
  const inFile = (file: string, faults: readonly Fault[]) =>
    faults.map((fault): TemplateProblem => ({ language, file, ...fault }));
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
