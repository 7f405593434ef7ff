import type { Entitlements } from '../entitlements.ts';
import { GROUPS_PER_CALL } from '../pace.ts';
import { dueItems, isPlanned } from './claim.ts';
import { readsStatus } from './sweep-reports.ts';
import type { Hinted, StoredRound, SweepItem, WorkItem, WorkItems, WorkQueue } from './work-queue.ts';

/** The reads of named users in one pass take about this long at most: an application waits no longer for its turn. */
const USERS_PASS_SECONDS = 60;

/** What is served next; `contested`: something else is due as well, and has a later turn. */
export type Turn = { contested: boolean } & (
  | { serves: 'users' | 'sweeps'; items: WorkItems }
  /** Who has joined the groups that were hinted at while a round of the application is stored. */
  | { serves: 'joins'; application: string; hinted: Hinted }
  | { serves: 'round'; round: StoredRound }
);

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
 * Returns what has the next turn: those who have been due the longest.
 *
 * Named users have every other turn, so that a user waits for one batch at most. Applications that are due and stored rounds
 * share the rest by age. While users are due, one application is swept at a time; otherwise all that are due, since they
 * share lists.
 *
 * @returns undefined if nothing is due
 */
export function nextTurn(queue: WorkQueue, now: Date, mostUsers: number): Turn | undefined {
  const due = dueItems(queue, now);
  const users = byAge(due.users);
  const sweeps = byAge(due.sweeps).map(([application, item]): [string, SweepItem] => [
    application,
    { ...item, withStatus: readsStatus(queue, application, item) },
  ]);
  const shared = users.length > 0 ? sweeps.slice(0, 1) : sweeps;
  const others = [
    ...sweeps.slice(0, 1).map(([, { dueAt }]) => ({
      since: dueAt,
      turn: { serves: 'sweeps' as const, items: { users: {}, sweeps: Object.fromEntries(shared) } },
    })),
    ...hintedSweeps(queue).map(({ application, hinted }) => ({
      since: hinted.dueAt,
      turn: { serves: 'joins' as const, application, hinted },
    })),
    ...(queue.rounds ?? []).slice(0, 1).map((round) => ({
      since: round.servedAt,
      turn: { serves: 'round' as const, round },
    })),
  ].sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  const [first, ...rest] = others;
  if (users.length > 0 && !(first && queue.served === 'users')) {
    const items = { users: Object.fromEntries(users.slice(0, mostUsers)), sweeps: {} };
    return { serves: 'users', items, contested: first !== undefined };
  }
  return first && { ...first.turn, contested: users.length + rest.length > 0 };
}

/** Groups that were hinted at while a stored round changes their application. */
function hintedSweeps(queue: WorkQueue): { application: string; hinted: Hinted }[] {
  return Object.entries(queue.sweeps).flatMap(([application, item]) =>
    item.hinted && item.hinted.groups.length > 0 && isPlanned(queue, item)
      ? [{ application, hinted: item.hinted }]
      : [],
  );
}

/** The longest due first. */
function byAge<T extends WorkItem>(items: Record<string, T>): [string, T][] {
  return Object.entries(items).sort(
    ([a, { dueAt: one }], [b, { dueAt: other }]) => Date.parse(one) - Date.parse(other) || (a < b ? -1 : 1),
  );
}
