import type { Person } from '../../adapters/operator/people.ts';
import type { Subject } from '../../operator/lines/executions.ts';
import { count, escaped } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import type { Context } from './context.ts';

/** Above this number, listing all users takes fewer calls than describing each one. */
const MOST_ONE_BY_ONE = 100;

/** Reads the names of users, by id. Deleted users have none, and neither have those whose name could not be read. */
export async function namesOfUsers(
  userIds: Iterable<string>,
  context: Context,
  unread: Unread,
): Promise<Map<string, string>> {
  const { identityCenter } = await context.entitlements();
  const people = await (await context.services()).people(identityCenter.identityStoreId);
  const wanted = new Set(userIds);
  const names = new Map<string, string>();
  await context.terminal.working('Reading names', async (report) => {
    if (wanted.size <= MOST_ONE_BY_ONE) {
      for (const userId of wanted) {
        const person = (await unread.attempt(() => people.person(userId)))?.value;
        if (person) names.set(userId, nameOf(person));
      }
      return;
    }
    await unread.attempt(async () => {
      for await (const page of people.users()) {
        for (const person of page) if (wanted.has(person.userId)) names.set(person.userId, nameOf(person));
        report(`${count(names.size, 'name')} of ${wanted.size}`);
        if (names.size === wanted.size) break;
      }
    });
  });
  return names;
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

/** Returns the name with which a user signs in, escaped for a terminal. */
export function nameOf({ userName, displayName, userId }: Person): string {
  return escaped(userName ?? displayName ?? userId);
}
