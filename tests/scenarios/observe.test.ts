import { describe, expect, it } from 'vitest';
import { aDisableUser } from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const OBSERVE = [{ mode: 'observe' as const }];
const WRITES = ['SSOAdmin.CreateApplicationAssignment', 'SSOAdmin.DeleteApplicationAssignment'];

/** Seats as the ledger holds them, all of each. */
async function seatsOf(world: World) {
  return (await world.items()).filter(({ status, changeSeq }) => status !== undefined && changeSeq !== undefined);
}

describe('an entitlement that observes', () => {
  it.each<[string, (world: World) => Promise<string>, string[]]>([
    ['a join', (world) => world.joins(4), ['Seat Observed 4 would-assign']],
    [
      'a join that SCIM hides',
      (world) => world.scim({ join: [4, 5] }),
      [4, 5].map((n) => `Seat Observed ${n} would-assign`),
    ],
    ['a leave', (world) => world.leaves(1), ['Seat Observed 1 would-revoke']],
    ['a leave that SCIM hides', (world) => world.scim({ leave: [1] }), ['Seat Observed 1 would-revoke']],
    [
      'a disabled user',
      (world) => {
        world.center.setStatus(user(1), 'DISABLED');
        return world.start(aDisableUser({ userId: user(1), time: world.now().toISOString() }));
      },
      ['Seat Observed 1 would-revoke'],
    ],
  ])(
    'reports what it would do for %s, and writes neither to Identity Center nor a seat',
    async (_what, change, told) => {
      const world = await openWorld({ people: 5, seated: [1, 2, 3] });
      world.deploy({ entitlements: OBSERVE });
      const before = await seatsOf(world);
      const execution = await change(world);
      await world.play();
      expect(world.stack.endOf(execution)?.outcome).toBe('converged');
      expect(world.audited().sort()).toEqual(told);
      expect(world.assigned()).toEqual([1, 2, 3]);
      expect(WRITES.map((call) => world.calls(call))).toEqual([0, 0]);
      expect(await seatsOf(world)).toEqual(before);
    },
  );

  it('reports whom it would add to the waitlist, whom it would give a grace period, and what it would hold', async () => {
    const brake = { percent: 0, atLeast: 2 };
    const world = await openWorld({ people: 12, settled: people(1, 10), brake });
    world.deploy({ entitlements: [{ mode: 'observe', seats: { max: 11 } }] });
    await world.scim({ join: [11, 12] });
    await world.play();
    expect(world.audited().sort()).toEqual(['Seat Observed 11 would-assign', 'Seat Observed 12 would-waitlist']);
    world.deploy({ entitlements: [{ mode: 'observe', seats: { max: 11 }, onLeave: { revokeAfterDays: 5 } }] });
    await world.leaves(1);
    await world.play();
    world.deploy({ entitlements: [{ mode: 'observe', seats: { max: 11 } }] });
    await world.scim({ leave: [2, 3] });
    await world.play();
    expect(world.audited().slice(2).sort()).toEqual([
      'Seat Observed 1 would-hold',
      'Seat Observed 1 would-leave',
      'Seat Observed 2 would-hold',
      'Seat Observed 3 would-hold',
    ]);
    expect(await world.stack.hold(APPLICATION)).toBeUndefined();
    expect(world.assigned()).toEqual(people(1, 10));
  });

  it('reports the same answer once, and not at every tick', async () => {
    const world = await openWorld({
      people: 5,
      members: { [GROUP]: [1, 2, 3, 4, 5] },
      entitlements: [{ mode: 'observe', seats: { max: 3 } }],
    });
    await world.ticking(130);
    // The daily sweep.
    world.after(25 * 3600, () => world.tick());
    await world.play();
    for (const input of [{ scope: 'everything' }, { userId: user(1) }, { groupId: GROUP }]) {
      await world.start(input);
      await world.play();
    }
    expect(world.copies()).toHaveLength(5);
    expect(world.audited().sort()).toEqual([
      ...[1, 2, 3].map((number) => `Seat Observed ${number} would-assign`),
      ...[4, 5].map((number) => `Seat Observed ${number} would-waitlist`),
    ]);
    expect(world.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('reports a new answer, and the old one again after it', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3], entitlements: [{}] });
    world.deploy({ entitlements: OBSERVE });
    for (const change of [world.joins, world.leaves, world.joins]) {
      await change(4);
      await world.play();
    }
    // An answer that nothing would change is not audited.
    expect(world.audited()).toEqual(['Seat Observed 4 would-assign', 'Seat Observed 4 would-assign']);
  });

  it('sends its answers once the bus is back', async () => {
    const world = await openWorld({ people: 4, entitlements: OBSERVE });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await world.joins(4);
    await world.play();
    world.faults.clear();
    await world.ticking(60);
    expect(world.audited()).toEqual(['Seat Observed 4 would-assign']);
  });

  it('sends the pending audit events of seats and of a hold from before', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3], brake: { percent: 0, atLeast: 0 } });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await world.scim({ join: [4], leave: [1] });
    await world.play();
    world.faults.clear();
    world.deploy({ entitlements: OBSERVE });
    await world.ticking(40);
    expect(world.audited().sort()).toEqual([
      'Revocations Held brake',
      'Seat Assigned 4 group-join',
      'Seat Observed 1 would-hold',
    ]);
    expect(await world.seats()).toMatchObject({ 1: 'held', 4: 'assigned' });
  });

  it('leaves another entitlement to enforce', async () => {
    const entitlements = [...OBSERVE, { name: 'kiro', application: OTHER_APPLICATION }];
    const world = await openWorld({ entitlements });
    await world.joins(1);
    await world.play();
    expect([world.assigned(), world.assigned(OTHER_APPLICATION)]).toEqual([[], [1]]);
    expect(world.audited().sort()).toEqual(['Seat Assigned 1 group-join', 'Seat Observed 1 would-assign']);
  });

  it('does what it reported once it enforces', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.deploy({ entitlements: OBSERVE });
    await world.scim({ join: [4], leave: [1] });
    await world.play();
    world.deploy({ entitlements: [{}] });
    await world.ticking(65);
    expect(world.assigned()).toEqual([2, 3, 4]);
    expect(world.audited().slice(2).sort()).toEqual(['Seat Assigned 4 reconciled', 'Seat Revoked 1 group-leave']);
  });

  it('leaves unmanaged assignments unmanaged, and counts them', async () => {
    const world = await openWorld({ entitlements: OBSERVE, members: { [GROUP]: [1] }, assigned: [1, 2] });
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.audited()).toEqual([]);
    expect(world.measured('UnmanagedAssignments')).toEqual([2]);
    expect(world.reportOf(execution).report).toMatchObject([{ unmanaged: 2 }]);
  });
});
