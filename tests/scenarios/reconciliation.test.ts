import { describe, expect, it } from 'vitest';
import { LEASE_OUT_SECONDS } from '../support/changes.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const PUT_EVENTS = 'EventBridge.PutEvents';
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** A tick so many seconds from now, and what it costs. */
async function tickAfter(world: World, seconds: number): Promise<ReadonlyMap<string, number>> {
  await world.play();
  world.newCalls();
  world.after(seconds, () => world.tick());
  await world.stack.runUntilIdle();
  return world.newCalls();
}

function identityCenterCalls(calls: ReadonlyMap<string, number>): number {
  const ours = [...calls].filter(([call]) => /^(?:SSOAdmin|IdentityStore)\./.test(call));
  return ours.reduce((total, [, count]) => total + count, 0);
}

/** What the ledger holds except the work queue. */
async function records(world: World) {
  return (await world.items()).filter(({ pk }) => pk !== '#work');
}

describe('the tick picks up', () => {
  it.each<[string, number, (world: World) => Promise<unknown>, string]>([
    [
      'a work queue whose lease holder died, once its lease has expired',
      LEASE_OUT_SECONDS,
      async (world) => {
        const execution = await world.joins(4);
        world.after(0.15, () => world.stop(execution));
      },
      'confirmed',
    ],
    [
      'a refusal whose next attempt is due',
      HOUR_SECONDS,
      (world) => {
        world.faults.add({ operation: CREATE, kind: 'quota' });
        return world.joins(4);
      },
      'confirmed',
    ],
    [
      'a grace period that is over',
      2 * DAY_SECONDS,
      async (world) => {
        world.deploy({ entitlements: [{ onLeave: { revokeAfterDays: 2 } }] });
        await world.joins(4);
        await world.play();
        await world.leaves(4);
      },
      'revoked',
    ],
    [
      'a waitlist with a free slot',
      60,
      async (world) => {
        world.deploy({ entitlements: [{ seats: { max: 3 } }] });
        await world.joins(4);
        await world.play();
        world.deploy({ entitlements: [{ seats: { max: 4 } }] });
      },
      'confirmed',
    ],
  ])('%s', async (_what, seconds, given, status) => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    await given(world);
    await world.play();
    expect(await world.seats()).not.toMatchObject({ 4: status });
    await tickAfter(world, seconds);
    expect(await world.seats()).toMatchObject({ 4: status });
  });

  it('an audit event that did not reach the bus', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.faults.add({ operation: PUT_EVENTS, kind: 'internal', times: 1000 });
    await world.joins(4);
    await world.play();
    world.faults.clear();
    await tickAfter(world, 15 * 60);
    expect(world.copies()).toEqual(['Seat Assigned']);
  });
});

describe('a sweep', () => {
  it('heals drift in both directions', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.center.unassignByHand(APPLICATION, user(1));
    world.center.leave(GROUP, user(2));
    world.center.join(GROUP, user(4));
    await tickAfter(world, HOUR_SECONDS);
    expect(world.assigned()).toEqual([1, 3, 4]);
    expect(world.audited().sort()).toEqual([
      'Seat Assigned 1 drift-healed',
      'Seat Assigned 4 reconciled',
      'Seat Revoked 2 group-leave',
    ]);
  });

  it('does not take an assignment for drift if a list shows it late', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.center.setLag('SSOAdmin.ListApplicationAssignments', 120);
    await world.joins(4);
    world.after(60, () => world.start({ scope: 'everything' }));
    await world.play();
    expect(world.audited()).toEqual(['Seat Assigned 4 group-join']);
    expect(world.calls(CREATE)).toBe(1);
  });

  it('finds disabled users once per day without an event, and does not ask every hour', async () => {
    const world = await openWorld({ seated: [1, 2, 3] });
    world.center.setStatus(user(1), 'DISABLED');
    for (let hour = 1; hour < 24; hour += 1) world.after(hour * HOUR_SECONDS, () => world.tick());
    await world.play();
    expect([world.calls('IdentityStore.ListUsers'), world.calls('IdentityStore.DescribeUser')]).toEqual([0, 0]);
    await tickAfter(world, HOUR_SECONDS);
    expect(world.audited()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it('reports unmanaged assignments, and keeps them', async () => {
    const world = await openWorld({ people: 5, seated: [1, 2, 3], assigned: [5] });
    world.center.assignByHand(APPLICATION, user(4));
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.reportOf(execution).report).toMatchObject([{ seats: 3, unmanaged: 2 }]);
    expect(world.measured('UnmanagedAssignments')).toEqual([2]);
    expect(world.assigned()).toEqual([1, 2, 3, 4, 5]);
  });

  it('reports a group that is assigned as a whole, because its members would keep access', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.center.assignByHand(APPLICATION, OTHER_GROUP, 'GROUP');
    world.center.assignByHand(APPLICATION, GROUP, 'GROUP');
    const execution = await world.leaves(1);
    await world.play();
    // The check of one user does not list the assignments of an application.
    expect(world.reportOf(execution).report).toBeUndefined();
    const sweep = await world.start({ scope: 'everything' });
    await world.play();
    const [found] = world.reportOf(sweep).report ?? [];
    expect(found?.assignedGroups?.toSorted()).toEqual([GROUP, OTHER_GROUP].sort());
    expect(found?.unmanaged).toBe(0);
    expect(world.measured('AssignedGroups')).toEqual([2]);
    expect(world.center.assignments().filter(({ principalType }) => principalType === 'GROUP')).toHaveLength(2);
  });
});

describe('the budget of calls', () => {
  it.each<[string, (world: World) => unknown]>([
    ['nothing is under way', () => undefined],
    ['revocations are held', (world) => world.scim({ leave: [1, 2] })],
    [
      'a user is in the grace period',
      (world) => {
        world.deploy({ entitlements: [{ onLeave: { revokeAfterDays: 9 } }] });
        return world.leaves(1);
      },
    ],
    [
      'a user was refused',
      (world) => {
        world.faults.add({ operation: CREATE, kind: 'quota' });
        return world.joins(4);
      },
    ],
    [
      'something was observed',
      (world) => {
        world.deploy({ entitlements: [{ mode: 'observe' }] });
        return world.joins(4);
      },
    ],
    [
      'users were waitlisted before the entitlement was set to observe',
      async (world) => {
        world.deploy({ entitlements: [{ seats: { max: 3 } }] });
        await world.joins(4);
        await world.play();
        world.deploy({ entitlements: [{ seats: { max: 4 }, mode: 'observe' }] });
      },
    ],
  ])('of an idle tick is 2 of DynamoDB and none of Identity Center, also when %s', async (_what, given) => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3], brake: { percent: 0, atLeast: 1 } });
    await given(world);
    const calls = await tickAfter(world, LEASE_OUT_SECONDS);
    expect([...calls]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 1],
    ]);
    expect(world.ends.at(-1)?.outcome).toBe('converged');
  });

  it('is one more query for an application with a waitlist', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3], entitlements: [{ seats: { max: 3 } }] });
    await world.joins(4);
    expect([...(await tickAfter(world, 300))]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 2],
    ]);
  });

  it('of 5,000 seats is 110 of Identity Center per hour and 170 per day, and only the work queue is written', {
    tags: 'long',
  }, async () => {
    const count = 5000;
    const world = await openWorld({ people: count, settled: people(1, count) });
    const before = await records(world);
    const daily = await tickAfter(world, 1);
    const counted = await records(world);
    // The first sweep also records how many members each group has, for the cause of a hold.
    expect(counted.filter(({ sk }) => sk !== '#groups')).toEqual(before);
    const hourly = await tickAfter(world, HOUR_SECONDS);
    expect(identityCenterCalls(daily)).toBeLessThanOrEqual(170);
    expect(identityCenterCalls(hourly)).toBeLessThanOrEqual(110);
    expect(hourly.get('IdentityStore.ListUsers')).toBeUndefined();
    expect(daily.get('IdentityStore.ListUsers')).toBe(count / 100);
    for (const calls of [daily, hourly]) {
      expect([CREATE, DELETE, PUT_EVENTS].map((call) => calls.get(call))).toEqual([undefined, undefined, undefined]);
    }
    expect(await records(world)).toEqual(counted);
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['converged', 'converged']);
  });
});

describe('a tick that is repeated', () => {
  it('fails at most once per hour for an application that is gone, and serves the others', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const world = await openWorld({ members: { [GROUP]: [1] }, entitlements, missing: [OTHER_APPLICATION] });
    await world.ticking(120);
    const failed = world.ends.filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(3);
    expect(await world.seats()).toEqual({ 1: 'confirmed' });
    expect(world.calls('SSOAdmin.ListApplicationAssignments')).toBeLessThan(12);
  });

  it('does not check a seat whose grace period is over while its entitlement only observes', async () => {
    const world = await openWorld({ people: 3, seated: [1, 2], entitlements: [{ onLeave: { revokeAfterDays: 1 } }] });
    await world.leaves(1);
    await world.play();
    world.deploy({ entitlements: [{ onLeave: { revokeAfterDays: 1 }, mode: 'observe' }] });
    await tickAfter(world, 3 * DAY_SECONDS);
    const calls = await tickAfter(world, 300);
    expect(identityCenterCalls(calls)).toBe(0);
    expect(calls).toEqual(
      new Map([
        ['DynamoDB.GetItem', 1],
        ['DynamoDB.Query', 1],
      ]),
    );
  });
});
