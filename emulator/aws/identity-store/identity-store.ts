import * as z from 'zod/mini';
import type { Selector } from '../../../domain/request/request.ts';
import type { Clock } from '../../../domain/shared/clock.ts';
import type { Group, Membership, User } from '../identity-center/directory.ts';
import { emailsOf } from '../identity-center/directory-seed.ts';
import type { IdentityCenter } from '../identity-center/identity-center.ts';
import type { ReadOperation } from '../identity-center/reads.ts';
import type { Moment } from '../identity-center/temporal-map.ts';
import { jsonService, type Operation, operation, type Service, ServiceError } from '../json-service.ts';
import { Paging } from '../paging.ts';
import { RateLimit } from '../rate-limit.ts';
import { chosenOf, filtered, groupsNamedAlike, namedAlike } from './look-up.ts';

const ResourceId = z
  .string()
  .check(
    z.regex(/^(?:[0-9a-f]{10}-)?[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}$/, 'expected an id'),
    z.toLowerCase(),
  );
const IdentityStoreId = z
  .string()
  .check(z.regex(/^(?:d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/, 'expected d-<10 hex> or a UUID'));
const MemberId = z.object({ UserId: ResourceId });
const MaxResults = z._default(z.int().check(z.minimum(1), z.maximum(100)), 100);
const NextToken = z.optional(z.string().check(z.regex(/^[-a-zA-Z0-9+=/:_]{1,65535}$/, 'expected a token')));

const IsMemberInput = z.object({
  IdentityStoreId,
  MemberId,
  GroupIds: z.array(ResourceId).check(z.minLength(1), z.maxLength(100)),
});
const ListMembershipsInput = z.object({ IdentityStoreId, GroupId: ResourceId, MaxResults, NextToken });
const ListForMemberInput = z.object({ IdentityStoreId, MemberId, MaxResults, NextToken });
const GetMembershipIdInput = z.object({ IdentityStoreId, GroupId: ResourceId, MemberId });
const DescribeUserInput = z.object({ IdentityStoreId, UserId: ResourceId });
const DescribeGroupInput = z.object({ IdentityStoreId, GroupId: ResourceId });
const Filters = z._default(z.array(z.object({ AttributePath: z.string(), AttributeValue: z.string() })), []);
const ListGroupsInput = z.object({ IdentityStoreId, MaxResults, NextToken, Filters });
const ListUsersInput = z.object({ IdentityStoreId, MaxResults, NextToken, Filters });

const AttributeText = z.string().check(z.minLength(1), z.maxLength(1024));
const GetUserIdInput = z.object({
  IdentityStoreId,
  AlternateIdentifier: z.union([
    z.strictObject({
      UniqueAttribute: z.object({
        AttributePath: z.enum(['userName', 'emails.value']),
        AttributeValue: AttributeText,
      }),
    }),
    z.strictObject({ ExternalId: z.object({ Issuer: AttributeText, Id: AttributeText }) }),
  ]),
});

const GetGroupIdInput = z.object({
  IdentityStoreId,
  AlternateIdentifier: z.strictObject({
    UniqueAttribute: z.object({ AttributePath: z.literal('displayName'), AttributeValue: AttributeText }),
  }),
});

/** A UserStatus that AWS might add. */
const NEW_STATUS = 'SUSPENDED';

/**
 * Operations that a store answers with UnknownOperationException if AD Sync feeds it.
 *
 * @see https://github.com/aws/aws-sdk/issues/682
 */
const NOT_WITH_AD_SYNC: ReadonlySet<string> = new Set([
  'ListGroupMemberships',
  'ListGroupMembershipsForMember',
  'GetUserId',
  'GetGroupId',
  // Not known of this one: the rest of its family is not offered.
  'GetGroupMembershipId',
]);

function identityNotFound(
  resourceType: 'USER' | 'GROUP' | 'GROUP_MEMBERSHIP' | 'IDENTITY_STORE',
  resourceId?: string,
): ServiceError {
  const fields = { ResourceType: resourceType, ...(resourceId === undefined ? {} : { ResourceId: resourceId }) };
  return new ServiceError('ResourceNotFoundException', `${resourceType} not found.`, { fields });
}

function selectorOf(identifier: z.infer<typeof GetUserIdInput>['AlternateIdentifier']): Selector {
  if ('ExternalId' in identifier) {
    return { externalId: { issuer: identifier.ExternalId.Issuer, id: identifier.ExternalId.Id } };
  }
  const { AttributePath, AttributeValue } = identifier.UniqueAttribute;
  return AttributePath === 'userName' ? { userName: AttributeValue } : { email: AttributeValue };
}

/**
 * Returns the Identity Store with the reads that Usher and its operator's command use, at 20 requests per second for each
 * operation.
 *
 * @param options `writes` are further operations
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_Operations.html
 */
export function identityStore(
  center: IdentityCenter,
  clock: Clock,
  options: { writes?: ReadonlyMap<string, Operation>; othersPerSecond?: number | undefined } = {},
): Service {
  const { writes = new Map<string, Operation>(), othersPerSecond } = options;
  const { identityStoreId: storeId, quirks } = center;
  const paging = new Paging(clock, quirks);

  /** Returns an operation whose input names the identity store. */
  const read = <T extends { IdentityStoreId: string }>(
    name: ReadOperation,
    schema: z.ZodMiniType<T>,
    answer: (input: T, moment: Moment) => object,
  ): Operation =>
    operation(schema, (input) => {
      if (input.IdentityStoreId !== storeId) throw identityNotFound('IDENTITY_STORE', input.IdentityStoreId);
      return answer(input, center.seenBy(name));
    });

  const existingUser = (userId: string, moment: Moment): User => {
    const user = center.user(userId, moment);
    if (user === undefined) throw identityNotFound('USER', userId);
    return user;
  };

  const userStatus = (status: User['status']): object => {
    if (quirks.userStatus === 'absent') return {};
    return { UserStatus: quirks.userStatus === 'new-value' && status !== 'ENABLED' ? NEW_STATUS : status };
  };

  /** JSON leaves out what is undefined. */
  const describeUser = ({ userId, userName, name, displayName, externalId, status, ...user }: User): object => {
    const emails = emailsOf(user).map(({ value: Value, type: Type, primary: Primary }) => ({ Value, Type, Primary }));
    return {
      IdentityStoreId: storeId,
      UserId: userId,
      UserName: userName,
      Name: name && { GivenName: name.givenName, FamilyName: name.familyName },
      DisplayName: displayName,
      PreferredLanguage: user.preferredLanguage,
      ...(emails.length === 0 ? {} : { Emails: emails }),
      ...(externalId === undefined ? {} : { ExternalIds: [{ Issuer: externalId.issuer, Id: externalId.id }] }),
      ...userStatus(status),
    };
  };

  const describeMembership = ({ membershipId, groupId, userId }: Membership): object => ({
    IdentityStoreId: storeId,
    MembershipId: membershipId,
    GroupId: groupId,
    MemberId: { UserId: userId },
  });

  const describeGroup = ({ groupId, displayName }: Group): object => ({
    IdentityStoreId: storeId,
    GroupId: groupId,
    ...(displayName === undefined ? {} : { DisplayName: displayName }),
  });

  const operations = new Map<string, Operation>([
    [
      'IsMemberInGroups',
      read('IdentityStore.IsMemberInGroups', IsMemberInput, ({ MemberId: { UserId }, GroupIds }, moment) => {
        existingUser(UserId, moment);
        const missing = GroupIds.find((groupId) => center.group(groupId, moment) === undefined);
        if (missing !== undefined && quirks.missingGroup === 'not-found') throw identityNotFound('GROUP', missing);
        const results = GroupIds.map((GroupId) => ({
          GroupId,
          MemberId: { UserId },
          MembershipExists: center.isMember(GroupId, UserId, moment),
        }));
        return { Results: results };
      }),
    ],
    [
      'ListGroupMemberships',
      read('IdentityStore.ListGroupMemberships', ListMembershipsInput, (input, moment) => {
        const { GroupId } = input;
        if (center.group(GroupId, moment) === undefined) throw identityNotFound('GROUP', GroupId);
        const { values, token } = paging.page(GroupId, input, (limit, after) =>
          center.memberships(GroupId, limit, after, moment),
        );
        return { GroupMemberships: values.map(describeMembership), ...token };
      }),
    ],
    [
      'ListGroupMembershipsForMember',
      read('IdentityStore.ListGroupMembershipsForMember', ListForMemberInput, (input, moment) => {
        const { UserId } = input.MemberId;
        existingUser(UserId, moment);
        const { values, token } = paging.page(`of ${UserId}`, input, (limit, after) =>
          center.membershipsOf(UserId, limit, after, moment),
        );
        return { GroupMemberships: values.map(describeMembership), ...token };
      }),
    ],
    [
      'GetGroupMembershipId',
      read('IdentityStore.GetGroupMembershipId', GetMembershipIdInput, ({ GroupId, MemberId: { UserId } }, moment) => {
        existingUser(UserId, moment);
        if (center.group(GroupId, moment) === undefined) throw identityNotFound('GROUP', GroupId);
        const membership = center.membership(GroupId, UserId, moment);
        if (membership === undefined) throw identityNotFound('GROUP_MEMBERSHIP');
        return { IdentityStoreId: storeId, MembershipId: membership.membershipId };
      }),
    ],
    [
      'DescribeUser',
      read('IdentityStore.DescribeUser', DescribeUserInput, ({ UserId }, moment) =>
        describeUser(existingUser(UserId, moment)),
      ),
    ],
    [
      'ListUsers',
      read('IdentityStore.ListUsers', ListUsersInput, (input, moment) => {
        const { values, token } = paging.page('users', input, (limit, after) => center.users(limit, after, moment));
        const filter = { path: 'UserName', textOf: ({ userName }: User) => userName, center };
        return { Users: filtered(values, input.Filters, filter).map(describeUser), ...token };
      }),
    ],
    [
      'GetUserId',
      read('IdentityStore.GetUserId', GetUserIdInput, ({ AlternateIdentifier }, moment) => {
        const user = chosenOf(namedAlike(center, selectorOf(AlternateIdentifier), moment), center);
        if (user === undefined) throw identityNotFound('USER');
        return { IdentityStoreId: storeId, UserId: user.userId };
      }),
    ],
    [
      'DescribeGroup',
      read('IdentityStore.DescribeGroup', DescribeGroupInput, ({ GroupId }, moment) => {
        const group = center.group(GroupId, moment);
        if (group === undefined) throw identityNotFound('GROUP', GroupId);
        return describeGroup(group);
      }),
    ],
    [
      'ListGroups',
      read('IdentityStore.DescribeGroup', ListGroupsInput, (input, moment) => {
        const { values, token } = paging.page('groups', input, (limit, after) => center.groups(limit, after, moment));
        const filter = { path: 'DisplayName', textOf: ({ displayName }: Group) => displayName, center };
        return { Groups: filtered(values, input.Filters, filter).map(describeGroup), ...token };
      }),
    ],
    [
      'GetGroupId',
      read('IdentityStore.DescribeGroup', GetGroupIdInput, ({ AlternateIdentifier }, moment) => {
        const { AttributeValue } = AlternateIdentifier.UniqueAttribute;
        const group = chosenOf(groupsNamedAlike(center, AttributeValue, moment), center);
        if (group === undefined) throw identityNotFound('GROUP');
        return { IdentityStoreId: storeId, GroupId: group.groupId };
      }),
    ],
  ]);

  for (const [name, write] of writes) operations.set(name, write);
  const limits = new Map([...operations.keys()].map((name) => [name, new RateLimit(clock, othersPerSecond)]));
  return jsonService('IdentityStore', operations, (name) => {
    if (quirks.identitySource === 'ad-sync' && NOT_WITH_AD_SYNC.has(name))
      throw new ServiceError('UnknownOperationException', 'The operation is not known');
    const waitSeconds = limits.get(name)?.take() ?? 0;
    if (waitSeconds === 0) return;
    const fields = { RetryAfterSeconds: Math.ceil(waitSeconds) };
    throw new ServiceError('ThrottlingException', 'Rate exceeded', { fields });
  });
}
