import { holderOf } from './lease.ts';
import { dropRounds } from './rounds.ts';
import type { WorkQueue } from './work-queue.ts';

/** The lease of a restore never expires: a ledger that is half restored has no other writer until the restore has ended. */
const NEVER = '9999-12-31T23:59:59.000Z';

/** Who holds the lease while the ledger is restored from a table. No execution has such a name. */
function holderFor(table: string): string {
  return `usher restore ${table}`;
}

/** One run of a restore. Another run from the same table has another term. */
export interface RestoreRun {
  table: string;
  term: number;
}

/** A queue whose lease a run has. */
interface Begun {
  queue: WorkQueue;
  run: RestoreRun;
  /** Whether an earlier run was interrupted, or is still there: what it has written, it has written. */
  continues: boolean;
}

/**
 * Gives the lease to a run of the restore from a table. It takes the lease from an earlier run, which may have been interrupted.
 *
 * @returns undefined while an execution, or the restore from another table, holds the lease
 */
export function beginRestore(queue: WorkQueue, table: string, now: Date): Begun | undefined {
  const me = holderFor(table);
  const holder = holderOf(queue, now);
  if (holder !== undefined && holder !== me) return undefined;
  const term = queue.term + 1;
  const taken = { ...queue, term, lease: { holder: me, term, until: NEVER } };
  return { queue: taken, run: { table, term }, continues: holder === me };
}

/** Whether a run may still write: no other run has taken the lease, or has ended the restore. */
export function isRestoring({ lease }: WorkQueue, { table, term }: RestoreRun): boolean {
  return lease?.holder === holderFor(table) && lease.term === term;
}

/** Releases the lease of a run. @returns undefined if the run has lost it */
export function releaseRestore(queue: WorkQueue, run: RestoreRun): WorkQueue | undefined {
  if (!isRestoring(queue, run)) return undefined;
  const { lease: _, ...free } = queue;
  return free;
}

/**
 * Ends a restore: releases the lease, and drops the stored rounds, which were planned for the ledger as it was before. What
 * else is in the queue stays: it says only whom to check.
 *
 * @returns undefined if the run has lost the lease
 */
export function endRestore(queue: WorkQueue, run: RestoreRun, now: Date): WorkQueue | undefined {
  const free = releaseRestore(queue, run);
  return free && dropRounds(free, free.rounds ?? [], now);
}
