import {
  DescribeGroupCommand,
  DescribeUserCommand,
  GetGroupIdCommand,
  IdentitystoreClient,
  ListGroupsCommand,
  ListUsersCommand,
  ResourceNotFoundException,
  type User,
} from '@aws-sdk/client-identitystore';
import { IDENTITY_STORE_ERRORS } from '../aws-errors.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { asking, idIn, listIn, pages } from '../requests.ts';

/** Somebody by names, for a person who looks. It goes into no log, state, audit event or ledger. */
export interface Person {
  userId: string;
  userName: string | undefined;
  displayName: string | undefined;
  emails: readonly string[];
}

/** A group by its name. */
export interface Group {
  groupId: string;
  displayName: string | undefined;
}

/**
 * The names in an identity store, which only the operator's command shows.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface People {
  /** DescribeUser; undefined when there is no such user. */
  person(userId: string): Promise<Person | undefined>;
  /** All users, by pages of up to 100. */
  everybody(): AsyncIterable<readonly Person[]>;
  /** DescribeGroup; undefined when there is no such group. */
  group(groupId: string): Promise<Group | undefined>;
  /** GetGroupId by display name; undefined when there is none. */
  findGroup(displayName: string): Promise<string | undefined>;
  /** All groups, by pages of up to 100. */
  groups(): AsyncIterable<readonly Group[]>;
}

/** The limit of MaxResults. */
const MAX_PER_PAGE = 100;

function personIn({ UserId, UserName, DisplayName, Emails }: User, operation: string): Person {
  return {
    userId: idIn(UserId, 'user', operation, 'UserId'),
    userName: UserName,
    displayName: DisplayName,
    emails: (Emails ?? []).flatMap(({ Value }) => (Value === undefined ? [] : [Value])),
  };
}

function isMissing(error: unknown): boolean {
  if (!(error instanceof ResourceNotFoundException) || error.Reason !== undefined) return false;
  return error.ResourceType === undefined || error.ResourceType === 'USER' || error.ResourceType === 'GROUP';
}

/** The names of one identity store, over the SDK. Each request takes a turn of the pacer. */
export function identityStorePeople(client: IdentitystoreClient, identityStoreId: string, pacer: Pacer): People {
  const ask = asking(IDENTITY_STORE_ERRORS, pacer);
  const store = { IdentityStoreId: identityStoreId };
  const unlessMissing = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  };

  return {
    person: (userId) =>
      unlessMissing(async () => {
        const operation = 'DescribeUser';
        const user = await ask(operation, [`user ${userId}`], () =>
          client.send(new DescribeUserCommand({ ...store, UserId: userId })),
        );
        return personIn(user, operation);
      }),

    async *everybody() {
      const operation = 'ListUsers';
      for await (const page of pages(operation, (NextToken) =>
        ask(operation, [], () => client.send(new ListUsersCommand({ ...store, MaxResults: MAX_PER_PAGE, NextToken }))),
      )) {
        yield listIn(page.Users, operation, 'Users').map((user) => personIn(user, operation));
      }
    },

    group: (groupId) =>
      unlessMissing(async () => {
        const { DisplayName } = await ask('DescribeGroup', [`group ${groupId}`], () =>
          client.send(new DescribeGroupCommand({ ...store, GroupId: groupId })),
        );
        return { groupId, displayName: DisplayName };
      }),

    findGroup: (displayName) =>
      unlessMissing(async () => {
        const operation = 'GetGroupId';
        // The selector is a name, which no error may hold.
        const AlternateIdentifier = { UniqueAttribute: { AttributePath: 'displayName', AttributeValue: displayName } };
        const { GroupId } = await ask(operation, [], () =>
          client.send(new GetGroupIdCommand({ ...store, AlternateIdentifier })),
        );
        return idIn(GroupId, 'group', operation, 'GroupId');
      }),

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
