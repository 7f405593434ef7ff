import type { Subscription } from './subscription.ts';

/**
 * Puts the lists of one profile together that several roles read. What an earlier list has, for the same user with plan and
 * status or for the same group, is not taken again; an entry whose principal is unknown is.
 */
export function joinLists(lists: readonly (readonly Subscription[])[]): Subscription[] {
  const known = new Set<string>();
  const all: Subscription[] = [];
  for (const list of lists) {
    const keys = list.map(keyOf);
    list.forEach((one, index) => {
      const key = keys[index];
      if (key === undefined || !known.has(key)) all.push(one);
    });
    for (const key of keys) if (key !== undefined) known.add(key);
  }
  return all;
}

function keyOf({ principal, plan, status }: Subscription): string | undefined {
  if ('user' in principal) return ['user', principal.user, plan, status].join(' ');
  // One that is cancelled must not hide one that is not.
  return 'group' in principal ? ['group', principal.group, status].join(' ') : undefined;
}

/**
 * Adds to a list that names groups only as such what it gives to each of their members.
 *
 * @param members user ids by group
 */
export function withMembers(
  all: readonly Subscription[],
  members: ReadonlyMap<string, readonly string[]>,
): Subscription[] {
  // By the id, a provider would change what the whole group has.
  const given = all.flatMap(({ id: _, ...one }) => {
    const users = 'group' in one.principal ? (members.get(one.principal.group) ?? []) : [];
    return users.map((user): Subscription => ({ ...one, principal: { user }, source: 'group' }));
  });
  return [...all, ...given];
}
