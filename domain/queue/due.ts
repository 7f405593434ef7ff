import { isDue } from '../shared/time.ts';
import { holderOf } from './lease.ts';
import type { SweepItem, UserItem, WorkItem, WorkQueue } from './work-queue.ts';

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
