import {
  GetGroupMembershipIdCommand,
  IdentitystoreClient,
  ListGroupMembershipsForMemberCommand,
} from '@aws-sdk/client-identitystore';
import { IDENTITY_STORE_ERRORS } from './aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from './clients.ts';
import { isMissing } from './identity-store.ts';
import { askWith } from './requests.ts';
import { isNotFound, isUnknownOperation } from './translate-error.ts';

/**
 * Whether the identity store shows that a user is a member of a group, or without a group, that the user exists.
 *
 * For starts that wait, perhaps thousands of them: AWS counts each operation for itself, and no grant and no revocation
 * needs these two, GetGroupMembershipId and, unless a configured group is missing, ListGroupMembershipsForMember.
 *
 * @returns true also if the store does not offer the operation: then only the directory knows
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export type AsksForAwaited = (userId: string, groupId?: string) => Promise<boolean>;

/** Creates the question on top of the SDK. The pacer spaces the requests. */
export function identityStoreAwaited(
  client: IdentitystoreClient,
  identityStoreId: string,
  pacer: Pacer,
): AsksForAwaited {
  const ask = askWith(IDENTITY_STORE_ERRORS, pacer);

  /** @param isAbsent whether an error says that what is asked for is not there */
  const isShown = (
    operation: string,
    ids: readonly string[],
    { send, isAbsent }: { send: () => Promise<unknown>; isAbsent: (error: unknown) => boolean },
  ): Promise<boolean> =>
    ask(operation, ids, async () => {
      try {
        await send();
        return true;
      } catch (error) {
        if (isUnknownOperation(error)) return true;
        if (isAbsent(error)) return false;
        throw error;
      }
    });

  return (userId, groupId) => {
    const member = { IdentityStoreId: identityStoreId, MemberId: { UserId: userId } };
    if (!groupId) {
      return isShown('ListGroupMembershipsForMember', [`user ${userId}`], {
        send: () => client.send(new ListGroupMembershipsForMemberCommand({ ...member, MaxResults: 1 })),
        isAbsent: (error) => isMissing(error, 'user', userId),
      });
    }
    return isShown('GetGroupMembershipId', [`user ${userId}`, `group ${groupId}`], {
      send: () => client.send(new GetGroupMembershipIdCommand({ ...member, GroupId: groupId })),
      // The user, the group or the membership.
      isAbsent: (error) => isNotFound(error) && error.ResourceType !== 'IDENTITY_STORE',
    });
  };
}

const identityStoreClient = clientFactory(IdentitystoreClient);

/** Connects the question to an identity store with the client of these settings. */
export function connectAwaited(settings: ClientSettings, identityStoreId: string, pacer: Pacer): AsksForAwaited {
  return identityStoreAwaited(identityStoreClient(settings), identityStoreId, pacer);
}
