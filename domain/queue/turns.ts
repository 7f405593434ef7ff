import type { Entitlements } from '../entitlements.ts';
import { dueItems } from './claim.ts';
import { readsStatus } from './sweep-reports.ts';
import type { SweepItem, WorkItem, WorkItems, WorkQueue } from './work-queue.ts';

/** The reads of named users in one pass take about this long at most: an application waits no longer for its turn. */
const USERS_PASS_SECONDS = 60;

/** Groups that one call of IsMemberInGroups takes. */
const GROUPS_PER_CALL = 100;

/** What one pass serves; `contested`: others are due as well, and have the next turn. */
export interface Turn {
  serves: 'users' | 'sweeps';
  items: WorkItems;
  contested: boolean;
}

/**
 * Returns how many named users one pass reads. How many applications concern a user shows only when they are read; the
 * pace counts each operation of the Identity Store for itself, and all of sso-admin together.
 */
export function usersPerPass({ entitlements, requestsPerSecond }: Entitlements): number {
  const groups = new Set(entitlements.flatMap((entitlement) => entitlement.groups)).size;
  const reads = Math.max(Math.ceil(groups / GROUPS_PER_CALL), entitlements.length);
  return Math.max(1, Math.floor((USERS_PASS_SECONDS * requestsPerSecond) / reads));
}

/**
 * Returns what the next pass serves: those who have been due the longest.
 *
 * Named users and whole applications take turns, so that neither kind starves the other. While users are due,
 * one application is swept at a time; otherwise all that are due, since they share lists.
 */
export function nextTurn(queue: WorkQueue, now: Date, mostUsers: number): Turn {
  const due = dueItems(queue, now);
  const users = byAge(due.users);
  const sweeps = byAge(due.sweeps).map(([application, item]): [string, SweepItem] => [
    application,
    { ...item, withStatus: readsStatus(queue, application, item) },
  ]);
  const contested = users.length > 0 && sweeps.length > 0;
  const serves = users.length === 0 || (contested && queue.served === 'users') ? 'sweeps' : 'users';
  const items =
    serves === 'users'
      ? { users: Object.fromEntries(users.slice(0, mostUsers)), sweeps: {} }
      : { users: {}, sweeps: Object.fromEntries(contested ? sweeps.slice(0, 1) : sweeps) };
  return { serves, items, contested };
}

/** The longest due first. */
function byAge<T extends WorkItem>(items: Record<string, T>): [string, T][] {
  return Object.entries(items).sort(
    ([a, { dueAt: one }], [b, { dueAt: other }]) => Date.parse(one) - Date.parse(other) || (a < b ? -1 : 1),
  );
}
