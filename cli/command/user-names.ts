import type { Subject } from '../../operator/lines/executions.ts';
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

/** Returns the field of a user's name; none if names are not asked for, or if it is not known. */
export function nameIn(names: ReadonlyMap<string, string> | undefined, userId: string): { name?: string } {
  const name = names?.get(userId);
  return name === undefined ? {} : { name };
}

/** Adds the names of the users whom executions are about. */
export async function addNames(subjects: readonly Subject[], context: Context): Promise<void> {
  const users = subjects.flatMap((subject) => subject.users ?? []);
  const names = await namesOfUsers(new Set(users.map(({ userId }) => userId)), context, context.unread);
  for (const user of users) {
    const name = names.get(user.userId);
    if (name !== undefined) user.name = name;
  }
}
