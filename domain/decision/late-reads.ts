import type { SeatStatus } from '../seat/seat.ts';
import type { ApplicationState, CheckedUser, Moment } from './application-state.ts';
import { type DecidedUser, type Decision, isAdoptable } from './decide.ts';
import { mayBeListedStill, type Recheck } from './timing.ts';

/** For more users than this, another sweep costs less than a check of each. */
const MOST_ALONE = 50;

/** No more users than this are asked about in one decision: half a minute of calls. */
const MOST_ASKED = 250;

/**
 * Returns the users of a sweep whose seats its lists would turn: begin or take back their end, put them on the waitlist or take them
 * off it, adopt them. Those whose seats have changed last come first, since lists are late for them; at most 250.
 *
 * Lists lag behind reads of one user, and the other way round. Each call is made only after reads of its user; for what changes the
 * ledger alone, they are asked for here. Otherwise a sweep and a check by name contradict each other until all reads agree.
 */
export function turnedByLists(decided: readonly DecidedUser[], state: ApplicationState): string[] {
  if (!state.whole || state.entitlement.groups.length === 0) return [];
  const limits = { isShort: isShort(decided, state), isStopped: state.stopped !== undefined };
  const changedAt = ({ checked: { user } }: DecidedUser) => Date.parse(user.seat?.changedAt ?? '') || 0;
  return decided
    .filter((one) => isTurned(one, limits))
    .toSorted((a, b) => changedAt(b) - changedAt(a))
    .slice(0, MOST_ASKED)
    .map(userIdOf);
}

/** A user whom no work item names. */
function isSwept({ checked: { key, user } }: DecidedUser): boolean {
  return key !== user.userId;
}

function userIdOf({ checked: { user } }: DecidedUser): string {
  return user.userId;
}

const RECORDED: readonly Decision['do'][] = ['begin-grace', 'restore', 'record-removal', 'drop'];
const STANDING: readonly SeatStatus[] = ['creating', 'assigned', 'confirmed', 'leaving'];

/** Whether a decision may turn a seat without a call. `isShort`: there may be too few slots; `isStopped`: AWS refuses all subscriptions. */
function isTurned(
  { first, decision, seat, checked: { user, adopt } }: DecidedUser,
  { isShort, isStopped }: { isShort: boolean; isStopped: boolean },
): boolean {
  // The other reason for a drop, that someone else has made the assignment, does not depend on groups.
  if (RECORDED.includes(first.do)) return !(first.do === 'drop' && user.entitled);
  switch (decision.do) {
    case 'revoke':
      return seat !== undefined && STANDING.includes(seat.status);
    case 'grant':
      return seat === undefined || seat.status === 'revoked'
        ? isShort || isStopped
        : isShort && !isStopped && seat.status !== 'waitlisted';
    default:
      return adopt && isAdoptable(user, decision);
  }
}

/** Whether there may be fewer slots than users who have one, want one, or turn out to want one. */
function isShort(decided: readonly DecidedUser[], { entitlement }: ApplicationState): boolean {
  const mayWant = ({ decision, checked: { user } }: DecidedUser) =>
    decision.do === 'grant' || (user.seat !== undefined && user.seat.status !== 'revoked');
  return decided.filter(mayWant).length > entitlement.seats.max;
}

/** Returns the state with what reads of single users show in place of what the lists do. */
export function withAnswers(state: ApplicationState): ApplicationState {
  const { eligibility } = state.evidence;
  if (!eligibility || eligibility.size === 0) return state;
  const users = state.users.map((one): CheckedUser => {
    const answer = eligibility.get(one.user.userId);
    if (!answer) return one;
    const { statusAssumed: _, ineligibility: __, ...user } = one.user;
    return { ...one, user: { ...user, ...answer } };
  });
  const { whole } = state;
  // One read that lags must not lift what holds a mass removal.
  const nobodyEntitled = whole?.nobodyEntitled === true || !users.some(({ user }) => user.entitled);
  return { ...state, users, ...(whole ? { whole: { ...whole, nobodyEntitled } } : {}) };
}

/**
 * A list may lag behind an assignment that was verified, or behind its removal: before it counts as removed or made by someone else,
 * its user is checked alone. If many are missing, each is read again right before the call.
 */
export function withoutLateLists(decided: readonly DecidedUser[], { readAt }: Moment): readonly DecidedUser[] {
  const late = new Set(decided.filter((one) => isSwept(one) && (isMissing(one) || isListedStill(one, readAt))));
  const waiting = decided.filter(({ decision }) => decision.do === 'wait' && decision.alone);
  if (late.size === 0 || late.size + waiting.length > MOST_ALONE) return decided;
  const decision = { do: 'wait', until: readAt.toISOString(), alone: true } as const;
  const withoutDrop = (one: DecidedUser) =>
    one.first.do === 'drop' ? { ...one, first: decision, seat: one.checked.user.seat } : one;
  return decided.map((one) => (late.has(one) ? { ...withoutDrop(one), decision } : one));
}

/** A verified assignment that a list does not show. If the user's last change failed, the grant reads the assignment itself. */
function isMissing({ decision, part, seat }: DecidedUser): boolean {
  const isHealed = decision.do === 'grant' && decision.reason === 'drift-healed';
  return isHealed && part !== 'subscription' && seat?.status !== 'creating' && seat?.refusal === undefined;
}

/** A user who waits for a seat, with an assignment that may be the one that Usher has revoked. */
function isListedStill({ first, checked: { user } }: DecidedUser, readAt: Date): boolean {
  if (first.do !== 'drop' || !user.entitled) return false;
  return (user.seat?.revocations ?? []).some((changedAt) => mayBeListedStill({ changedAt }, { readAt }));
}

/** Whether a decision waits for reads to show what was written. */
export function isWaiting({ decision }: DecidedUser): boolean {
  return decision.do === 'wait';
}

/** Users of a sweep who are checked on their own. */
export function aloneOf(decided: readonly DecidedUser[]): string[] {
  const alone = decided.filter(({ decision }) => decision.do === 'wait' && decision.alone);
  return alone.length > MOST_ALONE ? [] : alone.map(({ checked }) => checked.user.userId);
}

/** Decisions that wait for reads to show what was written, without those of users who are checked alone. */
export function waitsOf(decided: readonly DecidedUser[]): Recheck[] {
  const alone = new Set(aloneOf(decided));
  return decided.flatMap(({ decision, checked: { key, user } }) =>
    decision.do === 'wait' && !alone.has(user.userId) ? [{ key, at: decision.until }] : [],
  );
}
