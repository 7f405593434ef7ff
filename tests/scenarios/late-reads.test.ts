import { describe, expect, it } from 'vitest';
import type { ReadOperation } from '../../emulator/aws/identity-center/reads.ts';
import { aDeleteUser } from '../support/events.ts';
import { APPLICATION, GROUP, people, user } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const LIST = 'SSOAdmin.ListApplicationAssignments';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';

describe('reads of assignments that lag', () => {
  it.each<[string, ReadOperation[], number, { creates: number; failed: number }]>([
    ['two minutes, both', [LIST, DESCRIBE], 2, { creates: 1, failed: 0 }],
    ['three minutes, of single users', [DESCRIBE], 3, { creates: 1, failed: 0 }],
    ['fifteen minutes, of the list', [LIST], 15, { creates: 1, failed: 0 }],
    ['fifteen minutes, both', [LIST, DESCRIBE], 15, { creates: 2, failed: 0 }],
    ['an hour, both', [LIST, DESCRIBE], 60, { creates: 4, failed: 1 }],
    ['two hours, both', [LIST, DESCRIBE], 120, { creates: 7, failed: 2 }],
  ])(
    'by %s cost a few creates and one audit event per seat',
    { tags: 'long' },
    async (_fact, operations, minutes, most) => {
      const world = await openWorld({ people: 4, settled: [1] });
      for (const operation of operations) world.center.setLag(operation, minutes * 60);
      await world.joins(2);
      world.after(60, () => world.scim({ join: [3] }));
      await world.ticking(Math.max(180, 3 * minutes));
      expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
      expect(world.calls(CREATE)).toBeLessThanOrEqual(2 * most.creates);
      expect(world.ends.filter(({ outcome }) => outcome === 'failed').length).toBeLessThanOrEqual(most.failed);
      expect(world.copies().filter((type) => type === 'Seat Assigned')).toHaveLength(2);
    },
  );

  it('cost a revocation no second one, and one audit event', async () => {
    const world = await openWorld({ people: 4, settled: [1, 2, 3] });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 15 * 60);
    await world.leaves(1);
    await world.ticking(120);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
    expect(world.copies().filter((type) => type === 'Seat Revoked')).toHaveLength(1);
  });
});

describe('lists of group members that lag', () => {
  const MEMBERSHIPS = 'IdentityStore.ListGroupMemberships';
  const HOLDS = { percent: 0, atLeast: 0 };

  it.each<[string, Parameters<typeof openWorld>[0]]>([
    ['a seat with days of grace', { entitlements: [{ onLeave: { revokeAfterDays: 2 } }] }],
    ['a seat whose revocation the brake would hold', { brake: HOLDS }],
    ['a seat that would be revoked at once', {}],
  ])('end nothing that a check by name has begun: %s', async (_fact, options) => {
    const world = await openWorld({ people: 4, settled: [1], ...options });
    world.center.setLag(MEMBERSHIPS, 3600);
    await world.joins(2);
    world.after(300, () => world.start({ scope: 'everything' }));
    await world.ticking(120);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Assigned 2 group-join']);
    expect(world.calls(DELETE)).toBe(0);
  });

  it('take back no end that a check by name has begun', async () => {
    const world = await openWorld({
      people: 4,
      settled: [1, 2],
      entitlements: [{ onLeave: { revokeAfterDays: 2 } }],
    });
    world.center.setLag(MEMBERSHIPS, 3600);
    await world.leaves(2);
    world.after(300, () => world.start({ scope: 'everything' }));
    await world.ticking(120);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'leaving' });
    expect(world.audited()).toEqual(['Seat Leaving 2 group-leave']);
  });

  it('neither put a user on the waitlist nor take one off it', async () => {
    const world = await openWorld({ people: 4, settled: [1], entitlements: [{ seats: { max: 1 } }] });
    world.center.setLag(MEMBERSHIPS, 3600);
    await world.joins(2);
    world.after(10, () => world.joins(3));
    world.after(200, () => world.leaves(3));
    world.after(300, () => world.start({ scope: 'everything' }));
    await world.ticking(120);
    expect(await world.seats()).toMatchObject({ 1: 'confirmed', 2: 'waitlisted' });
    expect(world.audited()).toEqual(['Seat Waitlisted 2 cap-reached', 'Seat Waitlisted 3 cap-reached']);
  });

  it('put no user on the waitlist who has just left, when a read of another makes the slots short', async () => {
    const world = await openWorld({ people: 4, settled: [1, 3], entitlements: [{ seats: { max: 2 } }] });
    world.center.setLag(MEMBERSHIPS, 3600);
    await world.joins(2);
    world.after(600, () => world.leaves(3));
    await world.ticking(120);
    expect(world.audited()).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Revoked 3 group-leave',
      'Seat Assigned 2 place-freed',
    ]);
  });

  it('hold no seat of a user who is back in the days of grace', async () => {
    const world = await openWorld({
      people: 4,
      settled: [1, 2],
      brake: HOLDS,
      entitlements: [{ onLeave: { revokeAfterDays: 1 } }],
    });
    await world.leaves(2);
    world.after(86_000, () => {
      world.center.setLag(MEMBERSHIPS, 3600);
      world.center.join(GROUP, user(2));
    });
    world.after(86_460, () => world.start({ scope: 'everything' }));
    world.after(90_000, () => world.tick());
    await world.play();
    expect(world.audited()).toEqual(['Seat Leaving 2 group-leave', 'Seat Kept 2 still-entitled']);
  });

  it('are believed when they name no entitled user, although reads of one user still show some', async () => {
    const world = await openWorld({ people: 9, settled: people(1, 8) });
    world.center.setStatus(user(9), 'DISABLED');
    world.center.join(GROUP, user(9));
    world.center.setLag('IdentityStore.IsMemberInGroups', 600);
    for (const number of people(1, 7)) world.center.leave(GROUP, user(number));
    world.after(20, () => world.center.leave(GROUP, user(8)));
    world.after(605, () => world.start({ scope: 'everything' }));
    await world.ticking(60);
    expect(new Set(world.audited())).toEqual(new Set(['Revocations Held nobody-entitled']));
    expect(world.assigned()).toEqual(people(1, 8));
  });

  it.each(['refuse', 'internal'] as const)(
    'are believed of 21 users who cannot be read (%s), and others are served',
    { tags: 'long' },
    async (kind) => {
      const brake = { percent: 100, atLeast: 60 };
      const world = await openWorld({ people: 70, settled: people(1, 60), brake });
      for (const number of people(1, 21)) {
        const operation = 'IdentityStore.IsMemberInGroups';
        world.faults.add({ operation, kind, principalId: user(number), times: 1_000_000 });
        world.center.leave(GROUP, user(number));
      }
      world.after(60, () => world.scim({ leave: [50], join: [65] }));
      await world.ticking(300);
      expect(await world.seats()).toMatchObject({ 1: 'confirmed', 50: 'revoked', 65: 'confirmed' });
    },
  );

  it('that are newer than what a read of one user shows leave the seat as it is until that read shows it, too', async () => {
    const world = await openWorld({
      people: 4,
      settled: [1, 2],
      entitlements: [{ onLeave: { revokeAfterDays: 2 } }],
    });
    world.center.setLag('IdentityStore.IsMemberInGroups', 1800);
    // No event comes: only the sweep of a tick finds it.
    world.center.leave(GROUP, user(2));
    await world.ticking(20);
    expect(world.audited()).toEqual([]);
    await world.ticking(180);
    expect(world.audited()).toEqual(['Seat Leaving 2 group-leave']);
  });
});

describe('a seat that no read shows yet', () => {
  it('is held, and not forgotten, if the brake holds its revocation', async () => {
    const quirks = { repeatedCreate: 'conflict' as const };
    const world = await openWorld({ people: 4, settled: [1], quirks, brake: { percent: 0, atLeast: 0 } });
    world.center.setLag(DESCRIBE, 3600);
    await world.joins(2);
    // The create was repeated meanwhile, and its answer says nothing.
    world.after(420, () => world.leaves(2));
    await world.play();
    expect(await world.summaries(2)).toEqual([{ seat: 'held', assigned: true, audited: ['Seat Assigned'] }]);
  });
});

describe('a user on the waitlist whose revoked assignment a list still shows', () => {
  it('keeps the place', async () => {
    const world = await openWorld({ people: 4, settled: [1, 3], entitlements: [{ seats: { max: 2 } }] });
    await world.joins(2);
    world.center.setLag(LIST, 3600);
    world.after(600, () => world.leaves(3));
    world.after(900, () => world.joins(3));
    world.after(1000, () => world.joins(4));
    world.after(1200, () => world.start({ scope: 'everything' }));
    await world.ticking(150);
    expect(world.audited().filter((one) => one.startsWith('Seat Waitlisted 3'))).toHaveLength(1);
    expect(await world.seats()).toMatchObject({ 3: 'waitlisted', 4: 'waitlisted' });
  });
});

describe('a create that AWS accepted before and refuses when it is repeated', () => {
  it('keeps its slot until a read would show the assignment', async () => {
    const world = await openWorld({ people: 2, entitlements: [{ seats: { max: 1 } }] });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3600);
    await world.joins(1);
    world.after(1800, () => world.faults.add({ operation: CREATE, kind: 'refuse', principalId: user(1), for: '2h' }));
    world.after(3000, () => world.joins(2));
    await world.ticking(58);
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'creating', 2: 'waitlisted' });
    await world.ticking(180);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
  });
});

describe('a verified seat that a read no longer shows', () => {
  it('keeps its slot if AWS refuses to make it again, until reads would show it', async () => {
    const world = await openWorld({ people: 2, entitlements: [{ seats: { max: 1 } }] });
    await world.joins(1);
    await world.play();
    world.center.setLag(DESCRIBE, 3600);
    world.faults.add({ operation: CREATE, kind: 'refuse', principalId: user(1), for: '2h' });
    world.after(600, () => world.start({ userId: user(1) }));
    world.after(1200, () => world.joins(2));
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'creating', 2: 'waitlisted' });
  });
});

describe('a user who comes back while AWS does not remove the assignment', () => {
  it.each([
    ['fails', 'internal'],
    ['conflicts', 'conflict'],
  ] as const)('keeps the slot although no read shows it, if the removal %s', async (_fact, kind) => {
    const world = await openWorld({ people: 2, entitlements: [{ seats: { max: 1 } }] });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3600);
    await world.joins(1);
    world.after(400, () => world.faults.add({ operation: DELETE, kind, times: 3 }));
    world.after(401, () => world.leaves(1));
    world.after(404, () => world.joins(1));
    world.after(500, () => world.joins(2));
    await world.ticking(180);
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
    expect(world.copies()).not.toContain('Seat Revoked');
  });
});

describe('a user who comes back while a revocation is interrupted', () => {
  it('keeps the slot if the assignment was made again and no answer came', async () => {
    const world = await openWorld({ people: 2, settled: [1], entitlements: [{ seats: { max: 1 } }] });
    world.center.unassignByHand(APPLICATION, user(1));
    world.after(7200, () => {
      for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3500);
      world.faults.add({ operation: CREATE, kind: 'internal-after', for: '60s' });
      return world.start({ userId: user(1) });
    });
    world.after(7250, () => {
      world.faults.add({ operation: DELETE, kind: 'internal', for: '90s' });
      return world.leaves(1);
    });
    world.after(7310, () => world.joins(1));
    world.after(100, () => world.joins(2));
    for (let minute = 130; minute <= 240; minute += 5) world.after(60 * minute, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
  });

  it('keeps the slot if AWS refuses a create after one without an answer', async () => {
    const world = await openWorld({ people: 2, entitlements: [{ seats: { max: 1 } }] });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3500);
    world.faults.add({ operation: CREATE, kind: 'internal-after', for: '40s' });
    await world.joins(1);
    world.after(50, () => {
      world.faults.add({ operation: DELETE, kind: 'internal', for: '90s' });
      return world.leaves(1);
    });
    world.after(60, () => world.joins(2));
    world.after(110, () => {
      world.faults.add({ operation: CREATE, kind: 'refuse', principalId: user(1), for: '2h' });
      return world.joins(1);
    });
    await world.ticking(50);
    expect(world.assigned()).toEqual([1]);
    expect(await world.seats()).toMatchObject({ 2: 'waitlisted' });
  });

  it('has the grant audited once a read shows it, also above a lowered cap', async () => {
    const world = await openWorld({ people: 2, settled: [2], entitlements: [{ seats: { max: 2 } }] });
    world.faults.add({ operation: CREATE, kind: 'internal-after', for: '40s' });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3000);
    await world.joins(1);
    world.after(50, () => {
      world.faults.add({ operation: DELETE, kind: 'internal', for: '120s' });
      return world.leaves(1);
    });
    world.after(110, () => {
      world.deploy({ entitlements: [{ seats: { max: 1 } }] });
      return world.joins(1);
    });
    await world.ticking(180);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect(await world.summaries(1)).toEqual([{ seat: 'confirmed', assigned: true, audited: ['Seat Assigned'] }]);
  });

  it('has a new assignment at once if AWS had accepted the removal, although the read after it failed', async () => {
    const world = await openWorld({ people: 2 });
    await world.joins(1);
    world.after(600, () => {
      world.faults.add({ operation: DESCRIBE, kind: 'throttle', for: '60s' });
      return world.leaves(1);
    });
    world.after(670, () => world.joins(1));
    world.after(780, () => expect(world.assigned()).toEqual([1]));
    await world.play();
    expect(world.copies()).toEqual(['Seat Assigned', 'Seat Revoked', 'Seat Assigned']);
  });

  it('has access when the execution ends, although reads show the removal late', async () => {
    const world = await openWorld({ people: 2, settled: [1] });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 80);
    world.after(10, () => world.leaves(1));
    world.after(20, () => world.joins(1));
    await world.play();
    expect(world.assigned()).toEqual([1]);
    expect(world.copies()).toEqual(['Seat Revoked', 'Seat Assigned']);
  });
});

describe('a leaver with grace whose create had no answer', () => {
  it('keeps no execution waiting that serves others', async () => {
    const world = await openWorld({ people: 3, entitlements: [{ onLeave: { revokeAfterDays: 7 } }] });
    world.faults.add({ operation: CREATE, kind: 'internal', principalId: user(1), for: '120s' });
    await world.joins(1);
    const began = world.now().getTime() + 100_000;
    world.after(100, () => world.scim({ leave: [1], join: [2] }));
    await world.play();
    const sweeps = world.ends.filter(({ startedAt }) => startedAt.getTime() >= began);
    expect(sweeps).toHaveLength(1);
    for (const { endedAt } of sweeps) expect(endedAt.getTime() - began).toBeLessThan(300_000);
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toMatchObject({ 2: 'confirmed' });
  });
});

describe('a seat above a lowered cap', () => {
  it('keeps its slot within the hour after its grant, whatever a read shows', async () => {
    const world = await openWorld({ people: 2, entitlements: [{ seats: { max: 2 } }] });
    world.center.setLag(DESCRIBE, 3600);
    await world.joins(1);
    await world.joins(2);
    world.after(120, () => {
      world.deploy({ entitlements: [{ seats: { max: 1 } }] });
      return world.start({ userId: user(2) });
    });
    await world.ticking(180);
    expect(world.assigned()).toEqual([1, 2]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });
});

describe('a deleted user of Active Directory', () => {
  it('loses the assignment, also if no read shows it', async () => {
    const quirks = { assignmentsOfDeletedUsers: 'stay' as const };
    const world = await openWorld({ people: 3, entitlements: [{ seats: { max: 2 } }], quirks });
    await world.joins(1);
    await world.joins(2);
    await world.play();
    world.center.setLag(DESCRIBE, 3600);
    world.after(600, async () => {
      world.center.deleteUser(user(1));
      await world.start(aDeleteUser({ userId: user(1), time: world.now().toISOString() }));
    });
    world.after(900, () => world.joins(3));
    await world.ticking(120);
    expect(world.assigned()).toEqual([2, 3]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
  });
});

describe('a create that AWS loses', () => {
  it('is repeated after five minutes, and audited once', async () => {
    const world = await openWorld({ people: 1 });
    world.faults.add({ operation: CREATE, kind: 'lost' });
    const execution = await world.joins(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([1]);
    expect(world.calls(CREATE)).toBe(2);
    expect(world.copies()).toEqual(['Seat Assigned']);
  });

  it('again and again puts the user aside, and fails one execution', async () => {
    const world = await openWorld({ people: 2 });
    world.faults.add({ operation: CREATE, kind: 'lost', times: 100_000 });
    await world.joins(1);
    await world.ticking(360);
    const failed = world.ends.filter(({ outcome }) => outcome === 'failed');
    expect(failed.map(({ cause }) => cause?.split(':')[0])).toEqual(['NotConvergedError']);
    expect(world.calls(CREATE)).toBeLessThan(14);
    expect(world.copies().filter((type) => type === 'Seat Assigned')).toHaveLength(1);
  });
});

describe('a create that takes effect seconds after its intention, and gets no answer', { tags: 'long' }, () => {
  it.each([3601, 3640, 4501])('leaves no assignment behind if reads lag an hour: a check after %s s', async (later) => {
    const world = await openWorld({
      people: 3,
      settled: [2],
      entitlements: [{ onLeave: { revokeAfterDays: 1 } }],
      latency: (call) => (call === CREATE ? 20 : 0),
    });
    for (const operation of [LIST, DESCRIBE] as const) world.center.setLag(operation, 3600);
    world.faults.add({ operation: CREATE, kind: 'internal-after', for: '10m' });
    await world.joins(1);
    world.after(5, () => world.leaves(1));
    world.after(later, () => world.start({ userId: user(1) }));
    for (let minute = 62; minute <= 200; minute += 5) world.after(minute * 60, () => world.tick());
    for (let hour = 4; hour <= 40; hour += 1) world.after(hour * 3600, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([2]);
  });
});
