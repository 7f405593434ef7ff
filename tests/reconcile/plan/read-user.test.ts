import { describe, expect, it } from 'vitest';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { readUser } from '../../../reconcile/plan/read-user.ts';
import { aSeat, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, START, user } from '../../support/ids.ts';
import { aUser, openReaders, type ReadersOptions } from '../../support/readers.ts';

const TWO_GROUPS = [{ groups: [GROUP, OTHER_GROUP] }];
const TWO_APPLICATIONS = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [GROUP, OTHER_GROUP] }];

describe('a read of one user', () => {
  const announced = (membership: 'member' | 'absent') =>
    aUserItem({ expected: [{ groupId: GROUP, membership, at: iso() }] });

  async function view(options: ReadersOptions, { entry = aUserItem(), later = 0 } = {}) {
    const world = await openReaders(options);
    const readAt = at(later);
    const { unmet, unread, applications: found } = await readUser(user(1), entry, readAt, world.readers);
    return { ...world, unmet, unread, users: found.map((one) => one.user), found };
  }

  const grantable = { userId: user(1), entitled: true, assigned: false, seat: undefined };

  it('shows a member without a seat', async () => {
    const { users, renewals } = await view({ members: [1] });
    expect(users).toEqual([grantable]);
    expect(renewals()).toBe(1);
  });

  it('shows nothing about a user who has neither a group nor a seat, and makes no further call', async () => {
    const { users, newCalls } = await view({ members: [2] });
    expect(users).toEqual([]);
    expect([...newCalls().keys()]).toEqual(['DynamoDB.BatchGetItem', 'IdentityStore.IsMemberInGroups']);
  });

  it('shows a member of one of two groups', async () => {
    const { users } = await view({ entitlements: TWO_GROUPS, members: { [GROUP]: [], [OTHER_GROUP]: [1] } });
    expect(users).toEqual([grantable]);
  });

  it('shows each application that concerns the user', async () => {
    const { found } = await view({
      entitlements: TWO_APPLICATIONS,
      members: { [GROUP]: [], [OTHER_GROUP]: [1] },
      seats: [aSeat(1)],
      assigned: [1],
    });
    expect(found).toMatchObject([
      {
        entitlement: { name: 'amazon-q-developer' },
        user: { entitled: false, ineligibility: 'group-leave', assigned: true },
      },
      { entitlement: { name: 'kiro' }, user: { entitled: true, assigned: false } },
    ]);
  });

  it.each<[string, ReadersOptions, object]>([
    ['left', { seats: [aSeat(1)] }, { entitled: false, ineligibility: 'group-leave', seat: aSeat(1) }],
    [
      'is disabled',
      { seats: [aSeat(1)], directory: { users: [aUser(1, 'DISABLED')] }, members: [1] },
      { entitled: false, ineligibility: 'user-disabled' },
    ],
    [
      'is deleted',
      { seats: [aSeat(1)], directory: { users: [], groups: [] } },
      { entitled: false, ineligibility: 'user-deleted' },
    ],
  ])('shows the seat of a user who %s', async (_fact, options, shown) => {
    expect((await view(options)).users).toMatchObject([shown]);
  });

  it('shows every user if an entitlement only observes: what was recorded may no longer be true', async () => {
    const entitlements = [{ mode: 'observe' as const }];
    const { users, calls } = await view({ entitlements });
    expect(users).toEqual([
      { userId: user(1), entitled: false, ineligibility: 'group-leave', assigned: false, seat: undefined },
    ]);
    expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(0);
  });

  it.each(['revoked', 'failed', 'waitlisted'] as const)(
    'does not ask for the assignment of a former member, %s',
    async (status) => {
      const { users, calls } = await view({ seats: [aSeat(1, { status })], assigned: [1] });
      expect(users).toMatchObject([{ entitled: false, assigned: false }]);
      expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(0);
    },
  );

  it.each([
    ['before a seat is assigned', announced('member'), [], 1],
    ['if the user has a seat and the event was about a group', announced('member'), [aSeat(1)], 0],
    ['if the event may have been about the status', aUserItem(), [aSeat(1)], 1],
    ['if one of several events may have been about the status', { ...announced('member'), whole: true }, [aSeat(1)], 1],
  ])('asks for the status of a member only when it matters: %s', async (_fact, entry, seats, asked) => {
    const { calls } = await view({ members: [1], seats }, { entry });
    expect(calls('IdentityStore.DescribeUser')).toBe(asked);
  });

  describe('whose status cannot be read', () => {
    const unreadable = (members: Record<string, readonly number[]>) => ({
      entitlements: TWO_APPLICATIONS.map((one, at) => ({ ...one, groups: [[GROUP], [OTHER_GROUP]][at] ?? [] })),
      members,
      seats: [aSeat(1), aSeat(1, { applicationArn: OTHER_APPLICATION })],
      quirks: { userStatus: 'new-value' as const },
      directory: { users: [{ userId: user(1), userName: 'x', status: 'DISABLED' as const }] },
    });
    const leaver = { entitled: false, ineligibility: 'group-leave' };

    it('shows that the user is in no group, whatever the status is', async () => {
      const { users, unread } = await view(unreadable({ [GROUP]: [], [OTHER_GROUP]: [] }));
      expect([users, unread]).toMatchObject([[leaver, leaver], []]);
    });

    it('shows it, and that only the status would say how the seat ends, if there are days of grace', async () => {
      const { entitlements, ...others } = unreadable({ [GROUP]: [], [OTHER_GROUP]: [] });
      const graced = entitlements.map((one) => ({ ...one, onLeave: { revokeAfterDays: 7 } }));
      const { users, unread } = await view({ ...others, entitlements: graced });
      expect([users, unread.length]).toMatchObject([[leaver, leaver], 2]);
    });

    it('shows no application to which a group entitles the user, and why', async () => {
      const { found, unread } = await view(unreadable({ [GROUP]: [], [OTHER_GROUP]: [1] }));
      expect(found).toMatchObject([{ entitlement: { name: 'amazon-q-developer' }, user: leaver }]);
      expect(unread).toMatchObject([{ reason: 'unknown-user-status' }]);
    });
  });

  it.each([
    ['a membership', announced('member'), []],
    ['the absence of one', announced('absent'), [1]],
  ])('is unmet while it does not show %s that an event announced', async (_fact, entry, members) => {
    expect(await view({ members }, { entry, later: 899 })).toMatchObject({ unmet: true, users: [] });
    expect(await view({ members }, { entry, later: 900 })).toMatchObject({ unmet: false });
  });

  describe('that does not show all that was announced', () => {
    const JOINED = { groupId: OTHER_GROUP, membership: 'member' as const, at: iso() };
    const both = (membership: 'member' | 'absent', ...met: (typeof JOINED)[]) =>
      aUserItem({ expected: [{ groupId: GROUP, membership, at: iso() }, ...met] });
    const APART = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];

    it.each([
      ['a membership', both('member', JOINED), [], ['kiro']],
      ['the absence of one', both('absent', JOINED), [1], ['kiro']],
      ['a membership, and no other event tells how old it is', both('member'), [], []],
      ['the absence of one, and no other event tells how old it is', both('absent'), [1], []],
    ])('shows only applications that it is new enough for: %s', async (_fact, entry, members, shown) => {
      for (const entitlements of [TWO_APPLICATIONS, APART]) {
        const options = { entitlements, members: { [GROUP]: members, [OTHER_GROUP]: [1] } };
        const { unmet, found } = await view({ ...options, seats: [aSeat(1)] }, { entry });
        expect(unmet).toBe(true);
        expect(found.map(({ entitlement }) => entitlement.name)).toEqual(shown);
        for (const one of found) expect(one.user).toMatchObject({ entitled: true });
      }
    });

    it('shows an application whose group the user is seen to have left', async () => {
      const seats = [aSeat(1, { applicationArn: OTHER_APPLICATION })];
      const entry = both('member', { ...JOINED, membership: 'absent' as never });
      const { found } = await view({ entitlements: APART, members: [2], seats }, { entry });
      expect(found).toMatchObject([{ entitlement: { name: 'kiro' }, user: { ineligibility: 'group-leave' } }]);
    });

    it('shows no application of which another group is awaited, if the shown one does not entitle', async () => {
      const seats = [aSeat(1, { applicationArn: OTHER_APPLICATION })];
      const entry = both('member', { ...JOINED, membership: 'absent' as never });
      const { found } = await view({ entitlements: TWO_APPLICATIONS, members: [2], seats }, { entry });
      expect(found).toEqual([]);
    });
  });

  it('shows nothing of a user who has joined a group and is not found', async () => {
    const found = { seats: [aSeat(1)], entitlements: TWO_APPLICATIONS, directory: { users: [], groups: [] } };
    expect(await view(found, { entry: announced('member') })).toMatchObject({ unmet: true, users: [] });
  });

  it('meets the expectation of a leave if the user is deleted', async () => {
    const seats = [aSeat(1)];
    const { unmet, users } = await view(
      { seats, directory: { users: [], groups: [] } },
      { entry: announced('absent') },
    );
    expect(unmet).toBe(false);
    expect(users).toMatchObject([{ ineligibility: 'user-deleted' }]);
  });

  it('justifies no change if a member of a group does not exist', async () => {
    const options: ReadersOptions = { members: [1], seats: [aSeat(1)], assigned: [1] };
    const missing = async (later: number) => {
      const { faults, readers } = await openReaders(options);
      faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'not-found' });
      return readUser(user(1), aUserItem(), at(later), readers);
    };
    expect(await missing(0)).toEqual({ unmet: true, unread: [], applications: [] });
    const { unmet, applications } = await missing(900);
    expect(unmet).toBe(false);
    expect(applications[0]?.user).toEqual({ userId: user(1), entitled: false, assigned: true, seat: aSeat(1) });
  });

  it.each(['IdentityStore.IsMemberInGroups', 'IdentityStore.DescribeUser', 'DynamoDB.BatchGetItem'])(
    'fails for now if %s fails for now',
    async (operation) => {
      const { faults, readers } = await openReaders({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      await expect(readUser(user(1), aUserItem(), START, readers)).rejects.toThrow(TransientAwsError);
    },
  );

  it.each([
    ['throttle', TransientAwsError],
    ['refuse', RefusedError],
  ] as const)(
    'says of which application it could not read the assignment (%s), and shows the others',
    async (kind, type) => {
      const { faults, readers } = await openReaders({ members: [1], entitlements: TWO_APPLICATIONS });
      faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind, applicationArn: OTHER_APPLICATION });
      const { unread, applications } = await readUser(user(1), aUserItem(), START, readers);
      expect(unread).toEqual([expect.any(type)]);
      expect(applications.map(({ entitlement }) => entitlement.application)).toEqual([APPLICATION]);
    },
  );
});
