import { describe, expect, it } from 'vitest';
import type { Entitlement } from '../../../domain/entitlements.ts';
import type { SweepItem, UserItem } from '../../../domain/queue/work-queue.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import {
  isAnyEmpty,
  isAnyEntitled,
  type Readers,
  readApplication,
  readUser,
  type SweepCache,
} from '../../../reconcile/plan/snapshot.ts';
import { aSeat, ME, START, someEntitlements } from '../../support/services.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../../support/stack.ts';
import { aUser, type Viewing, type ViewingOptions, viewing } from '../../support/viewing.ts';

const TWO_GROUPS = someEntitlements({ entitlements: [{ groups: [GROUP, OTHER_GROUP] }] });
const TWO_APPLICATIONS = someEntitlements({
  entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [GROUP, OTHER_GROUP] }],
});

const groups = (first: readonly number[], second: readonly number[] = []) => ({
  groups: [
    { groupId: GROUP, members: first.map(user) },
    { groupId: OTHER_GROUP, members: second.map(user) },
  ],
});

describe('a view of a user', () => {
  function anEntry(expected: UserItem['expected'] = []): UserItem {
    const at = START.toISOString();
    return { by: ME, dueAt: at, at, since: at, cause: 'event-1', trigger: 'event', hints: 1, expected };
  }
  const told = (membership: 'member' | 'absent') => anEntry([{ groupId: GROUP, membership, at: START.toISOString() }]);

  async function view(options: ViewingOptions, { entry = anEntry(), later = 0 } = {}) {
    const world = await viewing(options);
    const readAt = new Date(plusSeconds(START, later));
    const { unmet, standings } = await readUser(user(1), entry, readAt, world.readers);
    return { ...world, unmet, standings: standings.map(({ standing }) => standing), found: standings };
  }

  const grantable = { userId: user(1), entitled: true, assigned: false, seat: undefined };

  it('shows a member without a seat', async () => {
    const { standings, kept } = await view({ members: [1] });
    expect(standings).toEqual([grantable]);
    expect(kept()).toBe(1);
  });

  it('shows nothing of somebody who has neither a group nor a seat, and asks no more', async () => {
    const { standings, door } = await view({ members: [2] });
    expect(standings).toEqual([]);
    expect([...door.calls.keys()]).toEqual(['DynamoDB.BatchGetItem', 'IdentityStore.IsMemberInGroups']);
  });

  it('shows a member of one of two groups', async () => {
    const { standings } = await view({ entitlements: TWO_GROUPS, directory: groups([], [1]) });
    expect(standings).toEqual([grantable]);
  });

  it('shows each application that concerns the user', async () => {
    const { found } = await view({
      entitlements: TWO_APPLICATIONS,
      directory: groups([], [1]),
      seats: [aSeat(1)],
      assigned: [1],
    });
    expect(found).toMatchObject([
      {
        entitlement: { name: 'amazon-q-developer' },
        standing: { entitled: false, ineligibility: 'group-leave', assigned: true },
      },
      { entitlement: { name: 'kiro' }, standing: { entitled: true, assigned: false } },
    ]);
  });

  it.each<[string, ViewingOptions, object]>([
    ['left', { seats: [aSeat(1)] }, { entitled: false, ineligibility: 'group-leave', seat: aSeat(1) }],
    [
      'is disabled',
      { seats: [aSeat(1)], directory: { users: [aUser(1, 'DISABLED')], ...groups([1]) } },
      { entitled: false, ineligibility: 'user-disabled' },
    ],
    [
      'is deleted',
      { seats: [aSeat(1)], directory: { users: [], groups: [] } },
      { entitled: false, ineligibility: 'user-deleted' },
    ],
  ])('shows a seat of somebody who %s', async (_fact, options, standing) => {
    expect((await view(options)).standings).toMatchObject([standing]);
  });

  it('shows even a stranger where an entitlement observes: what was told may be true no more', async () => {
    const entitlements = someEntitlements({ entitlements: [{ mode: 'observe' }] });
    const { standings, calls } = await view({ entitlements });
    expect(standings).toEqual([
      { userId: user(1), entitled: false, ineligibility: 'group-leave', assigned: false, seat: undefined },
    ]);
    expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(0);
  });

  it.each(['revoked', 'failed', 'waitlisted'] as const)(
    'does not ask for the assignment of a former member, %s',
    async (status) => {
      const { standings, calls } = await view({ seats: [aSeat(1, { status })], assigned: [1] });
      expect(standings).toMatchObject([{ entitled: false, assigned: false }]);
      expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(0);
    },
  );

  it.each([
    ['before a seat is given', told('member'), [], 1],
    ['where a seat is there and the event was about a group', told('member'), [aSeat(1)], 0],
    ['where the event may have been about it', anEntry(), [aSeat(1)], 1],
    ['where one of several events may have been', { ...told('member'), whole: true }, [aSeat(1)], 1],
  ])('has the status of a member: %s', async (_fact, entry, seats, asked) => {
    const { calls } = await view({ members: [1], seats }, { entry });
    expect(calls('IdentityStore.DescribeUser')).toBe(asked);
  });

  it.each([
    ['a membership', told('member'), []],
    ['the ineligibility of one', told('absent'), [1]],
  ])('is unmet while it does not show %s that an event told of', async (_fact, entry, members) => {
    expect(await view({ members }, { entry, later: 899 })).toMatchObject({ unmet: true, standings: [] });
    expect(await view({ members }, { entry, later: 900 })).toMatchObject({ unmet: false });
  });

  it('takes a deleted user for absent as was expected', async () => {
    const seats = [aSeat(1)];
    const { unmet, standings } = await view({ seats, directory: { users: [], groups: [] } }, { entry: told('absent') });
    expect(unmet).toBe(false);
    expect(standings).toMatchObject([{ ineligibility: 'user-deleted' }]);
  });

  it('gives no ground for a change where a member is not to be found', async () => {
    const options: ViewingOptions = { members: [1], seats: [aSeat(1)], assigned: [1] };
    const missing = async (later: number) => {
      const { faults, readers } = await viewing(options);
      faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'not-found' });
      return readUser(user(1), anEntry(), new Date(plusSeconds(START, later)), readers);
    };
    expect(await missing(0)).toEqual({ unmet: true, standings: [] });
    const { unmet, standings } = await missing(900);
    expect(unmet).toBe(false);
    expect(standings[0]?.standing).toEqual({ userId: user(1), entitled: false, assigned: true, seat: aSeat(1) });
  });

  it.each([
    'IdentityStore.IsMemberInGroups',
    'IdentityStore.DescribeUser',
    'SSOAdmin.DescribeApplicationAssignment',
    'DynamoDB.BatchGetItem',
  ])('fails when %s fails', async (operation) => {
    const { faults, readers } = await viewing({ members: [1] });
    faults.add({ operation, kind: 'throttle' });
    await expect(readUser(user(1), anEntry(), START, readers)).rejects.toThrow(TransientAwsError);
  });
});

type Orders = Pick<SweepItem, 'withStatus'> & Partial<Pick<SweepItem, 'adopt' | 'giveUp'>>;

async function viewFresh(entitlement: Entitlement, orders: Orders, readers: Readers, cache: SweepCache) {
  const { seats } = await readers.ledger.holdings(entitlement.application);
  return readApplication({ entitlement, seats, orders }, START, readers, cache);
}

describe('a view of an application', () => {
  async function view(
    options: ViewingOptions,
    { prepare, ...orders }: Partial<Orders> & { prepare?: (world: Viewing) => void } = {},
  ) {
    const world = await viewing(options);
    prepare?.(world);
    const [entitlement] = world.services.entitlements.entitlements;
    if (!entitlement) throw new Error('there is one');
    const cache = { members: new Map(), userPages: undefined };
    const seen = await viewFresh(entitlement, { withStatus: false, ...orders }, world.readers, cache);
    return { ...world, ...seen };
  }

  it('joins members of all groups, assignments and seats', async () => {
    const { standings, emptyGroup } = await view({
      entitlements: TWO_GROUPS,
      directory: groups([1, 2], [2, 3]),
      seats: [aSeat(2), aSeat(4), aSeat(5, { status: 'revoked' })],
      assigned: [1, 2, 4],
    });
    expect(standings).toEqual([
      { userId: user(1), entitled: true, assigned: true, seat: undefined },
      { userId: user(2), entitled: true, assigned: true, seat: aSeat(2) },
      { userId: user(3), entitled: true, assigned: false, seat: undefined },
      { userId: user(4), entitled: false, ineligibility: 'group-leave', assigned: true, seat: aSeat(4) },
      {
        userId: user(5),
        entitled: false,
        ineligibility: 'group-leave',
        assigned: false,
        seat: aSeat(5, { status: 'revoked' }),
      },
    ]);
    expect(emptyGroup).toBe(false);
  });

  it('takes an assigned group for no assigned person, and names it', async () => {
    const { standings, assignedGroups, unmanaged } = await view(
      { members: [1] },
      { prepare: ({ center }) => center.assignByHand(APPLICATION, GROUP, 'GROUP') },
    );
    expect(standings).toMatchObject([{ userId: user(1), assigned: false }]);
    expect({ assignedGroups, unmanaged }).toEqual({ assignedGroups: [GROUP], unmanaged: 0 });
  });

  it.each<[string, Partial<Seat>, number]>([
    ['who has a seat', {}, 0],
    ['whose seat is leaving', { status: 'leaving' }, 0],
    ['whose seat is held', { status: 'held' }, 0],
    ['whose seat was revoked long ago', { status: 'revoked' }, 1],
    ['whose seat was revoked a moment ago', { status: 'revoked', changedAt: plusSeconds(START, -29) }, 0],
    ['who was refused', { status: 'failed' }, 1],
    ['who waits', { status: 'waitlisted' }, 1],
  ])('counts what somebody else assigned, of a person %s', async (_fact, parts, unmanaged) => {
    const options = { members: [1, 2], seats: [aSeat(1, parts)], assigned: [1, 2, 3] };
    expect((await view(options)).unmanaged).toBe(2 + unmanaged);
  });

  it.each<[string, ViewingOptions['directory'], boolean]>([
    ['one is empty', groups([1]), true],
    ['one is missing', { groups: [{ groupId: GROUP, members: [user(1)] }] }, true],
    ['all are empty', groups([]), true],
    ['all have members', groups([1], [1]), false],
  ])('tells whether a configured group is empty: %s', async (_fact, directory = {}, emptyGroup) => {
    expect(await view({ entitlements: TWO_GROUPS, directory })).toMatchObject({ emptyGroup });
  });

  it('has no ineligibility for a member whom the list of users does not show', async () => {
    const { standings } = await view(
      { members: [1] },
      { prepare: ({ faults }) => faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'not-found' }) },
    );
    expect(standings).toEqual([{ userId: user(1), entitled: false, assigned: false, seat: undefined }]);
  });

  it('has the status of those for whom something may change', async () => {
    const directory = { users: people(1, 6).map((number) => aUser(number, 'DISABLED')), ...groups([1, 2, 3, 4]) };
    const seats = [aSeat(2), aSeat(3, { status: 'creating' }), aSeat(5), aSeat(6, { status: 'revoked' })];
    const { standings } = await view({ people: 6, directory, seats, assigned: [2, 4] });
    expect(
      Object.fromEntries(standings.map(({ userId, ineligibility }) => [Number(userId.slice(-1)), ineligibility])),
    ).toEqual({
      1: 'user-disabled',
      2: undefined,
      3: 'user-disabled',
      4: undefined,
      5: 'user-disabled',
      6: 'group-leave',
    });
  });

  it.each<[string, Seat[], number]>([
    ['a seat that leaves', [aSeat(1, { status: 'leaving' })], 1],
    ['a seat that is held', [aSeat(1, { status: 'held' })], 1],
    ['a seat that is being taken back', [aSeat(1, { status: 'revoking' })], 1],
    ['a seat whose assignment is gone', [aSeat(1)], 1],
    ['a place in the line, when none is free', [aSeat(1, { status: 'waitlisted' }), aSeat(2)], 0],
    ['a place in the line, when one is free', [aSeat(1, { status: 'waitlisted' })], 1],
  ])('has the status of a member with %s', async (_fact, seats, asked) => {
    const entitlements = someEntitlements({ entitlements: [{ seats: { max: 1 } }] });
    const { calls } = await view({ entitlements, members: [1, 2], seats, assigned: [2] });
    expect(calls('IdentityStore.DescribeUser')).toBe(asked);
  });

  it('has the status of everybody before anything is adopted', async () => {
    const directory = { users: [aUser(1, 'DISABLED'), aUser(2)], ...groups([1, 2]) };
    const { standings } = await view({ directory, assigned: [1, 2] }, { adopt: true });
    expect(standings).toMatchObject([{ ineligibility: 'user-disabled' }, { entitled: true, assigned: true }]);
  });

  it.each<[string, ViewingOptions['directory'], string]>([
    ['is taken back', groups([1]), 'entitlement-removed'],
    ['goes with its user', { users: [], groups: [] }, 'user-deleted'],
    ['goes with a user who is disabled', { users: [aUser(1, 'DISABLED')], groups: [] }, 'user-disabled'],
  ])('shows that a seat that a person gave up %s', async (_fact, directory = {}, ineligibility) => {
    const retired = { name: 'kiro', groups: [], seats: { max: 0 }, onLeave: { revokeAfterDays: 0 } };
    const { readers } = await viewing({ directory, seats: [aSeat(1)], assigned: [1] });
    const entitlement = { ...retired, application: APPLICATION, mode: 'enforce' as const };
    const cache = { members: new Map(), userPages: undefined };
    const orders = { withStatus: false, giveUp: true };
    const { standings, emptyGroup } = await viewFresh(entitlement, orders, readers, cache);
    expect(standings).toEqual([{ userId: user(1), entitled: false, ineligibility, assigned: true, seat: aSeat(1) }]);
    expect(emptyGroup).toBe(false);
  });

  it('has the status of everybody when it is asked for', async () => {
    const directory = { users: [aUser(1, 'DISABLED'), aUser(2)], ...groups([1, 2]) };
    const options = { directory, seats: [aSeat(1), aSeat(2)], assigned: [1, 2] };
    const disabled = { entitled: false, ineligibility: 'user-disabled' };
    expect(await view(options)).toMatchObject({ standings: [{ entitled: true }, { entitled: true }] });
    expect(await view(options, { withStatus: true })).toMatchObject({ standings: [disabled, { entitled: true }] });
  });

  it('reads every list to its last page, and keeps the lease page by page', async () => {
    const numbers = people(1, 250);
    const { standings, kept, calls } = await view({ people: 250, members: numbers, assigned: numbers });
    expect(standings).toHaveLength(250);
    expect(standings.every(({ assigned }) => assigned)).toBe(true);
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(3);
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(3);
    expect(kept()).toBeGreaterThanOrEqual(6);
  });

  it.each(['SSOAdmin.ListApplicationAssignments', 'IdentityStore.ListGroupMemberships'])(
    'fails as a whole when a page of %s fails',
    async (operation) => {
      const numbers = people(1, 250);
      const failing = view(
        { people: 250, members: numbers, assigned: numbers },
        { prepare: ({ faults }) => faults.add({ operation, kind: 'internal', skip: 2 }) },
      );
      await expect(failing).rejects.toThrow(TransientAwsError);
    },
  );

  it('reads a group of two applications once', async () => {
    const { readers, calls, services } = await viewing({ entitlements: TWO_APPLICATIONS, directory: groups([1], [2]) });
    const cache = { members: new Map(), userPages: undefined };
    const views = [];
    for (const entitlement of services.entitlements.entitlements) {
      views.push(await viewFresh(entitlement, { withStatus: false }, readers, cache));
    }
    expect(views.map(({ standings }) => standings.length)).toEqual([1, 2]);
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(2);
  });

  it('reads everybody’s status beside the other lists when the plan before did; who came meanwhile is asked for', async () => {
    const numbers = people(1, 120);
    const world = await viewing({ people: 120, directory: groups(numbers) });
    const cache = { members: new Map(), userPages: undefined, listUsers: true };
    const [entitlement] = world.services.entitlements.entitlements;
    if (!entitlement) throw new Error('nothing is entitled');
    const directory: Readers['directory'] = {
      ...world.readers.directory,
      async *users() {
        for await (const page of world.readers.directory.users()) {
          yield page.filter(({ userId }) => userId !== user(7));
        }
      },
    };
    const readers = { ...world.readers, directory };
    const { standings } = await viewFresh(entitlement, { withStatus: false }, readers, cache);
    expect(standings.filter(({ entitled }) => entitled)).toHaveLength(120);
    expect(world.calls('IdentityStore.ListUsers')).toBe(2);
    expect(world.calls('IdentityStore.DescribeUser')).toBe(1);
    expect(cache.userPages).toBe(2);
  });
});

describe('whether one of some groups is empty', () => {
  const both = [GROUP, OTHER_GROUP];

  it.each<[string, ViewingOptions['directory'], boolean]>([
    ['both have members', groups([1], [2]), false],
    ['the first is empty', groups([], [2]), true],
    ['the last is empty', groups([1], []), true],
    ['one is missing', { groups: [{ groupId: OTHER_GROUP, members: [user(1)] }] }, true],
  ])('shows where %s', async (_fact, directory = {}, expected) => {
    const { readers } = await viewing({ directory });
    expect(await isAnyEmpty(both, readers)).toBe(expected);
  });

  it('is never so of no groups', async () => {
    const { readers } = await viewing();
    expect(await isAnyEmpty([], readers)).toBe(false);
  });

  it('takes the first page of each, and keeps the lease', async () => {
    const numbers = people(1, 250);
    const { readers, calls, kept } = await viewing({ people: 250, directory: groups(numbers, numbers) });
    await isAnyEmpty(both, readers);
    expect([calls('IdentityStore.ListGroupMemberships'), kept()]).toEqual([2, 2]);
  });

  it('is not known when a page fails', async () => {
    const { readers, faults } = await viewing({ directory: groups([1], [2]) });
    faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'throttle', skip: 1 });
    await expect(isAnyEmpty(both, readers)).rejects.toThrow(TransientAwsError);
  });
});

describe('whether one of some people is still entitled', () => {
  const seats = (...numbers: number[]) => numbers.map((number) => aSeat(number));

  it.each<[string, ViewingOptions['directory'], boolean]>([
    ['one is a member', groups([2]), true],
    ['none is a member', groups([4]), false],
    ['the only member is disabled', { users: [aUser(1), aUser(2, 'DISABLED')], ...groups([2]) }, false],
    ['all are gone', { users: [], groups: [] }, false],
  ])('shows where %s', async (_fact, directory = {}, expected) => {
    const { readers } = await viewing({ directory });
    expect(await isAnyEntitled(seats(1, 2), [GROUP], readers)).toBe(expected);
  });

  it('is asked until one is found, and of five at the most', async () => {
    const first = await viewing({ people: 9, directory: groups([1, 2]) });
    expect(await isAnyEntitled(seats(1, 2), [GROUP], first.readers)).toBe(true);
    expect([first.calls('IdentityStore.IsMemberInGroups'), first.kept()]).toEqual([1, 1]);
    const many = await viewing({ people: 9, directory: groups([6]) });
    expect(await isAnyEntitled(seats(...people(1, 6)), [GROUP], many.readers)).toBe(false);
    expect(many.calls('IdentityStore.IsMemberInGroups')).toBe(5);
  });

  it('is so of nobody', async () => {
    const { readers } = await viewing();
    expect(await isAnyEntitled([], [GROUP], readers)).toBe(false);
  });
});
