import { Liquid } from 'liquidjs';

/**
 * What templates may use of Liquid. Everything else is left out: what prints a value without escaping it (`raw`, `echo`),
 * what takes a template's variables to another (`include`), and what makes a template a program.
 */
export const TAGS = ['if', 'unless', 'case', 'for', 'assign', 'render', 'layout', 'block', 'comment', '#'];
export const FILTERS = ['append', 'capitalize', 'date', 'default', 'downcase', 'join', 'prepend', 'size', 'upcase'];

/** Characters of the templates of one part, and of the lists and texts that they make. Those shipped need a hundredth. */
const PARSE_LIMIT = 1_000_000;
const MEMORY_LIMIT = 1_000_000;
/** Milliseconds. A part takes one to five; the first one of a cold function may take a hundred. */
const RENDER_LIMIT = 5_000;

/** How values get into a part: HTML escapes them, text takes them as they are. */
export type Format = 'text' | 'html';

/**
 * Makes what renders the templates of one language. They see each other, and no file.
 *
 * @param files templates by name
 */
export function engineOf(files: Readonly<Record<string, string>>, language: string, format: Format): Liquid {
  const engine = new Liquid({
    // Without a prototype, so that no template is named `constructor`.
    templates: Object.assign(Object.create(null), files),
    relativeReference: false,
    cache: true,
    // So that packaging reports all errors of a template at once.
    catchAllErrors: true,
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // Names of months in the language of the text; dates are days in UTC.
    locale: language,
    timezoneOffset: 0,
    parseLimit: PARSE_LIMIT,
    renderLimit: RENDER_LIMIT,
    memoryLimit: MEMORY_LIMIT,
    ...(format === 'html' ? { outputEscape: 'escape' as const } : {}),
  });
  keepOnly(engine.tags, TAGS);
  keepOnly(engine.filters, FILTERS);
  return engine;
}

function keepOnly(all: Record<string, unknown>, kept: readonly string[]): void {
  for (const name of Object.keys(all)) {
    if (!kept.includes(name)) delete all[name];
  }
}
