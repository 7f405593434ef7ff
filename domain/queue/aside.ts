import { ApplicationArn } from '../shared/ids.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import { isUnchanged } from './claim.ts';
import type { UserItem, WorkItem, WorkItems, WorkQueue } from './work-queue.ts';

/** For the same reason, no other execution fails within this time. */
const REPORT_AGAIN_SECONDS = 3600;

/**
 * Users who are put aside at a time, and expectations of theirs, of some 110 bytes each: the queue is one item of at most
 * 400 KB. The next sweep of their applications checks those whom there is no room for.
 */
const MOST_USERS_ASIDE = 200;
const MOST_EXPECTATIONS_ASIDE = 400;

/** Of an item that is put aside for any execution instead of one that is redriven. */
const NO_EXECUTION = '';

/** A user or an application that could not be checked. */
export interface Unchecked {
  /** User id or application. */
  key: string;
  /** A short code. */
  reason: string;
  /** ISO time of the next attempt, where a seat says it. */
  nextAttemptAt?: string;
}

/** Whether an execution has failed for this a short time ago. */
export function isReported({ users, sweeps }: WorkQueue, { key, reason }: Unchecked, now: Date): boolean {
  const { reported } = users[key] ?? sweeps[key] ?? {};
  return reported?.reason === reason && !isDue(plusSeconds(reported.at, REPORT_AGAIN_SECONDS), now);
}

/** Whether an application or a user, each by its key, is put aside until a later time. */
export function isAside({ users, sweeps }: WorkQueue, key: string, now: Date): boolean {
  const { failed = false, dueAt } = users[key] ?? sweeps[key] ?? {};
  return failed && !isDue(dueAt, now);
}

/** Whether grants of an application are tried: it is not put aside, nor does AWS refuse new subscriptions to the account. */
export function triesGrants({ sweeps, stopped = {} }: WorkQueue, application: string): boolean {
  return stopped[application] === undefined && sweeps[application]?.failed !== true;
}

/** How items are put aside. */
interface Aside {
  /** The items as they were in the queue when the reads began: one to which a hint was added since keeps its time. */
  snapshot: WorkItems;
  /** The execution that fails for them, and checks them at once if it is redriven. */
  failing?: string;
  now: Date;
  /** ISO time of the next check, by any execution. */
  retryAt: string;
}

/** Puts aside what could not be checked, so that nothing waits for it until its next check. */
export function putItemsAside(queue: WorkQueue, unchecked: readonly Unchecked[], aside: Aside): WorkQueue {
  const users = { ...queue.users };
  const sweeps = { ...queue.sweeps };
  for (const one of unchecked) {
    const { key } = one;
    const [user, sweep] = [users[key], sweeps[key]];
    // It is put aside already, and the execution that failed for it may be redriven.
    if (isWaiting(user ?? sweep, aside)) continue;
    if (user) users[key] = { ...user, ...changeOf(user, one, aside) };
    else if (sweep) sweeps[key] = { ...sweep, ...changeOf(sweep, one, aside), asked: undefined };
    else if (ApplicationArn.safeParse(key).success) sweeps[key] = { ...newItem(queue, one, aside), withStatus: false };
    else users[key] = { ...newItem(queue, one, aside), expected: [], since: aside.now.toISOString(), whole: true };
  }
  return { ...queue, users: withinBound(users), sweeps };
}

function isWaiting(item: WorkItem | undefined, { failing, now }: Aside): boolean {
  return failing === undefined && item?.failed === true && !isDue(item.dueAt, now);
}

function changeOf(
  item: WorkItem,
  { key, reason, nextAttemptAt }: Unchecked,
  { snapshot, failing, now, retryAt }: Aside,
): Pick<WorkItem, 'by' | 'dueAt' | 'failed' | 'attempts' | 'planned' | 'reported'> {
  const before = snapshot.users[key] ?? snapshot.sweeps[key];
  return {
    by: failing ?? NO_EXECUTION,
    dueAt: before && !isUnchanged(before, item) ? item.dueAt : (nextAttemptAt ?? retryAt),
    failed: true,
    attempts: undefined,
    planned: undefined,
    reported: failing === undefined && item.reported ? item.reported : { reason, at: now.toISOString() },
  };
}

/** The cause concerns the whole application of a named user, or a single user of a sweep. */
function newItem({ revision }: WorkQueue, { reason }: Unchecked, { failing, now, retryAt }: Aside) {
  const at = now.toISOString();
  return {
    by: failing ?? NO_EXECUTION,
    dueAt: retryAt,
    at,
    cause: failing ?? NO_EXECUTION,
    trigger: 'tick' as const,
    hints: revision + 1,
    failed: true,
    reported: { reason, at },
  };
}

/** Without those who have been put aside the longest, if there is no room for all. */
function withinBound(users: Record<string, UserItem>): Record<string, UserItem> {
  const newestFirst = Object.entries(users)
    .filter(([, { failed }]) => failed)
    .sort(([, a], [, b]) => Date.parse(b.dueAt) - Date.parse(a.dueAt));
  let expectations = 0;
  const tooMany = new Set(
    newestFirst.flatMap(([userId, { expected }], index) => {
      expectations += expected.length;
      return index >= MOST_USERS_ASIDE || expectations > MOST_EXPECTATIONS_ASIDE ? [userId] : [];
    }),
  );
  return Object.fromEntries(Object.entries(users).filter(([userId]) => !tooMany.has(userId)));
}
