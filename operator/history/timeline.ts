import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';

/**
 * What the records say about a user at a time. `seat`: Usher's record has a granted seat, until its end was verified.
 * `unknown`: the records contradict each other, or do not reach so far.
 */
export type Standing = 'seat' | 'none' | 'unknown';

/** A time in which what the records say about a user stays the same. */
export interface Span {
  standing: Standing;
  from: Date;
  /** Absent: it lasts. */
  to?: Date;
  /** Whether it began at `from`. Otherwise it began earlier, at a time that no record says. */
  begins: boolean;
  /** Whether it ended at `to`. Otherwise `to` is the last time of which the records are sure. */
  ends: boolean;
  /** The changes that began and ended it, if the stream has them. */
  began?: AuditedChange;
  ended?: AuditedChange;
  /** Plan of the subscription that was Usher's with the seat, at the end of the span. */
  plan?: string;
  /** When Usher last made it again, because someone else had removed it. */
  healedAt?: Date;
}

/** The records about one user and one application. */
export interface Records {
  /** All audited changes between {@link Window.from} and {@link Window.now}, in any order, also several times. */
  changes: readonly AuditedChange[];
  /** The seat as the ledger has it now; `unread` if AWS refuses to show it. */
  seat: Seat | undefined | 'unread';
}

/** The time that the records cover. */
export interface Window {
  from: Date;
  now: Date;
}

/** What one record says: how the user stood right before it and right after it. `any`: nothing about the time before. */
interface Point {
  at: Date;
  before: Standing | 'any';
  after(before: Standing | undefined): Standing;
  /** Whether a seat began, or ended, with this record. */
  begins?: true;
  ends?: true;
  heals?: true;
  change?: AuditedChange;
}

const BEGINNINGS: ReadonlySet<string> = new Set(['Seat Assigned', 'Seat Adopted']);
/** Reasons of a `Seat Assigned` that does not begin a seat. */
const CHANGES_OF_A_SEAT: ReadonlySet<string> = new Set(['drift-healed', 'subscription-started', 'plan-changed']);

/**
 * Reconstructs how a user stood, from the audit stream and the ledger as it is now. Where the records leave a gap, the span
 * is `unknown`, never `none`.
 *
 * @returns spans that follow one another without a gap, from {@link Window.from}, or earlier if the ledger knows more, to now
 */
export function timelineOf({ changes, seat }: Records, window: Window): Span[] {
  const stream = pointsOfStream(changes, window);
  const audited = new Set(stream.map(({ at }) => at.getTime()));
  // Of a change that both have, the stream says more.
  const ledger = pointsOfLedger(seat, window).filter(
    ({ at, begins, ends }) => !((begins || ends) && audited.has(at.getTime())),
  );
  const points = [...stream, ...ledger].sort((a, b) => a.at.getTime() - b.at.getTime() || orderOf(a) - orderOf(b));
  const spans: Span[] = [];
  let standing: Standing | undefined;
  let last: Point | undefined;
  const start = new Date(Math.min(window.from.getTime(), ...points.map(({ at }) => at.getTime())));
  for (const next of points) {
    addSpan(spans, { standing: between(standing, next), from: last?.at ?? start }, { last, next });
    standing = next.after(standing);
    last = next;
  }
  const lasting = spans.filter(({ from, to }) => from.getTime() !== to?.getTime());
  return lasting.map((span, index) => (index === lasting.length - 1 ? withoutEnd(span) : span));
}

/** Returns the span of a time; undefined before the first one. */
export function spanAt(spans: readonly Span[], at: Date): Span | undefined {
  return spans.findLast(({ from }) => from.getTime() <= at.getTime());
}

/** Adds the span between two records, or lengthens the last one if the user stands as before. */
function addSpan(
  spans: Span[],
  { standing, from }: Pick<Span, 'standing' | 'from'>,
  { last, next }: { last: Point | undefined; next: Point },
): void {
  const ended = { to: next.at, ends: next.ends === true, ...(next.ends && next.change ? { ended: next.change } : {}) };
  const before = spans.at(-1);
  const continued = before?.standing === standing ? before : undefined;
  const plan = planOf(next, standing) ?? planOf(last, standing) ?? continued?.plan;
  const facts = {
    ...ended,
    ...(plan === undefined ? {} : { plan }),
    ...(standing === 'seat' && last?.heals ? { healedAt: last.at } : {}),
  };
  if (continued) {
    const { ended: _, ...rest } = continued;
    spans[spans.length - 1] = { ...rest, ...facts };
    return;
  }
  const isBeginning = standing === 'seat' && last?.change !== undefined && BEGINNINGS.has(last.change.type);
  spans.push({
    standing,
    from,
    begins: standing === 'seat' && last?.begins === true,
    ...(isBeginning ? { began: last.change } : {}),
    ...facts,
  });
}

/** The last span lasts: its end is only the time of the reads. */
function withoutEnd({ to: _, ended: _ended, ...span }: Span): Span {
  return { ...span, ends: false };
}

function planOf(point: Point | undefined, standing: Standing): string | undefined {
  return standing === 'seat' ? point?.change?.plan : undefined;
}

/** How a user stood between one record and the next. @param after what the earlier one says; undefined if there is none */
function between(after: Standing | undefined, { before, ...next }: Point): Standing {
  if (before === 'unknown') return 'unknown';
  if (before !== 'any') return after === undefined || after === before ? before : 'unknown';
  if (after === undefined) return 'unknown';
  // Someone else had removed the assignment: when, no record says.
  return after === 'seat' && next.after(after) !== 'seat' ? 'unknown' : after;
}

/** Records of the same time: those of the stream in their order, then those of the ledger. */
function orderOf({ change }: Point): number {
  return change?.changeSeq ?? Number.POSITIVE_INFINITY;
}

function pointsOfStream(changes: readonly AuditedChange[], window: Window): Point[] {
  const known = new Map<string, AuditedChange>();
  for (const change of changes) known.set(`${change.type} ${change.changeSeq}`, change);
  return [...known.values()].flatMap((change) => pointOf(change, window) ?? []);
}

function pointOf(change: AuditedChange, { from }: Window): Point | undefined {
  const { type, at } = change;
  const point = { at, change };
  const isFirst = isFirstChange(change);
  switch (type) {
    case 'Seat Assigned': {
      const after = () => 'seat' as const;
      if (!CHANGES_OF_A_SEAT.has(change.reason)) {
        // Without its own event, a revocation that was interrupted may lie between an earlier request and this grant.
        const asked = change.requestedAt === undefined ? at : new Date(change.requestedAt);
        const isSure = change.reason === 'place-freed' || asked.getTime() >= from.getTime() || isFirst;
        return { ...point, before: isSure ? 'none' : 'any', after, begins: true };
      }
      return { ...point, before: 'any', after, ...(change.reason === 'drift-healed' ? { heals: true } : {}) };
    }
    case 'Seat Adopted':
      // The assignment was there, for a time that only CloudTrail knows.
      return { ...point, before: 'unknown', after: () => 'seat' };
    case 'Seat Leaving':
    case 'Seat Kept':
      return { ...point, before: 'seat', after: () => 'seat' };
    case 'Seat Revoked':
      return { ...point, before: 'seat', after: () => 'none', ends: true };
    case 'Seat Waitlisted':
      return { ...point, before: isFirst ? 'none' : 'any', after: () => 'none' };
    case 'Seat Refused':
      if (change.refused === 'revoke')
        return { ...point, before: 'any', after: (before) => (before === 'seat' ? 'seat' : 'unknown') };
      // An earlier call may have made what AWS refuses now.
      return {
        ...point,
        before: isFirst ? 'none' : 'any',
        after: (before) => (before === 'none' || isFirst ? 'none' : 'unknown'),
      };
    default:
      return undefined;
  }
}

/**
 * Whether this is the first change of a seat since its last tombstone expired: the first number is the time in seconds, and
 * no seat changes every second.
 */
function isFirstChange({ changeSeq, at, type }: AuditedChange): boolean {
  // A refusal has the number after that of its intention.
  const own = type === 'Seat Refused' ? changeSeq - 1 : changeSeq;
  return own >= Math.floor(at.getTime() / 1000);
}

function pointsOfLedger(seat: Records['seat'], { now }: Window): Point[] {
  if (seat === 'unread') return [{ at: now, before: 'unknown', after: () => 'unknown' }];
  if (!seat) return [{ at: now, before: 'none', after: () => 'none' }];
  const { status, grantedAt } = seat;
  const changedAt = new Date(seat.changedAt);
  const granted: Point[] =
    grantedAt === undefined
      ? []
      : [{ at: new Date(grantedAt), before: 'any', after: () => 'seat' as const, begins: true }];
  if (takesSlot(seat)) {
    if (grantedAt !== undefined) return [...granted, { at: now, before: 'seat', after: () => 'seat' }];
    // The answer to the create has not come yet.
    return [
      { at: changedAt, before: 'any', after: () => 'unknown' },
      { at: now, before: 'unknown', after: () => 'unknown' },
    ];
  }
  // A tombstone without a counted revocation may be that of a seat which had ended before.
  if (status === 'failed' && seat.refusal && grantedAt === undefined) {
    const refusedAt = new Date(seat.refusal.since);
    return [
      { at: refusedAt, before: 'any', after: () => 'none' },
      { at: now, before: 'none', after: () => 'none' },
    ];
  }
  const isSure = status === 'revoked' && (seat.revocations ?? []).includes(seat.changedAt);
  const end: Point = isSure
    ? { at: changedAt, before: 'seat', after: () => 'none', ends: true }
    : { at: changedAt, before: 'any', after: () => 'none' };
  return [...granted, end, { at: now, before: 'none', after: () => 'none' }];
}
