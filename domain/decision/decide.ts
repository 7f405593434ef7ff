import { isMadeAgain, isSetBack, type Part, type Reason, type Seat, takesSlot } from '../seat/seat.ts';
import {
  dropSeat,
  keepInterrupted,
  markConfirmed,
  markLeaving,
  markRevoked,
  restoreSeat,
} from '../seat/transitions.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import type { CheckedUser, DecisionContext, Ineligibility, Moment, UserState } from './application-state.ts';
import {
  mayStillShow,
  type Wait,
  waitForCreateToShow,
  waitForGrantToShow,
  waitForRemovalToShow,
  waitForWriteToSettle,
  waitToRepeat,
} from './timing.ts';

const DAY_SECONDS = 24 * 3600;
/**
 * The one thing to do for a user and an application.
 *
 * `confirm`, `restore`, `record-removal`, `drop` and `begin-grace` change the ledger only: what it says is brought in line
 * with what was read.
 */
export type Decision =
  | { do: 'grant'; reason: Reason }
  | { do: 'revoke'; reason: Reason }
  | { do: 'record-removal'; reason: Ineligibility }
  | { do: 'confirm' | 'restore' | 'drop' }
  | { do: 'begin-grace'; dueAt: string }
  | Wait
  | { do: 'nothing' };

const NOTHING: Decision = { do: 'nothing' };

/**
 * Decides the one change that brings a user in line with the entitlement, if any.
 *
 * Never revokes an assignment without a seat: Usher did not make it. Never acts on reads that began too soon after a write
 * to show it.
 */
export function decide(user: UserState, context: DecisionContext): Decision {
  return user.entitled ? decideEntitled(user, context) : decideIneligible(user, context);
}

function decideEntitled({ assigned, seat }: UserState, context: DecisionContext): Decision {
  const grant: Decision = { do: 'grant', reason: grantReason(seat, context) };
  if (!seat) return assigned ? NOTHING : grant;
  const wait = waitForWriteToSettle(seat, context);
  switch (seat.status) {
    case 'creating':
      return assigned ? grant : ifDue(grant, seat, context);
    case 'assigned':
      if (wait || assigned) return wait ?? { do: 'confirm' };
      return ifDue(waitToRepeat(seat, context) ?? grant, seat, context);
    case 'confirmed':
      return assigned ? withoutRefusal(seat) : ifDue(wait ?? waitToRepeat(seat, context) ?? grant, seat, context);
    case 'leaving':
    case 'held':
      return assigned ? { do: 'restore' } : (wait ?? ifDue(grant, seat, context));
    case 'revoking':
      return wait ?? decideInterrupted(seat, assigned, grant, context);
    case 'revoked':
      return assigned ? (wait ?? NOTHING) : ifDue(grant, seat, context);
    // A refused create had no effect: Usher did not make an assignment that is visible now.
    case 'failed':
      return assigned ? { do: 'drop' } : ifDue(grant, seat, context);
    case 'waitlisted':
      return assigned ? { do: 'drop' } : ifDue(grant, seat, context);
  }
}

/** An attempt to revoke a seat may have failed before its user returned. */
function withoutRefusal({ refusal }: Seat): Decision {
  return refusal ? { do: 'confirm' } : NOTHING;
}

/**
 * Decides about an interrupted revocation of a user who is entitled again: it either never began, or is complete. If AWS
 * has accepted the removal, reads show it soon. If not, the seat is kept while a read may be too early to show the grant:
 * what turns out to be gone is made again.
 */
function decideInterrupted(seat: Seat, assigned: boolean, grant: Decision, context: DecisionContext): Decision {
  if (!isAudited(seat)) return grant;
  if (assigned) return waitForRemovalToShow(seat, context) ?? { do: 'restore' };
  if (mayStillShow(seat, context)) return { do: 'restore' };
  return { do: 'record-removal', reason: 'group-leave' };
}

function decideIneligible({ assigned, seat, ineligibility }: UserState, context: DecisionContext): Decision {
  if (!seat || !ineligibility) return NOTHING;
  const { readAt, graceDays } = context;
  const isGone = ineligibility === 'user-deleted' && !assigned && takesSlot(seat);
  const removal = isGone ? decideRemoved(seat, context) : undefined;
  if (removal) return removal;
  const revoke = ifDue({ do: 'revoke', reason: ineligibility }, seat, context);
  const graced = ineligibility === 'group-leave' && graceDays > 0;
  const end: Decision = graced ? { do: 'begin-grace', dueAt: plusSeconds(readAt, graceDays * DAY_SECONDS) } : revoke;
  switch (seat.status) {
    // A create whose answer was lost has its days of grace, too; whether there is an assignment may show only later. If it is
    // repeated, AWS has accepted it before.
    case 'creating':
      if (!assigned && !waitForCreateToShow(seat, context)) return endWithoutCall(seat, ineligibility);
      if (assigned || !graced || seat.repeats !== undefined) return end;
      // If reads lag longer than the execution waits, a tick checks the seat again.
      return waitForWriteToSettle(seat, context) ?? NOTHING;
    case 'assigned':
    case 'confirmed':
      return end;
    case 'leaving':
      return ineligibility === 'group-leave' && !isDue(seat.dueAt, readAt)
        ? (waitForWriteToSettle(seat, context) ?? NOTHING)
        : revoke;
    case 'revoking':
      return assigned ? revoke : (waitForGrantToShow(seat, readAt) ?? revoke);
    case 'held':
      return revoke;
    // Only reads long enough after the call verify that it is gone. An assignment that is visible later is not Usher's.
    case 'revoked':
      return waitForWriteToSettle(seat, context) ?? NOTHING;
    case 'failed':
    case 'waitlisted':
      return { do: 'drop' };
  }
}

/** Whether an entitled user has an unmanaged assignment, which an operator may have Usher adopt. */
export function isAdoptable({ entitled, assigned, seat }: UserState, decision: Decision): boolean {
  return entitled && assigned && decision.do === 'nothing' && !(seat && takesSlot(seat));
}

/**
 * AWS removes the assignment together with the user, unless they came from Active Directory: there is nothing to revoke once
 * reads would show the assignment. Until then it is revoked as any other (undefined).
 */
function decideRemoved(seat: Seat, context: DecisionContext): Decision | undefined {
  const isNew = seat.status === 'creating' || seat.status === 'assigned';
  const isLate = waitForCreateToShow(seat, context) !== undefined;
  if (isLate && !isNew) return undefined;
  const wait = waitForWriteToSettle(seat, context);
  if (wait || isLate) return wait;
  return endWithoutCall(seat, 'user-deleted');
}

/** Ends a seat of which reads show that there is nothing to revoke. */
function endWithoutCall(seat: Seat, reason: Ineligibility): Decision {
  return isAudited(seat) ? { do: 'record-removal', reason } : { do: 'drop' };
}

/** Whether the grant was audited. If not, its revocation must not be audited either. */
function isAudited({ grantedAt }: Seat): boolean {
  return grantedAt !== undefined;
}

function grantReason(seat: Seat | undefined, { trigger }: DecisionContext): Reason {
  if (seat && ['confirmed', 'leaving', 'held'].includes(seat.status)) return 'drift-healed';
  if (seat && isMadeAgain(seat)) return 'drift-healed';
  if (seat?.status === 'waitlisted') return 'place-freed';
  if (trigger === 'manual') return 'manual';
  return trigger === 'tick' ? 'reconciled' : 'group-join';
}

/**
 * The change, unless its last attempt did not succeed and the next is not due. An execution that checks this user by name
 * waits for the next attempt while a few have failed; otherwise a tick makes it.
 */
export function ifDue(change: Decision, seat: Seat, context: DecisionContext): Decision {
  if (mayTry(seat, context)) return change;
  const { nextAttemptAt } = seat;
  if (context.named && isSetBack(seat) && nextAttemptAt) return { do: 'wait', until: nextAttemptAt };
  // An attempt that AWS has refused may have made a part of the change all the same, which only later reads show.
  return (takesSlot(seat) ? waitForWriteToSettle(seat, context) : undefined) ?? NOTHING;
}

/**
 * Whether a change may be attempted. After a refusal: when its next attempt is due, once when an operator asks for it, or
 * when the execution that failed for it is redriven.
 */
function mayTry(
  { nextAttemptAt, refusal }: Seat,
  { readAt, trigger, execution }: Pick<DecisionContext, 'readAt' | 'trigger' | 'execution'>,
): boolean {
  if (nextAttemptAt === undefined || isDue(nextAttemptAt, readAt)) return true;
  return refusal?.execution === execution ? refusal.failed === true : trigger === 'manual';
}

/** What is to be done for one user once the ledger says what was read. */
export interface DecidedUser {
  checked: CheckedUser;
  /** The first decision, which may concern only the ledger. */
  first: Decision;
  /** What is left to do after it. */
  decision: Decision;
  /** The seat after the first decision. */
  seat: Seat | undefined;
  /** What of the seat is to be made or revoked; absent: all that there is of it. */
  part?: Part;
}

/** Decides for one user; if that changes only the ledger, makes the transition and decides again. */
export function decideUser(checked: CheckedUser, graceDays: number, { readAt, execution }: Moment): DecidedUser {
  const { user, trigger, cause } = checked;
  const named = checked.key === user.userId;
  const context: DecisionContext = { readAt, trigger, execution, graceDays, named };
  const first = decide(user, context);
  const seat = transitionOf(user, first, context, cause);
  if (!seat) return { checked, first, decision: first, seat: user.seat };
  return { checked, first, decision: decide({ ...user, seat }, context), seat };
}

/** The seat as the ledger has to hold it; undefined if the decision does not concern the ledger alone. */
function transitionOf(
  { seat, assigned }: UserState,
  decision: Decision,
  { readAt, execution }: DecisionContext,
  cause: string,
): Seat | undefined {
  if (!seat) return undefined;
  const context = { now: readAt, execution, cause, reason: 'group-leave' as const };
  switch (decision.do) {
    case 'confirm':
      return markConfirmed(seat, readAt);
    case 'restore':
      return seat.status === 'revoking' ? keepInterrupted(seat, { assigned, now: readAt }) : restoreSeat(seat, context);
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
