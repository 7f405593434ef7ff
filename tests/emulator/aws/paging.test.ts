import {
  IdentitystoreClient,
  ListUsersCommand,
  paginateListGroupMemberships,
  paginateListGroupMembershipsForMember,
  paginateListGroups,
  paginateListUsers,
} from '@aws-sdk/client-identitystore';
import {
  ListApplicationsCommand,
  ListInstancesCommand,
  paginateListApplicationAssignments,
  paginateListApplications,
  SSOAdminClient,
} from '@aws-sdk/client-sso-admin';
import { describe, expect, it } from 'vitest';
import type { Quirks } from '../../../emulator/aws/identity-center/quirks.ts';
import { identityStore } from '../../../emulator/aws/identity-store/identity-store.ts';
import { ssoAdmin } from '../../../emulator/aws/sso-admin/sso-admin.ts';
import { anIdentityCenter, behindGateway } from '../../support/account.ts';
import { APPLICATION, application, GROUP, group, INSTANCE_ARN, people, STORE_ID, user } from '../../support/ids.ts';

const USERS = 130;

function anAccount(quirks: Quirks = {}) {
  const numbers = people(1, USERS);
  const { center, clock } = anIdentityCenter(
    {
      identityStoreId: STORE_ID,
      users: numbers.map((number) => ({ userId: user(number), userName: `user${number}` })),
      groups: numbers.map((number) => ({
        groupId: group(number),
        members: number === 1 ? numbers.map(user) : [user(1)],
      })),
      applications: numbers.map((number) => ({
        applicationArn: application(number),
        assigned: number === 1 ? numbers.map(user) : [],
      })),
    },
    quirks,
  );
  const { aws } = behindGateway({ IdentityStore: identityStore(center, clock), SSOAdmin: ssoAdmin(center, clock) });
  return { store: new IdentitystoreClient(aws), sso: new SSOAdminClient(aws), pass: clock.sleep };
}

type Account = ReturnType<typeof anAccount>;
const inStore = { IdentityStoreId: STORE_ID };

/** Every list, as the ids on its pages. */
const LISTS: [string, (account: Account) => AsyncIterable<readonly (string | undefined)[]>][] = [
  [
    'ListUsers',
    async function* ({ store }) {
      for await (const { Users = [] } of paginateListUsers({ client: store }, { ...inStore }))
        yield Users.map(({ UserId }) => UserId);
    },
  ],
  [
    'ListGroups',
    async function* ({ store }) {
      for await (const { Groups = [] } of paginateListGroups({ client: store }, { ...inStore }))
        yield Groups.map(({ GroupId }) => GroupId);
    },
  ],
  [
    'ListGroupMemberships',
    async function* ({ store }) {
      const input = { ...inStore, GroupId: GROUP };
      for await (const { GroupMemberships = [] } of paginateListGroupMemberships({ client: store }, input))
        yield GroupMemberships.map(({ MemberId }) => MemberId?.UserId);
    },
  ],
  [
    'ListGroupMembershipsForMember',
    async function* ({ store }) {
      const input = { ...inStore, MemberId: { UserId: user(1) } };
      for await (const { GroupMemberships = [] } of paginateListGroupMembershipsForMember({ client: store }, input))
        yield GroupMemberships.map(({ GroupId }) => GroupId);
    },
  ],
  [
    'ListApplications',
    async function* ({ sso }) {
      for await (const { Applications = [] } of paginateListApplications(
        { client: sso },
        { InstanceArn: INSTANCE_ARN },
      ))
        yield Applications.map(({ ApplicationArn }) => ApplicationArn);
    },
  ],
  [
    'ListApplicationAssignments',
    async function* ({ sso }) {
      const input = { ApplicationArn: APPLICATION };
      for await (const { ApplicationAssignments = [] } of paginateListApplicationAssignments({ client: sso }, input))
        yield ApplicationAssignments.map(({ PrincipalId }) => PrincipalId);
    },
  ],
];

async function pagesOf(pages: AsyncIterable<readonly unknown[]>) {
  const all: (readonly unknown[])[] = [];
  for await (const page of pages) all.push(page);
  return all;
}

describe.each(LISTS)('%s', (_operation, list) => {
  it('has pages of 100, and everything once', async () => {
    const pages = await pagesOf(list(anAccount()));
    expect(pages.map(({ length }) => length)).toEqual([100, 30]);
    expect(new Set(pages.flat()).size).toBe(USERS);
  });

  it('has short pages with an empty one before each, and everything once, with the quirk `short`', async () => {
    const pages = await pagesOf(list(anAccount({ pages: 'short' })));
    expect(pages.map(({ length }) => length)).toEqual([0, 50, 0, 50, 0, 30]);
    expect(pages.flat()).toEqual((await pagesOf(list(anAccount()))).flat());
  });
});

describe.each(LISTS)('%s with the quirk `varying`', (_operation, list) => {
  it('has pages of other sizes in each call, some of them empty, and everything once', async () => {
    const account = anAccount({ pages: 'varying' });
    const first = await pagesOf(list(account));
    const second = await pagesOf(list(account));
    const sizes = [first, second].map((pages) => pages.map(({ length }) => length));
    expect(sizes[0]).not.toEqual(sizes[1]);
    expect(sizes.flat()).toContain(0);
    expect(Math.max(...sizes.flat())).toBeLessThanOrEqual(100);
    const all = (await pagesOf(list(anAccount()))).flat();
    expect([first.flat(), second.flat()]).toEqual([all, all]);
  });

  it('has the same sizes in each run', async () => {
    const [one, other] = [
      await pagesOf(list(anAccount({ pages: 'varying' }))),
      await pagesOf(list(anAccount({ pages: 'varying' }))),
    ];
    expect(one).toEqual(other);
  });
});

describe('a token', () => {
  it('is refused 10 minutes after it was returned with the quirk `expire`', async () => {
    const { store, pass } = anAccount({ pageTokens: 'expire' });
    const { NextToken } = await store.send(new ListUsersCommand(inStore));
    const next = () => store.send(new ListUsersCommand({ ...inStore, NextToken }));
    await pass(599);
    expect((await next()).Users).toHaveLength(30);
    await pass(1);
    await expect(next()).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('lasts without that quirk', async () => {
    const { store, pass } = anAccount();
    const { NextToken } = await store.send(new ListUsersCommand(inStore));
    await pass(365 * 24 * 3600);
    expect((await store.send(new ListUsersCommand({ ...inStore, NextToken }))).Users).toHaveLength(30);
  });

  it('of one list is refused by another', async () => {
    const { sso } = anAccount({ pages: 'short' });
    const { NextToken } = await sso.send(new ListInstancesCommand({}));
    const other = sso.send(new ListApplicationsCommand({ InstanceArn: INSTANCE_ARN, NextToken }));
    await expect(other).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('ListInstances', () => {
  it('has the only instance on the page after an empty one with the quirk `short`', async () => {
    const { sso } = anAccount({ pages: 'short' });
    const first = await sso.send(new ListInstancesCommand({}));
    const second = await sso.send(new ListInstancesCommand({ NextToken: first.NextToken }));
    expect([first.Instances, second.Instances?.map(({ InstanceArn }) => InstanceArn), second.NextToken]).toEqual([
      [],
      [INSTANCE_ARN],
      undefined,
    ]);
  });
});
