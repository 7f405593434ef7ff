// @module-tag long
import { describe, expect, it } from 'vitest';
import { aCreateGroupMembership } from '../support/events.ts';
import { GROUP, people, user } from '../support/stack.ts';
import { aTrial, SEATED } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const MINUTE_SECONDS = 60;
const HINTS = 5000;
const JOINS = 5000;

describe('hints at one group within a minute, as an initial SCIM synchronization sends them,', () => {
  it('become a handful of sweeps: nearly all are handed over, none fails, and all joiners get their seats', async () => {
    const joiners = people(1, HINTS / 20);
    const trial = await aTrial({ people: joiners.length });
    for (let hint = 0; hint < HINTS; hint += 1) {
      const join = hint % 20 === 0 ? [1 + hint / 20] : [];
      trial.after((hint * MINUTE_SECONDS) / HINTS, () => trial.scim({ join }));
    }
    await trial.stack.runUntilIdle();
    const outcomes = Map.groupBy(trial.ends, ({ outcome }) => outcome);
    expect(outcomes.get('failed')).toBeUndefined();
    expect(outcomes.get('handedOver')?.length).toBeGreaterThanOrEqual(0.99 * HINTS);
    expect(trial.ends).toHaveLength(HINTS);
    const calls = trial.newCalls();
    // Three pages a sweep once all 250 have joined.
    expect(calls.get('IdentityStore.ListGroupMemberships')).toBeLessThanOrEqual(8 * 3);
    expect(calls.get(CREATE)).toBe(joiners.length);
    expect(await trial.standings(...joiners)).toEqual(joiners.map(() => SEATED));
  });
});

describe('single joins by the Identity Store API within a minute,', () => {
  it('give everybody a seat at little more than a write each, and no execution fails', async () => {
    const joiners = people(1, JOINS);
    const trial = await aTrial({ people: joiners.length });
    for (const number of joiners) {
      trial.after((number * 60) / joiners.length, () => {
        trial.center.join(GROUP, user(number));
        return trial.start(
          aCreateGroupMembership({ groupId: GROUP, userId: user(number), time: trial.now().toISOString() }),
        );
      });
    }
    await trial.stack.runUntilIdle();
    expect(trial.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(trial.ends).toHaveLength(joiners.length);
    expect(await trial.standings(...joiners)).toEqual(joiners.map(() => SEATED));
    const calls = trial.newCalls();
    expect(calls.get(CREATE)).toBeLessThanOrEqual(1.2 * joiners.length);
  });
});
