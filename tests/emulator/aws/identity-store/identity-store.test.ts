import {
  DescribeGroupCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  GetGroupMembershipIdCommand,
  GetUserIdCommand,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
  ListGroupMembershipsForMemberCommand,
  ListGroupsCommand,
  ListUsersCommand,
  paginateListGroupMemberships,
} from '@aws-sdk/client-identitystore';
import { describe, expect, it } from 'vitest';
import type { DirectorySeed } from '../../../../emulator/aws/identity-center/directory-seed.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { identityStore } from '../../../../emulator/aws/identity-store/identity-store.ts';
import { anIdentityCenter, behindGateway } from '../../../support/account.ts';
import { GROUP, group, OTHER_GROUP, STORE_ID, user } from '../../../support/ids.ts';

const ANNA = user(0);
const UNKNOWN_ID = '00000000-0000-4000-8000-ffffffffffff';

function aSeed(members = 1): DirectorySeed {
  const users = Array.from({ length: members }, (_, number) => ({ userId: user(number), userName: `user${number}` }));
  const [, ...others] = users;
  return {
    identityStoreId: STORE_ID,
    users: [
      { userId: ANNA, userName: 'anna', email: 'anna@example.com', externalId: { issuer: 'idp', id: 'A1' } },
      ...others,
    ],
    groups: [
      { groupId: GROUP, displayName: 'seats', members: users.map((user) => user.userId) },
      { groupId: OTHER_GROUP },
    ],
    applications: [],
  };
}

function aStore({ members, quirks = {} }: { members?: number; quirks?: Quirks } = {}) {
  const { center: world, clock } = anIdentityCenter(aSeed(members), quirks);
  const { aws } = behindGateway({ IdentityStore: identityStore(world, clock) });
  const client = new IdentitystoreClient(aws);
  return { client, world, sleep: clock.sleep };
}

const inStore = { IdentityStoreId: STORE_ID };

describe('IsMemberInGroups', () => {
  it('answers for each group in the order of the request', async () => {
    const { client } = aStore();
    const input = { ...inStore, MemberId: { UserId: ANNA }, GroupIds: [OTHER_GROUP, GROUP] };
    const { Results } = await client.send(new IsMemberInGroupsCommand(input));
    expect(Results).toEqual([
      { GroupId: OTHER_GROUP, MemberId: { UserId: ANNA }, MembershipExists: false },
      { GroupId: GROUP, MemberId: { UserId: ANNA }, MembershipExists: true },
    ]);
  });

  it('accepts ids in upper case', async () => {
    const { client } = aStore();
    const input = { ...inStore, MemberId: { UserId: ANNA }, GroupIds: [GROUP.toUpperCase()] };
    expect((await client.send(new IsMemberInGroupsCommand(input))).Results?.[0]?.MembershipExists).toBe(true);
  });

  it('refuses an unknown user', async () => {
    const { client } = aStore();
    const input = { ...inStore, MemberId: { UserId: UNKNOWN_ID }, GroupIds: [GROUP] };
    await expect(client.send(new IsMemberInGroupsCommand(input))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'USER',
      ResourceId: UNKNOWN_ID,
    });
  });

  it('refuses an unknown group, or answers that the user is not a member', async () => {
    const command = new IsMemberInGroupsCommand({
      ...inStore,
      MemberId: { UserId: ANNA },
      GroupIds: [GROUP, UNKNOWN_ID],
    });
    await expect(aStore().client.send(command)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'GROUP',
      ResourceId: UNKNOWN_ID,
    });
    const { Results } = await aStore({ quirks: { missingGroup: 'no-member' } }).client.send(command);
    expect(Results?.map(({ MembershipExists }) => MembershipExists)).toEqual([true, false]);
  });

  it('accepts 100 groups, and refuses 101', async () => {
    const { client } = aStore();
    const ask = (groups: number) =>
      client.send(
        new IsMemberInGroupsCommand({ ...inStore, MemberId: { UserId: ANNA }, GroupIds: Array(groups).fill(GROUP) }),
      );
    await expect(ask(100)).resolves.toMatchObject({ Results: { length: 100 } });
    await expect(ask(101)).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it('sees a new user only after its lag', async () => {
    const { client, world, sleep } = aStore();
    world.setLag('IdentityStore.IsMemberInGroups', 60);
    world.addUser({ userId: UNKNOWN_ID, userName: 'new' });
    world.join(GROUP, UNKNOWN_ID);
    const command = new IsMemberInGroupsCommand({ ...inStore, MemberId: { UserId: UNKNOWN_ID }, GroupIds: [GROUP] });
    await expect(client.send(command)).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await sleep(60);
    expect((await client.send(command)).Results?.[0]?.MembershipExists).toBe(true);
  });
});

describe('ListGroupMemberships', () => {
  it('returns 100 memberships per page, and each once over all pages', async () => {
    const { client } = aStore({ members: 250 });
    const sizes: number[] = [];
    const found: (string | undefined)[] = [];
    for await (const { GroupMemberships = [] } of paginateListGroupMemberships(
      { client },
      { ...inStore, GroupId: GROUP },
    )) {
      sizes.push(GroupMemberships.length);
      found.push(...GroupMemberships.map(({ MemberId }) => MemberId?.UserId));
    }
    expect(sizes).toEqual([100, 100, 50]);
    expect(found).toEqual(Array.from({ length: 250 }, (_, number) => user(number)));
  });

  it('skips and repeats no member when members leave between two pages', async () => {
    const { client, world } = aStore({ members: 6 });
    const first = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP, MaxResults: 3 }));
    world.leave(GROUP, user(0));
    world.leave(GROUP, user(2));
    const NextToken = first.NextToken;
    const second = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP, NextToken }));
    expect(second.GroupMemberships?.map(({ MemberId }) => MemberId?.UserId)).toEqual([user(3), user(4), user(5)]);
    expect(second.NextToken).toBeUndefined();
  });

  it('gives each membership its own id', async () => {
    const { client } = aStore({ members: 3 });
    const { GroupMemberships } = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP }));
    expect(new Set(GroupMemberships?.map(({ MembershipId }) => MembershipId)).size).toBe(3);
  });

  it('returns no membership of an empty group', async () => {
    const { client } = aStore();
    const answer = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: OTHER_GROUP }));
    expect(answer.GroupMemberships).toEqual([]);
  });

  it('refuses an unknown group', async () => {
    const { client } = aStore();
    const answer = client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: UNKNOWN_ID }));
    await expect(answer).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'GROUP' });
  });

  it.each([
    ['MaxResults 0', { MaxResults: 0 }],
    ['MaxResults 101', { MaxResults: 101 }],
    ['a token that no list returned', { NextToken: 'abc' }],
    ['a token with other letters', { NextToken: 'a b' }],
    ['an id that is none', { GroupId: 'seats' }],
    ['an identity store id that is none', { IdentityStoreId: 'store' }],
  ])('refuses %s', async (_fact, changes) => {
    const { client } = aStore();
    const answer = client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP, ...changes }));
    await expect(answer).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it("refuses another group's token", async () => {
    const { client } = aStore({ members: 2 });
    const { NextToken } = await client.send(
      new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP, MaxResults: 1 }),
    );
    const answer = client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: OTHER_GROUP, NextToken }));
    await expect(answer).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('ListGroupMembershipsForMember', () => {
  const ofAnna = { ...inStore, MemberId: { UserId: ANNA } };
  const list = new ListGroupMembershipsForMemberCommand(ofAnna);

  it('returns the memberships of the user, and of no other, each with its id', async () => {
    const { client, world } = aStore({ members: 2 });
    world.join(OTHER_GROUP, user(1));
    const { GroupMemberships = [], NextToken } = await client.send(list);
    expect(GroupMemberships).toEqual([
      { ...inStore, MembershipId: expect.any(String), GroupId: GROUP, MemberId: { UserId: ANNA } },
    ]);
    expect(NextToken).toBeUndefined();
    const ofGroup = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP }));
    expect(ofGroup.GroupMemberships).toContainEqual(GroupMemberships[0]);
  });

  it('accepts an id in upper case, and returns no membership of a deleted group', async () => {
    const { client, world } = aStore();
    world.join(OTHER_GROUP, ANNA);
    world.deleteGroup(GROUP);
    const command = new ListGroupMembershipsForMemberCommand({ ...inStore, MemberId: { UserId: ANNA.toUpperCase() } });
    const { GroupMemberships = [] } = await client.send(command);
    expect(GroupMemberships.map(({ GroupId }) => GroupId)).toEqual([OTHER_GROUP]);
  });

  it('skips and repeats no membership when the user leaves a group between two pages', async () => {
    const { client, world } = aStore();
    for (const number of [3, 4, 5]) {
      world.addGroup({ groupId: group(number) });
      world.join(group(number), ANNA);
    }
    const page = (NextToken?: string) =>
      client.send(new ListGroupMembershipsForMemberCommand({ ...ofAnna, MaxResults: 2, NextToken }));
    const first = await page();
    expect(first.GroupMemberships?.map(({ GroupId }) => GroupId)).toEqual([GROUP, group(3)]);
    world.leave(GROUP, ANNA);
    const second = await page(first.NextToken);
    expect(second.GroupMemberships?.map(({ GroupId }) => GroupId)).toEqual([group(4), group(5)]);
    expect(second.NextToken).toBeUndefined();
  });

  it('refuses an unknown user', async () => {
    const command = new ListGroupMembershipsForMemberCommand({ ...inStore, MemberId: { UserId: UNKNOWN_ID } });
    await expect(aStore().client.send(command)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'USER',
      ResourceId: UNKNOWN_ID,
    });
  });

  it('shows a membership only after its lag', async () => {
    const { client, world, sleep } = aStore();
    world.setLag('IdentityStore.ListGroupMembershipsForMember', 60);
    world.join(OTHER_GROUP, ANNA);
    expect((await client.send(list)).GroupMemberships).toHaveLength(1);
    await sleep(60);
    expect((await client.send(list)).GroupMemberships).toHaveLength(2);
  });

  it.each([
    ['MaxResults 0', { MaxResults: 0 }],
    ['MaxResults 101', { MaxResults: 101 }],
    ['a token that no list returned', { NextToken: 'abc' }],
    ['an id that is none', { MemberId: { UserId: 'anna' } }],
    ['an identity store id that is none', { IdentityStoreId: 'store' }],
  ])('refuses %s', async (_fact, changes) => {
    const answer = aStore().client.send(new ListGroupMembershipsForMemberCommand({ ...ofAnna, ...changes }));
    await expect(answer).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it("refuses another user's token", async () => {
    const { client, world } = aStore({ members: 2 });
    world.join(OTHER_GROUP, ANNA);
    const { NextToken } = await client.send(new ListGroupMembershipsForMemberCommand({ ...ofAnna, MaxResults: 1 }));
    const answer = client.send(
      new ListGroupMembershipsForMemberCommand({ ...inStore, MemberId: { UserId: user(1) }, NextToken }),
    );
    await expect(answer).rejects.toMatchObject({ name: 'ValidationException' });
  });
});

describe('DescribeUser and ListUsers', () => {
  it('describe a user', async () => {
    const { client } = aStore();
    expect(await client.send(new DescribeUserCommand({ ...inStore, UserId: ANNA }))).toMatchObject({
      IdentityStoreId: STORE_ID,
      UserId: ANNA,
      UserName: 'anna',
      Emails: [{ Value: 'anna@example.com', Primary: true }],
      ExternalIds: [{ Issuer: 'idp', Id: 'A1' }],
      UserStatus: 'ENABLED',
    });
  });

  it('describe a user with several addresses, names and a language', async () => {
    const bidi = 'A\u202eB <b>';
    const emails = [
      { value: 'cleo@example.org' },
      { value: 'Cleo@Example.com', type: 'work', primary: true },
      { value: 'c@x\r\nBcc: d@x', primary: false },
    ];
    const name = { givenName: 'Cleo', familyName: bidi };
    const cleo = { userId: user(9), userName: 'cleo', emails, name, displayName: bidi, preferredLanguage: 'de-CH' };
    const { client, world } = aStore();
    world.addUser(cleo);
    expect(await client.send(new DescribeUserCommand({ ...inStore, UserId: user(9) }))).toMatchObject({
      Emails: [
        { Value: 'cleo@example.org' },
        { Value: 'Cleo@Example.com', Type: 'work', Primary: true },
        { Value: 'c@x\r\nBcc: d@x', Primary: false },
      ],
      Name: { GivenName: 'Cleo', FamilyName: bidi },
      DisplayName: bidi,
      PreferredLanguage: 'de-CH',
    });
    const AlternateIdentifier = {
      UniqueAttribute: { AttributePath: 'emails.value', AttributeValue: 'cleo@example.com' },
    };
    const found = await client.send(new GetUserIdCommand({ ...inStore, AlternateIdentifier }));
    expect(found.UserId).toBe(user(9));
  });

  it('leave out the status with the quirk `absent`', async () => {
    const { client } = aStore({ quirks: { userStatus: 'absent' } });
    const described = await client.send(new DescribeUserCommand({ ...inStore, UserId: ANNA }));
    const listed = await client.send(new ListUsersCommand(inStore));
    expect(described).not.toHaveProperty('UserStatus');
    expect(listed.Users?.[0]).not.toHaveProperty('UserStatus');
  });

  it('return a status that no reference lists with the quirk `new-value`, of users who are not enabled', async () => {
    const { client, world } = aStore({ quirks: { userStatus: 'new-value' } });
    const read = async () => [
      (await client.send(new DescribeUserCommand({ ...inStore, UserId: ANNA }))).UserStatus,
      (await client.send(new ListUsersCommand(inStore))).Users?.find(({ UserId }) => UserId === ANNA)?.UserStatus,
    ];
    expect(await read()).toEqual(['ENABLED', 'ENABLED']);
    world.setStatus(ANNA, 'DISABLED');
    expect(await read()).toEqual(['SUSPENDED', 'SUSPENDED']);
  });

  it('return all users page by page', async () => {
    const { client, world } = aStore({ members: 150 });
    world.setStatus(user(149), 'DISABLED');
    const first = await client.send(new ListUsersCommand(inStore));
    const second = await client.send(new ListUsersCommand({ ...inStore, NextToken: first.NextToken }));
    expect([first.Users?.length, second.Users?.length, second.NextToken]).toEqual([100, 50, undefined]);
    expect(second.Users?.at(-1)?.UserStatus).toBe('DISABLED');
  });

  it('refuse an unknown user', async () => {
    const answer = aStore().client.send(new DescribeUserCommand({ ...inStore, UserId: UNKNOWN_ID }));
    await expect(answer).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType: 'USER' });
  });
});

describe('a store that AD Sync feeds', () => {
  const name = { UniqueAttribute: { AttributePath: 'userName', AttributeValue: 'anna' } };

  it('does not know the operations that list memberships or find an id', async () => {
    const { client } = aStore({ quirks: { identitySource: 'ad-sync' } });
    const unknown = { name: 'UnknownOperationException', $metadata: { httpStatusCode: 400 } };
    await expect(client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP }))).rejects.toMatchObject(
      unknown,
    );
    await expect(
      client.send(new ListGroupMembershipsForMemberCommand({ ...inStore, MemberId: { UserId: ANNA } })),
    ).rejects.toMatchObject(unknown);
    await expect(client.send(new GetUserIdCommand({ ...inStore, AlternateIdentifier: name }))).rejects.toMatchObject(
      unknown,
    );
    await expect(client.send(new GetGroupIdCommand({ ...inStore, AlternateIdentifier: name }))).rejects.toMatchObject(
      unknown,
    );
  });

  it('answers the others', async () => {
    const { client } = aStore({ quirks: { identitySource: 'ad-sync' } });
    expect((await client.send(new ListUsersCommand(inStore))).Users).not.toEqual([]);
    expect((await client.send(new DescribeUserCommand({ ...inStore, UserId: ANNA }))).UserId).toBe(ANNA);
  });
});

describe('GetGroupMembershipId', () => {
  const membership = { ...inStore, GroupId: GROUP, MemberId: { UserId: user(1) } };

  it('returns the id that the list has', async () => {
    const { client } = aStore({ members: 3 });
    const { GroupMemberships } = await client.send(new ListGroupMembershipsCommand({ ...inStore, GroupId: GROUP }));
    const { MembershipId } = await client.send(new GetGroupMembershipIdCommand(membership));
    expect(MembershipId).toBe(GroupMemberships?.find(({ MemberId }) => MemberId?.UserId === user(1))?.MembershipId);
  });

  it.each([
    ['GROUP_MEMBERSHIP', { GroupId: OTHER_GROUP }],
    ['GROUP', { GroupId: UNKNOWN_ID }],
    ['USER', { MemberId: { UserId: UNKNOWN_ID } }],
  ])('says that a %s is missing', async (ResourceType, changes) => {
    const { client } = aStore({ members: 3 });
    const answer = client.send(new GetGroupMembershipIdCommand({ ...membership, ...changes }));
    await expect(answer).rejects.toMatchObject({ name: 'ResourceNotFoundException', ResourceType });
  });
});

describe('GetUserId', () => {
  it.each([
    ['user name', { UniqueAttribute: { AttributePath: 'userName', AttributeValue: 'anna' } }],
    ['address', { UniqueAttribute: { AttributePath: 'emails.value', AttributeValue: 'Anna@Example.com' } }],
    ['external id', { ExternalId: { Issuer: 'idp', Id: 'A1' } }],
  ])('finds a user by %s', async (_fact, AlternateIdentifier) => {
    const answer = await aStore().client.send(new GetUserIdCommand({ ...inStore, AlternateIdentifier }));
    expect(answer.UserId).toBe(ANNA);
  });

  it.each([
    ['an unknown user', 'userName', 'nobody', { name: 'ResourceNotFoundException', ResourceType: 'USER' }],
    ['an attribute that is not unique', 'displayName', 'anna', { name: 'ValidationException' }],
  ])('refuses %s', async (_fact, AttributePath, AttributeValue, error) => {
    const AlternateIdentifier = { UniqueAttribute: { AttributePath, AttributeValue } };
    const answer = aStore().client.send(new GetUserIdCommand({ ...inStore, AlternateIdentifier }));
    await expect(answer).rejects.toMatchObject(error);
  });
});

describe('DescribeGroup', () => {
  it('describes a group', async () => {
    const answer = await aStore().client.send(new DescribeGroupCommand({ ...inStore, GroupId: GROUP }));
    expect(answer).toMatchObject({ IdentityStoreId: STORE_ID, GroupId: GROUP, DisplayName: 'seats' });
  });

  it('refuses another identity store', async () => {
    const answer = aStore().client.send(new DescribeGroupCommand({ IdentityStoreId: 'd-0000000000', GroupId: GROUP }));
    await expect(answer).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      ResourceType: 'IDENTITY_STORE',
      ResourceId: 'd-0000000000',
    });
  });
});

describe('the rate limit', () => {
  it('admits 20 requests per operation at once, and 20 more per second', async () => {
    const { client, sleep } = aStore();
    const ask = async (times: number) => {
      const command = new DescribeUserCommand({ ...inStore, UserId: ANNA });
      const answers = await Promise.allSettled(Array.from({ length: times }, () => client.send(command)));
      return answers.filter(({ status }) => status === 'fulfilled').length;
    };
    expect(await ask(25)).toBe(20);
    await expect(client.send(new DescribeUserCommand({ ...inStore, UserId: ANNA }))).rejects.toMatchObject({
      name: 'ThrottlingException',
      RetryAfterSeconds: 1,
    });
    await expect(client.send(new DescribeGroupCommand({ ...inStore, GroupId: GROUP }))).resolves.toBeDefined();
    await sleep(0.05);
    expect(await ask(2)).toBe(1);
    await sleep(60);
    expect(await ask(25)).toBe(20);
  });
});

describe('names', () => {
  const ANNA_IN_CAPITALS = user(1);
  const find = (client: IdentitystoreClient, AttributePath: string, AttributeValue: string) =>
    client
      .send(
        new GetUserIdCommand({
          ...inStore,
          AlternateIdentifier: { UniqueAttribute: { AttributePath, AttributeValue } },
        }),
      )
      .then(
        ({ UserId }) => UserId,
        ({ name }: Error) => name,
      );

  it.each<[Quirks, string]>([
    [{}, ANNA],
    [{ nameCase: 'sensitive' }, 'ResourceNotFoundException'],
  ])('in another case are found, or not: %j', async (quirks, expected) => {
    const { client } = aStore({ quirks });
    expect(await find(client, 'userName', 'ANNA')).toBe(expected);
    expect(await find(client, 'emails.value', 'Anna@example.com')).toBe(expected);
    const filtered = { ...inStore, Filters: [{ AttributePath: 'UserName', AttributeValue: 'ANNA' }] };
    const { Users } = await client.send(new ListUsersCommand(filtered));
    expect(Users?.map(({ UserId }) => UserId)).toEqual(expected === ANNA ? [ANNA] : []);
    const groups = { ...inStore, Filters: [{ AttributePath: 'DisplayName', AttributeValue: 'SEATS' }] };
    expect((await client.send(new ListGroupsCommand(groups))).Groups).toHaveLength(expected === ANNA ? 1 : 0);
  });

  it('are no filter for another attribute', async () => {
    const Filters = [{ AttributePath: 'Emails', AttributeValue: 'anna@example.com' }];
    const answer = aStore().client.send(new ListUsersCommand({ ...inStore, Filters }));
    await expect(answer).rejects.toMatchObject({ name: 'ValidationException' });
  });

  it.each<[Quirks['ambiguousName'], string]>([
    ['oldest', ANNA],
    ['newest', ANNA_IN_CAPITALS],
    ['not-found', 'ResourceNotFoundException'],
    ['refused', 'ValidationException'],
  ])('of two users lead to an answer of AWS: %s', async (ambiguousName, expected) => {
    const { client, world } = aStore({ quirks: { ambiguousName } });
    world.addUser({ userId: ANNA_IN_CAPITALS, userName: 'ANNA', email: 'anna@EXAMPLE.com' });
    expect(await find(client, 'userName', 'anna')).toBe(expected);
    expect(await find(client, 'emails.value', 'anna@example.com')).toBe(expected);
  });
});
