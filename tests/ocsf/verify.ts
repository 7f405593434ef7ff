/**
 * `npm run ocsf -- FOLDER`: compares what the tests state about OCSF with OCSF itself, and validates audit events against it.
 * FOLDER is a checkout of https://github.com/ocsf/ocsf-schema (Apache License 2.0), of which no file is in this repository.
 */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { own } from '../../domain/shared/json.ts';
import { EVENTS } from '../support/ocsf/events.ts';
import type { Definition, Statement } from '../support/ocsf/statement.ts';
import { OCSF_COMMIT, USER_ACCESS } from '../support/ocsf/user-access.ts';
import { ocsfValidator } from '../support/ocsf/validator.ts';
import { compileClass } from './compile.ts';
import { differences } from './differences.ts';
import { OcsfUnreadable, readRepository, readVersion } from './repository.ts';

const SAMPLES = join(import.meta.dirname, '..', '..', 'schemas', 'samples');
const WRONG_USE = 2;
/** Of each kind of event. */
const GENERATED = 1000;
/** A fault of one kind of event is in all that were generated. */
const MOST_FAULTS = 50;

const USAGE = `npm run ocsf -- FOLDER

FOLDER is a checkout of OCSF ${USER_ACCESS.version}:

  git clone https://github.com/ocsf/ocsf-schema FOLDER
  git -C FOLDER checkout ${OCSF_COMMIT}

Exit code: 0 no difference, 1 differences, 2 FOLDER is not that checkout.`;

/** What came of a comparison. */
export interface Report {
  /** What was compared, as lines. */
  facts: string[];
  /** What is not as OCSF says, as lines. */
  faults: string[];
}

/**
 * Compares a statement with the OCSF in a folder, and validates the details of events against that OCSF.
 *
 * @param events the details, by what they are
 * @throws OcsfUnreadable if the folder has no OCSF, or not the version of the statement
 */
export function verify(folder: string, ours: Statement, events: ReadonlyMap<string, readonly unknown[]>): Report {
  if (!existsSync(folder)) throw new OcsfUnreadable('there is no such folder');
  const version = readVersion(folder);
  if (version !== ours.version) {
    throw new OcsfUnreadable(`version.json: has OCSF ${JSON.stringify(version)}, and not ${ours.version}`);
  }
  const [classUid] = Object.keys(ours.event.attributes['class_uid']?.values ?? {});
  const theirs = compileClass(readRepository(folder), Number(classUid), ours.profile);
  const differing = differences(ours, theirs);
  const problemsOf = ocsfValidator(theirs);
  const problems = [...events].flatMap(([what, details]) =>
    details.flatMap(problemsOf).map((problem) => `${what}: ${problem}`),
  );
  const definitions = [[theirs.name, ours.event] as const, ...Object.entries(ours.objects)];
  const classSince = theirs.deprecated.get(theirs.name);
  const deprecated = definitions
    .flatMap(([name, definition]) => pathsIn(name, definition))
    .filter((path) => path !== theirs.name && theirs.deprecated.has(path))
    .map((path) => `${path} since ${theirs.deprecated.get(path)}`);
  const attributes = definitions.flatMap(([, one]) => Object.keys(one.attributes)).length;
  const validated = [...events.values()].flat().length;
  return {
    facts: [
      `OCSF ${version}, class ${classUid} (${theirs.caption}), profile ${ours.profile}: ${Object.keys(theirs.objects).length + 1} definitions.`,
      `The class is ${classSince === undefined ? 'not deprecated' : `deprecated since ${classSince}`}.`,
      `Deprecated, of what we state in it: ${deprecated.join(', ') || 'nothing'}.`,
      `Compared: ${attributes} attributes in ${definitions.length} definitions. Differences: ${differing.length}.`,
      `Validated: ${validated} events. Problems: ${problems.length}.`,
    ],
    faults: [...differing, ...problems],
  };
}

function pathsIn(name: string, { attributes }: Definition): string[] {
  const parts = Object.entries(attributes).flatMap(([at, { values = {} }]) => [
    `${name}.${at}`,
    ...Object.keys(values).map((value) => `${name}.${at}.${value}`),
  ]);
  return [name, ...parts];
}

/** Returns every sample, and events as the tests generate them: the same in every run. */
function ourEvents(): Map<string, unknown[]> {
  const samples = readdirSync(SAMPLES).map((file): [string, unknown[]] => [
    `schemas/samples/${file}`,
    [own(JSON.parse(readFileSync(join(SAMPLES, file), 'utf8')), 'detail')],
  ]);
  const generated = Object.entries(EVENTS).map(([what, event]): [string, unknown[]] => [
    `a generated event of ${what}`,
    fc.sample(event, { numRuns: GENERATED, seed: 1 }).map(({ detail }) => detail),
  ]);
  return new Map([...samples, ...generated]);
}

/** Runs the command, and prints what came of it. @returns the exit code */
export function command(
  [folder, ...more]: readonly string[],
  ours: Statement,
  events: ReadonlyMap<string, readonly unknown[]>,
  print: (text: string) => void,
): number {
  // Texts of the folder bring no control characters to the terminal.
  const say = (lines: string[]) => print(lines.join('\n').replace(/[^\P{C}\n]/gu, '?'));
  try {
    if (folder === undefined || more.length > 0) throw new OcsfUnreadable('Name one folder');
    const { facts, faults } = verify(folder, ours, events);
    const hidden = faults.length - MOST_FAULTS;
    say([...faults.slice(0, MOST_FAULTS), ...(hidden > 0 ? [`${hidden} more are not shown.`] : []), ...facts]);
    return faults.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof OcsfUnreadable)) throw error;
    say([`${folder === undefined ? '' : `${folder}: `}${error.message}.`, '', USAGE]);
    return WRONG_USE;
  }
}

const [, script, ...args] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) {
  process.exitCode = command(args, USER_ACCESS, ourEvents(), console.log);
}
