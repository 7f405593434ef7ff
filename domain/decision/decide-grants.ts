import type { Entitlement } from '../entitlements.ts';
import { includesSubscription, isUnanswered, type Seat, takesSlot } from '../seat/seat.ts';
import { markNotBegun, markWaitlisted, recordLateGrant } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { plusSeconds } from '../shared/time.ts';
import { ACCOUNT_NOT_ELIGIBLE } from '../subscription/subscription.ts';
import type { ApplicationState, CheckedUser, Evidence, Failure, Moment, Need } from './application-state.ts';
import type { DecidedUser, Decision } from './decide.ts';
import { aloneOf } from './late-reads.ts';
import { mayBeUnlisted } from './parts.ts';
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
  /** Users whose subscriptions are not tried, because AWS refuses all: no slot is kept for them. */
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
  const allocation = allocationOf({ decided, made, seats }, state, moment);
  const { withheld, slotted, owed, isOverCap } = allocateTried({ decided, made, wanted }, allocation, state);
  const seated = [...(isOverCap ? [] : made), ...wanted.filter((one) => slotted.has(one))].filter(
    (one) => !withheld.has(one),
  );
  const waiting = wanted.filter((one) => !slotted.has(one) && !withheld.has(one));
  // No user loses a seat because the cap was lowered while the answer to the create was lost.
  const joining = isOverCap ? made.flatMap((one) => recordGrant(one, moment)) : [];
  const unrecorded = [...withheld].filter(({ seat }) => seat === undefined || seat.status === 'revoked');
  joining.push(...unrecorded.map((one) => notBegun(one, entitlement, moment)));
  const recheck: Recheck[] = [];
  const failures: Failure[] = [];
  const unread: string[] = [];
  for (const one of waiting) {
    const { key, user } = one.checked;
    const { hasSlot } = candidateIn(one);
    if (isSettled(one, state)) continue;
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

/**
 * How the slots are given among some of the users who want one. `made`: users who have theirs already; `hasSlot`: whether a user
 * has a slot, or a stored round keeps one for them.
 */
function allocationOf(
  { decided, made, seats }: { decided: readonly DecidedUser[]; made: readonly Granted[]; seats: Seats },
  { entitlement, evidence, promised = 0 }: ApplicationState,
  { readAt }: Moment,
) {
  const checked = new Set(decided.map((one) => one.checked.user.userId));
  const stored = storedChangesOf(evidence);
  const given = slotsPromised(stored, seats);
  const hasSlot = (one: Granted) => candidateIn(one).hasSlot || given.has(one.checked.user.userId);
  const allocate = (among: readonly Granted[]) => {
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
    const candidates = among.map((one): Candidate => ({ ...candidateIn(one), hasSlot: hasSlot(one) }));
    const { seated, owed } = allocateSeats(inTurn, candidates, max);
    const taken = inTurn.filter(takesSlot).length;
    const newly = candidates.filter((one) => !one.hasSlot && seated.has(one.userId)).length;
    return {
      slotted: new Set(among.filter((one) => seated.has(one.checked.user.userId))),
      owed,
      isFull: taken + newly >= max,
      isOverCap: taken > max,
    };
  };
  return { hasSlot, allocate };
}

/**
 * Allocates the slots without the grants that need a new subscription while AWS refuses those to the whole account: of the users
 * who would get a slot, one is tried. As long as a slot is free, none of the others joins the waitlist.
 */
function allocateTried(
  { decided, made, wanted }: { decided: readonly DecidedUser[]; made: readonly Granted[]; wanted: readonly Granted[] },
  { allocate, hasSlot }: ReturnType<typeof allocationOf>,
  { stopped, whole }: ApplicationState,
): ReturnType<typeof allocate> & { withheld: ReadonlySet<DecidedUser> } {
  const all = allocate(wanted);
  if (!stopped) return { ...all, withheld: new Set() };
  const needy = [...made, ...wanted].filter(isNeedy);
  // A change of plan starts no subscription, and a user's own changes may fail: neither tells whether AWS still refuses
  // subscriptions, as long as others may be asked for. Only a read of the whole application knows that there are none, unless
  // it leaves some to a check of their own.
  const isComplete = whole !== undefined && aloneOf(decided).length === 0;
  const isTryable = (one: Granted) =>
    (isMade(one) || all.slotted.has(one)) && (isComplete || !(fails(one) || one.part === 'plan'));
  const probe = stopped.probe ? firstOf(needy.filter(isTryable)) : undefined;
  const allocation = allocate(wanted.filter((one) => !isNeedy(one) || one === probe));
  const isWithheld = (one: Granted) => (allocation.isFull ? hasSlot(one) : one.seat?.status !== 'waitlisted');
  const withheld = new Set(needy.filter((one) => one !== probe && isWithheld(one)));
  // Who waits is not tried either, so that nothing is owed to them. Whether they are before a user who is, a sweep finds out.
  const isPassed = wanted.some((one) => !isNeedy(one) && !allocation.slotted.has(one));
  // If `seats.max` was lowered, users who are not tried keep their slots, and `allocate` finds none left for the one who is.
  const slotted = new Set([...allocation.slotted, ...(probe ? [probe] : [])]);
  return { ...allocation, slotted, owed: allocation.owed && isPassed, withheld };
}

/** Whether the last change of a user has failed for a reason that is not the account's. */
function fails({ seat }: Granted): boolean {
  return seat?.refusal !== undefined && seat.refusal.reason !== ACCOUNT_NOT_ELIGIBLE;
}

function firstOf(some: readonly Granted[]): Granted | undefined {
  const [first] = some
    .map((one) => ({ one, last: 2 * Number(fails(one)) + Number(one.part === 'plan'), ...candidateIn(one) }))
    .toSorted((a, b) => a.last - b.last || byRequest(a, b));
  return first?.one;
}

function isNeedy({ part }: Granted): boolean {
  return includesSubscription(part);
}

/** Who waits already, or is above the cap with a part of the seat: no user loses it because the cap was lowered. */
function isSettled({ seat, part }: Granted, { evidence: { subscriptions: list } }: ApplicationState): boolean {
  if (!seat || !takesSlot(seat)) return seat?.status === 'waitlisted';
  // No read shows any part of the seat, and the list is new enough.
  const isNothing =
    part === undefined &&
    typeof list === 'object' &&
    'readAt' in list &&
    !mayBeUnlisted(seat, { readAt: new Date(list.readAt) });
  return part === 'subscription' || (seat.subscription !== undefined && !isNothing);
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

/** Without a seat, nothing would say when a user who is not tried first asked. */
function notBegun(one: DecidedUser, entitlement: Entitlement, moment: Moment): Seat {
  return markNotBegun(one.seat, targetOf(one, entitlement), contextOf(one, moment));
}

function joinWaitlist(one: Granted, entitlement: Entitlement, moment: Moment): Seat {
  return markWaitlisted(one.seat, targetOf(one, entitlement), contextOf(one, moment));
}

function targetOf(one: DecidedUser, { name, application }: Entitlement) {
  const { userId, requestedAt } = candidateIn(one);
  return { applicationArn: application, userId, entitlement: name, requestedAt };
}

function contextOf({ checked }: DecidedUser, { readAt, execution }: Moment) {
  return { now: readAt, execution, cause: checked.cause, reason: 'group-join' as const };
}

/** The answer to the create was lost, and a read shows the assignment: it is only to be recorded. */
function isMade({ seat, checked }: Granted): boolean {
  return seat !== undefined && isUnanswered(seat) && checked.user.assigned;
}

function recordGrant({ seat, checked }: Granted, { readAt, execution }: Moment): Seat[] {
  return seat ? [recordLateGrant(seat, { now: readAt, execution, cause: checked.cause })] : [];
}
