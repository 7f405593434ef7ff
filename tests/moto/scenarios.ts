import { readFileSync } from 'node:fs';
import * as z from 'zod/mini';
import { validate } from '../../domain/shared/validation.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { readScenario } from '../../emulator/scenario/reader.ts';
import type { Script } from '../../emulator/scenario/script.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { InputError } from '../../input/input-error.ts';
import { application, STORE_ID } from '../support/ids.ts';

const PEOPLE = ['Ana', 'Ben', 'Cleo', 'Dan', 'Eva', 'Fay', 'Gus', 'Hal'] as const;

const Person = z.enum(PEOPLE);
const FileSchema = z.strictObject({
  scenarios: z
    .array(
      z.strictObject({
        title: z.string(),
        /** Who is in the group already; nobody when left out. */
        members: z._default(z.array(Person), []),
        /** Whom somebody else has assigned. */
        assigned: z._default(z.array(Person), []),
        max: z._default(z.int(), 200),
        mode: z._default(z.enum(['enforce', 'observe']), 'enforce'),
        requestsPerSecond: z._default(z.int(), 10),
        /** Values of parameters of the stack. */
        parameters: z._default(z.record(z.string(), z.string()), {}),
        /** Whether users get notices. */
        notices: z._default(z.boolean(), false),
        actions: z.array(z.unknown()).check(z.minLength(1)),
      }),
    )
    .check(z.minLength(1)),
});
type Written = z.output<typeof FileSchema>['scenarios'][number];

/** A scenario that can be played at any time. */
export interface Scenario {
  title: string;
  parameters: Readonly<Record<string, string>>;
  /** With the events of a play that begins at this time. */
  script(start: Date): Script;
}

export function readScenarios(): Scenario[] {
  const file = new URL('scenarios.yml', import.meta.url);
  const read = validate(FileSchema, readYaml(readFileSync(file, 'utf8'), 'scenarios.yml'));
  if ('issues' in read) throw new InputError('scenarios.yml', read.issues);
  return read.value.scenarios.map((written, index) => ({
    title: written.title,
    parameters: written.parameters,
    script: (start) => readScenario(JSON.stringify(complete(written, index + 1, start)), written.title),
  }));
}

/** An id of a scenario; each has its own. */
function idOf(kind: string, scenario: number): string {
  return `${kind}-${String(scenario).padStart(4, '0')}-70ea-08fa-c3a10a1d8a00`;
}

function userId(person: (typeof PEOPLE)[number]): string {
  return `94e80458-000${PEOPLE.indexOf(person) + 1}-70ea-08fa-c3a10a1d8a0${PEOPLE.indexOf(person) + 1}`;
}

function complete(
  { title, members, assigned, max, mode, requestsPerSecond, notices, actions }: Written,
  number: number,
  start: Date,
) {
  const own = application(number);
  const [engineering, sales] = [idOf('44f834e8', number), idOf('55f834e8', number)];
  return {
    title,
    start: start.toISOString(),
    entitlements: exampleEntitlements({
      entitlements: [{ application: own, groups: [engineering], seats: { max }, mode }],
      requestsPerSecond,
      ...(notices ? { notices: { backfill: true } } : {}),
    }),
    directory: {
      identityStoreId: STORE_ID,
      users: PEOPLE.map((person) => ({
        userId: userId(person),
        userName: person.toLowerCase(),
        email: `${person.toLowerCase()}@example.com`,
      })),
      groups: [{ groupId: engineering, members: members.map(userId) }, { groupId: sales }],
      applications: [{ applicationArn: own, assigned: assigned.map(userId) }],
    },
    names: {
      ...Object.fromEntries(PEOPLE.map((person) => [person, userId(person)])),
      Engineering: engineering,
      Sales: sales,
      Kiro: own,
    },
    actions,
  };
}
