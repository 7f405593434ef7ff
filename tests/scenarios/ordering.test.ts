import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plusSeconds } from '../../domain/shared/time.ts';
import {
  aCreateGroup,
  aCreateGroupMembership,
  aDeleteGroupMembership,
  aDeleteUser,
  aDisableUser,
  anAddMemberToGroup,
  anEnableUser,
  anUpdateUser,
  aPatchGroup,
  aPatchUser,
  aPutUser,
  aRemoveMemberFromGroup,
} from '../support/events.ts';
import { GROUP, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';

const one = { groupId: GROUP, userId: user(1) };

/** A change about user 1 of two, and every event that may announce it. */
interface Happening {
  name: string;
  change(world: World): void;
  event(options: { time: string }): unknown;
  /** Whether user 1 has a seat before and after. */
  seated: [boolean, boolean];
}

const leave = (world: World) => world.center.leave(GROUP, user(1));
const join = (world: World) => world.center.join(GROUP, user(1));
const remove = (world: World) => world.center.deleteUser(user(1));
const disable = (world: World) => world.center.setStatus(user(1), 'DISABLED');

const HAPPENINGS: Happening[] = [
  { name: 'AddMemberToGroup', change: join, event: (o) => anAddMemberToGroup({ ...one, ...o }), seated: [false, true] },
  {
    name: 'CreateGroupMembership',
    change: join,
    event: (o) => aCreateGroupMembership({ ...one, ...o }),
    seated: [false, true],
  },
  {
    name: 'PatchGroup that adds',
    change: join,
    event: (o) => aPatchGroup({ ...one, ...o }),
    seated: [false, true],
  },
  {
    name: 'CreateGroup',
    change: join,
    event: (o) => aCreateGroup({ ...one, family: 'identitystore-scim', ...o }),
    seated: [false, true],
  },
  {
    name: 'RemoveMemberFromGroup',
    change: leave,
    event: (o) => aRemoveMemberFromGroup({ ...one, ...o }),
    seated: [true, false],
  },
  {
    name: 'PatchGroup that removes',
    change: leave,
    event: (o) => aPatchGroup({ ...one, op: 'REMOVE', ...o }),
    seated: [true, false],
  },
  { name: 'DeleteGroupMembership', change: leave, event: aDeleteGroupMembership, seated: [true, false] },
  { name: 'DeleteUser', change: remove, event: (o) => aDeleteUser({ ...one, ...o }), seated: [true, false] },
  { name: 'DisableUser', change: disable, event: (o) => aDisableUser({ ...one, ...o }), seated: [true, false] },
  { name: 'UpdateUser', change: disable, event: (o) => anUpdateUser({ ...one, ...o }), seated: [true, false] },
  { name: 'PatchUser', change: disable, event: (o) => aPatchUser({ ...one, ...o }), seated: [true, false] },
  {
    name: 'PutUser',
    change: disable,
    event: (o) => aPutUser({ ...one, active: false, ...o }),
    seated: [true, false],
  },
];

describe.each(HAPPENINGS)('$name, delivered five times over a day', ({ change, event, seated: [before, after] }) => {
  it('leads to one write and one audit event', async () => {
    const world = await openWorld({ seated: before ? [1, 2] : [2] });
    change(world);
    const copy = event({ time: world.now().toISOString() });
    for (const seconds of [0, 0, 1, 45, 86_400]) world.after(seconds, () => world.start(copy));
    await world.play();
    expect(world.assigned()).toEqual(after ? [1, 2] : [2]);
    expect(await world.seats()).toEqual({ 1: after ? 'confirmed' : 'revoked', 2: 'confirmed' });
    expect([world.audit.length, new Set(world.audited()).size]).toEqual([1, 1]);
    expect(world.calls(CREATE)).toBe(after ? 1 : 0);
    // A deleted user's assignment is gone with the user.
    expect(world.calls(DELETE)).toBeLessThanOrEqual(after ? 0 : 1);
    expect(world.ends).toHaveLength(5);
    expect(world.ends.filter(({ outcome }) => outcome !== 'converged' && outcome !== 'handedOver')).toEqual([]);
  });
});

describe('joining and leaving within a second', () => {
  const events = (world: World) => ({
    joined: anAddMemberToGroup({ ...one, time: world.now().toISOString() }),
    left: aRemoveMemberFromGroup({ ...one, time: plusSeconds(world.now(), 1) }),
  });
  const rejoining = (world: World) => ({
    left: aRemoveMemberFromGroup({ ...one, time: world.now().toISOString() }),
    joined: anAddMemberToGroup({ ...one, time: plusSeconds(world.now(), 1) }),
  });

  const arrivals = [
    { first: 'joined', order: ['joined', 'left'] },
    { first: 'left', order: ['left', 'joined'] },
  ] as const;
  const delays = [0, 1, 20, 600].flatMap((gap) => arrivals.map((arrival) => ({ ...arrival, gap })));

  it.each(delays)('gives no seat, with the event $first arriving first by $gap s', async ({ order, gap }) => {
    const world = await openWorld({ seated: [2] });
    const told = events(world);
    world.center.join(GROUP, user(1));
    world.after(1, () => world.center.leave(GROUP, user(1)));
    for (const [index, which] of order.entries()) world.after(2 + index * gap, () => world.start(told[which]));
    await world.play();
    expect(world.assigned()).toEqual([2]);
    expect([world.audited(), world.calls(CREATE)]).toEqual([[], 0]);
  });

  it.each(delays)('keeps an existing seat, with the event $first arriving first by $gap s', async ({ order, gap }) => {
    const world = await openWorld({ seated: [1, 2] });
    const told = rejoining(world);
    world.center.leave(GROUP, user(1));
    world.after(1, () => world.center.join(GROUP, user(1)));
    for (const [index, which] of order.entries()) world.after(2 + index * gap, () => world.start(told[which]));
    await world.play();
    expect(world.assigned()).toEqual([1, 2]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect([world.audited(), world.calls(DELETE)]).toEqual([[], 0]);
  });

  it.each([0.05, 0.3, 1])('revokes a seat that was granted meanwhile, %s s after the join', async (seconds) => {
    const world = await openWorld({ seated: [2] });
    await world.joins(1);
    world.after(seconds, () => world.leaves(1));
    await world.play();
    expect(world.assigned()).toEqual([2]);
    expect((await world.seats())[1] ?? 'revoked').toBe('revoked');
    // Told in pairs or not at all.
    expect([[], ['Seat Assigned 1 group-join', 'Seat Revoked 1 group-leave']]).toContainEqual(world.audited());
  });

  it.each([0.05, 0.3, 1])('grants a seat again that was revoked meanwhile, %s s after the leave', async (seconds) => {
    const world = await openWorld({ seated: [1, 2] });
    await world.leaves(1);
    world.after(seconds, () => world.joins(1));
    await world.play();
    expect(world.assigned()).toEqual([1, 2]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
    expect([[], ['Seat Revoked 1 group-leave', 'Seat Assigned 1 group-join']]).toContainEqual(world.audited());
  });
});

describe('any history', () => {
  const delay = fc.integer({ min: 0, max: 400 });
  const move = fc.record({
    number: fc.integer({ min: 1, max: 4 }),
    what: fc.constantFrom('join', 'leave', 'disable', 'enable'),
    group: fc.constantFrom(GROUP, OTHER_GROUP),
    family: fc.constantFrom('console', 'api', 'scim'),
    at: delay,
    /** Seconds from the change to its event; twice for a second copy, never when there is none. */
    arrives: fc.array(delay, { minLength: 1, maxLength: 2 }),
  });

  it('ends with the seats that the groups entitle users to, in any order of events', {
    timeout: 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(move, { minLength: 1, maxLength: 8 }), async (moves) => {
        const world = await openWorld({
          people: 5,
          entitlements: [{ groups: [GROUP, OTHER_GROUP] }],
          // User 5 stays, so that no group is empty; user 4 has a foreign assignment.
          members: { [OTHER_GROUP]: [2, 5] },
          assigned: [4],
          seated: [1, 5],
        });
        for (const { what, number, group, family, at, arrives } of moves) {
          world.after(at, () => {
            const time = world.now().toISOString();
            const subject = { groupId: group, userId: user(number), time };
            if (what === 'join') world.center.join(group, user(number));
            else if (what === 'leave') world.center.leave(group, user(number));
            else world.center.setStatus(user(number), what === 'disable' ? 'DISABLED' : 'ENABLED');
            for (const seconds of arrives) world.after(seconds, () => world.start(EVENTS[what][family](subject)));
          });
        }
        await world.play();
        const entitled = people(1, 5).filter(
          (number) =>
            number === 4 ||
            (world.center.user(user(number))?.status === 'ENABLED' &&
              [GROUP, OTHER_GROUP].some((group) => world.center.isMember(group, user(number)))),
        );
        expect(world.assigned()).toEqual(entitled);
        expect(world.ends.filter(({ outcome }) => outcome !== 'converged' && outcome !== 'handedOver')).toEqual([]);
        expect((await world.seats())[4]).toBeUndefined();
        await world.stack.close();
      }),
      { numRuns: 6, seed: 1 },
    );
  });
});

type Subject = { groupId: string; userId: string; time: string };
const EVENTS = {
  join: { console: anAddMemberToGroup, api: aCreateGroupMembership, scim: aPatchGroup },
  leave: { console: aRemoveMemberFromGroup, api: aDeleteGroupMembership, scim: aPatchGroup },
  disable: { console: aDisableUser, api: anUpdateUser, scim: aPatchUser },
  enable: { console: anEnableUser, api: anUpdateUser, scim: aPatchUser },
} as const satisfies Record<string, Record<string, (subject: Subject) => unknown>>;
