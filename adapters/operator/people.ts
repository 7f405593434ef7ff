import {
  DescribeGroupCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  IdentitystoreClient,
  ListGroupsCommand,
  ListUsersCommand,
  type User,
} from '@aws-sdk/client-identitystore';
import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { IDENTITY_STORE_ERRORS } from '../aws-errors.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { isMissing } from '../identity-store.ts';
import { askWith, idIn, listIn, pages, undefinedIf } from '../requests.ts';

/** A user with names, for output to the operator. Never goes into a log, a state, an audit event or the ledger. */
export interface Person {
  userId: string;
  userName: string | undefined;
  displayName: string | undefined;
  emails: readonly string[];
}

/** A group with its name. */
export interface Group {
  groupId: string;
  displayName: string | undefined;
}

/**
 * The names in an identity store. Only the CLI shows them.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface People {
  /** The identity store whose names these are. */
  readonly identityStoreId: string;
  /** DescribeUser; undefined if there is no such user. */
  person(userId: string): Promise<Person | undefined>;
  /** ListUsers: all users, by pages of up to 100. */
  users(): AsyncIterable<readonly Person[]>;
  /** DescribeGroup; undefined if there is no such group. */
  group(groupId: string): Promise<Group | undefined>;
  /** GetGroupId by display name; undefined if there is no such group. */
  findGroup(displayName: string): Promise<string | undefined>;
  /** ListGroups: all groups, by pages of up to 100. */
  groups(): AsyncIterable<readonly Group[]>;
}

function personIn({ UserId, UserName, DisplayName, Emails }: User, operation: string): Person {
  return {
    userId: idIn(UserId, 'user', operation, 'UserId'),
    userName: UserName,
    displayName: DisplayName,
    emails: (Emails ?? []).flatMap(({ Value }) => (Value === undefined ? [] : [Value])),
  };
}

/** The names of one identity store, over the SDK. The pacer spaces all requests. */
export function identityStorePeople(client: IdentitystoreClient, identityStoreId: string, pacer: Pacer): People {
  const ask = askWith(IDENTITY_STORE_ERRORS, pacer);
  const store = { IdentityStoreId: identityStoreId };

  return {
    identityStoreId,

    async person(userId) {
      const operation = 'DescribeUser';
      const user = await ask(operation, [`user ${userId}`], () =>
        undefinedIf(
          (error) => isMissing(error, 'user', userId),
          () => client.send(new DescribeUserCommand({ ...store, UserId: userId })),
        ),
      );
      return user && personIn(user, operation);
    },

    async *users() {
      const operation = 'ListUsers';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListUsersCommand({ ...store, MaxResults: MAX_PER_PAGE, NextToken }))),
      )) {
        yield listIn(page.Users, operation, 'Users').map((user) => personIn(user, operation));
      }
    },

    async group(groupId) {
      const found = await ask('DescribeGroup', [`group ${groupId}`], () =>
        undefinedIf(
          (error) => isMissing(error, 'group', groupId),
          () => client.send(new DescribeGroupCommand({ ...store, GroupId: groupId })),
        ),
      );
      return found && { groupId, displayName: found.DisplayName };
    },

    async findGroup(displayName) {
      const operation = 'GetGroupId';
      // Without ids: the selector is a name, and no error message may contain names.
      const AlternateIdentifier = { UniqueAttribute: { AttributePath: 'displayName', AttributeValue: displayName } };
      const found = await ask(operation, [], () =>
        undefinedIf(
          (error) => isMissing(error, 'group'),
          () => client.send(new GetGroupIdCommand({ ...store, AlternateIdentifier })),
        ),
      );
      return found && idIn(found.GroupId, 'group', operation, 'GroupId');
    },

    async *groups() {
      const operation = 'ListGroups';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListGroupsCommand({ ...store, MaxResults: MAX_PER_PAGE, NextToken }))),
      )) {
        yield listIn(page.Groups, operation, 'Groups').map(({ GroupId, DisplayName }) => ({
          groupId: idIn(GroupId, 'group', operation, 'Groups.GroupId'),
          displayName: DisplayName,
        }));
      }
    },
  };
}

/** {@link identityStorePeople} with a client of its own. */
export function connectPeople(settings: ClientSettings, identityStoreId: string, pacer: Pacer): People {
  return identityStorePeople(new IdentitystoreClient(settings), identityStoreId, pacer);
}
