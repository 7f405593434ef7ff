// @module-tag long
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import {
  CHANGES,
  type Change,
  callsOf,
  isWrite,
  JOIN,
  LEASE_OUT_SECONDS,
  LEAVE,
  TURNS_TAKEN,
} from '../support/changes.ts';
import type { UserSummary } from '../support/readings.ts';
import { openWorld, type World } from '../support/world.ts';

type Rule = FaultRule & { skip: number };

/** Every call of a change that a fault may strike, as rules. */
function everyCall(
  calls: ReadonlyMap<string, number>,
  kindsAt: (operation: string, skip: number) => readonly FaultRule['kind'][],
): Rule[] {
  return [...calls].flatMap(([operation, count]) =>
    Array.from({ length: count }, (_, skip) =>
      kindsAt(operation, skip).map((kind) => ({ operation, kind, skip })),
    ).flat(),
  );
}

/**
 * Crashes and time-outs in turn, because only their names differ for the state machine. A write has happened or not when its
 * caller dies; for a read that is the same, so that one death is enough.
 */
function deathsAt(operation: string, skip: number): readonly FaultRule['kind'][] {
  const even = skip % 2 === 0;
  if (isWrite(operation)) return even ? ['crash-before', 'timeout-after'] : ['timeout-before', 'crash-after'];
  return even ? ['crash-before'] : ['timeout-after'];
}

function total(calls: ReadonlyMap<string, number>): number {
  return [...calls.values()].reduce((sum, count) => sum + count, 0);
}

/** A sweep an hour later finds nothing to do. */
async function expectNothingLeft(world: World) {
  world.forgetAudit();
  world.newCalls();
  world.after(3600, world.tick);
  await world.play();
  expect(world.ends.at(-1)?.outcome).toBe('converged');
  expect(world.copies()).toEqual([]);
  const calls = world.newCalls();
  expect(calls.get('SSOAdmin.ListApplicationAssignments')).toBeGreaterThan(0);
  expect(calls.get('SSOAdmin.CreateApplicationAssignment')).toBeUndefined();
  expect(calls.get('SSOAdmin.DeleteApplicationAssignment')).toBeUndefined();
}

describe.each(CHANGES)('$name', (change) => {
  it('is made and audited once if a function crashes or times out at any call', async () => {
    const world = await openWorld({ ...change.start });
    const calls = await callsOf(change, world);
    const rules = everyCall(calls, deathsAt);
    let turn = TURNS_TAKEN;
    for (const rule of rules) {
      const label = `${rule.kind} at ${rule.operation} number ${rule.skip + 1}`;
      turn += 1;
      world.forgetAudit();
      world.faults.add(rule);
      const execution = await change.play(world, turn);
      await world.stack.runUntilIdle();
      // What was done twice shows that the fault struck.
      expect(total(world.newCalls()), label).toBeGreaterThan(total(calls));
      expect(world.stack.endOf(execution)?.status, label).toBe('SUCCEEDED');
      expect(await world.summaries(...change.people(turn)), label).toEqual(change.outcome);
    }
    await expectNothingLeft(world);
  });
});

/** Stops an execution as soon as a rule has struck, and says how things stood then. */
async function stopWhenStruck(world: World, change: Change, turn: number, rule: Rule) {
  const before = world.stack.calls()[rule.operation] ?? 0;
  let prefix: UserSummary | undefined;
  world.faults.add(rule);
  const execution = await change.play(world, turn);
  const look = async () => {
    if (world.stack.endOf(execution)) return;
    if ((world.stack.calls()[rule.operation] ?? 0) - before <= rule.skip) {
      world.after(0.01, look);
      return;
    }
    await world.stop(execution);
    [prefix] = await world.summaries(...change.people(turn));
  };
  world.after(0.01, look);
  await world.stack.runUntilIdle();
  return prefix;
}

describe.each([
  {
    change: JOIN,
    prefixes: [
      ['undefined', 'not assigned', 'not audited'],
      ['creating', 'not assigned', 'not audited'],
      ['creating', 'assigned', 'not audited'],
      ['assigned', 'assigned', 'not audited'],
      ['assigned', 'assigned', 'audited'],
      ['confirmed', 'assigned', 'audited'],
    ],
  },
  {
    change: LEAVE,
    prefixes: [
      ['confirmed', 'assigned', 'not audited'],
      ['revoking', 'assigned', 'not audited'],
      ['revoking', 'not assigned', 'not audited'],
      ['revoked', 'not assigned', 'not audited'],
      ['revoked', 'not assigned', 'audited'],
    ],
  },
])('what is left of $change.name whose execution ends after any of its writes', ({ change, prefixes }) => {
  it('is completed by the tick once the lease has expired, and audited once', async () => {
    const world = await openWorld({ ...change.start });
    const rules = everyCall(await callsOf(change, world), (operation) => (isWrite(operation) ? ['crash-after'] : []));
    const seen = new Set<string>();
    let turn = TURNS_TAKEN;
    for (const rule of rules) {
      const label = `after ${rule.operation} number ${rule.skip + 1}`;
      turn += 1;
      world.forgetAudit();
      const prefix = await stopWhenStruck(world, change, turn, rule);
      if (!prefix) throw new Error(`${label}: the execution ended before it was stopped`);
      seen.add(wordsFor(prefix).join(', '));
      world.after(LEASE_OUT_SECONDS, world.tick);
      await world.stack.runUntilIdle();
      expect(world.ends.at(-1)?.status, label).toBe('SUCCEEDED');
      expect(await world.summaries(...change.people(turn)), label).toEqual(change.outcome);
    }
    // All prefixes of the sequence were among them.
    expect([...seen].sort()).toEqual(prefixes.map((words) => words.join(', ')).sort());
    await expectNothingLeft(world);
  });
});

function wordsFor({ seat, assigned, audited }: UserSummary): string[] {
  return [String(seat), assigned ? 'assigned' : 'not assigned', audited.length > 0 ? 'audited' : 'not audited'];
}
