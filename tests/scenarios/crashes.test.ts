// @module-tag long
import { describe, expect, it } from 'vitest';
import type { FaultRule } from '../../emulator/aws/faults.ts';
import {
  aTrial,
  CHANGES,
  type Change,
  callsOf,
  isWrite,
  JOIN,
  LEASE_OUT_SECONDS,
  LEAVE,
  type Standing,
  type Trial,
  TURNS_TAKEN,
} from '../support/trial.ts';

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
 * Crashes and time-outs in turn, since the machine tells them apart by name only. A write has happened or not when its
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
async function expectNothingLeft(trial: Trial) {
  trial.forget();
  trial.newCalls();
  trial.after(3600, trial.tick);
  await trial.play();
  expect(trial.ends.at(-1)?.outcome).toBe('converged');
  expect(trial.copies()).toEqual([]);
  const calls = trial.newCalls();
  expect(calls.get('SSOAdmin.ListApplicationAssignments')).toBeGreaterThan(0);
  expect(calls.get('SSOAdmin.CreateApplicationAssignment')).toBeUndefined();
  expect(calls.get('SSOAdmin.DeleteApplicationAssignment')).toBeUndefined();
}

describe.each(CHANGES)('$name', (change) => {
  it('is made and told once, at whichever call a function crashes or times out', async () => {
    const trial = await aTrial(change.start);
    const calls = await callsOf(change, trial);
    const rules = everyCall(calls, deathsAt);
    let turn = TURNS_TAKEN;
    for (const rule of rules) {
      const label = `${rule.kind} at ${rule.operation} number ${rule.skip + 1}`;
      turn += 1;
      trial.forget();
      trial.stack.faults.add(rule);
      const execution = await change.play(trial, turn);
      await trial.stack.runUntilIdle();
      // What was done twice shows that the fault struck.
      expect(total(trial.newCalls()), label).toBeGreaterThan(total(calls));
      expect(trial.stack.endOf(execution)?.status, label).toBe('SUCCEEDED');
      expect(await trial.standings(...change.people(turn)), label).toEqual(change.outcome);
    }
    await expectNothingLeft(trial);
  });
});

/** Stops an execution as soon as a rule has struck, and says how things stood then. */
async function stopWhenStruck(trial: Trial, change: Change, turn: number, rule: Rule) {
  const before = trial.stack.calls()[rule.operation] ?? 0;
  let prefix: Standing | undefined;
  trial.stack.faults.add(rule);
  const execution = await change.play(trial, turn);
  const look = async () => {
    if (trial.stack.endOf(execution)) return;
    if ((trial.stack.calls()[rule.operation] ?? 0) - before <= rule.skip) {
      trial.after(0.01, look);
      return;
    }
    await trial.stop(execution);
    [prefix] = await trial.standings(...change.people(turn));
  };
  trial.after(0.01, look);
  await trial.stack.runUntilIdle();
  return prefix;
}

describe.each([
  {
    change: JOIN,
    prefixes: [
      ['undefined', 'not assigned', 'not told'],
      ['creating', 'not assigned', 'not told'],
      ['creating', 'assigned', 'not told'],
      ['assigned', 'assigned', 'not told'],
      ['assigned', 'assigned', 'told'],
      ['confirmed', 'assigned', 'told'],
    ],
  },
  {
    change: LEAVE,
    prefixes: [
      ['confirmed', 'assigned', 'not told'],
      ['revoking', 'assigned', 'not told'],
      ['revoking', 'not assigned', 'not told'],
      ['revoked', 'not assigned', 'not told'],
      ['revoked', 'not assigned', 'told'],
    ],
  },
])('what is left of $change.name whose execution ends after any of its writes', ({ change, prefixes }) => {
  it('is settled by the tick once the lease has run out, and told once', async () => {
    const trial = await aTrial(change.start);
    const rules = everyCall(await callsOf(change, trial), (operation) => (isWrite(operation) ? ['crash-after'] : []));
    const seen = new Set<string>();
    let turn = TURNS_TAKEN;
    for (const rule of rules) {
      const label = `after ${rule.operation} number ${rule.skip + 1}`;
      turn += 1;
      trial.forget();
      const prefix = await stopWhenStruck(trial, change, turn, rule);
      if (!prefix) throw new Error(`${label}: the execution ended before it was stopped`);
      seen.add(wordsFor(prefix).join(', '));
      trial.after(LEASE_OUT_SECONDS, trial.tick);
      await trial.stack.runUntilIdle();
      expect(trial.ends.at(-1)?.status, label).toBe('SUCCEEDED');
      expect(await trial.standings(...change.people(turn)), label).toEqual(change.outcome);
    }
    // All prefixes of the sequence were among them.
    expect([...seen].sort()).toEqual(prefixes.map((words) => words.join(', ')).sort());
    await expectNothingLeft(trial);
  });
});

function wordsFor({ seat, assigned, told }: Standing): string[] {
  return [String(seat), assigned ? 'assigned' : 'not assigned', told.length > 0 ? 'told' : 'not told'];
}
