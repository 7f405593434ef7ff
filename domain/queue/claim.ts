import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, latest, plusSeconds, secondsUntil } from '../shared/time.ts';
import { acquireLease, holderOf, releaseLease } from './lease.ts';
import type { WorkItem, WorkQueue } from './work-queue.ts';
import { itemsOf, mapItems, type SweepItem, spaceSweep, type UserItem, type WorkItems } from './work-queue.ts';

/** An execution that should have come back by now and has not is taken for dead. */
const OVERDUE_SECONDS = 60;

/** What an execution does next. `waitSeconds` is counted from now. */
export type Claim =
  | { turn: 'work'; work: WorkQueue; term: number }
  | { turn: 'wait'; work: WorkQueue; waitSeconds: number }
  | { turn: 'handedOver'; work: WorkQueue; to: string | undefined };

/**
 * Whose turn it is, once this execution's request is in the mailbox: takes the lease when it is free and something is
 * due; waits when what it has to look at is due later; else it is done, because another execution looks.
 */
export function claim(before: WorkQueue, me: string, now: Date): Claim {
  const work = mapItems(before, (entry) =>
    entry.failed && entry.by === me ? { dueAt: now.toISOString(), failed: undefined } : undefined,
  );
  const holder = holderOf(work, now);
  if (holder !== undefined && holder !== me) {
    return {
      turn: 'handedOver',
      to: holder,
      work: mapItems(work, (entry) => (entry.by === me ? { by: holder } : undefined)),
    };
  }
  const mine = itemsOf(work).filter(({ by }) => by === me);
  if (mine.length === 0 && holder === undefined) {
    // Only what concerns whole applications is folded into somebody's wait.
    return { turn: 'handedOver', to: Object.values(work.sweeps).find(({ dueAt }) => !isDue(dueAt, now))?.by, work };
  }
  const { users, sweeps } = dueItems(work, now);
  const held = acquireLease(work, me, now);
  if (held?.lease && Object.keys(users).length + Object.keys(sweeps).length > 0) {
    return { turn: 'work', work: held, term: held.lease.term };
  }
  return { turn: 'wait', work: releaseLease(work, me), waitSeconds: secondsToFirst(mine, now) };
}

function secondsToFirst(entries: readonly WorkItem[], now: Date): number {
  const [first] = entries.map(({ dueAt }) => dueAt).sort((a, b) => Date.parse(a) - Date.parse(b));
  return first ? secondsUntil(first, now) : 0;
}

/** Whether this execution failed before and was started again at the step that failed. */
export function isRedriven(work: WorkQueue, me: string): boolean {
  return itemsOf(work).some((entry) => entry.failed === true && entry.by === me);
}

/**
 * Marks the looks for which changes were planned in this term, so that they are not planned a second time meanwhile.
 * Changes nothing once the lease has changed hands.
 */
export function markPlanned(
  work: WorkQueue,
  looks: WorkItems,
  { term, startedAt }: { term: number; startedAt: Date },
): WorkQueue {
  const { lease } = work;
  if (lease?.term !== term) return work;
  return updateItems(work, looks, startedAt, () => ({ by: lease.holder, planned: term, failed: undefined }));
}

type Update = (key: string, entry: WorkItem) => Partial<WorkItem> | undefined;

/**
 * Changes the looks of which `startedAt` began the reads; `change` strikes one off by undefined. One to which a hint was
 * added meanwhile stays as it is, but for a pause: a storm of hints must not keep one sweep following on the other.
 */
function updateItems(work: WorkQueue, looks: WorkItems, startedAt: Date, change: Update): WorkQueue {
  const sweptAt = { ...work.sweptAt };
  for (const application of Object.keys(looks.sweeps)) sweptAt[application] = startedAt.toISOString();
  const users = updateSnapshotted(work.users, looks.users, change, () => ({}));
  const sweeps = updateSnapshotted(work.sweeps, looks.sweeps, change, (application, { dueAt }) => ({
    dueAt: spaceSweep(dueAt, sweptAt[application]),
  }));
  return { ...work, users, sweeps, sweptAt };
}

function updateSnapshotted<T extends WorkItem>(
  entries: Record<string, T>,
  looks: Readonly<Record<string, T>>,
  change: Update,
  added: Update,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, entry]): [string, T][] => {
      const look = looks[key];
      if (!look) return [[key, entry]];
      const update = look.hints === entry.hints ? change(key, entry) : added(key, entry);
      return update ? [[key, { ...entry, ...update }]] : [];
    }),
  );
}

/**
 * Closes looks that led to no change. Changes nothing when the lease has changed hands: the look is another's now.
 *
 * @param lookAt by user id or application: when to look again; an absent key means proven, and strikes the look off
 */
export function completeItems(
  work: WorkQueue,
  looks: WorkItems,
  { me, startedAt, lookAt }: { me: string; startedAt: Date; lookAt: ReadonlyMap<string, string> },
): WorkQueue {
  if (work.lease?.holder !== me) return work;
  return updateItems(work, looks, startedAt, (key) => {
    const dueAt = lookAt.get(key);
    return dueAt ? { by: me, dueAt, failed: undefined } : undefined;
  });
}

/** Begins the time to settle after the changes of a round, and gives the lease back if nothing else is due. */
export function startSettleWait(work: WorkQueue, me: string, now: Date): { work: WorkQueue; waitSeconds: number } {
  const term = holderOf(work, now) === me ? work.lease?.term : undefined;
  const settling = mapItems(work, (entry) =>
    term !== undefined && entry.planned === term
      ? {
          planned: undefined,
          dueAt: latest(entry.lookAgainAt, plusSeconds(now, SETTLE_SECONDS)) ?? now.toISOString(),
        }
      : undefined,
  );
  const { work: settled, waitSeconds } = releaseIfIdle(settling, me, now);
  return { work: settled, waitSeconds: waitSeconds ?? 0 };
}

/**
 * Gives the lease back after a failure; what was looked at stays in the mailbox for a redrive, and later for anybody.
 * Where a hint was added meanwhile, anybody may look at once.
 */
export function requeueFailed(
  work: WorkQueue,
  looks: WorkItems,
  { me, retryAt }: { me: string; retryAt: string },
): WorkQueue {
  if (work.lease?.holder !== me) return work;
  const failed = { by: me, failed: true };
  const later = () => ({ ...failed, dueAt: retryAt });
  const users = updateSnapshotted(work.users, looks.users, later, () => failed);
  const sweeps = updateSnapshotted(work.sweeps, looks.sweeps, later, () => failed);
  return releaseLease({ ...work, users, sweeps }, me);
}

/** Gives the lease back if nothing is due; `waitSeconds` undefined means that nothing is left to look at for `me`. */
export function releaseIfIdle(
  work: WorkQueue,
  me: string,
  now: Date,
): { work: WorkQueue; due: boolean; waitSeconds: number | undefined } {
  const { users, sweeps } = dueItems(work, now);
  if (Object.keys(users).length + Object.keys(sweeps).length > 0) return { work, due: true, waitSeconds: 0 };
  const mine = itemsOf(work).filter(({ by }) => by === me);
  return {
    work: releaseLease(work, me),
    due: false,
    waitSeconds: mine.length > 0 ? secondsToFirst(mine, now) : undefined,
  };
}

/** Takes over what an execution should have looked at by now and has not. */
export function reclaimOverdue(work: WorkQueue, me: string, now: Date): WorkQueue {
  if (holderOf(work, now) !== undefined) return work;
  return mapItems(work, (entry) => (isDue(plusSeconds(entry.dueAt, OVERDUE_SECONDS), now) ? { by: me } : undefined));
}

/** Whether an entry wants a look now: due, and not among the changes that the present holder is carrying out. */
export function isReady(work: WorkQueue, entry: WorkItem, now: Date): boolean {
  const inHand = holderOf(work, now) !== undefined && entry.planned === work.lease?.term;
  return !inHand && isDue(entry.dueAt, now);
}

/** Everything that wants a look now: named users first, then whole applications. */
export function dueItems(
  work: WorkQueue,
  now: Date,
): { users: Record<string, UserItem>; sweeps: Record<string, SweepItem> } {
  const up = <T extends WorkItem>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).filter(([, entry]) => isReady(work, entry, now)));
  return { users: up(work.users), sweeps: up(work.sweeps) };
}
