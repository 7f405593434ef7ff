import { describe, expect, it } from 'vitest';
import { secondsBetween } from '../../domain/shared/time.ts';
import { GONE, LEASE_OUT_SECONDS, SEATED } from '../support/changes.ts';
import { GROUP, numberOf, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const LIST = 'SSOAdmin.ListApplicationAssignments';
const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** Batches of two users, which take 15 s each: that is how long AWS takes to answer a change. */
const SLOW: WorldOptions = {
  people: 40,
  batchUsers: 2,
  requestsPerSecond: 1,
  latency: (call) => (call === CREATE ? 15 : 0),
};

/** Ten users are members, and a sweep has begun that gives them seats in five batches. */
async function sweeping(options: WorldOptions = {}): Promise<{ world: World; execution: string }> {
  const world = await openWorld({ ...SLOW, members: people(1, 10), ...options });
  const execution = await world.start({ scope: 'everything' });
  return { world, execution };
}

/** Seconds between two times at which the seats of users were audited. */
function secondsFrom(world: World, earlier: number, later: number): number {
  const at = (number: number) => {
    const entry = world.audit.find(
      (one) => one.DetailType === 'Seat Assigned' && detailOf(one).user.uid === user(number),
    );
    if (!entry) throw new Error(`user ${number} has no seat`);
    return entry.Time;
  };
  return secondsBetween(at(earlier), at(later));
}

describe('a round of several batches', () => {
  it('is made from one reading of the lists, and verified once, at its end', async () => {
    const { world } = await sweeping();
    await world.play();
    expect(await world.summaries(...people(1, 10))).toEqual(people(1, 10).map(() => SEATED));
    expect(world.calls(LIST)).toBe(2);
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['converged']);
  });

  it('lets a user go first who joins in its middle', async () => {
    const { world } = await sweeping();
    world.after(20, () => world.joins(11));
    await world.play();
    expect(secondsFrom(world, 11, 10)).toBeGreaterThan(25);
    expect(world.calls(LIST)).toBe(2);
    expect(await world.summaries(...people(1, 11))).toEqual(people(1, 11).map(() => SEATED));
  });

  it('lets a user go first whose join the event of a group announces, and reads only that group for it', async () => {
    const { world } = await sweeping();
    world.after(20, () => world.scim({ join: [11] }));
    await world.play();
    expect(secondsFrom(world, 11, 10)).toBeGreaterThan(0);
    expect(world.calls(LIST)).toBe(2);
  });

  it('takes no member for one who has just joined whom it has considered: disabled ones, and those assigned by others', async () => {
    const world = await openWorld({ ...SLOW, members: people(1, 13), assigned: [13] });
    world.center.setStatus(user(12), 'DISABLED');
    await world.start({ scope: 'everything' });
    world.after(10, () => world.scim({ join: [11] }));
    world.after(20, () => world.scim({ join: [14] }));
    await world.play();
    expect(world.calls(LIST)).toBe(2);
    expect(await world.seats()).not.toHaveProperty('12');
    expect(await world.seats()).not.toHaveProperty('13');
    expect(await world.summaries(14)).toEqual([SEATED]);
  });

  it('stays although the group that was hinted at cannot be read: its members are found after the round', async () => {
    const { world } = await sweeping();
    world.after(10, () => {
      world.faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'refuse' });
      return world.scim({ join: [11] });
    });
    await world.play();
    expect(await world.summaries(...people(1, 11))).toEqual(people(1, 11).map(() => SEATED));
    expect(secondsFrom(world, 10, 11)).toBeGreaterThan(0);
    expect(world.newCalls().get(CREATE)).toBe(11);
  });

  it('ends early if more than a hundred have joined: the application is read as a whole', async () => {
    const { world } = await sweeping({ people: 130, entitlements: [{ seats: { max: 200 } }], latency: () => 0.2 });
    world.after(3, () => world.scim({ join: people(11, 120) }));
    await world.play();
    expect(Object.keys(await world.seats())).toHaveLength(120);
    expect(world.calls(LIST)).toBeGreaterThan(2);
    expect(world.newCalls().get(CREATE)).toBe(120);
  });

  it('is not planned anew for a tick', async () => {
    const { world } = await sweeping();
    for (const seconds of [10, 30, 60]) world.after(seconds, () => world.tick());
    await world.play();
    expect(world.calls(LIST)).toBe(2);
    expect(world.newCalls().get(CREATE)).toBe(10);
  });

  it('is planned anew for a manual start, after the batch', async () => {
    const { world } = await sweeping();
    world.after(20, () => world.start({ scope: 'everything' }));
    await world.play();
    expect(world.calls(LIST)).toBe(3);
    expect(world.newCalls().get(CREATE)).toBe(10);
  });

  it('makes no change whose user was served meanwhile', async () => {
    const { world } = await sweeping();
    world.after(20, () => world.start({ userId: user(10) }));
    await world.play();
    expect(secondsFrom(world, 10, 9)).toBeGreaterThan(0);
    expect(world.newCalls().get(CREATE)).toBe(10);
    expect(world.copies()).toHaveLength(10);
  });

  it('gives no seat to a user who leaves before it is their turn', async () => {
    const { world } = await sweeping();
    world.after(20, () => world.leaves(10));
    await world.play();
    expect(await world.seats()).toEqual(Object.fromEntries(people(1, 9).map((number) => [number, 'confirmed'])));
    expect(world.newCalls().get(CREATE)).toBe(9);
  });
});

describe('a round whose execution was stopped', () => {
  it('is continued by the next tick, without reading again', async () => {
    const { world, execution } = await sweeping();
    world.after(20, () => world.stop(execution));
    world.after(20 + LEASE_OUT_SECONDS, () => world.tick());
    await world.play();
    expect(await world.summaries(...people(1, 10))).toEqual(people(1, 10).map(() => SEATED));
    expect(world.calls(LIST)).toBe(2);
    expect(world.newCalls().get(CREATE)).toBe(10);
  });

  it('is planned anew when its reads are half an hour old', async () => {
    const { world, execution } = await sweeping();
    world.after(20, () => world.stop(execution));
    world.after(1900, () => world.tick());
    await world.play();
    expect(await world.summaries(...people(1, 10))).toEqual(people(1, 10).map(() => SEATED));
    expect(world.calls(LIST)).toBe(3);
    expect(world.newCalls().get(CREATE)).toBe(10);
  });
});

describe('the limits of an application', () => {
  it('count the grants of a stored round: who joins in its middle waits', async () => {
    const { world } = await sweeping({ entitlements: [{ seats: { max: 10 } }] });
    world.after(20, () => world.joins(11));
    await world.play();
    expect(await world.seats()).toMatchObject({ 11: 'waitlisted', 10: 'confirmed' });
    expect(world.newCalls().get(CREATE)).toBe(10);
  });

  it('leave a free slot to who joins in its middle', async () => {
    const { world } = await sweeping({ entitlements: [{ seats: { max: 11 } }] });
    world.after(20, () => world.joins(11));
    world.after(22, () => world.joins(12));
    await world.play();
    expect(await world.seats()).toMatchObject({ 11: 'confirmed', 12: 'waitlisted' });
  });

  it('count the revocations of a stored round against the brake', async () => {
    const world = await openWorld({
      people: 24,
      settled: people(1, 20),
      brake: { percent: 0, atLeast: 6 },
      batchUsers: 2,
      requestsPerSecond: 1,
      latency: (call) => (call === 'SSOAdmin.DeleteApplicationAssignment' ? 15 : 0),
    });
    await world.scim({ leave: people(1, 5) });
    world.after(140, () => world.leaves(6));
    world.after(142, () => world.leaves(7));
    await world.play();
    expect(await world.summaries(...people(1, 5))).toEqual(people(1, 5).map(() => GONE));
    const left = Object.entries(await world.seats()).filter(([, status]) => status === 'revoked');
    expect(left.length).toBeLessThanOrEqual(6);
  });
});

describe('two applications', () => {
  it('take turns, batch by batch', async () => {
    const two = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const { world } = await sweeping({ entitlements: two, members: { [GROUP]: people(1, 10) } });
    world.after(5, () => {
      for (const number of people(21, 26)) world.center.join(OTHER_GROUP, user(number));
      return world.start({ groupId: OTHER_GROUP });
    });
    await world.play();
    const order = world.audit.map((entry) => numberOf(detailOf(entry).user.uid ?? ''));
    expect(order).toEqual([1, 2, 21, 22, 3, 4, 23, 24, 5, 6, 25, 26, 7, 8, 9, 10]);
  });
});
