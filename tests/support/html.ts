/** An element of a page, as its start tag says it. */
export interface HtmlElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  /** Text within it, also in the elements within it, with single spaces. */
  text: string;
}

/** Elements without content and end tag. */
const EMPTY = new Set(['meta', 'br', 'hr', 'img', 'link', 'input']);
const TOKEN =
  /<!doctype html>|<!--[\s\S]*?-->|<\/([a-z][a-z0-9]*)>|<([a-z][a-z0-9]*)((?:\s+[a-z-]+="[^"<>]*")*)>|([^<]+)/gy;
const REFERENCES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', '#34': '"', '#39': "'" };

/**
 * Reads a page more strictly than browsers: every element is closed where it was opened, every attribute is quoted, no `<`, `>`
 * or `&` stands for itself.
 *
 * @returns its elements in the order in which they begin
 * @throws Error that says where it is not so
 */
export function readHtml(html: string): HtmlElement[] {
  const elements: { name: string; attributes: Record<string, string>; text: string }[] = [];
  const open: typeof elements = [];
  let end = 0;
  for (const token of html.matchAll(TOKEN)) {
    const [whole, closing, opening, attributes = '', text] = token;
    end = token.index + whole.length;
    if (text !== undefined) for (const element of open) element.text += decoded(text);
    if (closing !== undefined && open.pop()?.name !== closing) throw new Error(`</${closing}> closes another element`);
    if (opening === undefined) continue;
    const pairs = [...attributes.matchAll(/([a-z-]+)="([^"]*)"/g)].map(([, name, value]) => [
      name,
      decoded(value ?? ''),
    ]);
    const element = { name: opening, attributes: Object.fromEntries(pairs), text: '' };
    elements.push(element);
    if (!EMPTY.has(opening)) open.push(element);
  }
  if (end < html.length) throw new Error(`not HTML: ${html.slice(end, end + 80)}`);
  if (open.length > 0) throw new Error(`not closed: ${open.map(({ name }) => name).join(', ')}`);
  return elements.map((element) => ({ ...element, text: element.text.replace(/\s+/g, ' ').trim() }));
}

function decoded(text: string): string {
  if (text.includes('>')) throw new Error(`> stands for itself: ${text}`);
  return text.replace(/&(?:(#?\w+);)?/g, (reference, name: string | undefined) => {
    const character = REFERENCES[name ?? ''];
    if (character === undefined) throw new Error(`& stands for itself: ${reference}`);
    return character;
  });
}
