// @module-tag long
import { describe, expect, it } from 'vitest';
import { SEATED } from '../support/changes.ts';
import { aCreateGroupMembership } from '../support/events.ts';
import { GROUP, people, user } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const MINUTE_SECONDS = 60;
const HINTS = 5000;
const JOINS = 5000;

describe('hints at one group within a minute, as an initial SCIM synchronization sends them,', () => {
  it('become a handful of sweeps: nearly all are handed over, none fails, and all joiners get their seats', async () => {
    const joiners = people(1, HINTS / 20);
    const world = await openWorld({ people: joiners.length });
    for (let hint = 0; hint < HINTS; hint += 1) {
      const join = hint % 20 === 0 ? [1 + hint / 20] : [];
      world.after((hint * MINUTE_SECONDS) / HINTS, () => world.scim({ join }));
    }
    await world.stack.runUntilIdle();
    const outcomes = Map.groupBy(world.ends, ({ outcome }) => outcome);
    expect(outcomes.get('failed')).toBeUndefined();
    expect(outcomes.get('handedOver')?.length).toBeGreaterThanOrEqual(0.99 * HINTS);
    expect(world.ends).toHaveLength(HINTS);
    const calls = world.newCalls();
    // Three pages a sweep once all 250 have joined.
    expect(calls.get('IdentityStore.ListGroupMemberships')).toBeLessThanOrEqual(8 * 3);
    expect(calls.get(CREATE)).toBe(joiners.length);
    expect(await world.summaries(...joiners)).toEqual(joiners.map(() => SEATED));
  });
});

describe('single joins by the Identity Store API within a minute,', () => {
  it('give every user a seat with little more than one write each, and no execution fails', async () => {
    const joiners = people(1, JOINS);
    const world = await openWorld({ people: joiners.length });
    for (const number of joiners) {
      world.after((number * 60) / joiners.length, () => {
        world.center.join(GROUP, user(number));
        return world.start(
          aCreateGroupMembership({ groupId: GROUP, userId: user(number), time: world.now().toISOString() }),
        );
      });
    }
    await world.stack.runUntilIdle();
    expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(world.ends).toHaveLength(joiners.length);
    expect(await world.summaries(...joiners)).toEqual(joiners.map(() => SEATED));
    const calls = world.newCalls();
    expect(calls.get(CREATE)).toBeLessThanOrEqual(1.2 * joiners.length);
  });
});
