import {
  type AlternateIdentifier,
  DescribeUserCommand,
  GetUserIdCommand,
  type GroupMembership,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  type IsMemberInGroupsCommandOutput,
  ListGroupMembershipsCommand,
  ListGroupMembershipsForMemberCommand,
  ListUsersCommand,
} from '@aws-sdk/client-identitystore';
import { GROUPS_PER_CALL, MAX_PER_PAGE } from '../domain/pace.ts';
import type { Selector } from '../domain/request/request.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { normalizeId } from '../domain/shared/ids.ts';
import { IDENTITY_STORE_ERRORS } from './aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from './clients.ts';
import { askWith, idIn, listIn, malformedAnswer, pages, undefinedIf } from './requests.ts';
import { isNotFound, isUnknownOperation } from './translate-error.ts';

/** Status of a user. `missing` is AWS's ResourceNotFoundException. A user without a status in the answer is enabled. */
export type UserStatus = 'enabled' | 'disabled' | 'missing';
/** Status of a user in the list of all users. `unknown` is a value that the API reference does not list. */
export type ListedStatus = 'enabled' | 'disabled' | 'unknown';

/**
 * The part of the Identity Store API that Usher calls; it only reads.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Directory {
  /**
   * Returns the groups, among the given ones, of which the user is a member. A group that does not exist has no members.
   *
   * Asks IsMemberInGroups once per 100 groups. One missing group fails that call for all of them. All memberships of the user
   * are then listed, once for all such calls: the number of requests does not depend on how many groups are missing. The
   * list ends after 20 pages, 2,000 memberships if they are full. For a user with more, or in a store that does not offer
   * the list, each of these calls is made again group by group.
   *
   * @returns undefined if the user does not exist
   */
  groupsOf(userId: string, groupIds: readonly string[]): Promise<ReadonlySet<string> | undefined>;
  /**
   * Lists the members of a group, by pages of up to 100 user ids.
   *
   * A page that fails ends the iteration with an error: an incomplete list must never look like a smaller group.
   * A group that does not exist yields the single value undefined.
   */
  membersOf(groupId: string): AsyncIterable<readonly string[] | undefined>;
  /** Reads the status of a user (DescribeUser). @throws RefusedError for a value that the reference does not list */
  statusOf(userId: string): Promise<UserStatus>;
  /** Lists all users of the store with their status, by pages of up to 100. */
  users(): AsyncIterable<readonly { userId: string; status: ListedStatus }[]>;
  /** Finds a user (GetUserId); undefined as long as SCIM has not created such a user. */
  findUser(selector: Selector): Promise<string | undefined>;
}

function membersIn(memberships: readonly GroupMembership[] | undefined, operation: string): string[] {
  return listIn(memberships, operation, 'GroupMemberships').map(({ MemberId }) =>
    idIn(MemberId?.UserId, 'user', operation, 'GroupMemberships.MemberId.UserId'),
  );
}

function userStatusIn(value: unknown): ListedStatus {
  if (value === undefined || value === 'ENABLED') return 'enabled';
  return value === 'DISABLED' ? 'disabled' : 'unknown';
}

/** Returns the status in an answer of DescribeUser. @throws RefusedError for a value that the reference does not list */
export function userStatusOf(value: unknown, userId: string): 'enabled' | 'disabled' {
  const status = userStatusIn(value);
  if (status !== 'unknown') return status;
  throw new RefusedError('unknown-user-status', `DescribeUser: UserStatus has an unknown value (user ${userId})`);
}

/** The most pages of a user's memberships: at 1 request per second, 20 s for one user. */
const MAX_MEMBERSHIP_PAGES = 20;

/** Returns the groups of which a page of ListGroupMembershipsForMember has a membership of this user. */
function groupsIn(memberships: readonly GroupMembership[] | undefined, userId: string): string[] {
  const operation = 'ListGroupMembershipsForMember';
  return listIn(memberships, operation, 'GroupMemberships').map(({ GroupId, MemberId }) => {
    // Without this check, the membership of another user would lead to a seat. The field is optional.
    if (MemberId !== undefined && normalizeId(MemberId.UserId, 'user') !== userId)
      throw malformedAnswer(operation, 'GroupMemberships.MemberId.UserId');
    return idIn(GroupId, 'group', operation, 'GroupMemberships.GroupId');
  });
}

/** Those of the groups that were asked for of which the user is a member. */
type Groups = readonly string[] | 'no-user';

/** What IsMemberInGroups did not find. */
type Absence = 'user' | 'group' | 'user-or-group';

/** Returns what an error of IsMemberInGroups says is missing; undefined for any other error. */
function absenceIn(error: unknown, userId: string): Absence | undefined {
  if (!isNotFound(error)) return undefined;
  const { ResourceType, ResourceId } = error;
  if (ResourceType === undefined) return normalizeId(ResourceId, 'user') === userId ? 'user' : 'user-or-group';
  if (ResourceType === 'USER') return 'user';
  return ResourceType === 'GROUP' ? 'group' : undefined;
}

/** Returns the groups of which an answer of IsMemberInGroups confirms a membership. The answer must have every group. */
function confirmedGroups(results: IsMemberInGroupsCommandOutput['Results'], groupIds: readonly string[]): string[] {
  const existence = new Map<string, boolean>();
  for (const result of listIn(results, 'IsMemberInGroups', 'Results')) {
    const groupId = idIn(result.GroupId, 'group', 'IsMemberInGroups', 'Results.GroupId');
    if (typeof result.MembershipExists !== 'boolean')
      throw malformedAnswer('IsMemberInGroups', 'Results.MembershipExists');
    existence.set(groupId, result.MembershipExists);
  }
  return groupIds.filter((groupId) => {
    const exists = existence.get(groupId);
    if (exists === undefined) throw malformedAnswer('IsMemberInGroups', `the result for group ${groupId}`);
    return exists;
  });
}

function alternateIdentifier(selector: Selector): AlternateIdentifier {
  if ('externalId' in selector) {
    return { ExternalId: { Issuer: selector.externalId.issuer, Id: selector.externalId.id } };
  }
  return 'userName' in selector
    ? { UniqueAttribute: { AttributePath: 'userName', AttributeValue: selector.userName } }
    : { UniqueAttribute: { AttributePath: 'emails.value', AttributeValue: selector.email } };
}

/**
 * Whether AWS answers that this user or group does not exist. The exception may omit the resource, but it must not name
 * another one, such as the identity store.
 *
 * @param id undefined where the request has none
 */
export function isMissing(error: unknown, kind: 'user' | 'group', id?: string): boolean {
  if (!isNotFound(error)) return false;
  if (error.ResourceType !== undefined) return error.ResourceType === kind.toUpperCase();
  return error.ResourceId === undefined || id === undefined || normalizeId(error.ResourceId, kind) === id;
}

/** Creates the directory of one identity store on top of the SDK. The pacer spaces the requests. */
export function identityStoreDirectory(client: IdentitystoreClient, identityStoreId: string, pacer: Pacer): Directory {
  const ask = askWith(IDENTITY_STORE_ERRORS, pacer);
  const store = { IdentityStoreId: identityStoreId };

  function statusOf(userId: string): Promise<UserStatus> {
    const operation = 'DescribeUser';
    return ask(operation, [`user ${userId}`], async () => {
      const user = await undefinedIf(
        (error) => isMissing(error, 'user', userId),
        () => client.send(new DescribeUserCommand({ ...store, UserId: userId })),
      );
      if (user === undefined) return 'missing';
      // Without this check, an empty answer would count as an enabled user.
      if (normalizeId(user.UserId, 'user') !== userId) throw malformedAnswer(operation, 'UserId');
      return userStatusOf(user.UserStatus, userId);
    });
  }

  /** Asks IsMemberInGroups. @param groupIds at most 100 */
  async function groupsAmong(userId: string, groupIds: readonly string[]): Promise<Groups | 'a-group-is-missing'> {
    const answer = await ask('IsMemberInGroups', [`user ${userId}`], async () => {
      try {
        const groups = { MemberId: { UserId: userId }, GroupIds: [...groupIds] };
        const { Results } = await client.send(new IsMemberInGroupsCommand({ ...store, ...groups }));
        return confirmedGroups(Results, groupIds);
      } catch (error) {
        const absence = absenceIn(error, userId);
        if (absence === undefined) throw error;
        return absence;
      }
    });
    if (typeof answer === 'object') return answer;
    if (answer === 'user' || (answer === 'user-or-group' && (await statusOf(userId)) === 'missing')) return 'no-user';
    return 'a-group-is-missing';
  }

  async function groupsOneByOne(userId: string, groupIds: readonly string[]): Promise<Groups> {
    const found: string[] = [];
    for (const groupId of groupIds) {
      const one = await groupsAmong(userId, [groupId]);
      if (one === 'no-user') return one;
      if (one !== 'a-group-is-missing') found.push(...one);
    }
    return found;
  }

  /** Lists the user's groups. @returns `no-list` if the store does not offer that, or there are more than 20 pages */
  async function allGroupsOf(userId: string): Promise<ReadonlySet<string> | 'no-user' | 'no-list'> {
    const operation = 'ListGroupMembershipsForMember';
    const list = { ...store, MemberId: { UserId: userId }, MaxResults: MAX_PER_PAGE };
    const found = new Set<string>();
    let count = 0;
    for await (const { groups, NextToken: next } of pages(operation, (NextToken) =>
      ask(operation, [`user ${userId}`], async () => {
        try {
          const page = await client.send(new ListGroupMembershipsForMemberCommand({ ...list, NextToken }));
          return { groups: groupsIn(page.GroupMemberships, userId), NextToken: page.NextToken };
        } catch (error) {
          // The request names no group: what is missing is the user.
          if (isMissing(error, 'user', userId)) return { groups: 'no-user' as const, NextToken: undefined };
          if (isUnknownOperation(error)) return { groups: 'no-list' as const, NextToken: undefined };
          throw error;
        }
      }),
    )) {
      if (typeof groups === 'string') return groups;
      for (const groupId of groups) found.add(groupId);
      count += 1;
      if (count === MAX_MEMBERSHIP_PAGES && next) return 'no-list';
    }
    return found;
  }

  /** Reads the groups also if some are missing. @param list calls {@link allGroupsOf}, once for several calls of this */
  async function groupsOrList(
    userId: string,
    groupIds: readonly string[],
    list: () => ReturnType<typeof allGroupsOf>,
  ): Promise<Groups> {
    const groups = await groupsAmong(userId, groupIds);
    if (groups !== 'a-group-is-missing') return groups;
    if (groupIds.length === 1) return [];
    const all = await list();
    if (all === 'no-list') return groupsOneByOne(userId, groupIds);
    return all === 'no-user' ? all : groupIds.filter((groupId) => all.has(groupId));
  }

  return {
    statusOf,

    async groupsOf(userId, groupIds) {
      if (groupIds.length === 0) return (await statusOf(userId)) === 'missing' ? undefined : new Set();
      const found = new Set<string>();
      let all: ReturnType<typeof allGroupsOf> | undefined;
      const list = () => (all ??= allGroupsOf(userId));
      for (let from = 0; from < groupIds.length; from += GROUPS_PER_CALL) {
        const groups = await groupsOrList(userId, groupIds.slice(from, from + GROUPS_PER_CALL), list);
        if (groups === 'no-user') return undefined;
        for (const groupId of groups) found.add(groupId);
      }
      return found;
    },

    async *membersOf(groupId) {
      const operation = 'ListGroupMemberships';
      const about = [`group ${groupId}`];
      const list = { ...store, GroupId: groupId, MaxResults: MAX_PER_PAGE };
      let hasPage = false;
      for await (const { members } of pages(operation, (NextToken) =>
        ask(operation, about, async () => {
          const page = await undefinedIf(
            (error) => isMissing(error, 'group', groupId),
            () => client.send(new ListGroupMembershipsCommand({ ...list, NextToken })),
          );
          return { members: page && membersIn(page.GroupMemberships, operation), NextToken: page?.NextToken };
        }),
      )) {
        if (!members && hasPage)
          throw new TransientAwsError(`${operation}: the group was deleted while it was listed (${about})`);
        hasPage = true;
        yield members;
      }
    },

    async *users() {
      const operation = 'ListUsers';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListUsersCommand({ ...store, MaxResults: MAX_PER_PAGE, NextToken }))),
      )) {
        yield listIn(page.Users, operation, 'Users').map((user) => ({
          userId: idIn(user.UserId, 'user', operation, 'Users.UserId'),
          status: userStatusIn(user.UserStatus),
        }));
      }
    },

    async findUser(selector) {
      const operation = 'GetUserId';
      // The message has no ids: the selector is a name or an address.
      const found = await ask(operation, [], () =>
        undefinedIf(
          (error) => isMissing(error, 'user'),
          () => client.send(new GetUserIdCommand({ ...store, AlternateIdentifier: alternateIdentifier(selector) })),
        ),
      );
      return found && idIn(found.UserId, 'user', operation, 'UserId');
    },
  };
}

const identityStoreClient = clientFactory(IdentitystoreClient);

/** Connects to the directory of an identity store with the client of these settings. */
export function connectDirectory(settings: ClientSettings, identityStoreId: string, pacer: Pacer): Directory {
  return identityStoreDirectory(identityStoreClient(settings), identityStoreId, pacer);
}
