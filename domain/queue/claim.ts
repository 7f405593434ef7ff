import { isDue, latest, plusSeconds, secondsUntil } from '../shared/time.ts';
import { acquireLease, holderOf, releaseLease } from './lease.ts';
import type { WorkItem, WorkQueue } from './work-queue.ts';
import { itemsOf, mapItems, type SweepItem, spaceSweep, type UserItem, type WorkItems } from './work-queue.ts';

/** An execution that is this late for one of its items is assumed dead. */
const OVERDUE_SECONDS = 60;

/** What an execution does next. `waitSeconds` counts from now. */
export type Claim =
  | { turn: 'work'; queue: WorkQueue; term: number }
  | { turn: 'wait'; queue: WorkQueue; waitSeconds: number }
  | { turn: 'handedOver'; queue: WorkQueue; to: string | undefined };

/**
 * Claims the lease for an execution (`me`) whose request is in the queue.
 *
 * Takes the lease if it is free and something is due; waits if its own items are due later; hands over if another
 * execution checks them.
 */
export function claim(before: WorkQueue, me: string, now: Date): Claim {
  const queue = mapItems(before, (item) =>
    item.failed && item.by === me ? { dueAt: now.toISOString(), failed: undefined, reported: undefined } : undefined,
  );
  const holder = holderOf(queue, now);
  if (holder !== undefined && holder !== me) {
    return {
      turn: 'handedOver',
      to: holder,
      queue: mapItems(queue, (item) => (item.by === me ? { by: holder } : undefined)),
    };
  }
  const mine = itemsOf(queue).filter(({ by }) => by === me);
  if (mine.length === 0 && holder === undefined && !hasRounds(queue)) {
    // Only hints about whole applications are merged into an item that another execution waits for.
    const waited = Object.values(queue.sweeps).find(({ dueAt, failed }) => !failed && !isDue(dueAt, now));
    return { turn: 'handedOver', to: waited?.by, queue };
  }
  const held = acquireLease(queue, me, now);
  if (held?.lease && isAnythingDue(queue, now)) return { turn: 'work', queue: held, term: held.lease.term };
  return { turn: 'wait', queue: releaseLease(queue, me), waitSeconds: secondsToFirst(mine, now) };
}

function secondsToFirst(items: readonly WorkItem[], now: Date): number {
  const [first] = items.map(({ dueAt }) => dueAt).sort((a, b) => Date.parse(a) - Date.parse(b));
  return first ? secondsUntil(first, now) : 0;
}

/** Whether this execution failed before and was redriven from the state that failed. */
export function isRedriven(queue: WorkQueue, me: string): boolean {
  return itemsOf(queue).some((item) => item.failed === true && item.by === me);
}

/** Sends the items of a pass that left something to do to the end: they are as due as what became due when it began. */
export function requeueServed(queue: WorkQueue, { users, sweeps }: WorkItems, startedAt: Date): WorkQueue {
  const start = startedAt.toISOString();
  const served = <T extends WorkItem>(items: Record<string, T>, among: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(items).map(([key, item]) => [
        key,
        among[key] ? { ...item, dueAt: latest(item.dueAt, start) } : item,
      ]),
    );
  return { ...queue, users: served(queue.users, users), sweeps: served(queue.sweeps, sweeps) };
}

/** Marks the items for which a stored round makes changes, so that they are not planned again before its end. */
export function markPlanned(
  queue: WorkQueue,
  items: WorkItems,
  { round, me, startedAt }: { round: number; me: string; startedAt: Date },
): WorkQueue {
  const planned = { by: me, planned: round, failed: undefined, attempts: undefined };
  // Who joined while the application was read is checked by name: the round need not be planned anew for that.
  const update = (key: string, item: WorkItem): Partial<WorkItem> =>
    hintedAt(item) === hintedAt(items.sweeps[key]) ? { ...planned, hinted: undefined } : planned;
  return updateItems(queue, items, { startedAt, isSame: (before, item) => before.hints === item.hints }, update);
}

/** Revision of the queue that added the newest hint about a group. */
function hintedAt(item: WorkItem | undefined): number | undefined {
  return item && 'hinted' in item ? item.hinted?.hints : undefined;
}

/** Whether no hint was added since the snapshot. */
export function isUnchanged(before: WorkItem, item: WorkItem): boolean {
  return before.hints === item.hints && hintedAt(before) === hintedAt(item);
}

function without<T>(entries: Record<string, T> = {}, others: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => others[key] === undefined));
}

type Update = (key: string, item: WorkItem) => Partial<WorkItem> | undefined;
type IsSame = (before: WorkItem, item: WorkItem) => boolean;

/**
 * Updates the items whose reads began at `startedAt`; an `update` that returns undefined completes the item.
 *
 * An item to which a hint was added since then stays due, as of then. Only a sweep is put off: many hints must not make
 * one sweep follow another without a pause.
 */
function updateItems(
  queue: WorkQueue,
  items: WorkItems,
  { startedAt, isSame }: { startedAt: Date; isSame: IsSame },
  update: Update,
): WorkQueue {
  const start = startedAt.toISOString();
  const sweptAt = { ...queue.sweptAt };
  for (const application of Object.keys(items.sweeps)) sweptAt[application] = start;
  const hintedUser: Update = (_, { dueAt }) => ({ dueAt: latest(dueAt, start) });
  const users = updateSnapshotted(queue.users, items.users, { isSame, update, updateHinted: hintedUser });
  const hintedSweep: Update = (application, item) => ({
    dueAt: spaceSweep(item.dueAt, sweptAt[application]),
    ...('asked' in item ? { asked: without(item.asked, items.sweeps[application]?.asked) } : {}),
    // The reads have answered all earlier requests.
    since: latest(item.since, start),
  });
  const sweeps = updateSnapshotted(queue.sweeps, items.sweeps, { isSame, update, updateHinted: hintedSweep });
  return { ...queue, users, sweeps, sweptAt };
}

/** Updates the items of a snapshot: with `update` if they are as they were, with `updateHinted` if a hint was added. */
function updateSnapshotted<T extends WorkItem>(
  items: Record<string, T>,
  snapshot: Readonly<Record<string, T>>,
  { isSame, update, updateHinted }: { isSame: IsSame; update: Update; updateHinted: Update },
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(items).flatMap(([key, item]): [string, T][] => {
      const before = snapshot[key];
      if (!before) return [[key, item]];
      const change = isSame(before, item) ? update(key, item) : updateHinted(key, item);
      return change ? [[key, { ...item, ...change }]] : [];
    }),
  );
}

/** What is left to check of the items of a round. */
interface Completion {
  me: string;
  startedAt: Date;
  /** By user id or application: ISO time of the next check; an item without one is verified and is removed. */
  requeueAt: ReadonlyMap<string, string>;
  /** Keys of the items whose reads failed for the time being. */
  faulted: ReadonlySet<string>;
  /** Keys of the items that AWS refused to read or change: they have not been answered. */
  refused?: ReadonlySet<string>;
}

/**
 * Completes items for which nothing was left to change. Changes nothing once the lease has changed hands: the items
 * belong to the new holder.
 */
export function completeItems(
  queue: WorkQueue,
  items: WorkItems,
  { me, startedAt, requeueAt, faulted, refused }: Completion,
): WorkQueue {
  if (queue.lease?.holder !== me) return queue;
  const isAnswered = (key: string) => items.sweeps[key] !== undefined && !refused?.has(key) && !faulted.has(key);
  const pausing = countFaults(queue, items, { requeueAt, faulted });
  return updateItems(pausing, items, { startedAt, isSame: isUnchanged }, (key, { attempts = 0 }) => {
    const dueAt = requeueAt.get(key);
    if (!dueAt) return undefined;
    // Who asked by name is checked by name while the application cannot be read.
    const tried = faulted.has(key) ? { attempts: attempts + 1, asked: undefined } : { attempts: undefined };
    return {
      by: me,
      dueAt,
      failed: undefined,
      hinted: undefined,
      ...tried,
      ...(isAnswered(key) ? { answered: true } : {}),
    };
  });
}

/** Counts a check that failed although a hint was added meanwhile, which keeps the item's count. */
function countFaults(
  queue: WorkQueue,
  items: WorkItems,
  { requeueAt, faulted }: Pick<Completion, 'requeueAt' | 'faulted'>,
): WorkQueue {
  const counted = <T extends WorkItem>(all: Record<string, T>, among: Readonly<Record<string, T>>) =>
    Object.fromEntries(
      Object.entries(all).map(([key, item]) => {
        const isHinted = among[key] !== undefined && among[key].hints !== item.hints;
        if (!isHinted || !faulted.has(key) || item.attempts === undefined) return [key, item];
        return [
          key,
          { ...item, dueAt: latest(item.dueAt, requeueAt.get(key)) ?? item.dueAt, attempts: item.attempts + 1 },
        ];
      }),
    );
  return { ...queue, users: counted(queue.users, items.users), sweeps: counted(queue.sweeps, items.sweeps) };
}

/**
 * Releases the lease after a failure and requeues the items: for a redrive, or from `retryAt` (an ISO time) for any
 * execution. An item to which a hint was added since keeps the time of that hint.
 */
export function requeueFailed(
  queue: WorkQueue,
  items: WorkItems,
  { me, retryAt }: { me: string; retryAt: string },
): WorkQueue {
  if (queue.lease?.holder !== me) return queue;
  const failed = { by: me, failed: true, attempts: undefined };
  const later = () => ({ ...failed, dueAt: retryAt });
  const updates = { isSame: isUnchanged, update: later, updateHinted: () => failed };
  const users = updateSnapshotted(queue.users, items.users, updates);
  const sweeps = updateSnapshotted(queue.sweeps, items.sweeps, updates);
  return releaseLease({ ...queue, users, sweeps }, me);
}

/** Releases the lease if nothing is due. If `waitSeconds` is undefined, no item is left for `me`. */
export function releaseIfIdle(
  queue: WorkQueue,
  me: string,
  now: Date,
): { queue: WorkQueue; due: boolean; waitSeconds: number | undefined } {
  if (isAnythingDue(queue, now)) return { queue, due: true, waitSeconds: 0 };
  const mine = itemsOf(queue).filter(({ by }) => by === me);
  return {
    queue: releaseLease(queue, me),
    due: false,
    waitSeconds: mine.length > 0 ? secondsToFirst(mine, now) : undefined,
  };
}

/** Reassigns to `me` the items that another execution should have checked by now. */
export function reclaimOverdue(queue: WorkQueue, me: string, now: Date): WorkQueue {
  if (holderOf(queue, now) !== undefined) return queue;
  // The item is no longer put aside: no one redrives the execution that failed, and what it has reported stays known.
  const taken = { by: me, failed: undefined };
  return mapItems(queue, (item) => (isDue(plusSeconds(item.dueAt, OVERDUE_SECONDS), now) ? taken : undefined));
}

/** Whether an item is to be checked now: it is due, and no stored round makes changes for it. */
export function isReady(queue: WorkQueue, item: WorkItem, now: Date): boolean {
  return isDue(item.dueAt, now) && !isPlanned(queue, item);
}

/** Whether a stored round makes changes for an item. */
export function isPlanned({ rounds = [] }: WorkQueue, { planned }: WorkItem): boolean {
  return rounds.some(({ id }) => id === planned);
}

/** Whether changes are planned that are not made yet. */
export function hasRounds({ rounds = [] }: WorkQueue): boolean {
  return rounds.length > 0;
}

/** Whether the lease holder has something to do now. */
function isAnythingDue(queue: WorkQueue, now: Date): boolean {
  return hasRounds(queue) || itemsOf(queue).some((item) => isReady(queue, item, now));
}

/** Returns the items that are to be checked now: named users and whole applications. */
export function dueItems(
  queue: WorkQueue,
  now: Date,
): { users: Record<string, UserItem>; sweeps: Record<string, SweepItem> } {
  const readyOf = <T extends WorkItem>(items: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(items).filter(([, item]) => isReady(queue, item, now)));
  return { users: readyOf(queue.users), sweeps: readyOf(queue.sweeps) };
}
