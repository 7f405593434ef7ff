import type { Moment } from './application-state.ts';
import type { DecidedUser } from './decide.ts';
import type { Recheck } from './timing.ts';

/** For more users than this, another sweep costs less than a check of each. */
const MOST_ALONE = 50;

/**
 * A list may lag behind an assignment that was verified: before it counts as removed by someone else, its user is checked
 * alone. If many are missing, each is read again right before the call.
 */
export function withoutLateLists(decided: readonly DecidedUser[], { readAt }: Moment): readonly DecidedUser[] {
  const isMissing = ({ decision, checked, seat, part }: DecidedUser) =>
    decision.do === 'grant' &&
    decision.reason === 'drift-healed' &&
    part !== 'subscription' &&
    checked.key !== checked.user.userId &&
    seat?.status !== 'creating';
  const missing = decided.filter(isMissing);
  const waiting = decided.filter(({ decision }) => decision.do === 'wait' && decision.alone);
  if (missing.length === 0 || missing.length + waiting.length > MOST_ALONE) return decided;
  const decision = { do: 'wait', until: readAt.toISOString(), alone: true } as const;
  return decided.map((one) => (isMissing(one) ? { ...one, decision } : one));
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
