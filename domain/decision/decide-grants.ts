import { type Entitlement, managedOf } from '../entitlements.ts';
import { includesSubscription, isUnanswered, type Seat, takesSlot } from '../seat/seat.ts';
import { markWaitlisted, recordLateGrant } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { plusSeconds } from '../shared/time.ts';
import type { ApplicationState, CheckedUser, Evidence, Failure, Moment, Need } from './application-state.ts';
import type { DecidedUser, Decision } from './decide.ts';
import type { Seats } from './seats.ts';
import { type StoredChanges, slotsPromised } from './slots.ts';
import { mayStillShow, type Recheck, waitForWriteToSettle } from './timing.ts';
import { allocateSeats, byRequest, type Candidate, isPassedOver, seatCandidate } from './waitlist.ts';

/** A user who is to get a seat. */
export type Granted = DecidedUser & { decision: Extract<Decision, { do: 'grant' }> };

/** Who of one application gets a slot, and who waits for one. */
export interface GrantsDecision {
  seated: Granted[];
  /** Users without a slot, whether their seat says so already or not. */
  waiting: Granted[];
  /** Users with a slot whose subscriptions are not tried, because AWS refuses all: their slots are free for others. */
  withheld: ReadonlySet<DecidedUser>;
  /** Seats that join the waitlist, or turn out to be granted. */
  seats: Seat[];
  /** These users may still have an assignment: they are checked again before they join the waitlist. */
  recheck: Recheck[];
  failures: Failure[];
  /** A slot belongs to a waiting user who was not checked. */
  sweepNeeded: boolean;
  need?: Need;
}

/**
 * Gives the free slots of one application, first come first served; all others join the waitlist.
 *
 * A user who still takes a slot, because `seats.max` was lowered, joins the waitlist only after a fresh read (`assigned`)
 * shows no assignment, and long enough after the last create.
 *
 * @param seats the seats of the application by user id, after the transitions of this pass
 */
export function decideGrants(
  decided: readonly DecidedUser[],
  seats: Seats,
  state: ApplicationState,
  moment: Moment,
): GrantsDecision {
  const { entitlement, whole, evidence } = state;
  const grants = decided.filter(isGrant);
  const made = grants.filter(isMade);
  const wanted = grants.filter((one) => !isMade(one));
  const allocate = allocationAmong({ decided, made, seats }, state, moment);
  const { withheld, slotted, owed, isOverCap } = allocateTried({ made, wanted, allocate }, state);
  const seated = [...(isOverCap ? [] : made), ...wanted.filter((one) => slotted.has(one))].filter(
    (one) => !withheld.has(one),
  );
  const waiting = wanted.filter((one) => !slotted.has(one) && !withheld.has(one));
  // No user loses a seat because the cap was lowered while the answer to the create was lost.
  const joining = isOverCap ? made.flatMap((one) => recordGrant(one, moment)) : [];
  const recheck: Recheck[] = [];
  const failures: Failure[] = [];
  const unread: string[] = [];
  for (const one of waiting) {
    const { key, user } = one.checked;
    const { hasSlot } = candidateIn(one);
    if (isSettled(one)) continue;
    const wait = hasSlot && one.seat ? waitForWriteToSettle(one.seat, moment) : undefined;
    // Within the hour after the last create no read ends the seat; the sweep of an hour later decides.
    if (!wait && hasSlot && one.seat && mayStillShow(one.seat, moment)) continue;
    const assigned = hasSlot && !wait ? evidence.assigned?.get(user.userId) : false;
    if (wait) recheck.push({ key, at: wait.until });
    else if (assigned === undefined) unread.push(user.userId);
    else if (assigned instanceof RefusedError) failures.push({ key: user.userId, error: assigned });
    else if (assigned) recheck.push({ key, at: plusSeconds(moment.readAt, SETTLE_SECONDS) });
    else joining.push(joinWaitlist(one, entitlement, moment));
  }
  return {
    seated,
    waiting,
    withheld,
    seats: joining,
    recheck,
    failures,
    sweepNeeded: owed && !whole,
    ...(unread.length > 0 ? { need: { read: 'assigned', userIds: unread } } : {}),
  };
}

/** Returns how the slots are given among some of the users who want one. `made`: users who have theirs already. */
function allocationAmong(
  { decided, made, seats }: { decided: readonly DecidedUser[]; made: readonly Granted[]; seats: Seats },
  { entitlement, evidence, promised = 0 }: ApplicationState,
  { readAt }: Moment,
) {
  const checked = new Set(decided.map((one) => one.checked.user.userId));
  const stored = storedChangesOf(evidence);
  const given = slotsPromised(stored, seats);
  return (among: readonly Granted[]) => {
    const asking = new Set([...made, ...among].map((one) => one.checked.user.userId));
    const others = [...given].filter((userId) => !asking.has(userId)).length;
    const max = entitlement.seats.max - promised - others;
    // Of a waiting user who was checked and gets no seat now, the reads failed or contradict each other.
    const isSkipped = ({ status, userId }: Seat) =>
      status === 'waitlisted' && checked.has(userId) && !asking.has(userId);
    const isServed = ({ status, userId }: Seat) =>
      status === 'waitlisted' && !checked.has(userId) && stored?.grants.has(userId) === true;
    const inTurn = [...seats.values()].filter(
      (seat) => !isPassedOver(seat, readAt) && !isSkipped(seat) && !isServed(seat),
    );
    const candidates = among.map((one): Candidate => {
      const candidate = candidateIn(one);
      return { ...candidate, hasSlot: candidate.hasSlot || given.has(candidate.userId) };
    });
    const { seated, owed } = allocateSeats(inTurn, candidates, max);
    return {
      slotted: new Set(among.filter((one) => seated.has(one.checked.user.userId))),
      owed,
      isOverCap: inTurn.filter(takesSlot).length > max,
    };
  };
}

/**
 * Allocates the slots without the grants that need a new subscription while AWS refuses those to the whole account: of the users
 * with a slot, one is tried. Who has no slot joins the waitlist as always, so that nobody loses their place.
 */
function allocateTried(
  {
    made,
    wanted,
    allocate,
  }: { made: readonly Granted[]; wanted: readonly Granted[]; allocate: ReturnType<typeof allocationAmong> },
  { stopped, entitlement }: ApplicationState,
): ReturnType<typeof allocate> & { withheld: ReadonlySet<DecidedUser> } {
  const all = allocate(wanted);
  if (!stopped || !managedOf(entitlement)) return { ...all, withheld: new Set() };
  const needy = [...made, ...all.slotted].filter(isNeedy).toSorted((a, b) => byRequest(candidateIn(a), candidateIn(b)));
  const probe = stopped.probe ? needy[0] : undefined;
  const tried = wanted.filter((one) => !isNeedy(one) || one === probe);
  // Who waits is not tried either: the next full sweep sees them all.
  return { ...allocate(tried), owed: false, withheld: new Set(needy.filter((one) => one !== probe)) };
}

function isNeedy({ part }: Granted): boolean {
  return includesSubscription(part);
}

/** Who waits already, or is above the cap with a part of the seat: no user loses it because the cap was lowered. */
function isSettled({ seat, part }: Granted): boolean {
  if (!seat || !takesSlot(seat)) return seat?.status === 'waitlisted';
  return part === 'subscription' || seat.subscription !== undefined;
}

function storedChangesOf({ holdings }: Evidence): StoredChanges | undefined {
  return holdings instanceof RefusedError ? undefined : holdings?.stored;
}

function isGrant(one: DecidedUser): one is Granted {
  return one.decision.do === 'grant';
}

/** The user as a candidate for a slot. */
export function candidateIn({ checked, seat }: { checked: CheckedUser; seat: Seat | undefined }): Candidate {
  const candidate = seatCandidate(checked.user.userId, seat, checked.askedAt);
  return checked.promisedAt === undefined ? candidate : { ...candidate, requestedAt: checked.promisedAt };
}

function joinWaitlist(one: Granted, { name, application }: Entitlement, { readAt, execution }: Moment): Seat {
  const { userId, requestedAt } = candidateIn(one);
  const target = { applicationArn: application, userId, entitlement: name, requestedAt };
  const context = { now: readAt, execution, cause: one.checked.cause, reason: 'group-join' as const };
  return markWaitlisted(one.seat, target, context);
}

/** The answer to the create was lost, and a read shows the assignment: it is only to be recorded. */
function isMade({ seat, checked }: Granted): boolean {
  return seat !== undefined && isUnanswered(seat) && checked.user.assigned;
}

function recordGrant({ seat, checked }: Granted, { readAt, execution }: Moment): Seat[] {
  return seat ? [recordLateGrant(seat, { now: readAt, execution, cause: checked.cause })] : [];
}
