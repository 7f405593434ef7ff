import type { NoticeFacts } from '../domain/notices/message.ts';
import type { NoticeKind } from '../domain/notices/schema.ts';

/** What templates may print. What is absent is `null`: a variable that is not here is an error of the template. */
export interface Values {
  kind: NoticeKind;
  product: string;
  name: string | null;
  startUrl: string;
  region: string;
  helpUrl: string | null;
  revokeOn: string | null;
  /** Paragraphs. */
  text: readonly string[] | null;
  contact: string;
}

/** Names of variables that the HTML part has, and of those that all parts have. */
export const VARIABLES: readonly (keyof Values | 'language' | 'subject')[] = [
  ...(['kind', 'product', 'name', 'startUrl', 'region', 'helpUrl', 'revokeOn', 'text', 'contact'] as const),
  ...(['language', 'subject'] as const),
];

/** Returns the facts as templates get them: each value is one line, without what changes how a line is shown. */
export function valuesOf({ name, helpUrl, revokeOn, text, ...facts }: NoticeFacts): Values {
  return {
    kind: facts.kind,
    product: toLine(facts.product),
    name: name === undefined ? null : greetingName(name),
    startUrl: toLine(facts.startUrl),
    region: toLine(facts.region),
    helpUrl: helpUrl?.startsWith('https://') ? toLine(helpUrl) : null,
    revokeOn: revokeOn === undefined ? null : toLine(revokeOn),
    text: text === undefined ? null : paragraphsIn(text),
    contact: toLine(facts.contact),
  };
}

/**
 * Makes one line: breaks and control characters become spaces; marks of direction and other invisible characters go. Joiners
 * stay, because words of some languages need them.
 */
function toLine(value: string): string {
  return value
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Zs}]+/gu, ' ')
    .replace(/[^\P{Cf}\u200c\u200d]/gu, '')
    .trim();
}

/** An empty line begins a paragraph. */
function paragraphsIn(text: string): readonly string[] | null {
  const paragraphs = text.split(/\n\s*\n/).map(toLine);
  const filled = paragraphs.filter((paragraph) => paragraph !== '');
  return filled.length > 0 ? filled : null;
}

/** Letters, digits and what stands between parts of a name. */
const NAME = /^(?:[\p{L}\p{M}\p{N} .,'’`´()·_-]|\u200c|\u200d){1,64}$/u;
/** What mail programs make a link of, such as `example.com`. */
const LINK = /\.[\p{L}\p{N}_-]{2,}/u;

/**
 * Returns a name with which to greet, or null: a name in a directory may be a link, markup or a sentence, and a greeting may be
 * without a name.
 */
function greetingName(name: string): string | null {
  const line = toLine(name);
  return NAME.test(line) && !LINK.test(line) ? line : null;
}
