import { isDue, plusSeconds } from '../shared/time.ts';
import type { WorkQueue } from './work-queue.ts';

/** Longer than a Lambda that writes may run: after this, another execution replaces a holder that died. */
export const LEASE_SECONDS = 300;

/** Returns the execution that holds the lease now; undefined if the lease is free. */
export function holderOf(queue: WorkQueue, now: Date): string | undefined {
  return queue.lease && !isDue(queue.lease.until, now) ? queue.lease.holder : undefined;
}

/** Whether a holder has neither renewed nor released the lease in time. */
export function hasExpiredLease({ lease }: WorkQueue, now: Date): boolean {
  return lease !== undefined && isDue(lease.until, now);
}

/** Acquires or renews the lease; returns undefined while another execution holds it. */
export function acquireLease(queue: WorkQueue, me: string, now: Date): WorkQueue | undefined {
  const holder = holderOf(queue, now);
  if (holder !== undefined && holder !== me) return undefined;
  const term = holder === me && queue.lease ? queue.lease.term : queue.term + 1;
  return { ...queue, term, lease: { holder: me, term, until: plusSeconds(now, LEASE_SECONDS) } };
}

/** Renews the lease of one term; returns undefined once it has expired or changed hands: an expired holder cannot write. */
export function renewTerm(queue: WorkQueue, me: string, term: number, now: Date): WorkQueue | undefined {
  if (holderOf(queue, now) !== me || queue.lease?.term !== term) return undefined;
  return acquireLease(queue, me, now);
}

/** Releases the lease if this execution holds it. */
export function releaseLease(queue: WorkQueue, me: string): WorkQueue {
  if (queue.lease?.holder !== me) return queue;
  const { lease: _, ...free } = queue;
  return free;
}
