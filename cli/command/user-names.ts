import type { Unread } from '../../operator/unread.ts';
import { readNames } from '../../operator/user-names.ts';
import type { Context } from './context.ts';

/** Reads the names of users, by id, and shows the progress. */
export function namesOfUsers(
  userIds: Iterable<string>,
  context: Context,
  unread: Unread,
): Promise<Map<string, string>> {
  return context.terminal.working('Reading names', () => readNames(userIds, { ...context, unread }));
}
