import { countReasons } from '../seat/seat.ts';
import { secondsBetween } from '../shared/time.ts';
import type { WorkQueue } from './work-queue.ts';

/** How an application fares, as far as the work queue tells. */
export interface Health {
  /** Seconds since its last full sweep began; if there was none, since the first that was asked for. */
  unsweptSeconds: number;
  /** What is put aside because AWS refuses calls about it, or they keep failing: users, or the application itself. */
  aside: number;
  /** What is put aside because AWS accepts the changes and no read shows their effect. */
  notConverged: number;
}

/** Returns how each of these applications fares. */
export function healthOf(
  { reports = {}, sweeps }: WorkQueue,
  applications: readonly string[],
  now: Date,
): Map<string, Health> {
  return new Map(
    applications.map((application) => {
      const [report, item] = [reports[application], sweeps[application]];
      const since = report?.fullAt ?? report?.firstAt ?? item?.since;
      const itself = countReasons(item?.reported ? [item.reported.reason] : []);
      return [
        application,
        {
          unsweptSeconds: since ? Math.max(0, secondsBetween(since, now)) : 0,
          aside: (report?.aside ?? 0) + itself.aside,
          notConverged: (report?.notConverged ?? 0) + itself.notConverged,
        },
      ];
    }),
  );
}

/** Returns how many users are put aside by name: of some of them, no seat tells. */
export function namedAside({ users }: WorkQueue): Pick<Health, 'aside' | 'notConverged'> {
  return countReasons(Object.values(users).flatMap(({ reported }) => reported?.reason ?? []));
}
