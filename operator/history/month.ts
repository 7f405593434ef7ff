import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import { ReasonSchema, type Seat } from '../../domain/seat/seat.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { type Records, type Span, timelineOf } from './timeline.ts';

const DAY_SECONDS = 86_400;

/** The part of a month that the records have. */
export interface MonthWindow {
  from: Date;
  /** Excluded. */
  to: Date;
  /** When the ledger was read. */
  now: Date;
}

/** What a month says of one application. */
export interface MonthNumbers {
  seatDays: number;
  /** Days of users of whom the records do not say whether they had a seat. */
  unknownDays: number;
  peak: number;
  joins: number;
  leaves: number;
  /** Users who were on the waitlist. */
  waitlisted: number;
  longestWaitlistedSeconds: number | undefined;
  joinToSeatP50Seconds: number | undefined;
  joinToSeatP95Seconds: number | undefined;
}

/** What a month does not need of a change: each event has its own copies. */
const NO_TEXTS = { applicationArn: '', userId: '', entitlement: '', execution: '', cause: '' };
const REASONS = new Map<string, string>(ReasonSchema.options.map((reason) => [reason, reason]));

function sharedReason(reason: string): string {
  return REASONS.get(reason) ?? reason;
}

/**
 * Keeps of the changes of one user what their month needs: those of the month, and the first one after it, which says how the
 * user stood at its end. Without its texts: a large month has hundreds of thousands of changes.
 */
export function keepForMonth(kept: AuditedChange[], change: AuditedChange, { to }: Pick<MonthWindow, 'to'>): void {
  const slim = { ...change, ...NO_TEXTS, reason: sharedReason(change.reason) };
  if (change.at < to) {
    kept.push(slim);
    return;
  }
  const after = kept.findIndex(({ at }) => at >= to);
  if (after === -1) kept.push(slim);
  else if (change.changeSeq < (kept[after]?.changeSeq ?? 0)) kept[after] = slim;
}

/** Counts the month of an application. @param users what {@link keepForMonth} has kept of each, with the seat */
export function monthOf(users: Iterable<Records>, window: MonthWindow): MonthNumbers {
  const { from, to } = window;
  const isWithin = (time: Date) => time >= from && time < to;
  let [seatSeconds, unknownSeconds, joins, leaves] = [0, 0, 0, 0];
  const steps: { at: number; by: 1 | -1 }[] = [];
  const waits: number[] = [];
  const delays: number[] = [];
  for (const records of users) {
    for (const span of timelineOf(records, window)) {
      const part = within(span, window);
      if (!part || span.standing === 'none') continue;
      const seconds = secondsBetween(part.from, part.to);
      if (span.standing === 'unknown') unknownSeconds += seconds;
      else {
        seatSeconds += seconds;
        steps.push({ at: part.from.getTime(), by: 1 }, { at: part.to.getTime(), by: -1 });
        if (span.begins && isWithin(span.from)) joins += 1;
        if (span.ends && span.to && isWithin(span.to)) leaves += 1;
      }
    }
    const wait = longestWait(records, window);
    if (wait !== undefined) waits.push(wait);
    delays.push(...delaysOf(records.changes, isWithin));
  }
  delays.sort((a, b) => a - b);
  return {
    seatDays: seatSeconds / DAY_SECONDS,
    unknownDays: unknownSeconds / DAY_SECONDS,
    peak: peakOf(steps),
    joins,
    leaves,
    waitlisted: waits.length,
    longestWaitlistedSeconds: waits.length === 0 ? undefined : waits.reduce((most, wait) => Math.max(most, wait)),
    joinToSeatP50Seconds: percentile(delays, 50),
    joinToSeatP95Seconds: percentile(delays, 95),
  };
}

/** Returns the part of a span that is in the month; undefined if none is. */
function within({ from, to }: Span, window: MonthWindow): { from: Date; to: Date } | undefined {
  const start = new Date(Math.max(from.getTime(), window.from.getTime()));
  const end = new Date(Math.min((to ?? window.now).getTime(), window.to.getTime()));
  return start < end ? { from: start, to: end } : undefined;
}

function peakOf(steps: { at: number; by: 1 | -1 }[]): number {
  // At one time, a slot becomes free before it is taken again.
  steps.sort((a, b) => a.at - b.at || a.by - b.by);
  let [seats, peak] = [0, 0];
  for (const { by } of steps) {
    seats += by;
    peak = Math.max(peak, seats);
  }
  return peak;
}

/** How long the users waited whose grant needed no free slot: from the first request to the seat. */
function* delaysOf(changes: readonly AuditedChange[], isWithin: (time: Date) => boolean): Generator<number> {
  const seen = new Set<number>();
  for (const change of changes) {
    const join = joinOf(change);
    if (!join || !isWithin(change.at) || seen.has(change.changeSeq)) continue;
    seen.add(change.changeSeq);
    yield join.seconds;
  }
}

/** A grant that needed no free slot. */
export interface Join {
  /** From the first request to the seat. */
  seconds: number;
  /** What asked for it: an event of the identity store, an operator, or a sweep that found it. */
  source: 'event' | 'manual' | 'sweep';
}

/** Returns the join that a change is; undefined if it is none, or if its event does not say when it was asked for. */
export function joinOf({ type, reason, at, requestedAt }: AuditedChange): Join | undefined {
  const source = SOURCES.get(reason);
  if (type !== 'Seat Assigned' || requestedAt === undefined || source === undefined) return undefined;
  return { seconds: Math.max(0, secondsBetween(requestedAt, at)), source };
}

/** By the reasons of a grant that began a seat without the waitlist. */
const SOURCES = new Map<string, Join['source']>([
  ['group-join', 'event'],
  ['manual', 'manual'],
  ['reconciled', 'sweep'],
]);

/** Returns the longest wait of a user that the month has a part of, up to its end; undefined if they did not wait. */
function longestWait({ changes, seat }: Records, { from, to }: MonthWindow): number | undefined {
  const waits: { from: Date; to: Date }[] = [];
  let since: Date | undefined;
  for (const { type, at, reason, requestedAt } of changes.toSorted((a, b) => a.changeSeq - b.changeSeq)) {
    if (type === 'Seat Waitlisted') since ??= at;
    else if (type !== 'Seat Observed' && type !== 'Subscription Finding') {
      // The wait began before the records do.
      const began =
        since ?? (reason === 'place-freed' && requestedAt !== undefined ? new Date(requestedAt) : undefined);
      if (began) waits.push({ from: began, to: at });
      since = undefined;
    }
  }
  const open = waitingIn(seat, since);
  if (open) waits.push({ from: open.from, to: open.to ?? to });
  const ofMonth = waits.filter((wait) => wait.from < to && wait.to >= from);
  if (ofMonth.length === 0) return undefined;
  return Math.max(...ofMonth.map((wait) => secondsBetween(wait.from, new Date(Math.min(+wait.to, +to)))));
}

/** Returns the wait at whose end no event stands: it lasts, or ended without one, because the user left. */
function waitingIn(seat: Seat | undefined | 'unread', since: Date | undefined): { from: Date; to?: Date } | undefined {
  if (seat === undefined || seat === 'unread') return since && { from: since, to: since };
  const changedAt = new Date(seat.changedAt);
  if (seat.status === 'waitlisted') return { from: since ?? changedAt };
  return since && { from: since, to: seat.status === 'revoked' && changedAt > since ? changedAt : since };
}

/** Returns the value that this share of the values does not exceed (nearest rank). @param sorted ascending */
function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.ceil((share / 100) * sorted.length) - 1];
}
