import type { Entitlement } from '../../domain/entitlements.ts';
import type { AdoptionLine } from '../lines/adoption.ts';

/** What an execution would adopt for an entitlement: user ids. */
export interface Adoption {
  entitlement: Entitlement;
  assignments: readonly string[];
  /** Of these users and others who have a seat. */
  subscriptions: readonly string[];
  /** All that are known, if a slot is free for one: the first ones leave their slots to others. */
  orphans: readonly string[];
}

/** Returns an adoption as a line. @param names by user id; empty if they were not asked for */
export function adoptionLine(
  { entitlement, assignments, subscriptions, orphans }: Adoption,
  names: ReadonlyMap<string, string>,
): AdoptionLine {
  const users = (userIds: readonly string[]) =>
    userIds.map((userId) => {
      const name = names.get(userId);
      return { userId, ...(name === undefined ? {} : { name }) };
    });
  return {
    type: 'adoption',
    entitlement: entitlement.name,
    application: entitlement.application,
    assignments: users(assignments),
    subscriptions: users(subscriptions),
    orphans: users(orphans),
  };
}
