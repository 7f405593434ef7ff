import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { type PlayResult, play, type Reporter } from '../../emulator/scenario/player.ts';
import { readScenario } from '../../emulator/scenario/reader.ts';
import type { Script } from '../../emulator/scenario/script.ts';
import type { AuditEntry, StateMoment } from '../../emulator/stack/listener.ts';
import type { ExecutionEnd } from '../../emulator/stack/stack.ts';
import { aPerson } from './directory.ts';
import { APPLICATION, GROUP, OTHER_GROUP, people, STORE_ID, user } from './ids.ts';

/** A scenario file: persons 1 to 3 are members of GROUP, 4 of none; actions as a test says. */
export function aScenario(actions: readonly object[], others: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    start: '2026-11-01T10:00:00Z',
    entitlements: exampleEntitlements({ entitlements: [{ name: 'q', seats: { max: 50 } }] }),
    directory: {
      identityStoreId: STORE_ID,
      users: people(1, 4).map(aPerson),
      groups: [{ groupId: GROUP, members: [user(1), user(2), user(3)] }, { groupId: OTHER_GROUP }],
      applications: [{ applicationArn: APPLICATION }],
    },
    names: { Ana: user(1), Dan: user(4), Engineers: GROUP, Q: APPLICATION },
    actions,
    ...others,
  });
}

/** What a play told, and what came of it. */
export interface Told {
  states: StateMoment[];
  ends: ExecutionEnd[];
  audit: AuditEntry[];
  result: PlayResult;
}

/** Plays and keeps all that is told. */
export async function playing(script: Script): Promise<Told> {
  const told: Omit<Told, 'result'> = { states: [], ends: [], audit: [] };
  const reporter: Reporter = {
    state: (moment) => told.states.push(moment),
    ended: (end) => told.ends.push(end),
    audit: (entry) => told.audit.push(entry),
    behind: () => undefined,
  };
  return { ...told, result: await play(script, reporter) };
}

/** Plays a scenario of these actions. */
export function acting(...actions: readonly object[]): Promise<Told> {
  return playing(readScenario(aScenario(actions), 'scenario.yml'));
}
