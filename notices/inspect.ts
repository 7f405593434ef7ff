import { LayoutTag, RenderTag, type StaticAnalysis, type Template } from 'liquidjs';
import { engineOf } from './engine.ts';
import { type Fault, faultsIn } from './liquid-errors.ts';
import { LAYOUT } from './templates.ts';
import { VARIABLES } from './values.ts';

/** The templates of one language. */
export interface Language {
  language: string;
  files: Readonly<Record<string, string>>;
}

/** What is wrong in a file. */
export type FaultIn = Fault & { file: string };

/** Where a template uses another one. */
interface Use {
  /** Undefined if it is not named in quotes. */
  used: string | undefined;
  line: number;
}

/** Finds what is wrong with the templates of a language without rendering them: also in branches that no sample takes. */
export function inspect({ language, files }: Language): FaultIn[] {
  const engine = engineOf(files, language, 'text');
  const uses = new Map<string, Use[]>();
  const faults = Object.entries(files).flatMap(([file, source]) => {
    try {
      const parsed = engine.parse(source, file);
      uses.set(file, usesIn(parsed));
      return unknownVariables(file, engine.analyzeSync(parsed, { partials: false }));
    } catch (error) {
      return faultsIn(error).map((fault) => ({ file, ...fault }));
    }
  });
  return [...faults, ...wrongUses(uses, { language, files })];
}

function unknownVariables(file: string, { globals }: StaticAnalysis): FaultIn[] {
  const known = VARIABLES.filter((name) => name !== 'subject' || file.endsWith('.html.liquid'));
  return Object.values(globals).flatMap((uses) =>
    uses.flatMap(({ segments, location }) => {
      const [name, ...rest] = segments;
      if (known.some((one) => one === name) && rest.length === 0) return [];
      const problem = `no such variable: ${segments.join('.')}; expected one of ${known.join(', ')}`;
      return [{ file, line: location.row, problem }];
    }),
  );
}

/** Finds templates that use another one that the language does not have, or themselves. */
function wrongUses(uses: ReadonlyMap<string, readonly Use[]>, { language, files }: Language): FaultIn[] {
  const hasLayout = [...uses.values()].flat().some(({ used }) => used === LAYOUT);
  return [...uses].flatMap(([file, all]) => {
    // A language that does without the shipped layout needs no words for it.
    if (file === LAYOUT && !hasLayout) return [];
    return all.flatMap(({ used, line }): FaultIn[] => {
      if (used === undefined) return [{ file, line, problem: 'expected the name of a template in quotes' }];
      if (!Object.hasOwn(files, used)) return [{ file, line, problem: `no such template in ${language}: ${used}` }];
      return reachable(used, uses).has(file) ? [{ file, line, problem: `uses itself through ${used}` }] : [];
    });
  });
}

/** Returns a template and all that it uses. */
function reachable(from: string, uses: ReadonlyMap<string, readonly Use[]>): ReadonlySet<string> {
  const reached = new Set([from]);
  // A set takes in what is added while it is read.
  for (const file of reached) for (const { used } of uses.get(file) ?? []) if (used !== undefined) reached.add(used);
  return reached;
}

function usesIn(parsed: readonly Template[]): Use[] {
  return parsed.flatMap((template) => {
    const used = fileOf(template);
    const inner = usesIn(childrenOf(template));
    if (!(template instanceof RenderTag || template instanceof LayoutTag)) return inner;
    const [line = 1] = template.token.getPosition();
    return [{ used: typeof used === 'string' ? used : undefined, line }, ...inner];
  });
}

function fileOf(template: Template): unknown {
  return 'file' in template ? template.file : undefined;
}

/** Returns what is within a tag. Without partials it yields nothing before. */
function childrenOf(template: Template): readonly Template[] {
  const { done, value } = template.children?.(false, true).next() ?? {};
  return done === true && Array.isArray(value) ? value : [];
}
