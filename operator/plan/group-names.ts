import type { People } from '../../adapters/operator/people.ts';
import type { GroupNames } from '../../domain/parse-entitlements.ts';
import type { Unread } from '../unread.ts';

/** A group whose name in the configuration is not the one that it has. */
export interface RenamedGroup {
  groupId: string;
  configured: string;
  /** The name that it has now; undefined if it has none, or does not exist. */
  name: string | undefined;
  exists: boolean;
  /** The group that has the configured name now, if there is one. */
  namesakeId?: string;
}

/** Finds groups whose configured name is no longer theirs. */
export async function renamedGroups(
  names: GroupNames,
  people: Pick<People, 'group' | 'findGroup'>,
  unread: Unread,
): Promise<RenamedGroup[]> {
  const found: RenamedGroup[] = [];
  for (const [groupId, configured] of names) {
    const checked = await unread.attempt(() => renamedGroup(groupId, configured, people));
    if (checked?.value) found.push(checked.value);
  }
  return found;
}

/** Compares one group with its configured name; undefined if it has that name. @throws TransientAwsError · RefusedError */
export async function renamedGroup(
  groupId: string,
  configured: string,
  people: Pick<People, 'group' | 'findGroup'>,
): Promise<RenamedGroup | undefined> {
  const group = await people.group(groupId);
  if (group?.displayName === configured) return undefined;
  const namesakeId = await people.findGroup(configured);
  return {
    groupId,
    configured,
    name: group?.displayName,
    exists: group !== undefined,
    ...(namesakeId === undefined || namesakeId === groupId ? {} : { namesakeId }),
  };
}
