import { type Entitlement, managedOf } from '../entitlements.ts';
import { type Profile, profileKey } from '../profiles.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import type { WorkQueue } from './work-queue.ts';

/** AWS lifts the refusal by hand, after a review. */
const PROBE_SECONDS = 24 * 3600;

/** A try that failed for another reason says nothing of the account: the next tick, or a later sweep, tries another user. */
const PROBE_AGAIN_SECONDS = 300;

/** A profile that was made a moment ago refuses calls with the same words. */
const NEW_PROFILE_SECONDS = 600;

/** Whether a profile is so new that a refusal of the account may pass by itself. */
export function isNewProfile({ profiles = {} }: WorkQueue, profile: Profile, now: Date): boolean {
  const firstReadAt = profiles[profileKey(profile)]?.firstReadAt;
  return firstReadAt !== undefined && !isDue(plusSeconds(firstReadAt, NEW_PROFILE_SECONDS), now);
}

/** An entitlement to whose application AWS refuses new subscriptions. ISO times. */
export interface Stop {
  entitlement: string;
  application: string;
  since: string;
  /** When Usher tries one again. */
  probeAt: string;
}

/**
 * Returns since when AWS refuses new subscriptions to an application, and when one is tried; undefined if it does not, or if none
 * is managed.
 */
export function stopOf(
  { stopped = {} }: Pick<WorkQueue, 'stopped'>,
  entitlement: Entitlement,
): { since: string; probeAt: string } | undefined {
  return managedOf(entitlement) ? stopped[entitlement.application] : undefined;
}

/** Returns the entitlements to whose applications AWS refuses new subscriptions; undefined if none manages any. */
export function stopsOf(queue: WorkQueue, entitlements: readonly Entitlement[]): Stop[] | undefined {
  const managed = entitlements.filter((one) => managedOf(one) !== undefined);
  if (managed.length === 0) return undefined;
  return managed.flatMap((one) => {
    const stop = stopOf(queue, one);
    return stop ? [{ entitlement: one.name, application: one.application, ...stop }] : [];
  });
}

/** Returns the applications to which AWS refuses new subscriptions, without those for which one may be tried. */
export function stoppedIn({ stopped = {} }: WorkQueue, now: Date): Set<string> {
  return new Set(Object.entries(stopped).flatMap(([one, { probeAt }]) => (isDue(probeAt, now) ? [] : one)));
}

/**
 * Notes to which applications AWS refuses new subscriptions, and to which it does so no longer.
 *
 * @param configured all applications: what is noted of others is dropped
 */
export function noteStops(
  queue: WorkQueue,
  { stopped, resumed, tried }: Readonly<Record<'stopped' | 'resumed' | 'tried', ReadonlySet<string>>>,
  { now, configured }: { now: Date; configured: readonly string[] },
): WorkQueue {
  const before = queue.stopped ?? {};
  const after = configured.flatMap((application) => {
    const since = before[application]?.since ?? now.toISOString();
    if (resumed.has(application)) return [];
    if (stopped.has(application)) return [[application, { since, probeAt: plusSeconds(now, PROBE_SECONDS) }] as const];
    const known = before[application];
    if (!known) return [];
    const next = tried.has(application) ? { since, probeAt: plusSeconds(now, PROBE_AGAIN_SECONDS) } : known;
    return [[application, next] as const];
  });
  const { stopped: _, ...rest } = queue;
  return after.length > 0 ? { ...rest, stopped: Object.fromEntries(after) } : rest;
}
