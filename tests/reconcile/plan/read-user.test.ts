import { describe, expect, it } from 'vitest';
import type { UserItem } from '../../../domain/queue/work-queue.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements as someEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { readUser } from '../../../reconcile/plan/read-user.ts';
import { aSeat } from '../../support/builders.ts';
import { twoGroups } from '../../support/groups.ts';
import { GROUP, ME, OTHER_APPLICATION, OTHER_GROUP, START, user } from '../../support/ids.ts';
import { aUser, type ViewingOptions, viewing } from '../../support/viewing.ts';

const TWO_GROUPS = someEntitlements({ entitlements: [{ groups: [GROUP, OTHER_GROUP] }] });
const TWO_APPLICATIONS = someEntitlements({
  entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [GROUP, OTHER_GROUP] }],
});

describe('a read of one user', () => {
  function anEntry(expected: UserItem['expected'] = []): UserItem {
    const at = START.toISOString();
    return { by: ME, dueAt: at, at, since: at, cause: 'event-1', trigger: 'event', hints: 1, expected };
  }
  const told = (membership: 'member' | 'absent') => anEntry([{ groupId: GROUP, membership, at: START.toISOString() }]);

  async function view(options: ViewingOptions, { entry = anEntry(), later = 0 } = {}) {
    const world = await viewing(options);
    const readAt = new Date(plusSeconds(START, later));
    const { unmet, applications: found } = await readUser(user(1), entry, readAt, world.readers);
    return { ...world, unmet, users: found.map((one) => one.user), found };
  }

  const grantable = { userId: user(1), entitled: true, assigned: false, seat: undefined };

  it('shows a member without a seat', async () => {
    const { users, kept } = await view({ members: [1] });
    expect(users).toEqual([grantable]);
    expect(kept()).toBe(1);
  });

  it('shows nothing of somebody who has neither a group nor a seat, and asks no more', async () => {
    const { users, door } = await view({ members: [2] });
    expect(users).toEqual([]);
    expect([...door.calls.keys()]).toEqual(['DynamoDB.BatchGetItem', 'IdentityStore.IsMemberInGroups']);
  });

  it('shows a member of one of two groups', async () => {
    const { users } = await view({ entitlements: TWO_GROUPS, directory: twoGroups([], [1]) });
    expect(users).toEqual([grantable]);
  });

  it('shows each application that concerns the user', async () => {
    const { found } = await view({
      entitlements: TWO_APPLICATIONS,
      directory: twoGroups([], [1]),
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

  it.each<[string, ViewingOptions, object]>([
    ['left', { seats: [aSeat(1)] }, { entitled: false, ineligibility: 'group-leave', seat: aSeat(1) }],
    [
      'is disabled',
      { seats: [aSeat(1)], directory: { users: [aUser(1, 'DISABLED')], ...twoGroups([1]) } },
      { entitled: false, ineligibility: 'user-disabled' },
    ],
    [
      'is deleted',
      { seats: [aSeat(1)], directory: { users: [], groups: [] } },
      { entitled: false, ineligibility: 'user-deleted' },
    ],
  ])('shows a seat of somebody who %s', async (_fact, options, shown) => {
    expect((await view(options)).users).toMatchObject([shown]);
  });

  it('shows even a stranger where an entitlement observes: what was told may be true no more', async () => {
    const entitlements = someEntitlements({ entitlements: [{ mode: 'observe' }] });
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
    ['the absence of one', told('absent'), [1]],
  ])('is unmet while it does not show %s that an event told of', async (_fact, entry, members) => {
    expect(await view({ members }, { entry, later: 899 })).toMatchObject({ unmet: true, users: [] });
    expect(await view({ members }, { entry, later: 900 })).toMatchObject({ unmet: false });
  });

  it('takes a deleted user for absent as was expected', async () => {
    const seats = [aSeat(1)];
    const { unmet, users } = await view({ seats, directory: { users: [], groups: [] } }, { entry: told('absent') });
    expect(unmet).toBe(false);
    expect(users).toMatchObject([{ ineligibility: 'user-deleted' }]);
  });

  it('gives no ground for a change where a member is not to be found', async () => {
    const options: ViewingOptions = { members: [1], seats: [aSeat(1)], assigned: [1] };
    const missing = async (later: number) => {
      const { faults, readers } = await viewing(options);
      faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'not-found' });
      return readUser(user(1), anEntry(), new Date(plusSeconds(START, later)), readers);
    };
    expect(await missing(0)).toEqual({ unmet: true, applications: [] });
    const { unmet, applications } = await missing(900);
    expect(unmet).toBe(false);
    expect(applications[0]?.user).toEqual({ userId: user(1), entitled: false, assigned: true, seat: aSeat(1) });
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
