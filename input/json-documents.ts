import { isObject } from '../domain/shared/json.ts';

/** A JSON document of a text. Without a value, it is not JSON. */
export interface Document {
  /** Where it begins: `line 3`, or `line 1, column 9` if it is not the first of its line; empty if it is the whole text. */
  path: string;
  value?: unknown;
  /** Whether `value` is there: a document may be null. */
  isJson: boolean;
}

/** Why a text is not JSON, with the place. */
export interface NotJson {
  path: string;
  problem: string;
}

/**
 * Returns the JSON documents of a text: one, or several, as JSON Lines, as `jq` prints them, or without anything between
 * them, as Firehose writes them. Blank lines and CRLF are allowed.
 *
 * A text of lines of which some are not JSON has all its lines, so that all errors of a file are reported at once.
 */
export function documentsIn(text: string): Document[] | NotJson {
  const whole = parse(text);
  if (!('error' in whole)) return [{ path: '', value: whole.value, isJson: true }];
  const several = consecutiveIn(text);
  if (several) return several;
  const lines = text.split('\n').flatMap((line, index): Document[] => {
    if (line.trim() === '') return [];
    const parsed = parse(line);
    const path = `line ${index + 1}`;
    return ['error' in parsed ? { path, isJson: false } : { path, value: parsed.value, isJson: true }];
  });
  if (lines.length === 0) return [];
  // A truncated document of several lines is not JSON Lines: its lines have no meaning of their own. Nor is any other text
  // that has an object on one of its lines.
  const isLines = lines.some(({ value }) => isObject(value));
  if (isLines && /^\s*\{/.test(text)) return lines;
  return { path: placeOf(whole.error, text), problem: 'not JSON' };
}

function parse(text: string): { value: unknown } | { error: SyntaxError } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    if (error instanceof SyntaxError) return { error };
    throw error;
  }
}

/** V8 reports the place of most errors. Its message quotes the text, so only the place is used. */
function placeOf({ message }: SyntaxError, text: string): string {
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  if (line !== undefined) return `line ${line}, column ${column}`;
  return message.includes('end of JSON') ? `line ${text.trimEnd().split('\n').length}, at its end` : 'line 1';
}

/** Returns the documents of a text that has nothing else than objects, arrays and texts, one after another. */
function consecutiveIn(text: string): Document[] | undefined {
  const documents: Document[] = [];
  const places = new Places(text);
  let at = 0;
  for (;;) {
    at = skipSpace(text, at);
    if (at === text.length) return documents.length > 0 ? documents : undefined;
    const end = endOf(text, at);
    const parsed = end === undefined ? undefined : parse(text.slice(at, end));
    if (end === undefined || parsed === undefined || 'error' in parsed) return undefined;
    documents.push({ path: places.of(at), value: parsed.value, isJson: true });
    at = end;
  }
}

/** Names offsets of a text, which only grow. */
class Places {
  readonly #text: string;
  #line = 1;
  #lineStart = 0;
  #last = -1;

  constructor(text: string) {
    this.#text = text;
  }

  of(offset: number): string {
    const before = this.#line;
    for (;;) {
      const end = this.#text.indexOf('\n', this.#lineStart);
      if (end === -1 || end >= offset) break;
      this.#line += 1;
      this.#lineStart = end + 1;
    }
    const isFirst = this.#last === -1 || this.#line > before;
    this.#last = offset;
    return isFirst ? `line ${this.#line}` : `line ${this.#line}, column ${offset - this.#lineStart + 1}`;
  }
}

const SPACE = new Set([' ', '\t', '\n', '\r']);

function skipSpace(text: string, from: number): number {
  let at = from;
  while (SPACE.has(text[at] ?? '')) at += 1;
  return at;
}

/** Returns where the object, array or text that begins here ends; undefined if there is none, or it does not end. */
function endOf(text: string, from: number): number | undefined {
  if (text[from] === '"') return endOfText(text, from);
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const one = text[at];
    if (one === '"') {
      const end = endOfText(text, at);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (one === '{' || one === '[') depth += 1;
    else if (one === '}' || one === ']') depth -= 1;
    if (depth === 0) return at > from ? at + 1 : undefined;
  }
  return undefined;
}

function endOfText(text: string, from: number): number | undefined {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return undefined;
}
