import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { readEntitlements, readYaml } from '../cli/entitlements-file.ts';
import { InputError } from '../cli/input-error.ts';
import type { Entitlements } from '../domain/entitlements.ts';
import { isObject, own } from '../domain/event-rules.ts';
import { checkShape, type Fault } from '../domain/shape-faults.ts';
import { problemWith, titleOf } from './events.ts';
import { type DirectorySeed, DirectorySeedSchema } from './identity-center.ts';
import { readScenario } from './scenario.ts';
import { ANY_BUT_FAILED, momentOf, type Script, type Step } from './script.ts';

/** Several files are not as they must be. The message has the lines of all their errors. */
export class InputErrors extends AggregateError {
  override readonly name = 'InputErrors';

  constructor(errors: readonly InputError[]) {
    super(errors, errors.map(({ message }) => message).join('\n'));
  }
}

/** How the files are named on the command line; `-` is standard input. */
export interface EventFiles {
  files: readonly string[];
  directory: string;
  entitlements: string;
}

/**
 * Reads and checks everything that playing events needs.
 *
 * @throws InputErrors with the faults of all files at once
 */
export async function readEventFiles({ files, directory, entitlements }: EventFiles): Promise<Script> {
  const errors: InputError[] = [];
  const attempt = async <T>(file: string, read: (text: string) => T): Promise<T | undefined> => {
    try {
      return read(await readText(file));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      errors.push(error);
      return undefined;
    }
  };
  const configured = await attempt(entitlements, (text) => readEntitlements(text, entitlements));
  const world = await attempt(directory, (text) => readDirectory(text, directory));
  if (configured && world && configured.identityCenter.identityStoreId !== world.identityStoreId) {
    const problem = `not the identity store of ${entitlements} (identityCenter.identityStoreId)`;
    errors.push(new InputError(directory, [{ path: 'identityStoreId', problem }]));
  }
  const events: object[] = [];
  // One after another: standard input can be read only once, and memory holds one text at a time.
  for (const [index, file] of files.entries()) {
    if (files.indexOf(file) < index && file === '-') {
      errors.push(new InputError(labelOf(file), [{ path: '', problem: 'named twice' }]));
      continue;
    }
    const found = await attempt(file, (text) => parseEvents(text, labelOf(file)));
    for (const event of found ?? []) events.push(event);
  }
  if (!(configured && world) || errors.length > 0) throw new InputErrors(errors);
  return scriptOf(events, configured, world);
}

function labelOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** @throws InputErrors with all faults of the scenario */
export async function readScenarioFile(file: string): Promise<Script> {
  try {
    return readScenario(await readText(file), file);
  } catch (error) {
    if (error instanceof InputError) throw new InputErrors([error]);
    throw error;
  }
}

const READ_PROBLEMS: Partial<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a directory: expected a file',
  EACCES: 'not readable: permission denied',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB',
  ERR_STRING_TOO_LONG: 'larger than 512 MiB',
};

/** @throws InputError when there is no such file, or it isn't text */
async function readText(file: string): Promise<string> {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
    // Refuses what isn't UTF-8, and drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const code = String(error.code);
    const problem = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'not UTF-8 text' : READ_PROBLEMS[code];
    throw new InputError(labelOf(file), [{ path: '', problem: problem ?? `not readable (${code})` }], { cause: error });
  }
}

function readDirectory(text: string, file: string): DirectorySeed {
  const result = checkShape(DirectorySeedSchema, readYaml(text, file));
  if ('faults' in result) throw new InputError(file, result.faults);
  return result.value;
}

/** More would bury the first. */
const MOST_FAULTS = 20;

/**
 * The events of a file: one JSON object, an array of objects, or JSON Lines (blank lines, CRLF are fine).
 *
 * @param file named in errors, not opened
 * @throws InputError with the place of each fault; it doesn't quote the text
 */
export function parseEvents(text: string, file: string): object[] {
  const faults: Fault[] = [];
  const events: object[] = [];
  for (const { path, value } of valuesIn(text, file)) {
    const problem = value === undefined ? 'not JSON' : problemWith(value);
    if (problem !== undefined) faults.push({ path, problem });
    else if (isObject(value)) events.push(value);
  }
  if (faults.length > MOST_FAULTS) {
    const more = faults.splice(MOST_FAULTS).length;
    faults.push({ path: '', problem: `${more} more faults` });
  }
  if (faults.length > 0) throw new InputError(file, faults);
  if (events.length === 0) throw new InputError(file, [{ path: '', problem: 'holds no event' }]);
  return events;
}

/** `value` is undefined where there is no JSON. */
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
  // A document over several lines that breaks off is no JSON Lines: its lines don't stand for themselves.
  if (lines.some(({ value }) => isObject(value)) && !text.trimStart().startsWith('[')) return lines;
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

/** V8 tells the place of most faults; its message is not passed on, because it quotes the text. */
function placeOf({ message }: SyntaxError, text: string): string {
  const [, line, column] = /\(line (\d+) column (\d+)\)$/.exec(message) ?? [];
  if (line !== undefined) return `line ${line}, column ${column}`;
  return message.includes('end of JSON') ? `line ${text.trimEnd().split('\n').length}, at its end` : 'line 1';
}

/** Where virtual time begins when no event tells its time. */
const DEFAULT_START = new Date('2026-01-01T00:00:00Z');

/** Orders events by their times. One without a usable time comes with the one before it. */
function scriptOf(events: readonly object[], entitlements: Entitlements, directory: DirectorySeed): Script {
  const times = events.map(timeOf);
  const start = times.reduce((first, time) => (time && !(first && first <= time) ? time : first), undefined);
  let at = start ?? DEFAULT_START;
  const steps = events.map((event, index): Step => {
    at = times[index] ?? at;
    return { at, title: titleOf(event), start: { input: event, expected: ANY_BUT_FAILED } };
  });
  return {
    entitlements,
    directory,
    quirks: {},
    start: start ?? DEFAULT_START,
    names: new Map(),
    steps: steps.sort((a, b) => a.at.getTime() - b.at.getTime()),
  };
}

function timeOf(event: object): Date | undefined {
  const places = [['time'], ['detail', 'eventTime'], ['eventTime']] as const;
  return places.map((place) => momentOf(own(event, ...place))).find((moment) => moment !== undefined);
}
