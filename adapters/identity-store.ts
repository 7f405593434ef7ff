import {
  type AlternateIdentifier,
  DescribeUserCommand,
  GetUserIdCommand,
  type GroupMembership,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  type IsMemberInGroupsCommandOutput,
  ListGroupMembershipsCommand,
  ListUsersCommand,
} from '@aws-sdk/client-identitystore';
import type { Selector } from '../domain/request/request.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { normalizeId } from '../domain/shared/ids.ts';
import { IDENTITY_STORE_ERRORS } from './aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from './clients.ts';
import { askWith, idIn, listIn, malformedAnswer, pages, undefinedIf } from './requests.ts';
import { isNotFound } from './translate-error.ts';

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
   * Returns the groups, among the given ones, of which the user is a member: one IsMemberInGroups call per 100 groups.
   * A group that does not exist has no members.
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

/** The limit of IsMemberInGroups and of MaxResults. */
const MAX_PER_CALL = 100;

function membersIn(memberships: readonly GroupMembership[] | undefined, operation: string): string[] {
  return listIn(memberships, operation, 'GroupMemberships').map(({ MemberId }) =>
    idIn(MemberId?.UserId, 'user', operation, 'GroupMemberships.MemberId.UserId'),
  );
}

function userStatusIn(value: unknown): ListedStatus {
  if (value === undefined || value === 'ENABLED') return 'enabled';
  return value === 'DISABLED' ? 'disabled' : 'unknown';
}

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
      const status = userStatusIn(user.UserStatus);
      if (status === 'unknown') {
        throw new RefusedError('unknown-user-status', `${operation}: UserStatus has an unknown value (user ${userId})`);
      }
      return status;
    });
  }

  /** @returns undefined if the user does not exist */
  async function groupsAmong(userId: string, groupIds: readonly string[]): Promise<string[] | undefined> {
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
    if (answer === 'user' || (answer === 'user-or-group' && (await statusOf(userId)) === 'missing')) return undefined;
    // One missing group fails the call for all of them, and more than one may be missing.
    if (groupIds.length === 1) return [];
    const found: string[] = [];
    for (const groupId of groupIds) {
      const one = await groupsAmong(userId, [groupId]);
      if (one === undefined) return undefined;
      found.push(...one);
    }
    return found;
  }

  return {
    statusOf,

    async groupsOf(userId, groupIds) {
      if (groupIds.length === 0) return (await statusOf(userId)) === 'missing' ? undefined : new Set();
      const found = new Set<string>();
      for (let from = 0; from < groupIds.length; from += MAX_PER_CALL) {
        const some = await groupsAmong(userId, groupIds.slice(from, from + MAX_PER_CALL));
        if (some === undefined) return undefined;
        for (const groupId of some) found.add(groupId);
      }
      return found;
    },

    async *membersOf(groupId) {
      const operation = 'ListGroupMemberships';
      const about = [`group ${groupId}`];
      const list = { ...store, GroupId: groupId, MaxResults: MAX_PER_CALL };
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
        ask(operation, [], () => client.send(new ListUsersCommand({ ...store, MaxResults: MAX_PER_CALL, NextToken }))),
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
