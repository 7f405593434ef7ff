import { describe, expect, it } from 'vitest';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import { group, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld } from '../support/world.ts';

const IS_MEMBER = 'IdentityStore.IsMemberInGroups';
const LIST = 'IdentityStore.ListGroupMembershipsForMember';
const GROUPS = 98;
const USERS = people(1, 95);
/** Members of all groups: no group that exists is empty. */
const OTHERS = people(96, 99);
/** Joins by SCIM, which names no user, after all others. */
const LATER = 100;

interface Circumstances {
  change: 'join' | 'leave';
  /** How many of the groups are deleted before, without an event. */
  missing: number;
  quirks?: Quirks;
}

/** 95 users join or leave one of the 98 groups of an application, each by an event with their name. */
async function changeAll({ change, missing, quirks = {} }: Circumstances) {
  const world = await openWorld({
    people: LATER,
    seated: change === 'leave' ? [...USERS, ...OTHERS] : OTHERS,
    members: Object.fromEntries(people(1, GROUPS).map((number) => [group(number), OTHERS])),
    entitlements: [{ groups: people(1, GROUPS).map(group) }],
    requestsPerSecond: 10,
    quirks,
  });
  for (const number of people(GROUPS + 1 - missing, GROUPS)) world.center.deleteGroup(group(number));
  world.newCalls();
  for (const number of USERS) await (change === 'join' ? world.joins(number) : world.leaves(number));
  let joinedAt = world.now();
  world.after(20, () => {
    joinedAt = world.now();
    return world.scim({ join: [LATER] });
  });
  await world.play();
  const calls = world.newCalls();
  const seated = world.audit.find(
    (one) => one.DetailType === 'Seat Assigned' && detailOf(one).user.uid === user(LATER),
  );
  expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  return {
    world,
    calls: { memberships: calls.get(IS_MEMBER) ?? 0, lists: calls.get(LIST) ?? 0 },
    waitSeconds: seated ? secondsBetween(joinedAt, seated.Time) : Number.POSITIVE_INFINITY,
  };
}

/** For the event, for the plan, right before the change, and to verify it; and the few of the one who joins later. */
const MOST_CALLS = 4 * USERS.length + 10;
/** The same without the event, which names a single group. */
const MOST_LISTS = 3 * USERS.length + 10;

describe('95 named users of an application with 98 groups', () => {
  async function expectSeats(missing: number): Promise<void> {
    const { world, calls, waitSeconds } = await changeAll({ change: 'join', missing });
    expect(calls.memberships).toBeLessThanOrEqual(MOST_CALLS);
    expect(calls.lists).toBeLessThanOrEqual(MOST_LISTS);
    expect(waitSeconds).toBeLessThanOrEqual(60);
    expect(await world.having('confirmed')).toEqual(people(1, LATER));
  }

  it('get their seats with at most seven reads of memberships each while 40 of the groups are missing', async () => {
    await expectSeats(40);
  });

  it('get them with as few reads while one of the groups is missing', { tags: ['long'] }, async () => {
    await expectSeats(1);
  });

  it('leave with at most seven reads of memberships each while a group is missing', { tags: ['long'] }, async () => {
    const { world, calls, waitSeconds } = await changeAll({ change: 'leave', missing: 1 });
    expect(calls.memberships).toBeLessThanOrEqual(MOST_CALLS);
    expect(calls.lists).toBeLessThanOrEqual(MOST_LISTS);
    expect(waitSeconds).toBeLessThanOrEqual(60);
    // The brake holds what follows from a missing group as it holds what follows from an empty one.
    expect(await world.having('held')).toEqual(USERS);
    expect(await world.having('confirmed')).toEqual([...OTHERS, LATER]);
  });

  it('need no list where AWS answers that no user is a member of a missing group', { tags: ['long'] }, async () => {
    const { world, calls } = await changeAll({ change: 'join', missing: 1, quirks: { missingGroup: 'no-member' } });
    expect(calls.memberships).toBeLessThanOrEqual(MOST_CALLS);
    expect(calls.lists).toBe(0);
    expect(await world.having('confirmed')).toEqual(people(1, LATER));
  });
});

describe('a user whose memberships AWS does not list', () => {
  it.each(['internal', 'throttle', 'refuse'] as const)('keeps no other user waiting (%s)', async (kind) => {
    const world = await openWorld({ people: 3, entitlements: [{ groups: people(1, 3).map(group) }] });
    world.center.deleteGroup(group(3));
    world.faults.add({ operation: LIST, kind, principalId: user(1), times: 1000 });
    for (const number of [1, 2, 3]) await world.joins(number);
    await world.stack.runUntilIdle();
    expect(await world.having('confirmed')).toEqual([2, 3]);
    world.faults.clear();
    await world.ticking(90);
    expect(await world.having('confirmed')).toEqual([1, 2, 3]);
  });
});

describe('a list of memberships that lags', () => {
  it.each([20, 70])('keeps no change from being made: %i s', async (seconds) => {
    const world = await openWorld({
      people: 3,
      seated: [1, 2],
      entitlements: [{ groups: people(1, 3).map(group) }],
    });
    world.center.setLag(LIST, seconds);
    world.center.deleteGroup(group(3));
    await world.joins(3);
    await world.play();
    expect(await world.having('confirmed')).toEqual([1, 2, 3]);
    expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
  });
});
