import { type Day, dayOf, daysBetween, daysFrom, plusDays } from '../shared/day.ts';
import { type Subscribers, statusOf, subscriptionsByUser } from './findings.ts';
import type { Plan } from './plan.ts';
import type { Subscription } from './subscription.ts';

/** What one activity file says. */
export interface ActivityReport {
  /** Region of the profile. Undefined if its path does not say it: then it counts for every profile. */
  region: string | undefined;
  /**
   * Whether it has the use of all clients. The older report of Kiro leaves out that of Kiro's IDE.
   *
   * @see https://kiro.dev/docs/enterprise/monitor-and-track/user-activity/csv/legacy-report/
   */
  isComplete: boolean;
  /** The days that it covers. */
  days: ReadonlySet<Day>;
  /** The last day on which each user used it, by id. */
  lastUses: ReadonlyMap<string, Day>;
}

/**
 * How old the newest covered day may be. AWS writes the report of a day in the night after it; over these days, it may be
 * late.
 */
export const NEWEST_DAY_LIMIT = 3;

/** The days for which use is judged, both included. */
export interface IdleWindow {
  from: Day;
  to: Day;
}

/** Whether activity files cover a whole window. */
export type Coverage =
  | {
      window: IdleWindow;
      /** Days of the window without a report of all clients. */
      incomplete: number;
    }
  | {
      window?: undefined;
      /** The newest covered day; undefined if there is none. */
      newest: Day | undefined;
      isTooOld: boolean;
      missing: Day[];
    };

interface Wanted {
  region: string;
  /** Length of the window. */
  days: number;
  today: Day;
}

/**
 * Finds the window that ends with the newest covered day, and the days of it that no file covers.
 *
 * A day without a file is no day without use: the report may be off, late, or not copied.
 */
export function coverageOf(reports: readonly ActivityReport[], { region, days, today }: Wanted): Coverage {
  const own = reports.filter((one) => one.region === undefined || one.region === region);
  const covered = new Set(own.flatMap((one) => [...one.days].filter((day) => day <= today)));
  const newest = [...covered].sort().at(-1);
  const yesterday = plusDays(today, -1);
  if (newest === undefined) {
    return { newest, isTooOld: false, missing: daysFrom(plusDays(yesterday, 1 - days), yesterday) };
  }
  if (daysBetween(newest, today) > NEWEST_DAY_LIMIT) {
    return { newest, isTooOld: true, missing: daysFrom(plusDays(newest, 1), yesterday) };
  }
  const window = { from: plusDays(newest, 1 - days), to: newest };
  const all = daysFrom(window.from, window.to);
  const missing = all.filter((day) => !covered.has(day));
  if (missing.length > 0) return { newest, isTooOld: false, missing };
  const complete = new Set(own.flatMap((one) => (one.isComplete ? [...one.days] : [])));
  return { window, incomplete: all.filter((day) => !complete.has(day)).length };
}

/** A paid seat without use in the window. */
export interface IdleSeat {
  userId: string;
  /** Absent for an orphan. */
  entitlement?: string;
  /** Of the user's active subscriptions. */
  plans: (Plan | 'unknown')[];
  /** The last use before the window, where a file has it. */
  lastUse?: Day;
  /** ISO time since when the user has the subscription, or else the seat, where that is known. */
  since?: string;
}

/** What is idle of one profile. */
export interface IdleReport {
  idle: IdleSeat[];
  /** Users with an active subscription. */
  paid: number;
  /** Users without any use who have it for less than the grace. */
  newcomers: number;
  excepted: number;
  /** Users with a subscription of whom the files have any use. With none, they are about other users. */
  seen: number;
}

/** The subscriptions of one profile, and who is entitled. */
export interface PaidSeats {
  all: readonly Subscription[];
  entitlements: readonly Subscribers[];
  /** ISO time of the grant of each seat, by user. */
  grantedAt: ReadonlyMap<string, string>;
}

interface IdleRule {
  window: IdleWindow;
  /** A user without any use is no newcomer from this number of days on. */
  graceDays: number;
  /** Ids of users who are never idle. */
  except: ReadonlySet<string>;
}

/**
 * Finds users with an active subscription, covered or not, whom no file mentions in the window.
 *
 * A row of any file means use, whatever Region it is of. Those whom no file mentions at all count from the day on which they
 * got the subscription or else the seat.
 */
export function findIdle(
  { all, entitlements, grantedAt }: PaidSeats,
  reports: readonly ActivityReport[],
  { window, graceDays, except }: IdleRule,
): IdleReport {
  const lastUses = lastUsesIn(reports);
  const byUser = subscriptionsByUser(all);
  const report: IdleReport = { idle: [], paid: 0, newcomers: 0, excepted: 0, seen: 0 };
  for (const [userId, some] of byUser) {
    const lastUse = lastUses.get(userId);
    if (lastUse !== undefined) report.seen += 1;
    if (statusOf(some) !== 'active') continue;
    report.paid += 1;
    if (lastUse !== undefined && lastUse >= window.from) continue;
    const active = some.filter(({ status }) => status === 'active');
    const since = activatedAt(active) ?? grantedAt.get(userId);
    if (except.has(userId)) report.excepted += 1;
    else if (lastUse === undefined && isNew(since, window, graceDays)) report.newcomers += 1;
    else {
      const own =
        entitlements.find(({ entitled }) => entitled.has(userId)) ??
        entitlements.find(({ tolerated }) => tolerated.has(userId));
      const entitlement = own?.entitlement;
      report.idle.push({
        userId,
        ...(entitlement === undefined ? {} : { entitlement }),
        plans: active.map(({ plan }) => plan),
        ...(lastUse === undefined ? {} : { lastUse }),
        ...(since === undefined ? {} : { since }),
      });
    }
  }
  report.idle.sort((a, b) => (a.userId < b.userId ? -1 : 1));
  return report;
}

function lastUsesIn(reports: readonly ActivityReport[]): ReadonlyMap<string, Day> {
  const last = new Map<string, Day>();
  for (const { lastUses } of reports) {
    for (const [userId, day] of lastUses) if (day > (last.get(userId) ?? '')) last.set(userId, day);
  }
  return last;
}

/** Of several, the newest: it may be what the user waited for. */
function activatedAt(active: readonly Subscription[]): string | undefined {
  return active
    .flatMap((one) => one.activatedAt ?? [])
    .sort()
    .at(-1);
}

function isNew(since: string | undefined, { to }: IdleWindow, graceDays: number): boolean {
  return since !== undefined && daysBetween(dayOf(since), to) < graceDays;
}
