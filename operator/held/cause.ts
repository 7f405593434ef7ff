import { countGroups, type Fall } from '../../domain/decision/group-sizes.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';
import { countMembers } from '../groups.ts';
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
  asker: Pick<Asker, 'clock' | 'unread' | 'progress'>,
): Promise<CauseGroup[] | undefined> {
  const { applicationArn } = hold;
  const entitlement = readers.entitlements.entitlements.find(({ application }) => application === applicationArn);
  const { groups = [], onLeave } = entitlement ?? {};
  const members = new Map<string, ReadonlySet<string> | undefined>();
  const counted = await countMembers(groups, { readers, members }, asker);
  if (!counted) return undefined;
  const graceDays = onLeave?.revokeAfterDays ?? 0;
  const sizes = countGroups(known, counted, { applicationArn, graceDays, held: true, now: asker.clock.now() });
  return (sizes?.falls ?? [])
    .map((fall) => ({ ...fall, ...(isMissing(fall, members) ? { missing: true as const } : {}) }))
    .toSorted((a, b) => lostIn(b) - lostIn(a));
}

function isMissing({ groupId, after }: Fall, members: ReadonlyMap<string, unknown>): boolean {
  return after !== undefined && members.has(groupId) && members.get(groupId) === undefined;
}

function lostIn({ before, after = 0 }: Fall): number {
  return before - after;
}
