import { findAnyUser } from '../../operator/history/deleted-user.ts';
import { readersOf } from '../../operator/readers.ts';
import type { Context } from './context.ts';
import { findUser } from './selectors.ts';

/** Finds the user that a text of the command line selects, also one who was deleted. @throws UsageError */
export async function requireAnyUser(
  text: string,
  issuer: string | undefined,
  context: Context,
): Promise<{ userId: string; isDeleted: boolean }> {
  const readers = await readersOf(context);
  const people = await (await context.services()).people(readers.entitlements.identityCenter.identityStoreId);
  const { terminal, unread } = context;
  return findAnyUser(text, () => findUser(text, issuer, { ...readers, people, terminal, unread }), context);
}
