import { takesSlot } from '../seat/seat.ts';
import type { ApplicationState, CheckedUser, Moment } from './application-state.ts';
import type { DecidedUser, Decision } from './decide.ts';
import type { Recheck } from './timing.ts';

/** For more users than this, another sweep costs less than a check of each. */
const MOST_ALONE = 50;

/** If a sweep turns more seats than this in one way, none of them is asked about: it takes half a minute of calls. */
const MOST_ASKED = 250;

/**
 * Returns the users of a sweep whose seats its lists would turn: begin or take back their end, put them on the waitlist or take them
 * off it.
 *
 * Lists lag behind reads of one user, and the other way round. Each call is made only after reads of its user; for what changes the
 * ledger alone, they are asked for here. Otherwise a sweep and a check by name contradict each other until all reads agree.
 */
export function turnedByLists(decided: readonly DecidedUser[], state: ApplicationState): string[] {
  if (!state.whole || state.entitlement.groups.length === 0) return [];
  const turns = Map.groupBy(decided.filter(isSwept), turnOf);
  if (!isShort(decided, state)) turns.delete('joins');
  turns.delete(undefined);
  return [...turns.values()].filter((some) => some.length <= MOST_ASKED).flatMap((some) => some.map(userIdOf));
}

/** A user whom no work item names. */
function isSwept({ checked: { key, user } }: DecidedUser): boolean {
  return key !== user.userId;
}

function userIdOf({ checked: { user } }: DecidedUser): string {
  return user.userId;
}

type Does = Decision['do'];
const ENDS: readonly Does[] = ['begin-grace', 'revoke', 'record-removal', 'drop'];
const RETURNS: readonly Does[] = ['restore', 'record-removal'];

/** How a decision turns a seat. `joins`: the waitlist, if no slot is free; `leaves`: the waitlist. */
function turnOf({ first, checked: { user } }: DecidedUser): 'ends' | 'returns' | 'joins' | 'leaves' | undefined {
  const { seat, entitled } = user;
  switch (seat?.status) {
    case 'creating':
    case 'assigned':
    case 'confirmed':
      return !entitled && ENDS.includes(first.do) ? 'ends' : undefined;
    case 'leaving':
    case 'held':
    case 'revoking':
      return entitled && RETURNS.includes(first.do) ? 'returns' : undefined;
    case 'waitlisted':
    case 'failed':
      return !entitled && first.do === 'drop' ? 'leaves' : undefined;
    default:
      return first.do === 'grant' ? 'joins' : undefined;
  }
}

/** Whether there are fewer slots than users who have one or are to get one. */
function isShort(decided: readonly DecidedUser[], { entitlement, promised = 0 }: ApplicationState): boolean {
  const wanting = decided.filter(({ seat, decision }) => (seat && takesSlot(seat)) || decision.do === 'grant');
  return wanting.length + promised > entitlement.seats.max;
}

/** Returns the state with what reads of single users show in place of what the lists do. */
export function withAnswers(state: ApplicationState): ApplicationState {
  const { eligibility } = state.evidence;
  if (!eligibility || eligibility.size === 0) return state;
  const answered = ({ statusAssumed: _, ineligibility: __, ...user }: CheckedUser['user']) => {
    const answer = eligibility.get(user.userId);
    return { ...user, ...(answer === 'unread' ? { entitled: false } : answer) };
  };
  const users = state.users.map((one) =>
    eligibility.has(one.user.userId) ? { ...one, user: answered(one.user) } : one,
  );
  const { whole } = state;
  const nobodyEntitled = !users.some(({ user }) => user.entitled);
  return { ...state, users, ...(whole ? { whole: { ...whole, nobodyEntitled } } : {}) };
}

/**
 * A list may lag behind an assignment that was verified: before it counts as removed by someone else, its user is checked
 * alone. If many are missing, each is read again right before the call. A user who was asked about and could not be read is
 * checked alone, too.
 */
export function withoutLateLists(
  decided: readonly DecidedUser[],
  { evidence: { eligibility } }: ApplicationState,
  { readAt }: Moment,
): readonly DecidedUser[] {
  const isMissing = (one: DecidedUser) =>
    one.decision.do === 'grant' &&
    one.decision.reason === 'drift-healed' &&
    one.part !== 'subscription' &&
    isSwept(one) &&
    one.seat?.status !== 'creating';
  const isUnread = (one: DecidedUser) => isSwept(one) && eligibility?.get(userIdOf(one)) === 'unread';
  const late = new Set(decided.filter((one) => isMissing(one) || isUnread(one)));
  const waiting = decided.filter(({ decision }) => decision.do === 'wait' && decision.alone);
  if (late.size === 0 || late.size + waiting.length > MOST_ALONE) return decided;
  const decision = { do: 'wait', until: readAt.toISOString(), alone: true } as const;
  return decided.map((one) => (late.has(one) ? { ...one, decision } : one));
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
