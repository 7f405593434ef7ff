import { holderOf, releaseLease } from './lease.ts';
import { dropRounds } from './rounds.ts';
import type { WorkQueue } from './work-queue.ts';

/** The lease of a restore never expires: a ledger that is half restored has no other writer until the restore has ended. */
const NEVER = '9999-12-31T23:59:59.000Z';

/** Who holds the lease while the ledger is restored from a table. No execution has such a name. */
function holderFor(table: string): string {
  return `usher restore ${table}`;
}

/**
 * Gives the lease to the restore from a table, which may have it already: an earlier run was interrupted.
 *
 * @returns the queue; undefined while an execution, or the restore from another table, holds the lease
 */
export function beginRestore(queue: WorkQueue, table: string, now: Date): WorkQueue | undefined {
  const me = holderFor(table);
  const holder = holderOf(queue, now);
  if (holder === me) return queue;
  if (holder !== undefined) return undefined;
  const term = queue.term + 1;
  return { ...queue, term, lease: { holder: me, term, until: NEVER } };
}

/** Releases the lease of a restore that was not begun: nothing is written. */
export function cancelRestore(queue: WorkQueue, table: string): WorkQueue {
  return releaseLease(queue, holderFor(table));
}

/**
 * Ends a restore: releases the lease, and drops the stored rounds, which were planned for the ledger as it was before. What
 * else is in the queue stays: it says only whom to check.
 */
export function endRestore(queue: WorkQueue, table: string, now: Date): WorkQueue {
  return dropRounds(releaseLease(queue, holderFor(table)), queue.rounds ?? [], now);
}
