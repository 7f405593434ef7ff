import { countGroups, type Fall } from '../../domain/decision/group-sizes.ts';
import { membersOf } from '../../reconcile/plan/read-application.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';
import { count } from '../text.ts';
import type { ActiveHold } from './holds.ts';

/** A group that has become smaller. */
export type CauseGroup = Fall & {
  /** The group no longer exists. */
  missing?: true;
};

/**
 * Counts the members of the entitlement's groups now, and compares with what sweeps have counted.
 *
 * @returns the groups that are smaller than before the hold, those that fell deepest first; undefined if AWS refuses to show one
 */
export async function causeOf(
  { hold, groups: known }: ActiveHold,
  readers: Readers,
  { clock, unread, progress }: Pick<Asker, 'clock' | 'unread' | 'progress'>,
): Promise<CauseGroup[] | undefined> {
  const { applicationArn } = hold;
  const entitlement = readers.entitlements.entitlements.find(({ application }) => application === applicationArn);
  const { groups = [], onLeave } = entitlement ?? {};
  const shared = { members: new Map<string, ReadonlySet<string> | undefined>() };
  for (const groupId of groups) {
    let members = 0;
    const onMembers = (page: readonly string[]) => {
      members += page.length;
      progress(`group ${groupId}: ${count(members, 'member')}`);
    };
    if (!(await unread.attempt(() => membersOf(groupId, readers, { ...shared, onMembers })))) return undefined;
  }
  const counted = groups.map((groupId) => ({ groupId, members: shared.members.get(groupId)?.size ?? 0 }));
  const graceDays = onLeave?.revokeAfterDays ?? 0;
  const sizes = countGroups(known, counted, { applicationArn, graceDays, held: true, now: clock.now() });
  return (sizes?.falls ?? [])
    .map((fall) => ({ ...fall, ...(isMissing(fall, shared) ? { missing: true as const } : {}) }))
    .toSorted((a, b) => lostIn(b) - lostIn(a));
}

function isMissing({ groupId, after }: Fall, { members }: { members: ReadonlyMap<string, unknown> }): boolean {
  return after !== undefined && members.has(groupId) && members.get(groupId) === undefined;
}

function lostIn({ before, after = 0 }: Fall): number {
  return before - after;
}
