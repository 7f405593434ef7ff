import { isDue, plusSeconds } from '../shared/time.ts';
import type { ProfileReads, WorkQueue } from './work-queue.ts';

/** The subscriptions of a profile are listed at most once in this time: AWS cannot be asked about one user alone. */
export const LIST_EVERY_SECONDS = 300;

/** Returns the ISO time before which the subscriptions of a profile may not be read again; undefined: they may be now. */
export function listBlockedUntil({ profiles = {} }: WorkQueue, key: string, now: Date): string | undefined {
  const readAt = profiles[key]?.readAt;
  const until = readAt === undefined ? undefined : plusSeconds(readAt, LIST_EVERY_SECONDS);
  return until === undefined || isDue(until, now) ? undefined : until;
}

/**
 * Notes that a read of a profile's subscriptions begins.
 *
 * @param configured keys of all profiles: what is noted of others is dropped
 */
export function beginListRead(
  queue: WorkQueue,
  key: string,
  { now, configured }: { now: Date; configured: readonly string[] },
): WorkQueue {
  const { profiles = {} } = queue;
  const kept = Object.entries(profiles).filter(([one]) => configured.includes(one));
  const own = { ...profiles[key], readAt: now.toISOString(), failures: (profiles[key]?.failures ?? 0) + 1 };
  return { ...queue, profiles: { ...Object.fromEntries(kept), [key]: own } };
}

/** Notes what a comparison of a profile's subscriptions found, for totals of all profiles. */
export function noteComparison(
  queue: WorkQueue,
  key: string,
  found: Pick<ProfileReads, 'missing' | 'orphaned' | 'comparedAt'>,
): WorkQueue {
  const own = queue.profiles?.[key];
  return own ? { ...queue, profiles: { ...queue.profiles, [key]: { ...own, ...found } } } : queue;
}

/** Notes that a read of a profile's subscriptions has succeeded. */
export function endListRead(queue: WorkQueue, key: string, readAt: Date): WorkQueue {
  const { profiles = {} } = queue;
  const { failures: _, ...own } = profiles[key] ?? {};
  const at = readAt.toISOString();
  return { ...queue, profiles: { ...profiles, [key]: { readAt: at, firstReadAt: at, ...own } } };
}
