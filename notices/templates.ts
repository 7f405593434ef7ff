import type { Templates } from '../domain/notices/message.ts';
import type { NoticeKind } from '../domain/notices/schema.ts';

/** The language that every kind of notice has templates in. */
export const SHIPPED_LANGUAGE = 'en';

/** What all HTML parts have in common. It has no words, so that all languages share it. */
export const LAYOUT = 'layout.html.liquid';

/** Returns the names of the two parts of a notice. */
export function partsOf(kind: NoticeKind): { text: string; html: string } {
  return { text: `${kind}.txt.liquid`, html: `${kind}.html.liquid` };
}

/** Whether a language has both parts of a notice. Of two languages, no message is made. */
export function hasParts(templates: Templates, language: string, kind: NoticeKind): boolean {
  const files = templates[language] ?? {};
  const { text, html } = partsOf(kind);
  return Object.hasOwn(files, text) && Object.hasOwn(files, html);
}

/**
 * Returns the first language that has both parts of a notice. A language with a region also stands for the language
 * alone: `de-CH` for `de`.
 *
 * @param wanted tags as the directory or the configuration has them, in the order of preference
 */
export function languageFor(kind: NoticeKind, wanted: readonly string[], templates: Templates): string {
  const known = new Map(Object.keys(templates).map((language) => [language.toLowerCase(), language]));
  for (const tag of wanted) {
    const subtags = tag.trim().toLowerCase().split(/[-_]/);
    for (let length = subtags.length; length > 0; length -= 1) {
      const language = known.get(subtags.slice(0, length).join('-'));
      if (language !== undefined && hasParts(templates, language, kind)) return language;
    }
  }
  return SHIPPED_LANGUAGE;
}
