import {
  type AlternateIdentifier,
  DescribeUserCommand,
  GetUserIdCommand,
  IdentitystoreClient,
  IsMemberInGroupsCommand,
  type IsMemberInGroupsCommandOutput,
  ListGroupMembershipsCommand,
  ListUsersCommand,
} from '@aws-sdk/client-identitystore';
import type { Selector } from '../domain/request/request.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { normalizeId } from '../domain/shared/ids.ts';
import { IDENTITY_STORE_ERRORS, isNotFound } from './aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from './clients.ts';
import { askWith, idIn, listIn, malformedAnswer, pages } from './requests.ts';

/** Status of a user. `missing` is AWS's ResourceNotFoundException. A user without a status in the answer is enabled. */
export type UserStatus = 'enabled' | 'disabled' | 'missing';

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
  /** Reads the status of a user (DescribeUser). */
  statusOf(userId: string): Promise<UserStatus>;
  /** Lists all users of the store with their status (never `missing`), by pages of up to 100. */
  users(): AsyncIterable<readonly { userId: string; status: UserStatus }[]>;
  /** Finds a user (GetUserId); undefined as long as SCIM has not created such a user. */
  findUser(selector: Selector): Promise<string | undefined>;
}

/** The limit of IsMemberInGroups and of MaxResults. */
const MAX_PER_CALL = 100;

function userStatusIn(value: unknown, operation: string): 'enabled' | 'disabled' {
  if (value === undefined || value === 'ENABLED') return 'enabled';
  if (value === 'DISABLED') return 'disabled';
  throw malformedAnswer(operation, 'UserStatus');
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

  async function statusOf(userId: string): Promise<UserStatus> {
    try {
      const user = await ask('DescribeUser', [`user ${userId}`], () =>
        client.send(new DescribeUserCommand({ ...store, UserId: userId })),
      );
      // Without this check, an empty answer would count as an enabled user.
      if (normalizeId(user.UserId, 'user') !== userId) throw malformedAnswer('DescribeUser', 'UserId');
      return userStatusIn(user.UserStatus, 'DescribeUser');
    } catch (error) {
      if (isMissing(error, 'user', userId)) return 'missing';
      throw error;
    }
  }

  /** Whether IsMemberInGroups failed because the user is missing; otherwise a group is missing. */
  async function isUserMissing(error: unknown, userId: string): Promise<boolean> {
    if (!isNotFound(error)) throw error;
    switch (error.ResourceType) {
      case 'USER':
        return true;
      case 'GROUP':
        return false;
      case undefined:
        return normalizeId(error.ResourceId, 'user') === userId || (await statusOf(userId)) === 'missing';
      default:
        throw error;
    }
  }

  /** @returns undefined if the user does not exist */
  async function groupsAmong(userId: string, groupIds: readonly string[]): Promise<string[] | undefined> {
    try {
      const { Results } = await ask('IsMemberInGroups', [`user ${userId}`], () =>
        client.send(new IsMemberInGroupsCommand({ ...store, MemberId: { UserId: userId }, GroupIds: [...groupIds] })),
      );
      return confirmedGroups(Results, groupIds);
    } catch (error) {
      if (await isUserMissing(error, userId)) return undefined;
    }
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
      let hasPage = false;
      try {
        for await (const page of pages(operation, (NextToken) =>
          ask(operation, about, () =>
            client.send(
              new ListGroupMembershipsCommand({ ...store, GroupId: groupId, MaxResults: MAX_PER_CALL, NextToken }),
            ),
          ),
        )) {
          hasPage = true;
          yield listIn(page.GroupMemberships, operation, 'GroupMemberships').map(({ MemberId }) =>
            idIn(MemberId?.UserId, 'user', operation, 'GroupMemberships.MemberId.UserId'),
          );
        }
      } catch (error) {
        if (!isMissing(error, 'group', groupId)) throw error;
        if (hasPage) throw new TransientAwsError(`${operation}: the group was deleted while it was listed (${about})`);
        yield undefined;
      }
    },

    async *users() {
      const operation = 'ListUsers';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListUsersCommand({ ...store, MaxResults: MAX_PER_CALL, NextToken }))),
      )) {
        yield listIn(page.Users, operation, 'Users').map((user) => ({
          userId: idIn(user.UserId, 'user', operation, 'Users.UserId'),
          status: userStatusIn(user.UserStatus, operation),
        }));
      }
    },

    async findUser(selector) {
      try {
        // The message has no ids: the selector is a name or an address.
        const { UserId } = await ask('GetUserId', [], () =>
          client.send(new GetUserIdCommand({ ...store, AlternateIdentifier: alternateIdentifier(selector) })),
        );
        return idIn(UserId, 'user', 'GetUserId', 'UserId');
      } catch (error) {
        if (isMissing(error, 'user')) return undefined;
        throw error;
      }
    },
  };
}

const identityStoreClient = clientFactory(IdentitystoreClient);

/** Connects to the directory of an identity store with the client of these settings. */
export function connectDirectory(settings: ClientSettings, identityStoreId: string, pacer: Pacer): Directory {
  return identityStoreDirectory(identityStoreClient(settings), identityStoreId, pacer);
}
