import {
  DescribeUserCommand,
  GetUserIdCommand,
  IdentitystoreClient,
  IdentitystoreServiceException,
  IsMemberInGroupsCommand,
  ListGroupMembershipsCommand,
  ListGroupMembershipsForMemberCommand,
  ListUsersCommand,
  ResourceNotFoundException,
  ThrottlingException,
} from '@aws-sdk/client-identitystore';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { identityStoreDirectory } from '../../adapters/identity-store.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { STORE_ID } from '../support/ids.ts';

const USER = '93670dc30f-6d321996-0ac8-4d2a-9c8a-1f0d3f1c2b4e';

/** The n-th id of a kind: `userId(1)`, `groupId(1)`, … */
const numbered = (kind: string) => (n: number) => `${kind}0000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const userId = numbered('a');
const groupId = numbered('b');
const range = (count: number, first = 1) => Array.from({ length: count }, (_, index) => first + index);

function aDirectory() {
  const client = new IdentitystoreClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  let turns = 0;
  const directory = identityStoreDirectory(client, STORE_ID, {
    pace: async () => {
      turns += 1;
    },
  });
  const calls = () => aws.calls().map(({ args: [command] }) => command);
  return { aws, directory, calls, turns: () => turns };
}

function notFound(
  details: {
    ResourceType?: 'USER' | 'GROUP' | 'IDENTITY_STORE';
    ResourceId?: string;
    Reason?: 'KMS_KEY_NOT_FOUND';
  } = {},
) {
  return new ResourceNotFoundException({ message: 'jane.doe@example.com not found.', $metadata: {}, ...details });
}

const throttled = () => new ThrottlingException({ message: 'Rate exceeded', $metadata: {} });

/** Answers IsMemberInGroups from what exists, as AWS does: a missing group fails the call. */
function answersMemberships(memberOf: readonly string[], missing: readonly string[] = []) {
  return ({ GroupIds }: { GroupIds: string[] }) => {
    const gone = GroupIds.find((id) => missing.includes(id));
    if (gone !== undefined) throw notFound({ ResourceType: 'GROUP', ResourceId: gone });
    return { Results: GroupIds.map((id) => ({ GroupId: id, MembershipExists: memberOf.includes(id) })) };
  };
}

async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

describe('groupsOf', () => {
  it('asks for up to 100 groups in one call', async () => {
    const { aws, directory, calls, turns } = aDirectory();
    aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([groupId(1), groupId(100)]));
    const groups = range(100).map(groupId);
    expect(await directory.groupsOf(USER, groups)).toEqual(new Set([groupId(1), groupId(100)]));
    expect(calls().map(({ input }) => input)).toEqual([
      { IdentityStoreId: STORE_ID, MemberId: { UserId: USER }, GroupIds: groups },
    ]);
    expect(turns()).toBe(1);
  });

  it('asks for more groups in more calls and joins the answers', async () => {
    const { aws, directory, calls, turns } = aDirectory();
    aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([groupId(100), groupId(101), groupId(201)]));
    const found = await directory.groupsOf(USER, range(201).map(groupId));
    expect(found).toEqual(new Set([groupId(100), groupId(101), groupId(201)]));
    expect(calls().map(({ input }) => 'GroupIds' in input && input.GroupIds?.length)).toEqual([100, 100, 1]);
    expect(turns()).toBe(3);
  });

  it('reads group ids that come as ARNs, in upper case and in any order', async () => {
    const { aws, directory } = aDirectory();
    aws.on(IsMemberInGroupsCommand).resolves({
      Results: [
        { GroupId: groupId(2).toUpperCase(), MembershipExists: false },
        { GroupId: `arn:aws:identitystore:::group/${groupId(1).toUpperCase()}`, MembershipExists: true },
      ],
    });
    expect(await directory.groupsOf(USER, [groupId(1), groupId(2)])).toEqual(new Set([groupId(1)]));
  });

  it.each([
    ['by its type', { ResourceType: 'USER' }],
    ['by its type and id', { ResourceType: 'USER', ResourceId: USER }],
    ['by its id alone', { ResourceId: USER }],
    ['by its id as an ARN', { ResourceId: `arn:aws:identitystore:::user/${USER}` }],
  ] as const)('is undefined when AWS says %s that the user is missing', async (_fact, details) => {
    const { aws, directory } = aDirectory();
    aws.on(IsMemberInGroupsCommand).rejects(notFound(details));
    expect(await directory.groupsOf(USER, [groupId(1), groupId(2)])).toBeUndefined();
  });

  it('asks for a single group that is missing with one request', async () => {
    const { aws, directory, calls } = aDirectory();
    aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([], [groupId(1), groupId(101)]));
    expect(await directory.groupsOf(USER, [groupId(1)])).toEqual(new Set());
    expect(calls()).toHaveLength(1);
    aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([groupId(2)], [groupId(101)]));
    expect(await directory.groupsOf(USER, range(101).map(groupId))).toEqual(new Set([groupId(2)]));
    expect(calls()).toHaveLength(3);
  });

  it('lets DescribeUser decide when AWS does not say what is missing: no user', async () => {
    const { aws, directory } = aDirectory();
    aws.on(IsMemberInGroupsCommand).rejects(notFound());
    aws.on(DescribeUserCommand).rejects(notFound());
    expect(await directory.groupsOf(USER, [groupId(1)])).toBeUndefined();
  });

  it('lets DescribeUser decide when AWS does not say what is missing: no group', async () => {
    const { aws, directory } = aDirectory();
    aws.on(IsMemberInGroupsCommand).rejects(notFound({ ResourceId: groupId(1) }));
    aws.on(DescribeUserCommand).resolves({ UserId: USER });
    expect(await directory.groupsOf(USER, [groupId(1)])).toEqual(new Set());
  });

  it.each([
    ['an existing user', true, new Set()],
    ['a missing user', false, undefined],
  ])('reports by DescribeUser, if asked for no groups, %s', async (_fact, exists, expected) => {
    const { aws, directory } = aDirectory();
    if (exists) aws.on(DescribeUserCommand).resolves({ UserId: USER });
    else aws.on(DescribeUserCommand).rejects(notFound({ ResourceType: 'USER' }));
    expect(await directory.groupsOf(USER, [])).toEqual(expected);
  });

  it('fails when one of several calls fails', async () => {
    const { aws, directory } = aDirectory();
    aws
      .on(IsMemberInGroupsCommand)
      .callsFakeOnce(answersMemberships([groupId(1)]))
      .rejects(throttled());
    await expect(directory.groupsOf(USER, range(101).map(groupId))).rejects.toThrow(
      new TransientAwsError(`IsMemberInGroups: ThrottlingException (user ${USER})`),
    );
  });

  it.each([
    ['without results', {}, 'Results'],
    ['with results that are no list', { Results: 'none' }, 'Results'],
    ['with a hole', { Results: [null] }, 'Results'],
    ['with a result for nothing', { Results: [{ MembershipExists: true }] }, 'Results.GroupId'],
    [
      'with the ARN of a user',
      { Results: [{ GroupId: `arn:aws:identitystore:::user/${groupId(1)}`, MembershipExists: true }] },
      'Results.GroupId',
    ],
    ['without a verdict', { Results: [{ GroupId: groupId(1) }] }, 'Results.MembershipExists'],
    [
      'with a verdict of the wrong type',
      { Results: [{ GroupId: groupId(1), MembershipExists: 'true' }] },
      'Results.MembershipExists',
    ],
    [
      'that leaves out a group',
      { Results: [{ GroupId: groupId(1), MembershipExists: true }] },
      `the result for group ${groupId(2)}`,
    ],
  ])('rejects an answer %s', async (_fact, answer, field) => {
    const { aws, directory } = aDirectory();
    aws.on(IsMemberInGroupsCommand).callsFake(() => answer);
    await expect(directory.groupsOf(USER, [groupId(1), groupId(2)])).rejects.toThrow(
      `IsMemberInGroups: ${field} is missing or malformed in the answer (user ${USER})`,
    );
  });
});

describe('groupsOf, when one of several groups is missing,', () => {
  const membership = (n: number) => ({
    IdentityStoreId: STORE_ID,
    MembershipId: groupId(n),
    GroupId: groupId(n),
    MemberId: { UserId: USER },
  });
  const exception = (name: string, httpStatusCode = 400) =>
    new IdentitystoreServiceException({
      name,
      $fault: httpStatusCode < 500 ? 'client' : 'server',
      message: 'jane.doe@example.com may not do this',
      $metadata: { httpStatusCode },
    });
  const unknownOperation = () => exception('UnknownOperationException');
  const LIST = 'ListGroupMembershipsForMember';
  const FOUR = range(4).map(groupId);

  /** A user in the first and the fourth of four groups; the second and the third are missing. */
  function missingTwo() {
    const opened = aDirectory();
    opened.aws
      .on(IsMemberInGroupsCommand)
      .callsFake(answersMemberships([groupId(1), groupId(4)], [groupId(2), groupId(3)]));
    const sizes = () =>
      opened.calls().map(({ input }) => ('GroupIds' in input && input.GroupIds ? input.GroupIds.length : 'list'));
    return { ...opened, list: opened.aws.on(ListGroupMembershipsForMemberCommand), sizes };
  }

  it("lists the user's memberships page by page, following the tokens, and returns those that it was asked for", async () => {
    const { directory, list, calls, turns } = missingTwo();
    list
      .resolvesOnce({ GroupMemberships: [membership(1), membership(9)], NextToken: 'one' })
      .resolvesOnce({ GroupMemberships: [], NextToken: 'two' })
      .resolvesOnce({ GroupMemberships: [membership(4)] });
    expect(await directory.groupsOf(USER, FOUR)).toEqual(new Set([groupId(1), groupId(4)]));
    const request = { IdentityStoreId: STORE_ID, MemberId: { UserId: USER }, MaxResults: 100 };
    const [, ...requests] = calls().map(({ input }) => input);
    expect(requests).toEqual([
      { ...request, NextToken: undefined },
      { ...request, NextToken: 'one' },
      { ...request, NextToken: 'two' },
    ]);
    expect(turns()).toBe(4);
  });

  it('makes the same requests, however many groups are missing', async () => {
    const { aws, directory, list, sizes } = missingTwo();
    list.resolves({ GroupMemberships: [membership(200), membership(250)] });
    for (const missing of [[1], [1, 101], range(150)]) {
      aws.resetHistory();
      aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([200, 250].map(groupId), missing.map(groupId)));
      expect(await directory.groupsOf(USER, range(250).map(groupId))).toEqual(new Set([200, 250].map(groupId)));
      expect(sizes()).toEqual([100, 'list', 100, 50]);
    }
  });

  it('reads ids that come as ARNs or in upper case, and entries without the user', async () => {
    const { directory, list } = missingTwo();
    const arn = (kind: string, id: string) => `arn:aws:identitystore:::${kind}/${id.toUpperCase()}`;
    list.callsFake(() => ({
      GroupMemberships: [
        { GroupId: arn('group', groupId(1)), MemberId: { UserId: arn('user', USER) } },
        { GroupId: groupId(4).toUpperCase() },
      ],
    }));
    expect(await directory.groupsOf(USER, FOUR)).toEqual(new Set([groupId(1), groupId(4)]));
  });

  it.each([
    ['by its type', { ResourceType: 'USER' }],
    ['by its id', { ResourceId: USER }],
    ['by nothing', {}],
  ] as const)('is undefined when AWS says %s that the user has gone meanwhile', async (_fact, details) => {
    const { directory, list } = missingTwo();
    list.resolvesOnce({ GroupMemberships: [membership(1)], NextToken: 'one' }).rejects(notFound(details));
    expect(await directory.groupsOf(USER, FOUR)).toBeUndefined();
  });

  it('lets DescribeUser decide when AWS does not say what is missing', async () => {
    const { aws, directory, list } = missingTwo();
    list.resolves({ GroupMemberships: [membership(4)] });
    aws.on(IsMemberInGroupsCommand).rejects(notFound());
    aws.on(DescribeUserCommand).resolves({ UserId: USER });
    expect(await directory.groupsOf(USER, FOUR)).toEqual(new Set([groupId(4)]));
    aws.on(DescribeUserCommand).rejects(notFound());
    expect(await directory.groupsOf(USER, FOUR)).toBeUndefined();
  });

  it('fails when a page fails', async () => {
    const { directory, list } = missingTwo();
    list.resolvesOnce({ GroupMemberships: [membership(1)], NextToken: 'one' }).rejects(throttled());
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(
      new TransientAwsError(`${LIST}: ThrottlingException (user ${USER})`),
    );
  });

  it('fails when a token comes back', async () => {
    const { directory, list } = missingTwo();
    list.resolves({ GroupMemberships: [], NextToken: 'one' });
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(`${LIST}: AWS returned the same NextToken twice`);
  });

  it.each([
    ['a missing KMS key', { Reason: 'KMS_KEY_NOT_FOUND' }, 'kms-key-not-found'],
    ['a missing identity store', { ResourceType: 'IDENTITY_STORE', ResourceId: STORE_ID }, 'identity-store-missing'],
    ['a missing group', { ResourceType: 'GROUP', ResourceId: groupId(2) }, 'ResourceNotFoundException'],
  ] as const)('takes %s for a refusal', async (_fact, details, reason) => {
    const { directory, list } = missingTwo();
    list.rejects(notFound(details));
    const failure = await directory.groupsOf(USER, FOUR).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toHaveProperty('reason', reason);
  });

  it.each([
    ['without a list', {}, 'GroupMemberships'],
    ['with a hole', { GroupMemberships: [membership(1), null] }, 'GroupMemberships'],
    ['with an entry without group', { GroupMemberships: [{ MemberId: { UserId: USER } }] }, 'GroupMemberships.GroupId'],
    [
      'with the id of a user as group',
      { GroupMemberships: [{ GroupId: `arn:aws:identitystore:::user/${groupId(1)}` }] },
      'GroupMemberships.GroupId',
    ],
    [
      'with the membership of another user',
      { GroupMemberships: [{ ...membership(1), MemberId: { UserId: userId(1) } }] },
      'GroupMemberships.MemberId.UserId',
    ],
    [
      'with a member that is no user',
      { GroupMemberships: [{ ...membership(1), MemberId: { $unknown: ['GroupId', groupId(2)] } }] },
      'GroupMemberships.MemberId.UserId',
    ],
  ])('rejects a page %s', async (_fact, page, field) => {
    const { directory, list } = missingTwo();
    list.callsFake(() => page);
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(
      new RefusedError('malformed-answer', `${LIST}: ${field} is missing or malformed in the answer (user ${USER})`),
    );
  });

  it('takes an exception without a row for a refusal with its name, and a status of 500 for transient', async () => {
    const { directory, list } = missingTwo();
    list.rejects(exception('SomethingNewException'));
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(
      new RefusedError('SomethingNewException', `${LIST}: SomethingNewException (user ${USER})`),
    );
    list.rejects(exception('SomethingNewException', 503));
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(TransientAwsError);
    list.rejects(exception('Denied to jane.doe@example.com'));
    await expect(directory.groupsOf(USER, FOUR)).rejects.toThrow(
      new RefusedError('unknown-exception', `${LIST}: unknown-exception (user ${USER})`),
    );
  });

  it('does not hide an error of the program', async () => {
    const { directory, list } = missingTwo();
    const bug = new TypeError('x is not a function');
    list.rejects(bug);
    await expect(directory.groupsOf(USER, FOUR)).rejects.toBe(bug);
  });

  it('asks one by one in a store that does not offer the list, in the calls that have a missing group', async () => {
    const { aws, directory, list, sizes } = missingTwo();
    aws.on(IsMemberInGroupsCommand).callsFake(answersMemberships([groupId(1), groupId(103)], [101, 204].map(groupId)));
    list.rejects(unknownOperation());
    expect(await directory.groupsOf(USER, range(205).map(groupId))).toEqual(new Set([groupId(1), groupId(103)]));
    expect(sizes()).toEqual([100, 100, 'list', ...Array(100).fill(1), 5, ...Array(5).fill(1)]);
  });

  it('is undefined when the user goes while the groups are asked for one by one', async () => {
    const { aws, directory, list } = missingTwo();
    list.rejects(unknownOperation());
    aws
      .on(IsMemberInGroupsCommand)
      .rejectsOnce(notFound({ ResourceType: 'GROUP' }))
      .rejects(notFound({ ResourceType: 'USER' }));
    expect(await directory.groupsOf(USER, FOUR)).toBeUndefined();
  });

  it.each([
    ['reads 20 pages', 20, ['list']],
    ['asks one by one after 20 pages, if there are more', 21, ['list', 1, 1, 1, 1]],
  ] as const)('%s', async (_fact, count, rest) => {
    const { directory, list, sizes } = missingTwo();
    list.callsFake(({ NextToken }: { NextToken?: string }) => {
      const page = Number(NextToken ?? 1);
      const last = page === count;
      return {
        GroupMemberships: last ? [membership(1), membership(4)] : [membership(1000 + page)],
        ...(last ? {} : { NextToken: `${page + 1}` }),
      };
    });
    expect(await directory.groupsOf(USER, FOUR)).toEqual(new Set([groupId(1), groupId(4)]));
    expect(sizes()).toEqual([4, ...Array(19).fill('list'), ...rest]);
  });
});

describe('membersOf', () => {
  const member = (id: string) => ({ IdentityStoreId: STORE_ID, MemberId: { UserId: id } });

  it('yields the members page by page, following the tokens', async () => {
    const { aws, directory, calls, turns } = aDirectory();
    aws
      .on(ListGroupMembershipsCommand)
      .resolvesOnce({ GroupMemberships: range(100).map((n) => member(userId(n))), NextToken: 'one' })
      .resolvesOnce({ GroupMemberships: [], NextToken: 'two' })
      .resolvesOnce({ GroupMemberships: [member(userId(101))] });
    expect(await collected(directory.membersOf(groupId(1)))).toEqual([range(100).map(userId), [], [userId(101)]]);
    const request = { IdentityStoreId: STORE_ID, GroupId: groupId(1), MaxResults: 100 };
    expect(calls().map(({ input }) => input)).toEqual([
      { ...request, NextToken: undefined },
      { ...request, NextToken: 'one' },
      { ...request, NextToken: 'two' },
    ]);
    expect(turns()).toBe(3);
  });

  it('reads ids that come as ARNs or in upper case', async () => {
    const { aws, directory } = aDirectory();
    aws.on(ListGroupMembershipsCommand).resolves({
      GroupMemberships: [member(`arn:aws:identitystore:::user/${USER}`), member(userId(1).toUpperCase())],
    });
    expect(await collected(directory.membersOf(groupId(1)))).toEqual([[USER, userId(1)]]);
  });

  it('yields one empty page for an empty group', async () => {
    const { aws, directory } = aDirectory();
    aws.on(ListGroupMembershipsCommand).resolves({ GroupMemberships: [] });
    expect(await collected(directory.membersOf(groupId(1)))).toEqual([[]]);
  });

  it.each([
    ['with its type', { ResourceType: 'GROUP' }],
    ['with its id', { ResourceId: groupId(1) }],
    ['with nothing', {}],
  ] as const)('yields a single undefined for a group that AWS, %s, says is missing', async (_fact, details) => {
    const { aws, directory } = aDirectory();
    aws.on(ListGroupMembershipsCommand).rejects(notFound(details));
    expect(await collected(directory.membersOf(groupId(1)))).toEqual([undefined]);
  });

  it('fails, to be tried again, when the group goes while it is listed', async () => {
    const { aws, directory } = aDirectory();
    aws
      .on(ListGroupMembershipsCommand)
      .resolvesOnce({ GroupMemberships: [member(userId(1))], NextToken: 'one' })
      .rejects(notFound({ ResourceType: 'GROUP' }));
    await expect(collected(directory.membersOf(groupId(1)))).rejects.toThrow(TransientAwsError);
  });

  it('fails when a page fails', async () => {
    const { aws, directory } = aDirectory();
    aws
      .on(ListGroupMembershipsCommand)
      .resolvesOnce({ GroupMemberships: [member(userId(1))], NextToken: 'one' })
      .rejects(throttled());
    await expect(collected(directory.membersOf(groupId(1)))).rejects.toThrow(
      new TransientAwsError(`ListGroupMemberships: ThrottlingException (group ${groupId(1)})`),
    );
  });

  it('fails when a token comes back', async () => {
    const { aws, directory } = aDirectory();
    aws.on(ListGroupMembershipsCommand).resolves({ GroupMemberships: [], NextToken: 'one' });
    await expect(collected(directory.membersOf(groupId(1)))).rejects.toThrow('AWS returned the same NextToken twice');
  });

  it.each([
    ['without a list', {}, 'GroupMemberships'],
    ['with a list that is none', { GroupMemberships: {} }, 'GroupMemberships'],
    ['with a hole', { GroupMemberships: [member(userId(1)), null] }, 'GroupMemberships'],
    ['with an entry without member', { GroupMemberships: [{}] }, 'GroupMemberships.MemberId.UserId'],
    [
      'with a member that is no user',
      { GroupMemberships: [{ MemberId: { $unknown: ['GroupId', groupId(2)] } }] },
      'GroupMemberships.MemberId.UserId',
    ],
    ['with an id that is none', { GroupMemberships: [member('jane.doe')] }, 'GroupMemberships.MemberId.UserId'],
  ])('rejects a page %s', async (_fact, page, field) => {
    const { aws, directory } = aDirectory();
    aws.on(ListGroupMembershipsCommand).callsFake(() => page);
    await expect(collected(directory.membersOf(groupId(1)))).rejects.toThrow(
      new RefusedError(
        'malformed-answer',
        `ListGroupMemberships: ${field} is missing or malformed in the answer (group ${groupId(1)})`,
      ),
    );
  });
});

describe('statusOf', () => {
  it.each([
    ['ENABLED', 'enabled'],
    ['DISABLED', 'disabled'],
    [undefined, 'enabled'],
  ] as const)('reads %s as %s', async (UserStatus, status) => {
    const { aws, directory, calls, turns } = aDirectory();
    aws.on(DescribeUserCommand).resolves({ UserId: USER, UserStatus });
    expect(await directory.statusOf(USER)).toBe(status);
    expect(calls()[0]?.input).toEqual({ IdentityStoreId: STORE_ID, UserId: USER });
    expect(turns()).toBe(1);
  });

  it.each([
    ['with its type', { ResourceType: 'USER' }],
    ['with its id', { ResourceId: USER }],
    ['with nothing', {}],
  ] as const)('is missing when AWS, %s, says so', async (_fact, details) => {
    const { aws, directory } = aDirectory();
    aws.on(DescribeUserCommand).rejects(notFound(details));
    expect(await directory.statusOf(USER)).toBe('missing');
  });

  it.each([
    ['the id of something else', { ResourceId: STORE_ID }],
    ['another type', { ResourceType: 'GROUP', ResourceId: USER }],
  ] as const)('does not take the absence of %s for that of the user', async (_fact, details) => {
    const { aws, directory } = aDirectory();
    aws.on(DescribeUserCommand).rejects(notFound(details));
    await expect(directory.statusOf(USER)).rejects.toThrow(
      new RefusedError('ResourceNotFoundException', `DescribeUser: ResourceNotFoundException (user ${USER})`),
    );
  });

  it.each([
    ['an answer without content', {}, 'UserId'],
    ['the answer for another user', { UserId: userId(1) }, 'UserId'],
  ])('rejects %s', async (_fact, answer, field) => {
    const { aws, directory } = aDirectory();
    aws.on(DescribeUserCommand).callsFake(() => answer);
    await expect(directory.statusOf(USER)).rejects.toThrow(
      `DescribeUser: ${field} is missing or malformed in the answer (user ${USER})`,
    );
  });
});

describe('a status that the API reference does not list', () => {
  const STATUSES = ['SUSPENDED', 'enabled', 'ENABLED ', '', 5, null, {}];

  it.each(STATUSES)('is a refusal about this user, without the value: %j', async (UserStatus) => {
    const { aws, directory } = aDirectory();
    aws.on(DescribeUserCommand).callsFake(() => ({ UserId: USER, UserStatus }));
    const failure = await directory.statusOf(USER).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toMatchObject({
      reason: 'unknown-user-status',
      message: `DescribeUser: UserStatus has an unknown value (user ${USER})`,
    });
  });

  it.each(STATUSES)('concerns no other user of the list: %j', async (UserStatus) => {
    const { aws, directory } = aDirectory();
    aws.on(ListUsersCommand).callsFake(() => ({ Users: [{ UserId: USER, UserStatus }, { UserId: userId(1) }] }));
    expect(await collected(directory.users())).toEqual([
      [
        { userId: USER, status: 'unknown' },
        { userId: userId(1), status: 'enabled' },
      ],
    ]);
  });
});

describe('users', () => {
  it('yields all users with their status, page by page', async () => {
    const { aws, directory, calls, turns } = aDirectory();
    aws
      .on(ListUsersCommand)
      .resolvesOnce({
        Users: [
          { IdentityStoreId: STORE_ID, UserId: `arn:aws:identitystore:::user/${USER}`, UserStatus: 'DISABLED' },
          { IdentityStoreId: STORE_ID, UserId: userId(1), UserStatus: 'ENABLED' },
        ],
        NextToken: 'one',
      })
      .resolvesOnce({ Users: [{ IdentityStoreId: STORE_ID, UserId: userId(2) }] });
    expect(await collected(directory.users())).toEqual([
      [
        { userId: USER, status: 'disabled' },
        { userId: userId(1), status: 'enabled' },
      ],
      [{ userId: userId(2), status: 'enabled' }],
    ]);
    expect(calls().map(({ input }) => input)).toEqual([
      { IdentityStoreId: STORE_ID, MaxResults: 100, NextToken: undefined },
      { IdentityStoreId: STORE_ID, MaxResults: 100, NextToken: 'one' },
    ]);
    expect(turns()).toBe(2);
  });

  it('fails when a page fails', async () => {
    const { aws, directory } = aDirectory();
    aws.on(ListUsersCommand).resolvesOnce({ Users: [], NextToken: 'one' }).rejects(throttled());
    await expect(collected(directory.users())).rejects.toThrow(new TransientAwsError('ListUsers: ThrottlingException'));
  });

  it.each([
    ['without a list', {}, 'Users'],
    ['with an entry without id', { Users: [{ UserName: 'jane.doe' }] }, 'Users.UserId'],
  ])('rejects a page %s', async (_fact, page, field) => {
    const { aws, directory } = aDirectory();
    aws.on(ListUsersCommand).callsFake(() => page);
    await expect(collected(directory.users())).rejects.toThrow(`ListUsers: ${field} is missing or malformed`);
  });
});

describe('findUser', () => {
  it.each([
    ['user name', { userName: 'jane' }, { UniqueAttribute: { AttributePath: 'userName', AttributeValue: 'jane' } }],
    [
      'e-mail address',
      { email: 'jane@example.com' },
      { UniqueAttribute: { AttributePath: 'emails.value', AttributeValue: 'jane@example.com' } },
    ],
    [
      'external id',
      { externalId: { issuer: 'https://idp.example.com', id: '00u1' } },
      { ExternalId: { Issuer: 'https://idp.example.com', Id: '00u1' } },
    ],
  ])('asks by %s', async (_fact, selector, AlternateIdentifier) => {
    const { aws, directory, calls, turns } = aDirectory();
    aws.on(GetUserIdCommand).resolves({ UserId: `arn:aws:identitystore:::user/${USER}` });
    expect(await directory.findUser(selector)).toBe(USER);
    expect(calls()[0]?.input).toEqual({ IdentityStoreId: STORE_ID, AlternateIdentifier });
    expect(turns()).toBe(1);
  });

  it.each([
    ['with its type', { ResourceType: 'USER' }],
    ['with nothing', {}],
  ] as const)('is undefined when AWS, %s, says that there is no such user', async (_fact, details) => {
    const { aws, directory } = aDirectory();
    aws.on(GetUserIdCommand).rejects(notFound(details));
    expect(await directory.findUser({ userName: 'jane' })).toBeUndefined();
  });

  it('rejects an answer without id', async () => {
    const { aws, directory } = aDirectory();
    aws.on(GetUserIdCommand).callsFake(() => ({}));
    await expect(directory.findUser({ userName: 'jane' })).rejects.toThrow('GetUserId: UserId is missing or malformed');
  });

  it('quotes no selector in its errors', async () => {
    const { aws, directory } = aDirectory();
    aws.on(GetUserIdCommand).rejects(throttled());
    await expect(directory.findUser({ email: 'jane@example.com' })).rejects.toThrow(
      new TransientAwsError('GetUserId: ThrottlingException'),
    );
  });
});

describe('every operation', () => {
  type Directory = ReturnType<typeof aDirectory>['directory'];
  const operations: [string, (directory: Directory) => Promise<unknown>][] = [
    ['groupsOf', (directory) => directory.groupsOf(USER, [groupId(1)])],
    ['membersOf', (directory) => collected(directory.membersOf(groupId(1)))],
    ['statusOf', (directory) => directory.statusOf(USER)],
    ['users', (directory) => collected(directory.users())],
    ['findUser', (directory) => directory.findUser({ userName: 'jane' })],
  ];

  it.each(operations)('%s does not take a missing identity store for a missing user or group', async (_name, run) => {
    const { aws, directory } = aDirectory();
    aws.onAnyCommand().rejects(notFound({ ResourceType: 'IDENTITY_STORE', ResourceId: STORE_ID }));
    const failure = await run(directory).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RefusedError);
    expect(failure).toHaveProperty('reason', 'identity-store-missing');
  });

  it.each(operations)('%s does not take a missing KMS key for a missing user or group', async (_name, run) => {
    const { aws, directory } = aDirectory();
    aws.onAnyCommand().rejects(notFound({ Reason: 'KMS_KEY_NOT_FOUND' }));
    expect(await run(directory).catch((error: unknown) => error)).toHaveProperty('reason', 'kms-key-not-found');
  });

  it.each(operations)('%s takes a reason that it does not know for a refusal', async (_name, run) => {
    const { aws, directory } = aDirectory();
    aws.onAnyCommand().rejects(Object.assign(notFound(), { Reason: 'SOMETHING_NEW' }));
    expect(await run(directory).catch((error: unknown) => error)).toHaveProperty('reason', 'ResourceNotFoundException');
  });

  it.each(operations)('%s takes an absence that it did not ask about for a refusal', async (_name, run) => {
    const { aws, directory } = aDirectory();
    aws.onAnyCommand().rejects(Object.assign(notFound(), { ResourceType: 'GROUP_MEMBERSHIP' }));
    expect(await run(directory).catch((error: unknown) => error)).toHaveProperty('reason', 'ResourceNotFoundException');
  });
});
