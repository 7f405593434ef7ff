import { isObject } from '../domain/shared/json.ts';
import type { ValidationIssue } from '../domain/shared/validation.ts';
import { isManualStart } from './event-shapes.ts';
import { DEEPEST_LEVELS, isDeeperThan } from './event-title.ts';
import { labelOf, readBytes, type StandardInput, textIn } from './files.ts';
import { InputError } from './input-error.ts';
import { documentsIn } from './json-documents.ts';
import { type EventPlace, type Limits, Unwrapper } from './unwrap.ts';

/** More errors would bury the first. */
const MOST_ISSUES = 20;

/** CloudTrail's log files have some ten thousand records, in megabytes. */
const LIMITS: Limits = { events: 1_000_000, unpackedBytes: 128 * 1024 * 1024, levels: 100 };

/** What a file holds. */
export interface EventFile {
  /** In the order of the file; at least one. */
  places: EventPlace[];
  /** The number of entries of lists that hold no event, such as other messages of a log. */
  leftOut: number;
}

/** Reads a file with events, or standard input; see {@link eventsIn}. @param stdin what `-` is @throws InputError */
export async function readEvents(file: string, stdin: StandardInput): Promise<EventFile> {
  return eventsIn(await readBytes(file, stdin), labelOf(file));
}

/**
 * Returns the inputs of executions that a file holds: EventBridge events, CloudTrail records and manual starts, by
 * themselves, in an array, as JSON Lines or one after another, in any of the envelopes in which AWS and others hand them
 * out, also compressed. docs/operator.md lists the forms.
 *
 * @param file named in errors, not opened
 * @param limits what the file may hold
 * @throws InputError if the file has no event, is neither JSON nor JSON Lines, or holds more than it may
 */
export function eventsIn(content: string | Uint8Array, file: string, limits = LIMITS): EventFile {
  const unwrapper = new Unwrapper(file, limits);
  const text = typeof content === 'string' ? content : textOf(content, file, unwrapper);
  const found = documentsIn(text);
  const places = Array.isArray(found)
    ? found.flatMap(({ path, value, isJson }) =>
        isJson ? eventsOf(value, path, unwrapper) : [{ path, problem: 'not JSON' }],
      )
    : eventsAmong(text, unwrapper);
  if (places.length > 0) return { places, leftOut: unwrapper.leftOut };
  const where = [...unwrapper.emptyFields].join(', ');
  const problem = { path: '', problem: where === '' ? 'holds no event' : `holds no event in ${where}` };
  throw new InputError(file, [Array.isArray(found) ? problem : withHint(found, text)]);
}

/** A text that begins like no JSON, and mentions records: YAML or a table of the AWS CLI, or comma-separated values. */
const OTHER_OUTPUT = /^(?!\s*["[{]).*(?:event.?source|CloudTrailEvent|detail-type)/is;

function withHint(issue: ValidationIssue, text: string): ValidationIssue {
  if (!OTHER_OUTPUT.test(text)) return issue;
  return { ...issue, problem: `${issue.problem}. Export it as JSON; with the AWS CLI: --output json` };
}

/** Returns the events of a text that is not JSON: base64, or a log whose lines begin with something else. */
function eventsAmong(text: string, unwrapper: Unwrapper): EventPlace[] {
  const whole = unwrapper.find(text, { path: '', level: 0 }).filter(({ event }) => event);
  if (whole.length > 0) return whole;
  const lines = text.split('\n').flatMap((line, index) => {
    const found = unwrapper.find(line, { path: `line ${index + 1}`, level: 0 });
    if (found.length === 0 && line.trim() !== '') unwrapper.leftOut += 1;
    return found;
  });
  return lines.some(({ event }) => event) ? lines : [];
}

/**
 * Parses the events of a file, all of which must be such that an execution takes them.
 *
 * @throws InputError with the place of each error, without quoting the text
 */
export function parseEvents(content: string | Uint8Array, file: string): object[] {
  return validEvents(eventsIn(content, file), file).map(({ event }) => event);
}

/** Returns the events of a file with their places. @throws InputError with the place of each that cannot be taken */
export function validEvents({ places }: EventFile, file: string): { path: string; event: object }[] {
  const issues: ValidationIssue[] = [];
  const events = places.flatMap(({ path, event, problem }) => {
    if (event) return [{ path, event }];
    issues.push({ path, problem });
    return [];
  });
  if (issues.length > MOST_ISSUES) {
    const more = issues.splice(MOST_ISSUES).length;
    issues.push({ path: '', problem: `${more} more errors` });
  }
  if (issues.length > 0) throw new InputError(file, issues);
  return events;
}

/** Returns the input of an execution, as AWS returns it: it is what the execution was given, whatever it is. */
export function executionInput(input: string | undefined): EventPlace {
  return new Unwrapper('execution', LIMITS).executionInput(input, '');
}

/** What compresses files otherwise than gzip, by the bytes with which such files begin, and what unpacks them. */
const OTHER_FORMS: readonly (readonly [first: readonly number[], form: string, unpack: string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], 'a zip archive', 'unzip -p'],
  [[0x28, 0xb5, 0x2f, 0xfd], 'compressed with zstd', 'zstd -dc'],
  [[0x42, 0x5a, 0x68], 'compressed with bzip2', 'bzip2 -dc'],
  [[0xfd, 0x37, 0x7a, 0x58], 'compressed with xz', 'xz -dc'],
];
const TAR = 'ustar';
const TAR_AT = 257;

/** Returns the text of a file, unpacked. @throws InputError */
function textOf(content: Uint8Array, file: string, unwrapper: Unwrapper): string {
  const bytes = unwrapper.unpacked(content, '');
  for (const [first, form, unpack] of OTHER_FORMS) {
    if (!first.every((byte, index) => bytes[index] === byte)) continue;
    throw new InputError(file, [{ path: '', problem: `${form}: ${unpack} FILE | usher explain -` }]);
  }
  if (new TextDecoder().decode(bytes.subarray(TAR_AT, TAR_AT + TAR.length)) === TAR) {
    throw new InputError(file, [{ path: '', problem: 'a tar archive: tar -xOf FILE | usher explain -' }]);
  }
  return textIn(bytes, file);
}

/** Returns the events of one document: each item of an array is one, or holds some. */
function eventsOf(value: unknown, path: string, unwrapper: Unwrapper): EventPlace[] {
  if (path !== '' || !Array.isArray(value)) return inputsIn(value, path, unwrapper);
  return value.flatMap((one, index) => inputsIn(one, `[${index}]`, unwrapper));
}

/** What holds no event, and is not known to be around events, is what an execution would be given. */
function inputsIn(value: unknown, path: string, unwrapper: Unwrapper): EventPlace[] {
  if (isObject(value) && isManualStart(value)) return [unwrapper.take(path, value)];
  const found = unwrapper.find(value, { path, level: 0, inText: path.startsWith('line') });
  if (found.length === 0 && isObject(value)) {
    return unwrapper.isEmptyEnvelope(value) ? [] : [unwrapper.take(path, value)];
  }
  if (found.length === 0) return [{ path, problem: 'expected an object' }];
  const isTooDeep = found.every(({ problem }) => problem === unwrapper.tooDeep) && isDeeperThan(value, DEEPEST_LEVELS);
  return isTooDeep ? [{ path, problem: `nested more than ${DEEPEST_LEVELS} levels deep` }] : found;
}
