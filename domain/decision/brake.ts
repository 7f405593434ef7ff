import type { Entitlements } from '../entitlements.ts';
import type { Reason, SeatStatus } from '../seat/seat.ts';
import { BRAKE_WINDOW_SECONDS, type Seat, takesSlot } from '../seat/seat.ts';
import { plusSeconds } from '../shared/time.ts';
import { type Hold, type HoldReason, isHeld, isMember } from './hold.ts';

/** A revocation that a plan wants. */
export interface Revocation {
  userId: string;
  reason: Reason;
  status: SeatStatus;
  /** The generation with which the seat joined a hold. */
  hold?: number | undefined;
}

/** What the revocations of an application are held against. */
export interface BrakeInput {
  brake: Entitlements['brake'];
  counts: SeatCounts;
  hold: Hold | undefined;
  /** A configured group has no members or doesn't exist. */
  emptyGroup: boolean;
  /** The whole application was read, and nobody is entitled any more. */
  nobodyEntitled: boolean;
  /** The whole application was read: what isn't wanted here isn't wanted at all. */
  whole: boolean;
}

/** What becomes of the revocations of a plan. */
export interface BrakeDecision<T> {
  /** To be made now. */
  allowed: T[];
  /** Not to be made. */
  held: T[];
  /** `lift` comes before a possible `begin`: what was covered is settled, and the rest was planned anew. */
  lift: boolean;
  /** Those in `held` begin a hold. */
  begin?: HoldReason;
  /** Those in `held` who are not in the hold yet join it. */
  join: T[];
}

/**
 * Holds the revocations of one application against the brake: all that are new, or none.
 *
 * Revocations that had begun are settled outside of it: they were counted when they began.
 */
export function applyBrake<T extends Revocation>(revocations: readonly T[], restraints: BrakeInput): BrakeDecision<T> {
  const { hold, whole } = restraints;
  const settled = revocations.filter(isInProgress);
  const wanted = revocations.filter((revocation) => !isInProgress(revocation));
  if (!isHeld(hold)) return decideNew(settled, wanted, false, restraints);
  const member = (revocation: T) => revocation.status === 'held' && isMember(hold, revocation.hold);
  if (hold.released !== undefined) {
    const { released } = hold;
    const covered = wanted.filter((one) => member(one) && (one.hold ?? 0) <= released);
    if (covered.length === 0 && whole) return decideNew(settled, wanted, true, restraints);
    return {
      allowed: [...settled, ...covered],
      held: wanted.filter((one) => !covered.includes(one)),
      lift: false,
      join: [],
    };
  }
  if (whole && !wanted.some(member)) return decideNew(settled, wanted, true, restraints);
  return { allowed: settled, held: wanted, lift: false, join: wanted.filter((one) => !member(one)) };
}

function isInProgress({ status }: Revocation): boolean {
  return status === 'revoking';
}

function decideNew<T extends Revocation>(
  settled: readonly T[],
  wanted: readonly T[],
  lift: boolean,
  restraints: BrakeInput,
): BrakeDecision<T> {
  const begin = wanted.length > 0 ? holdReasonFor(wanted.length, restraints) : undefined;
  if (begin) return { allowed: [...settled], held: [...wanted], lift, begin, join: [...wanted] };
  return { allowed: [...settled, ...wanted], held: [], lift, join: [] };
}

/** Why so many revocations may not be made without a person's word; undefined when they may. */
function holdReasonFor(planned: number, restraints: BrakeInput): HoldReason | undefined {
  const { brake, counts, emptyGroup, nobodyEntitled } = restraints;
  // The last seat alone is no mass removal.
  if (counts.inUse > 1 && emptyGroup) return 'group-empty';
  if (counts.inUse > 1 && nobodyEntitled) return 'nobody-entitled';
  const budget = Math.max(brake.atLeast, Math.floor((brake.percent * counts.atWindowStart) / 100));
  return counts.revokedInWindow + planned > budget ? 'brake' : undefined;
}

/** How many seats an application has, as far as its limits need to know. */
export interface SeatCounts {
  /** Seats whose assignment may exist. */
  inUse: number;
  /** Seats that existed 24 hours ago. */
  atWindowStart: number;
  /** Revocations in the last 24 hours, without those of deleted users, and those that are under way. */
  revokedInWindow: number;
}

/** Counts an application's seats. */
export function countSeats(seats: Iterable<Pick<Seat, 'status' | 'grantedAt' | 'revocations'>>, now: Date): SeatCounts {
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const since = (time: string) => Date.parse(time) > Date.parse(windowStart);
  const counts: SeatCounts = { inUse: 0, atWindowStart: 0, revokedInWindow: 0 };
  for (const seat of seats) {
    const place = takesSlot(seat);
    const recently = (seat.revocations ?? []).filter(since).length;
    if (place) counts.inUse += 1;
    counts.revokedInWindow += recently + (seat.status === 'revoking' ? 1 : 0);
    if ((place || recently > 0) && seat.grantedAt !== undefined && !since(seat.grantedAt)) counts.atWindowStart += 1;
  }
  return counts;
}
