import type { Seat } from '../seat/seat.ts';
import { markHeld } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { plusSeconds } from '../shared/time.ts';
import type { ApplicationState, Failure, Holdings, Moment, Need } from './application-state.ts';
import { applyBrake, type BrakeDecision, type BrakeInput, countSeats, type Revocation } from './brake.ts';
import type { DecidedUser, Decision } from './decide.ts';
import { announceGrowth, beginHold, growHold, type Hold, isHeld, liftHold, nextGeneration } from './hold.ts';
import { revocationsAhead } from './slots.ts';
import { type Recheck, waitForCreateToShow } from './timing.ts';

/** More users than this are not asked for before a sweep costs less. */
const MOST_ASKED = 5;

/** A user whose seat is to be revoked. */
type Revoked = DecidedUser & { decision: Extract<Decision, { do: 'revoke' }>; seat: Seat };
type BrakedUser = Revocation & { decided: Revoked };

/** What the brake lets through of one application, and what it holds. */
export interface RevocationsDecision {
  allowed: Revoked[];
  held: Revoked[];
  /** Put off until a read of the whole application, or failed. */
  postponed: Revoked[];
  /** Seats that join the hold. */
  seats: Seat[];
  /** The hold as it is to be; the present one if nothing changes. */
  hold: Hold | undefined;
  recheck: Recheck[];
  failures: Failure[];
  /** Perhaps no user is entitled any longer: only a read of the whole application may decide that. */
  sweepNeeded: boolean;
  need?: Need;
}

/**
 * Holds the revocations of one application against the brake.
 *
 * A check of single users sees neither an empty group nor that no user is entitled; it needs `remaining` before it revokes
 * anything. Without it, the answer is the one that `some` gives.
 *
 * @param seats the seats of the application by user id, after the transitions of this pass
 */
export function decideRevocations(
  decided: readonly DecidedUser[],
  seats: ReadonlyMap<string, Seat>,
  { state, holdings, brake }: { state: ApplicationState; holdings: Holdings; brake: BrakeInput['brake'] },
  moment: Moment,
): RevocationsDecision {
  const { whole, evidence } = state;
  const revocations = decided.flatMap((one): BrakedUser[] =>
    isRevoked(one)
      ? [
          {
            userId: one.seat.userId,
            reason: one.decision.reason,
            status: one.seat.status,
            hold: one.seat.hold,
            decided: one,
          },
        ]
      : [],
  );
  const users = new Set(decided.map((one) => one.checked.user.userId));
  const counts = countSeats(seats.values(), moment.readAt);
  const ahead = revocationsAhead(holdings.stored, seats, new Set(revocations.map(({ userId }) => userId)));
  const input: BrakeInput = {
    brake,
    counts: { ...counts, revokedInWindow: counts.revokedInWindow + ahead },
    hold: holdings.hold,
    whole: whole !== undefined,
    emptyGroup: whole?.emptyGroup ?? evidence.remaining === 'group-empty',
    nobodyEntitled: whole?.nobodyEntitled ?? false,
  };
  const braked = applyBrake(revocations, input);
  const { seats: joined, hold, recheck } = joinHold(braked, state, holdings, moment);
  const base = {
    held: usersOf(braked.held),
    seats: joined,
    hold,
    recheck,
    failures: [],
    sweepNeeded: false,
    postponed: [],
  };
  const started = braked.allowed.filter(({ status }) => status === 'revoking');
  const fresh = braked.allowed.filter(({ status }) => status !== 'revoking');
  const { remaining } = evidence;
  if (whole || input.counts.inUse <= 1 || fresh.length === 0 || remaining === 'some' || remaining === 'group-empty') {
    return { ...base, allowed: usersOf(braked.allowed) };
  }
  if (remaining === undefined) {
    const others = [...seats.values()].filter((seat) => !users.has(seat.userId) && isGranted(seat));
    const userIds = others.slice(0, MOST_ASKED).map(({ userId }) => userId);
    return { ...base, allowed: usersOf(braked.allowed), need: { read: 'remaining', userIds } };
  }
  const postponed = usersOf(fresh);
  const keys = postponed.map(({ checked }) => checked.key);
  if (remaining instanceof RefusedError) {
    const failures = [{ key: state.entitlement.application, error: remaining }];
    return { ...base, allowed: usersOf(started), postponed, failures };
  }
  // The sweep's lists may lag behind this check, which is therefore repeated until they agree.
  const at = plusSeconds(moment.readAt, SETTLE_SECONDS);
  const again = keys.map((key) => ({ key, at }));
  return { ...base, allowed: usersOf(started), postponed, recheck: [...recheck, ...again], sweepNeeded: true };
}

function isRevoked(one: DecidedUser): one is Revoked {
  return one.decision.do === 'revoke' && one.seat !== undefined;
}

function isGranted({ status }: Seat): boolean {
  return status === 'assigned' || status === 'confirmed';
}

function usersOf(revocations: readonly BrakedUser[]): Revoked[] {
  return revocations.map(({ decided }) => decided);
}

/** The transitions of the seats that join the hold, and the hold that covers them. */
function joinHold(
  { join, begin, lift }: BrakeDecision<BrakedUser>,
  { entitlement }: ApplicationState,
  { hold }: Holdings,
  { readAt, execution }: Moment,
): { seats: Seat[]; hold: Hold | undefined; recheck: Recheck[] } {
  const generation = nextGeneration(hold);
  const joining: Seat[] = [];
  const recheck: Recheck[] = [];
  for (const { decided } of join) {
    const { seat, decision, checked } = decided;
    const context = { now: readAt, execution, cause: checked.cause, reason: decision.reason };
    // A held seat is not removed. Whether there is one to hold may show only later; if not, the seat ends by itself.
    const wait =
      seat.status === 'creating' && !checked.user.assigned ? waitForCreateToShow(seat, { readAt }) : undefined;
    if (wait) recheck.push({ key: checked.key, at: wait.until });
    else joining.push(markHeld(seat, generation, context));
  }
  const userIds = joining.map(({ userId }) => userId);
  const what = { applicationArn: entitlement.application, entitlement: entitlement.name, userIds };
  let next = hold;
  if (begin && userIds.length > 0) next = beginHold(hold, what, { now: readAt, execution, reason: begin });
  else if (lift && isHeld(hold)) next = liftHold(hold);
  else if (isHeld(hold) && userIds.length > 0) next = growHold(hold, userIds);
  if (isHeld(next)) next = announceGrowth(next, { now: readAt, execution });
  return { seats: joining, hold: next && writtenOnce(next, hold), recheck };
}

/** However much of a hold changes, it is written once. */
function writtenOnce(next: Hold, stored: Hold | undefined): Hold {
  return next === stored ? next : { ...next, revision: (stored?.revision ?? 0) + 1 };
}
