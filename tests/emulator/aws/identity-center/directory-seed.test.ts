import { describe, expect, it } from 'vitest';
import { DirectorySeedSchema } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import { ANNA, aSeed, CLEO } from '../../../support/directory.ts';
import { APPLICATION, GROUP } from '../../../support/ids.ts';

function faultsOf(seed: unknown): string[] {
  return DirectorySeedSchema.safeParse(seed).error?.issues.map(({ path }) => path.join('.')) ?? [];
}

describe('a directory file', () => {
  it('is accepted', () => {
    expect(faultsOf(aSeed())).toEqual([]);
  });

  it.each([
    ['an identity store id of another form', { identityStoreId: 'd-1' }, ['identityStoreId']],
    ['a user twice', { users: [...aSeed().users, { userId: ANNA, userName: 'x' }] }, ['users.2.userId']],
    [
      'two ways of saying the address',
      {
        users: [
          aSeed().users[0],
          { ...aSeed().users[1], email: 'a@example.com', emails: [{ value: 'b@example.com' }] },
        ],
      },
      ['users.1.emails'],
    ],
    ['a group twice', { groups: [{ groupId: GROUP }, { groupId: GROUP }] }, ['groups.1.groupId']],
    ['a member twice', { groups: [{ groupId: GROUP, members: [ANNA, ANNA] }] }, ['groups.0.members.1']],
    ['a member who is no user', { groups: [{ groupId: GROUP, members: [ANNA, CLEO] }] }, ['groups.0.members.1']],
    [
      'an application twice',
      { applications: [{ applicationArn: APPLICATION }, { applicationArn: APPLICATION }] },
      ['applications.1.applicationArn'],
    ],
    [
      'a subscription of a user and a group, or of neither',
      {
        applications: [
          {
            applicationArn: APPLICATION,
            subscriptions: [
              { user: ANNA, group: GROUP, plan: 'Q_LITE' },
              { plan: 'Q_LITE' },
              { user: ANNA, plan: 'Q LITE' },
              { group: GROUP, plan: 'Q_LITE', activatedAt: 'yesterday' },
            ],
          },
        ],
      },
      [
        'applications.0.subscriptions.0.user',
        'applications.0.subscriptions.1.user',
        'applications.0.subscriptions.2.plan',
        'applications.0.subscriptions.3.activatedAt',
      ],
    ],
    ['an id that is none', { users: [{ userId: 'anna', userName: 'anna' }], groups: [] }, ['users.0.userId']],
    ['a field that is none', { users: [{ userId: ANNA, userName: 'anna', mail: 'a@b' }] }, ['users.0']],
  ])('is refused, with the path, for %s', (_fact, changes, paths) => {
    expect(faultsOf({ ...aSeed(), ...changes })).toEqual(paths);
  });

  it('is refused with all issues at once', () => {
    const users = [...aSeed().users, { userId: ANNA, userName: 'x' }];
    const groups = [{ groupId: GROUP, members: [CLEO] }];
    expect(faultsOf(aSeed({ users, groups }))).toEqual(['users.2.userId', 'groups.0.members.0']);
  });

  it('may have subscriptions, also of a user who no longer exists', () => {
    const subscriptions = [
      { user: CLEO, plan: 'KIRO_ENTERPRISE_PRO', status: 'PENDING', source: 'GROUP' },
      { group: GROUP, plan: 'Q_LITE', activePlan: 'Q_BUSINESS', activatedAt: '2026-09-03T08:11:52Z' },
    ];
    const applications = [{ applicationArn: APPLICATION, region: 'eu-west-1', subscriptions }];
    expect(faultsOf({ ...aSeed(), applications })).toEqual([]);
  });

  it('may have an assignment of a user who no longer exists', () => {
    expect(faultsOf(aSeed({ applications: [{ applicationArn: APPLICATION, assigned: [CLEO] }] }))).toEqual([]);
  });
});
