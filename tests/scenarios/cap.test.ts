import { describe, expect, it } from 'vitest';
import { LEASE_OUT_SECONDS } from '../support/changes.ts';
import { aCreateGroupMembership, anAddMemberToGroup } from '../support/events.ts';
import { APPLICATION, GROUP, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';
const ALWAYS = 10_000;
const FULL = { entitlements: [{ seats: { max: 1 } }], people: 4, seated: [1] };

/** The event of a join arrives now, whatever time it says. */
function joinOf(world: World, number: number, time: string): Promise<string> {
  world.center.join(GROUP, user(number));
  return world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(number), time }));
}

describe('a seat takes a slot while its assignment may exist:', () => {
  it.each<[string, (world: World) => unknown]>([
    [
      'creating',
      async (world) => {
        await world.leaves(1);
        await world.play();
        world.faults.add({ operation: CREATE, kind: 'internal', times: ALWAYS, principalId: user(1) });
        await world.joins(1);
        await world.play();
      },
    ],
    ['confirmed', () => undefined],
    [
      'leaving',
      async (world) => {
        world.deploy({ entitlements: [{ seats: { max: 1 }, onLeave: { revokeAfterDays: 7 } }] });
        await world.leaves(1);
        await world.play();
      },
    ],
    [
      'held',
      async (world) => {
        world.deploy({ brake: { percent: 0, atLeast: 0 } });
        await world.leaves(1);
        await world.play();
      },
    ],
    [
      'revoking',
      async (world) => {
        world.faults.add({ operation: DELETE, kind: 'internal', times: ALWAYS });
        await world.leaves(1);
        await world.play();
      },
    ],
  ])('%s', async (status, given) => {
    const world = await openWorld(FULL);
    await given(world);
    expect(await world.seats()).toEqual({ 1: status });
    world.after(LEASE_OUT_SECONDS, () => world.joins(2));
    await world.play();
    expect(await world.seats()).toEqual({ 1: status, 2: 'waitlisted' });
    expect(world.assigned()).not.toContain(2);
  });

  it('creating, if the result of the call is unknown and its user has left', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 1 } }] });
    world.faults.add({ operation: CREATE, kind: 'crash-after' });
    world.faults.add({ operation: DESCRIBE, kind: 'internal', skip: 1, times: ALWAYS });
    await world.joins(1);
    await world.play();
    world.faults.clear();
    expect([await world.seats(), world.assigned()]).toEqual([{ 1: 'creating' }, [1]]);
    world.after(LEASE_OUT_SECONDS, () => world.scim({ leave: [1], join: [2] }));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    const told = world.audited().filter((one) => /^Seat/.test(one));
    expect(told.at(-1)).toBe('Seat Assigned 2 place-freed');
    expect(told.slice(0, -1).sort()).toEqual([
      'Seat Assigned 1 group-join',
      'Seat Revoked 1 group-leave',
      'Seat Waitlisted 2 cap-reached',
    ]);
    expect(world.peak()).toBe(1);
  });

  it('assigned, before it is verified', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 1 } }] });
    await world.joins(1);
    world.after(20, () => world.joins(2));
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
    expect(world.audited()).toEqual(['Seat Assigned 1 group-join', 'Seat Waitlisted 2 cap-reached']);
  });
});

describe('a slot', () => {
  it.each<[string, (world: World) => void, string[]]>([
    ['AWS reports success and loses the change', (world) => world.faults.add({ operation: DELETE, kind: 'lost' }), []],
    ['reads show it late', (world) => world.center.setLag(DESCRIBE, 60), []],
    [
      'AWS accepts the change after a conflict',
      (world) => world.faults.add({ operation: DELETE, kind: 'conflict' }),
      [],
    ],
    ['the answer is lost', (world) => world.faults.add({ operation: DELETE, kind: 'internal-after' }), []],
  ])('is free only when a fresh read shows no assignment, also if %s', async (_how, given) => {
    const world = await openWorld(FULL);
    await world.joins(2);
    await world.play();
    given(world);
    await world.leaves(1);
    await world.play();
    await world.ticking(30);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.peak()).toBe(1);
    expect(world.audited()).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Revoked 1 group-leave',
      'Seat Assigned 2 place-freed',
    ]);
  });

  it('is given by the execution that frees it', async () => {
    const world = await openWorld(FULL);
    await world.joins(2);
    await world.play();
    const execution = await world.leaves(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    const by = world.audit.map((entry) => [
      entry.DetailType,
      detailOf(entry).metadata.correlation_uid.split(':').at(-1),
    ]);
    expect(by.slice(1)).toEqual([
      ['Seat Revoked', execution],
      ['Seat Assigned', execution],
    ]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });

  it.each<[string, (world: World) => unknown]>([
    [
      'an execution frees and is stopped before its next check',
      async (world) => {
        const execution = await world.leaves(1);
        // While its batch is under way, which a Lambda function brings to its end.
        world.after(0.25, () => world.stop(execution));
        await world.play();
      },
    ],
    ['a deployment adds', (world) => world.deploy({ entitlements: [{ seats: { max: 2 } }] })],
  ])('that %s is given by the next tick', async (_how, given) => {
    const world = await openWorld(FULL);
    await world.joins(2);
    await world.play();
    await given(world);
    expect(await world.seats()).toMatchObject({ 2: 'waitlisted' });
    await world.ticking(10);
    expect(await world.seats()).toMatchObject({ 2: 'confirmed' });
  });

  it('that passes from one user to another is audited as a waitlist of one', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 2 } }], seated: [1, 2] });
    const execution = await world.scim({ join: [3], leave: [1] });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([2, 3]);
    expect(world.audited().sort()).toEqual([
      'Seat Assigned 3 place-freed',
      'Seat Revoked 1 group-leave',
      'Seat Waitlisted 3 cap-reached',
    ]);
  });

  it('is not taken by a foreign assignment', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 1 } }], assigned: [1, 2] });
    await world.joins(3);
    await world.play();
    expect(await world.seats()).toEqual({ 3: 'confirmed' });
  });

  it('that AWS frees with a deleted user is given by the sweep that sees it', async () => {
    const world = await openWorld(FULL);
    await world.joins(2);
    await world.play();
    world.center.deleteUser(user(1));
    await world.ticking(65);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });
});

describe('the waitlist', () => {
  it('is served by the start of the execution that first asked, whatever times the events say', async () => {
    const world = await openWorld(FULL);
    const now = world.now().getTime();
    for (const [number, time] of [
      [3, new Date(now + 50_000).toISOString()],
      [4, new Date(now - 50_000).toISOString()],
      [2, '2009-09-09T09:09:09Z'],
    ] as const) {
      await joinOf(world, number, time);
      await world.play();
    }
    // A further hint about a waiting user, and its second copy, change no order.
    await joinOf(world, 2, '1999-01-01T00:00:00Z');
    await joinOf(world, 3, '8999-01-01T00:00:00Z');
    await joinOf(world, 3, '8999-01-01T00:00:00Z');
    await world.play();
    for (const [leaver, next] of [
      [1, 3],
      [3, 4],
      [4, 2],
    ] as const) {
      await world.leaves(leaver);
      await world.play();
      expect(world.assigned()).toEqual([next]);
    }
    expect(world.audited().filter((told) => /Waitlisted/.test(told))).toEqual([
      'Seat Waitlisted 3 cap-reached',
      'Seat Waitlisted 4 cap-reached',
      'Seat Waitlisted 2 cap-reached',
    ]);
  });

  it.each([
    ['years ago', '2009-09-09T09:09:09Z'],
    ['in the far future', '8999-12-31T23:59:59Z'],
  ])('is not jumped by a user of whom an event says that they joined %s', async (_when, time) => {
    const world = await openWorld(FULL);
    await world.joins(3);
    await world.play();
    world.after(50 * 3600, () => joinOf(world, 2, time));
    await world.play();
    await world.leaves(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'waitlisted', 3: 'confirmed' });
    // Nor does such a time keep the user from a seat.
    await world.leaves(3);
    await world.play();
    expect(world.assigned()).toEqual([2]);
  });

  it('is not skipped by a later user, even if a slot is free at that moment', async () => {
    const world = await openWorld(FULL);
    await world.joins(3);
    await world.play();
    await world.leaves(1);
    await world.joins(2);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'waitlisted', 3: 'confirmed' });
  });

  it('puts a user who leaves it and comes back at its end', async () => {
    const world = await openWorld(FULL);
    for (const number of [2, 3]) {
      await world.joins(number);
      await world.play();
    }
    await world.leaves(2);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'revoked', 3: 'waitlisted' });
    world.after(60, () => world.joins(2));
    await world.play();
    await world.leaves(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'waitlisted', 3: 'confirmed' });
    expect(world.audited()).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Waitlisted 3 cap-reached',
      'Seat Waitlisted 2 cap-reached',
      'Seat Revoked 1 group-leave',
      'Seat Assigned 3 place-freed',
    ]);
  });

  it('checks the status of a user who gets a slot that is freed in the same sweep', async () => {
    const world = await openWorld({ people: 3, members: { [GROUP]: [1, 2] }, entitlements: [{ seats: { max: 1 } }] });
    await world.start({ scope: 'everything' });
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
    // No event announces either.
    world.center.setStatus(user(2), 'DISABLED');
    world.center.deleteUser(user(1));
    await world.ticking(65);
    expect(world.assigned()).toEqual([]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'revoked' });
  });

  it('skips users who are disabled or deleted meanwhile', async () => {
    const world = await openWorld(FULL);
    for (const number of [2, 3, 4]) {
      await world.joins(number);
      await world.play();
    }
    world.center.setStatus(user(2), 'DISABLED');
    world.center.deleteUser(user(3));
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([4]);
  });

  it('is audited once, even if it is checked often', async () => {
    const world = await openWorld(FULL);
    await world.joins(2);
    await world.ticking(150);
    await world.start({ userId: user(2) });
    await world.start({ scope: 'everything' });
    await world.play();
    expect(world.copies()).toEqual(['Seat Waitlisted']);
    expect(world.calls(CREATE)).toBe(0);
  });
});

describe('lowering seats.max below what is in use', () => {
  it('revokes nothing, reports it, and grants nothing until enough users have left', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 3 } }], people: 4, seated: [1, 2, 3] });
    world.deploy({ entitlements: [{ seats: { max: 1 } }] });
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect(world.reportOf(execution).report).toEqual([
      { entitlement: 'amazon-q-developer', seats: 3, waiting: 0, unmanaged: 0, overCap: 2 },
    ]);
    expect(world.measured('SeatsOverCap')).toEqual([2]);
    await world.joins(4);
    for (const leaver of [1, 2]) {
      await world.leaves(leaver);
      await world.play();
      expect(await world.seats()).toMatchObject({ 4: 'waitlisted' });
    }
    await world.leaves(3);
    await world.play();
    expect(world.assigned()).toEqual([4]);
  });

  it('puts a user whose seat is removed by hand at the head of the waitlist, instead of granting it again', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 2 } }], people: 3, settled: [1, 2] });
    world.deploy({ entitlements: [{ seats: { max: 1 } }] });
    await world.joins(3);
    await world.play();
    world.center.unassignByHand(APPLICATION, user(2));
    await world.start({ scope: 'everything' });
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted', 3: 'waitlisted' });
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([2]);
  });
});

describe('more users than slots', () => {
  it('who come at the same moment get them by their ids, whatever the times of their events', async () => {
    const world = await openWorld({ entitlements: [{ seats: { max: 3 } }], people: 10 });
    const now = world.now().getTime();
    await Promise.all(
      people(1, 10).map((number) => joinOf(world, number, new Date(now - number * 100_000).toISOString())),
    );
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect(world.peak()).toBe(3);
    expect(Object.values(await world.seats()).filter((status) => status === 'waitlisted')).toHaveLength(7);
  });

  it.each<[string, number, (world: World, number: number) => Promise<string>]>([
    ['by SCIM, which names no user', 100, (world, number) => world.scim({ join: [number] })],
    [
      'by the Identity Store API',
      40,
      (world, number) => {
        world.center.join(GROUP, user(number));
        const time = world.now().toISOString();
        return world.start(aCreateGroupMembership({ groupId: GROUP, userId: user(number), time }));
      },
    ],
  ])(
    'who come in a flood, %s, never exceed the cap, and the others wait',
    { tags: 'long' },
    async (_way, count, join) => {
      const [max, joiners] = [15, people(1, count)];
      const world = await openWorld({ entitlements: [{ seats: { max } }], people: joiners.length });
      for (const number of joiners) world.after(number * 0.4, () => join(world, number));
      await world.play();
      expect(world.peak()).toBe(max);
      expect(world.assigned()).toEqual(people(1, max));
      expect(world.calls(CREATE)).toBe(max);
      expect(world.copies().filter((type) => type === 'Seat Waitlisted')).toHaveLength(joiners.length - max);
      expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      // Ten places free at once, and are given to the next ten.
      for (const number of people(1, 10)) world.center.leave(GROUP, user(number));
      await world.scim({ leave: people(1, 10) });
      await world.play();
      expect(world.assigned()).toEqual(people(11, max + 10));
      expect(world.peak()).toBe(max);
    },
  );
});
