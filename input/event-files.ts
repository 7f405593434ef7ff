import { isObject } from '../domain/shared/json.ts';
import type { ValidationIssue } from '../domain/shared/validation.ts';
import { problemWith } from './event-title.ts';
import { InputError } from './input-error.ts';

/** More errors would bury the first. */
const MOST_ISSUES = 20;

/**
 * Parses the events of a file: one JSON object, an array of objects, or JSON Lines. Blank lines and CRLF are allowed.
 *
 * @param file named in errors, not opened
 * @throws InputError with the place of each error, without quoting the text
 */
export function parseEvents(text: string, file: string): object[] {
  const issues: ValidationIssue[] = [];
  const events: object[] = [];
  for (const { path, event, problem } of eventsIn(text, file)) {
    if (event) events.push(event);
    else issues.push({ path, problem });
  }
  if (issues.length > MOST_ISSUES) {
    const more = issues.splice(MOST_ISSUES).length;
    issues.push({ path: '', problem: `${more} more errors` });
  }
  if (issues.length > 0) throw new InputError(file, issues);
  return events;
}

/** The place of an event in a file; without an event, `problem` says why. */
export type EventPlace = { path: string } & (
  | { event: object; problem?: undefined }
  | { event?: undefined; problem: string }
);

/**
 * Returns the places of the events in a file, in order, including those without a valid event.
 *
 * @throws InputError if the file has no event, or is neither JSON nor JSON Lines
 */
export function eventsIn(text: string, file: string): EventPlace[] {
  const places = valuesIn(text, file).map(({ path, value }): EventPlace => {
    const problem = value === undefined ? 'not JSON' : problemWith(value);
    return problem === undefined && isObject(value) ? { path, event: value } : { path, problem: problem ?? '' };
  });
  if (places.length === 0) throw new InputError(file, [{ path: '', problem: 'holds no event' }]);
  return places;
}

/** A value in a file; undefined if it is not JSON. */
interface Found {
  path: string;
  value: unknown;
}

function valuesIn(text: string, file: string): Found[] {
  const whole = parse(text);
  if (!('error' in whole)) {
    const { value } = whole;
    return Array.isArray(value)
      ? value.map((one, index) => ({ path: `[${index}]`, value: one }))
      : [{ path: '', value }];
  }
  const lines = text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = parse(line);
    return [{ path: `line ${index + 1}`, value: 'error' in parsed ? undefined : parsed.value }];
  });
  if (lines.length === 0) return [];
  // A truncated document of several lines is not JSON Lines: its lines have no meaning of their own. Nor is any other text
  // that has an object on one of its lines.
  if (lines.some(({ value }) => isObject(value)) && /^\s*\{/.test(text)) return lines;
  throw new InputError(file, [{ path: placeOf(whole.error, text), problem: 'not JSON' }]);
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
