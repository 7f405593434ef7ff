import { describe, expect, it } from 'vitest';
import type { Entitlement } from '../../../domain/entitlements.ts';
import type { SweepItem } from '../../../domain/queue/work-queue.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { readApplication, type SharedReads } from '../../../reconcile/plan/read-application.ts';
import type { Readers } from '../../../reconcile/plan/readers.ts';
import { aSeat, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, START, user } from '../../support/ids.ts';
import { aUser, openReaders, type ReadersOptions, type ReadersWorld } from '../../support/readers.ts';

const TWO_GROUPS = [{ groups: [GROUP, OTHER_GROUP] }];
const TWO_APPLICATIONS = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [GROUP, OTHER_GROUP] }];

type Orders = Pick<SweepItem, 'withStatus'> & Partial<Pick<SweepItem, 'adopt' | 'giveUp'>>;

async function viewFresh(entitlement: Entitlement, orders: Orders, readers: Readers, shared: SharedReads) {
  const { seats } = await readers.ledger.holdings(entitlement.application);
  const { users, whole } = await readApplication({ entitlement, seats, item: orders }, START, readers, shared);
  return { users, ...whole };
}

describe('a read of a whole application', () => {
  async function view(
    options: ReadersOptions,
    { prepare, ...orders }: Partial<Orders> & { prepare?: (world: ReadersWorld) => void } = {},
  ) {
    const world = await openReaders(options);
    prepare?.(world);
    const [entitlement] = world.services.entitlements.entitlements;
    if (!entitlement) throw new Error('The world has one');
    const cache = { members: new Map(), userPages: undefined };
    const seen = await viewFresh(entitlement, { withStatus: false, ...orders }, world.readers, cache);
    return { ...world, ...seen };
  }

  it('joins members of all groups, assignments and seats', async () => {
    const { users, emptyGroup } = await view({
      entitlements: TWO_GROUPS,
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [2, 3] },
      seats: [aSeat(2), aSeat(4), aSeat(5, { status: 'revoked' })],
      assigned: [1, 2, 4],
    });
    expect(users).toEqual([
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

  it('counts no user as assigned because a group is, and names the group', async () => {
    const { users, assignedGroups, unmanaged } = await view(
      { members: [1] },
      { prepare: ({ center }) => center.assignByHand(APPLICATION, GROUP, 'GROUP') },
    );
    expect(users).toMatchObject([{ userId: user(1), assigned: false }]);
    expect({ assignedGroups, unmanaged }).toEqual({ assignedGroups: [GROUP], unmanaged: 0 });
  });

  it.each<[string, Partial<Seat>, number]>([
    ['who has a seat', {}, 0],
    ['whose seat is in grace', { status: 'leaving' }, 0],
    ['whose seat is held', { status: 'held' }, 0],
    ['whose seat was revoked long ago', { status: 'revoked' }, 1],
    ['whose seat was revoked a moment ago', { status: 'revoked', changedAt: iso(-29) }, 0],
    ['who was refused', { status: 'failed' }, 1],
    ['who waits', { status: 'waitlisted' }, 1],
  ])(
    'counts the assignments that Usher did not make, among them that of a user %s',
    async (_fact, parts, unmanaged) => {
      const options = { members: [1, 2], seats: [aSeat(1, parts)], assigned: [1, 2, 3] };
      expect((await view(options)).unmanaged).toBe(2 + unmanaged);
    },
  );

  it.each<[string, ReadersOptions, boolean, [number, number]]>([
    ['one is empty', { members: [1] }, true, [1, 0]],
    ['one is missing', { directory: { groups: [{ groupId: GROUP, members: [user(1)] }] } }, true, [1, 0]],
    ['all are empty', {}, true, [0, 0]],
    ['all have members', { members: { [GROUP]: [1, 2], [OTHER_GROUP]: [1] } }, false, [2, 1]],
  ])('shows the sizes of the groups, and whether one is empty: %s', async (_fact, options, emptyGroup, sizes) => {
    const groups = [GROUP, OTHER_GROUP].map((groupId, index) => ({ groupId, members: sizes[index] }));
    expect(await view({ entitlements: TWO_GROUPS, ...options })).toMatchObject({ emptyGroup, groups });
  });

  it('gives no ineligibility to a member who does not exist', async () => {
    const { users } = await view(
      { members: [1] },
      { prepare: ({ faults }) => faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'not-found' }) },
    );
    expect(users).toEqual([{ userId: user(1), entitled: false, assigned: false, seat: undefined }]);
  });

  it('asks for the status of users for whom something may change', async () => {
    const directory = { users: people(1, 6).map((number) => aUser(number, 'DISABLED')) };
    const seats = [aSeat(2), aSeat(3, { status: 'creating' }), aSeat(5), aSeat(6, { status: 'revoked' })];
    const { users } = await view({ directory, members: [1, 2, 3, 4], seats, assigned: [2, 4] });
    expect(
      Object.fromEntries(users.map(({ userId, ineligibility }) => [Number(userId.slice(-1)), ineligibility])),
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
    ['a seat in grace', [aSeat(1, { status: 'leaving' })], 1],
    ['a held seat', [aSeat(1, { status: 'held' })], 1],
    ['a seat that is being revoked', [aSeat(1, { status: 'revoking' })], 1],
    ['a seat whose assignment is gone', [aSeat(1)], 1],
    ['a place on the waitlist while no slot is free', [aSeat(1, { status: 'waitlisted' }), aSeat(2)], 0],
    ['a place on the waitlist while a slot is free', [aSeat(1, { status: 'waitlisted' })], 1],
  ])('asks for the status of a member only when it matters: %s', async (_fact, seats, asked) => {
    const entitlements = [{ seats: { max: 1 } }];
    const { calls } = await view({ entitlements, members: [1, 2], seats, assigned: [2] });
    expect(calls('IdentityStore.DescribeUser')).toBe(asked);
  });

  it('asks for the status of every user before an adoption', async () => {
    const directory = { users: [aUser(1, 'DISABLED'), aUser(2)] };
    const { users } = await view({ directory, members: [1, 2], assigned: [1, 2] }, { adopt: true });
    expect(users).toMatchObject([{ ineligibility: 'user-disabled' }, { entitled: true, assigned: true }]);
  });

  it.each<[string, ReadersOptions, string]>([
    ['is no longer wanted', { members: [1] }, 'entitlement-removed'],
    ['goes with its user', { directory: { users: [], groups: [] } }, 'user-deleted'],
    ['goes with a disabled user', { directory: { users: [aUser(1, 'DISABLED')], groups: [] } }, 'user-disabled'],
  ])('shows that a seat that an operator has given up %s', async (_fact, options, ineligibility) => {
    const retired = { name: 'kiro', groups: [], seats: { max: 0 }, onLeave: { revokeAfterDays: 0 } };
    const { readers } = await openReaders({ ...options, seats: [aSeat(1)], assigned: [1] });
    const entitlement = { ...retired, application: APPLICATION, mode: 'enforce' as const };
    const cache = { members: new Map(), userPages: undefined };
    const orders = { withStatus: false, giveUp: true };
    const { users, emptyGroup, nobodyEntitled } = await viewFresh(entitlement, orders, readers, cache);
    expect(users).toEqual([{ userId: user(1), entitled: false, ineligibility, assigned: true, seat: aSeat(1) }]);
    expect({ emptyGroup, nobodyEntitled }).toEqual({ emptyGroup: false, nobodyEntitled: true });
  });

  it('asks for the status of every user if the work item says so', async () => {
    const directory = { users: [aUser(1, 'DISABLED'), aUser(2)] };
    const options = { directory, members: [1, 2], seats: [aSeat(1), aSeat(2)], assigned: [1, 2] };
    const disabled = { entitled: false, ineligibility: 'user-disabled' };
    expect(await view(options)).toMatchObject({ users: [{ entitled: true }, { entitled: true }] });
    expect(await view(options, { withStatus: true })).toMatchObject({ users: [disabled, { entitled: true }] });
  });

  it('reads every list to its last page, and renews the lease page by page', async () => {
    const numbers = people(1, 250);
    const { users, renewals, calls } = await view({ people: 250, members: numbers, assigned: numbers });
    expect(users).toHaveLength(250);
    expect(users.every(({ assigned }) => assigned)).toBe(true);
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(3);
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(3);
    expect(renewals()).toBeGreaterThanOrEqual(6);
  });

  it.each(['SSOAdmin.ListApplicationAssignments', 'IdentityStore.ListGroupMemberships'])(
    'fails as a whole if a page of %s fails',
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
    const { readers, calls, services } = await openReaders({
      entitlements: TWO_APPLICATIONS,
      members: { [GROUP]: [1], [OTHER_GROUP]: [2] },
    });
    const cache = { members: new Map(), userPages: undefined };
    const views = [];
    for (const entitlement of services.entitlements.entitlements) {
      views.push(await viewFresh(entitlement, { withStatus: false }, readers, cache));
    }
    expect(views.map(({ users }) => users.length)).toEqual([1, 2]);
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(2);
  });

  it('reads the list of all users at the same time if the plan before did, and asks for users who came meanwhile', async () => {
    const numbers = people(1, 120);
    const world = await openReaders({ people: 120, members: numbers });
    const cache = { members: new Map(), userPages: undefined, listUsers: true };
    const [entitlement] = world.services.entitlements.entitlements;
    if (!entitlement) throw new Error('The world has one');
    const directory: Readers['directory'] = {
      ...world.readers.directory,
      async *users() {
        for await (const page of world.readers.directory.users()) {
          yield page.filter(({ userId }) => userId !== user(7));
        }
      },
    };
    const readers = { ...world.readers, directory };
    const { users } = await viewFresh(entitlement, { withStatus: false }, readers, cache);
    expect(users.filter(({ entitled }) => entitled)).toHaveLength(120);
    expect(world.calls('IdentityStore.ListUsers')).toBe(2);
    expect(world.calls('IdentityStore.DescribeUser')).toBe(1);
    expect(cache.userPages).toBe(2);
  });

  describe('with many members', () => {
    /** Returns how many of three pages of members had been read when the list of all users began, if it was read. */
    async function pagesBefore(options: ReadersOptions, userPages: number | undefined) {
      const world = await openReaders({ people: 250, members: people(1, 250), ...options });
      const [entitlement] = world.services.entitlements.entitlements;
      if (!entitlement) throw new Error('The world has one');
      let pages = 0;
      let before: number | undefined;
      const directory: Readers['directory'] = {
        ...world.readers.directory,
        async *membersOf(group) {
          for await (const page of world.readers.directory.membersOf(group)) {
            pages += 1;
            yield page;
          }
        },
        async *users() {
          before ??= pages;
          yield* world.readers.directory.users();
        },
      };
      const cache: SharedReads = { members: new Map(), userPages };
      const { users } = await viewFresh(entitlement, { withStatus: false }, { ...world.readers, directory }, cache);
      return { before, listed: cache.listUsers === true, entitled: users.filter(({ entitled }) => entitled).length };
    }

    it('reads the list of all users next to that of the members, once that is certain to take fewer calls', async () => {
      const { before, ...found } = await pagesBefore({}, 120);
      expect(before).toBeLessThan(3);
      expect(found).toEqual({ listed: true, entitled: 250 });
    });

    it.each([
      ['does not know how long the list of all users is', {}, undefined],
      ['has to ask for fewer members than that list has pages', {}, 249],
    ])('reads the members first if it %s', async (_fact, options, userPages) => {
      const found = await pagesBefore(options, userPages);
      expect(found).toEqual({ before: 3, listed: true, entitled: 250 });
    });

    it.each<[string, ReadersOptions]>([
      ['an assignment', { assigned: people(1, 250) }],
      ['a seat', { assigned: people(1, 250), seats: people(1, 250).map((number) => aSeat(number)) }],
    ])('does not read the list of all users if each of them has %s', async (_fact, options) => {
      expect(await pagesBefore(options, 2)).toEqual({ before: undefined, listed: false, entitled: 250 });
    });

    it('fails as a whole if a page of the list of all users fails meanwhile', async () => {
      const world = await openReaders({ people: 250, members: people(1, 250) });
      const [entitlement] = world.services.entitlements.entitlements;
      if (!entitlement) throw new Error('The world has one');
      world.faults.add({ operation: 'IdentityStore.ListUsers', kind: 'internal', skip: 1 });
      const cache = { members: new Map(), userPages: 3 };
      const failing = viewFresh(entitlement, { withStatus: false }, world.readers, cache);
      await expect(failing).rejects.toThrow(TransientAwsError);
    });
  });
});
