import { DescribeUserCommand, IdentitystoreClient } from '@aws-sdk/client-identitystore';
import { type Contact, contactIn } from '../../domain/notices/contact.ts';
import { normalizeId } from '../../domain/shared/ids.ts';
import { IDENTITY_STORE_ERRORS } from '../aws-errors.ts';
import { type ClientSettings, clientFactory, type Pacer } from '../clients.ts';
import { isMissing, userStatusOf } from '../identity-store.ts';
import { askWith, malformedAnswer, undefinedIf } from '../requests.ts';

/** Looks up how users are reached, right before they are written to. What it returns is nowhere stored. */
export interface Contacts {
  /**
   * Reads a user (DescribeUser).
   *
   * @throws TransientAwsError worth a retry · RefusedError not
   */
  contactOf(userId: string): Promise<Contact | 'disabled' | 'missing'>;
}

/** Creates the contacts of one identity store on top of the SDK. The pacer spaces the requests. */
function identityStoreContacts(client: IdentitystoreClient, identityStoreId: string, pacer: Pacer): Contacts {
  const operation = 'DescribeUser';
  const ask = askWith(IDENTITY_STORE_ERRORS, pacer);
  return {
    contactOf: (userId) =>
      ask(operation, [`user ${userId}`], async () => {
        const user = await undefinedIf(
          (error) => isMissing(error, 'user', userId),
          () => client.send(new DescribeUserCommand({ IdentityStoreId: identityStoreId, UserId: userId })),
        );
        if (user === undefined) return 'missing';
        // Without this check, someone else would get the notice.
        if (normalizeId(user.UserId, 'user') !== userId) throw malformedAnswer(operation, 'UserId');
        if (userStatusOf(user.UserStatus, userId) === 'disabled') return 'disabled';
        return contactIn({
          emails: (user.Emails ?? []).map(({ Value, Type, Primary }) => ({
            value: Value,
            type: Type,
            primary: Primary,
          })),
          givenName: user.Name?.GivenName,
          displayName: user.DisplayName,
          preferredLanguage: user.PreferredLanguage,
        });
      }),
  };
}

const identityStoreClient = clientFactory(IdentitystoreClient);

/** Connects to the contacts of an identity store with the client of these settings. */
export function connectContacts(settings: ClientSettings, identityStoreId: string, pacer: Pacer): Contacts {
  return identityStoreContacts(identityStoreClient(settings), identityStoreId, pacer);
}
