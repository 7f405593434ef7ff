import type { Entitlements } from '../../domain/entitlements.ts';
import { own } from '../../domain/shared/json.ts';
import { validate } from '../../domain/shared/validation.ts';
import { readEntitlements, readYaml } from '../../input/entitlements-file.ts';
import { parseEvents } from '../../input/event-files.ts';
import { titleOf } from '../../input/event-title.ts';
import { labelOf, readBytes, readText } from '../../input/files.ts';
import { InputError } from '../../input/input-error.ts';
import { type DirectorySeed, DirectorySeedSchema } from '../aws/identity-center/directory-seed.ts';
import { readScenario } from './reader.ts';
import { ANY_BUT_FAILED, momentOf, type Script, type ScriptStep } from './script.ts';

/** One or more files are not valid. The message has the lines of all their errors. */
export class InputErrors extends AggregateError {
  override readonly name = 'InputErrors';

  constructor(errors: readonly InputError[]) {
    super(errors, errors.map(({ message }) => message).join('\n'));
  }
}

/** Names of files on the command line. `-` is standard input. */
export interface EventFiles {
  files: readonly string[];
  directory: string;
  entitlements: string;
}

/**
 * Reads and validates event files, a directory file and entitlements.
 *
 * @throws InputErrors with the issues of all files
 */
export async function readEventFiles({ files, directory, entitlements }: EventFiles): Promise<Script> {
  const errors: InputError[] = [];
  const attempt = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      errors.push(error);
      return undefined;
    }
  };
  const configured = await attempt(async () => readEntitlements(await readText(entitlements), entitlements));
  const seed = await attempt(async () => readDirectory(await readText(directory), directory));
  if (configured && seed && configured.identityCenter.identityStoreId !== seed.identityStoreId) {
    const problem = `not the identity store of ${entitlements} (identityCenter.identityStoreId)`;
    errors.push(new InputError(directory, [{ path: 'identityStoreId', problem }]));
  }
  const events: object[] = [];
  // One after another: standard input can be read only once, and memory then holds one text at a time.
  for (const [index, file] of files.entries()) {
    if (files.indexOf(file) < index && file === '-') {
      errors.push(new InputError(labelOf(file), [{ path: '', problem: 'named twice' }]));
      continue;
    }
    const found = await attempt(async () => parseEvents(await readBytes(file), labelOf(file)));
    for (const event of found ?? []) events.push(event);
  }
  if (!(configured && seed) || errors.length > 0) throw new InputErrors(errors);
  return scriptOfEvents(events, configured, seed);
}

/** Reads and validates a scenario file. @throws InputErrors with all issues of the scenario */
export async function readScenarioFile(file: string): Promise<Script> {
  try {
    return readScenario(await readText(file), file);
  } catch (error) {
    if (error instanceof InputError) throw new InputErrors([error]);
    throw error;
  }
}

function readDirectory(text: string, file: string): DirectorySeed {
  const result = validate(DirectorySeedSchema, readYaml(text, file));
  if ('issues' in result) throw new InputError(file, result.issues);
  return result.value;
}

const DEFAULT_START = new Date('2026-01-01T00:00:00Z');

/** Returns a script with the events ordered by their times. An event without a usable time follows the one before it. */
function scriptOfEvents(events: readonly object[], entitlements: Entitlements, directory: DirectorySeed): Script {
  const times = events.map(timeOf);
  const start = times.reduce((first, time) => (time && !(first && first <= time) ? time : first), undefined);
  let at = start ?? DEFAULT_START;
  const steps = events.map((event, index): ScriptStep => {
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
  const paths = [['time'], ['detail', 'eventTime'], ['eventTime']] as const;
  return paths.map((path) => momentOf(own(event, ...path))).find((moment) => moment !== undefined);
}
