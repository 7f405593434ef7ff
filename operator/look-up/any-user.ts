import { idNamedBy } from '../../domain/shared/ids.ts';
import { knownApplications } from '../applications.ts';
import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import { readersOf } from '../readers.ts';
import { escaped } from '../text.ts';
import { findUser, type Wanted } from './find-user.ts';

/**
 * Finds a user, also one whom the identity store no longer has. By id, the ledger and the audit stream know
 * deleted users; by a name, nothing of Usher's does, because it keeps no name.
 *
 * @throws UsageError if there is no such user, and no record of one
 */
export async function findAnyUser(
  text: string,
  wanted: Wanted,
  asker: Asker,
): Promise<{ userId: string; isDeleted: boolean }> {
  const present = await findUser(text, wanted, asker);
  if (present !== undefined) return { userId: present, isDeleted: false };
  const { identityCenter } = await asker.entitlements();
  const userId = idNamedBy(text.trim(), 'user', identityCenter.identityStoreId)?.id;
  if (userId === undefined) throw new UsageError(unknownName(text));
  if (await isRecorded(userId, asker)) return { userId, isDeleted: true };
  throw new UsageError(
    `The identity store has no user ${userId}, and neither the ledger nor the audit stream has a record of one`,
  );
}

function unknownName(text: string): string {
  return `The identity store has no user ${escaped(text)}. If the user was deleted, name them by id: Usher's records have ids only. The id is in CloudTrail, in the records of CreateUser and DeleteUser, and in the provisioning log of the identity provider`;
}

/** Whether ledger or stream have a record of a user. What cannot be read counts as one: the command then says what is unread. */
async function isRecorded(userId: string, asker: Asker): Promise<boolean> {
  const readers = await readersOf(asker);
  const { ledger } = readers;
  const keys = [...(await knownApplications(readers, asker.unread))].map((applicationArn) => ({
    applicationArn,
    userId,
  }));
  const seats = await asker.unread.attempt(() => ledger.seats(keys));
  if (!seats || seats.value.length > 0) return true;
  const log = await (await asker.services()).auditLog();
  const events = await asker.unread.attempt(async () => {
    for await (const page of log.events({ userId })) if (page && page.length > 0) return true;
    return false;
  });
  return events?.value ?? true;
}
