import { secondsBetween } from '../shared/time.ts';
import { isAside } from './aside.ts';
import type { SweepItem, SweepReport, WorkQueue } from './work-queue.ts';

/** The tick sweeps an application when its last full sweep is this old. */
export const SWEEP_EVERY_SECONDS = 3600;
/** From this age of its last full sweep on, something keeps an application from being swept: a sweep itself takes a while. */
export const SWEEP_OVERDUE_SECONDS = 2 * SWEEP_EVERY_SECONDS;
/** The sweep also reads every user's UserStatus when that was last done this long ago. */
const STATUS_EVERY_SECONDS = 24 * 3600;

/** What one round found out about an application. */
export interface Swept {
  counts: Omit<SweepReport, 'fullAt' | 'statusAt' | 'firstAt' | 'noticesFrom'>;
  /** Nothing was left to change. */
  full: boolean;
  /** UserStatus of every user was read, and nothing was left to change because of it. */
  withStatus: boolean;
  /** The users of the application get notices. */
  notifies: boolean;
}

/**
 * Records what the sweeps of a round found, each application by itself: steady traffic in one of them must not keep the
 * others from counting.
 *
 * @param configured only these applications are remembered
 */
export function recordSweeps(
  queue: WorkQueue,
  swept: ReadonlyMap<string, Swept>,
  { configured, readAt }: { configured: readonly string[]; readAt: Date },
): WorkQueue {
  if (swept.size === 0) return queue;
  const at = readAt.toISOString();
  const reports = configured.flatMap((application) => {
    const before = queue.reports?.[application];
    const now = swept.get(application);
    if (!now) return before ? [[application, before] as const] : [];
    const fullAt = now.full ? at : before?.fullAt;
    const statusAt = now.withStatus ? at : before?.statusAt;
    const noticesFrom = now.notifies ? (before?.noticesFrom ?? (now.full ? at : undefined)) : undefined;
    const times = {
      ...(fullAt ? { fullAt } : { firstAt: before?.firstAt ?? at }),
      ...(statusAt ? { statusAt } : {}),
      ...(noticesFrom ? { noticesFrom } : {}),
    };
    return [[application, { ...times, ...now.counts }] as const];
  });
  return { ...queue, reports: Object.fromEntries(reports) };
}

/**
 * Returns the start of the oldest full sweep of these applications, in ISO; undefined if one of them was never swept.
 *
 * It advances only when the application that has waited longest is swept.
 */
export function oldestSweep({ reports = {} }: WorkQueue, applications: readonly string[]): string | undefined {
  const times = applications.map((application) => reports[application]?.fullAt);
  const known = times.filter((time) => time !== undefined).sort((a, b) => Date.parse(a) - Date.parse(b));
  return known.length === times.length ? known[0] : undefined;
}

/** Returns the applications that a tick has to sweep, and whether with everyone's UserStatus. */
export function sweepsDue(
  queue: WorkQueue,
  applications: readonly string[],
  now: Date,
): Map<string, { withStatus: boolean }> {
  const { reports = {} } = queue;
  const isOld = (time: string | undefined, seconds: number) => !time || secondsBetween(time, now) >= seconds;
  return new Map(
    applications.flatMap((application) => {
      const { fullAt, statusAt }: Partial<SweepReport> = reports[application] ?? {};
      if (isAside(queue, application, now)) return [];
      const withStatus = isOld(statusAt, STATUS_EVERY_SECONDS);
      return withStatus || isOld(fullAt, SWEEP_EVERY_SECONDS) ? [[application, { withStatus }] as const] : [];
    }),
  );
}

/** Whether a check of this item reads UserStatus of every user: no sweep has done it since it was asked for. */
export function readsStatus({ reports = {} }: WorkQueue, application: string, item: SweepItem): boolean {
  const { statusAt } = reports[application] ?? {};
  const answered = item.statusAfter && statusAt && Date.parse(statusAt) >= Date.parse(item.statusAfter);
  return item.withStatus && !answered;
}
