import type { Person } from '../adapters/operator/people.ts';
import type { Asker } from './asker.ts';
import { count, escaped } from './text.ts';

/** Above this number, listing all users takes fewer calls than describing each one. */
const MOST_ONE_BY_ONE = 100;

/** Reads the names of users, by id. Deleted users have none, and neither have those whose name could not be read. */
export async function readNames(userIds: Iterable<string>, asker: Asker): Promise<Map<string, string>> {
  const { unread } = asker;
  const { identityCenter } = await asker.entitlements();
  const people = await (await asker.services()).people(identityCenter.identityStoreId);
  const wanted = new Set(userIds);
  const names = new Map<string, string>();
  if (wanted.size <= MOST_ONE_BY_ONE) {
    for (const userId of wanted) {
      const person = (await unread.attempt(() => people.person(userId)))?.value;
      if (person) names.set(userId, nameOf(person));
    }
    return names;
  }
  await unread.attempt(async () => {
    for await (const page of people.users()) {
      for (const person of page) if (wanted.has(person.userId)) names.set(person.userId, nameOf(person));
      asker.progress(`${count(names.size, 'name')} of ${wanted.size}`);
      if (names.size === wanted.size) break;
    }
  });
  return names;
}

/** Reads the names of groups, by id. Groups that are gone have none, and neither have those whose name could not be read. */
export async function readGroupNames(groupIds: readonly string[], asker: Asker): Promise<Map<string, string>> {
  const { identityCenter } = await asker.entitlements();
  const people = await (await asker.services()).people(identityCenter.identityStoreId);
  const names = new Map<string, string>();
  for (const groupId of new Set(groupIds)) {
    const group = (await asker.unread.attempt(() => people.group(groupId)))?.value;
    if (group?.displayName !== undefined) names.set(groupId, escaped(group.displayName));
  }
  return names;
}

/** Returns the name with which a user signs in, escaped for a terminal. */
export function nameOf({ userName, displayName, userId }: Person): string {
  return escaped(userName ?? displayName ?? userId);
}
