import type { Entitlements } from '../entitlements.ts';
import type { Reason, SeatStatus } from '../seat/seat.ts';
import { BRAKE_WINDOW_SECONDS, type Seat, takesSlot } from '../seat/seat.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import { type Hold, type HoldReason, isHeld, isMember, isReleased } from './hold.ts';

/** A revocation that a decision asks for. */
export interface Revocation {
  userId: string;
  reason: Reason;
  status: SeatStatus;
  /** The generation with which the seat joined a hold. */
  hold?: number | undefined;
}

/** What the brake compares the revocations of an application with. */
export interface BrakeInput {
  brake: Entitlements['brake'];
  counts: SeatCounts;
  hold: Hold | undefined;
  /** A configured group has no members or doesn't exist. */
  emptyGroup: boolean;
  /** The whole application was read, and no user is entitled any longer. */
  nobodyEntitled: boolean;
  /** The whole application was read: a revocation that is not asked for here is not asked for at all. */
  whole: boolean;
}

/** What the brake does with the revocations of one application. */
export interface BrakeDecision<T> {
  allowed: T[];
  held: T[];
  /** The present hold ends, before a possible `begin`: what it covered is done, and the rest was decided anew. */
  lift: boolean;
  /** Why those in `held` begin a hold. */
  begin?: HoldReason;
  /** Those in `held` that are not in the hold yet and join it. */
  join: T[];
}

/**
 * Allows all new revocations of one application or, if they exceed the budget, holds all of them.
 *
 * Always allows a revocation that is already in progress: it was counted when it began.
 */
export function applyBrake<T extends Revocation>(revocations: readonly T[], input: BrakeInput): BrakeDecision<T> {
  const { hold, whole } = input;
  const inProgress = revocations.filter(isInProgress);
  const requested = revocations.filter((revocation) => !isInProgress(revocation));
  if (!isHeld(hold)) return decideNew(inProgress, requested, false, input);
  const member = (revocation: T) => revocation.status === 'held' && isMember(hold, revocation.hold);
  if (hold.released !== undefined) {
    const covered = requested.filter((one) => isReleased(hold, one));
    if (covered.length === 0 && whole) return decideNew(inProgress, requested, true, input);
    return {
      allowed: [...inProgress, ...covered],
      held: requested.filter((one) => !covered.includes(one)),
      lift: false,
      join: [],
    };
  }
  if (whole && !requested.some(member)) return decideNew(inProgress, requested, true, input);
  return { allowed: inProgress, held: requested, lift: false, join: requested.filter((one) => !member(one)) };
}

function isInProgress({ status }: Revocation): boolean {
  return status === 'revoking';
}

function decideNew<T extends Revocation>(
  inProgress: readonly T[],
  requested: readonly T[],
  lift: boolean,
  input: BrakeInput,
): BrakeDecision<T> {
  const begin = requested.length > 0 ? holdReasonFor(requested.length, input) : undefined;
  if (begin) return { allowed: [...inProgress], held: [...requested], lift, begin, join: [...requested] };
  return { allowed: [...inProgress, ...requested], held: [], lift, join: [] };
}

/** Why these revocations need an operator's release; undefined if they do not. */
function holdReasonFor(planned: number, input: BrakeInput): HoldReason | undefined {
  const { brake, counts, emptyGroup, nobodyEntitled } = input;
  // The last seat alone is no mass removal.
  if (counts.inUse > 1 && emptyGroup) return 'group-empty';
  if (counts.inUse > 1 && nobodyEntitled) return 'nobody-entitled';
  return counts.revokedInWindow + planned > allowedIn24Hours(brake, counts) ? 'brake' : undefined;
}

function allowedIn24Hours({ percent, atLeast }: BrakeInput['brake'], { atWindowStart }: SeatCounts): number {
  return Math.max(atLeast, Math.floor((percent * atWindowStart) / 100));
}

/** The revocation budget of an application, as its seats show. */
export interface Budget {
  /** Revocations that the brake allows in 24 hours. */
  allowed: number;
  used: number;
  left: number;
  /** ISO times when the first and the last of the revocations that are counted no longer count. */
  nextFreeAt?: string;
  allFreeAt?: string;
}

/** Returns what the brake allows in an application now. */
export function budgetOf(seats: readonly BrakedSeat[], brake: BrakeInput['brake'], now: Date): Budget {
  const counts = countSeats(seats, now);
  const allowed = allowedIn24Hours(brake, counts);
  const used = counts.revokedInWindow;
  const frees = seats
    .flatMap(({ revocations = [] }) => revocations)
    .map((time) => plusSeconds(time, BRAKE_WINDOW_SECONDS))
    .filter((time) => !isDue(time, now))
    .sort();
  const [nextFreeAt] = frees;
  const allFreeAt = frees.at(-1);
  return {
    allowed,
    used,
    left: Math.max(0, allowed - used),
    ...(nextFreeAt === undefined ? {} : { nextFreeAt }),
    ...(allFreeAt === undefined ? {} : { allFreeAt }),
  };
}

/** Revocations of one hour. */
export interface HourOfRevocations {
  /** ISO time: the beginning of the hour, in UTC. */
  since: string;
  count: number;
}

/** Returns when the revocations were made that count against the budget. */
export function revocationsByHour(seats: readonly BrakedSeat[], now: Date): HourOfRevocations[] {
  const hours = new Map<string, number>();
  for (const time of seats.flatMap(({ revocations = [] }) => revocations)) {
    if (isDue(plusSeconds(time, BRAKE_WINDOW_SECONDS), now)) continue;
    const since = `${plusSeconds(time, 0).slice(0, 13)}:00:00.000Z`;
    hours.set(since, (hours.get(since) ?? 0) + 1);
  }
  return [...hours].sort(([a], [b]) => (a < b ? -1 : 1)).map(([since, count]) => ({ since, count }));
}

/** How many seats an application has, as far as its limits need it. */
export interface SeatCounts {
  /** Seats whose assignment may exist. */
  inUse: number;
  /** Seats that existed 24 hours ago. */
  atWindowStart: number;
  /** Revocations in the last 24 hours, without those of deleted users, and those in progress. */
  revokedInWindow: number;
}

/** What the brake needs to know of a seat. */
type BrakedSeat = Pick<Seat, 'status' | 'grantedAt' | 'revocations'>;

/** Counts an application's seats. */
export function countSeats(seats: Iterable<BrakedSeat>, now: Date): SeatCounts {
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const since = (time: string) => Date.parse(time) > Date.parse(windowStart);
  const counts: SeatCounts = { inUse: 0, atWindowStart: 0, revokedInWindow: 0 };
  for (const seat of seats) {
    const slot = takesSlot(seat);
    const recently = (seat.revocations ?? []).filter(since).length;
    if (slot) counts.inUse += 1;
    counts.revokedInWindow += recently + (seat.status === 'revoking' ? 1 : 0);
    if ((slot || recently > 0) && seat.grantedAt !== undefined && !since(seat.grantedAt)) counts.atWindowStart += 1;
  }
  return counts;
}
