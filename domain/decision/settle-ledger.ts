import type { Seat } from '../seat/seat.ts';
import { dropSeat, markConfirmed, markLeaving, markRevoked, restoreSeat } from '../seat/transitions.ts';
import type { CheckedUser, Moment } from './application-state.ts';
import { type Decision, type DecisionContext, decide } from './decide.ts';

/** What is to be done for one user once the ledger says what was read. */
export interface DecidedUser {
  checked: CheckedUser;
  /** The first decision, which may concern only the ledger. */
  first: Decision;
  /** What is left to do after it. */
  decision: Decision;
  /** The seat after the first decision. */
  seat: Seat | undefined;
}

/** Decides for one user; if that changes only the ledger, makes the transition and decides again. */
export function decideUser(checked: CheckedUser, graceDays: number, { readAt, execution }: Moment): DecidedUser {
  const { user, trigger, cause } = checked;
  const context: DecisionContext = { readAt, trigger, execution, graceDays };
  const first = decide(user, context);
  const seat = user.seat && transitionOf(user.seat, first, context, cause);
  if (!seat) return { checked, first, decision: first, seat: user.seat };
  return { checked, first, decision: decide({ ...user, seat }, context), seat };
}

/** The seat as the ledger has to hold it; undefined if the decision does not concern the ledger alone. */
function transitionOf(
  seat: Seat,
  decision: Decision,
  { readAt, execution }: DecisionContext,
  cause: string,
): Seat | undefined {
  const context = { now: readAt, execution, cause, reason: 'group-leave' as const };
  switch (decision.do) {
    case 'confirm':
      return markConfirmed(seat, readAt);
    case 'restore':
      // That a revocation had begun was never audited.
      return seat.status === 'revoking' ? markConfirmed(seat, readAt) : restoreSeat(seat, context);
    case 'drop':
      return dropSeat(seat, readAt);
    case 'begin-grace':
      return markLeaving(seat, decision.dueAt, context);
    case 'record-removal':
      return markRevoked(seat, { ...context, reason: decision.reason });
    default:
      return undefined;
  }
}
