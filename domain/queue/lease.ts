import { isDue, plusSeconds } from '../shared/time.ts';
import type { WorkQueue } from './work-queue.ts';

/** Longer than any Lambda that writes may run; a holder that died is replaced after it. */
export const LEASE_SECONDS = 300;

/** Who holds the lease at this moment, if anybody. */
export function holderOf(work: WorkQueue, now: Date): string | undefined {
  return work.lease && !isDue(work.lease.until, now) ? work.lease.holder : undefined;
}

/** Whether a holder has neither renewed the lease nor given it back. */
export function hasExpiredLease({ lease }: WorkQueue, now: Date): boolean {
  return lease !== undefined && isDue(lease.until, now);
}

/** Takes or renews the lease; undefined when somebody else holds it. */
export function acquireLease(work: WorkQueue, me: string, now: Date): WorkQueue | undefined {
  const holder = holderOf(work, now);
  if (holder !== undefined && holder !== me) return undefined;
  const term = holder === me && work.lease ? work.lease.term : work.term + 1;
  return { ...work, term, lease: { holder: me, term, until: plusSeconds(now, LEASE_SECONDS) } };
}

/** Renews the lease of one term; undefined when it has run out or changed hands: an expired holder can't write. */
export function renewTerm(work: WorkQueue, me: string, term: number, now: Date): WorkQueue | undefined {
  if (holderOf(work, now) !== me || work.lease?.term !== term) return undefined;
  return acquireLease(work, me, now);
}

export function releaseLease(work: WorkQueue, me: string): WorkQueue {
  if (work.lease?.holder !== me) return work;
  const { lease: _, ...free } = work;
  return free;
}
