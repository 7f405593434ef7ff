import { isMadeAgain, type Reason, type Seat, takesSlot } from '../seat/seat.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import { type Wait, waitForGrantToShow, waitForWriteToSettle } from './timing.ts';

const DAY_SECONDS = 24 * 3600;

/** Why a user is not entitled. */
export type Ineligibility = Extract<Reason, 'group-leave' | 'user-disabled' | 'user-deleted' | 'entitlement-removed'>;

/** What an entitlement asks for and what Identity Center and the ledger hold, for one user and one application. */
export interface UserState {
  userId: string;
  /** Member of a group of the entitlement, and not known to be disabled or deleted. */
  entitled: boolean;
  /** Why not. Absent for a user who is not entitled: the reads contradict each other, and justify no change. */
  ineligibility?: Ineligibility;
  assigned: boolean;
  seat: Seat | undefined;
}

/** What a decision about one user depends on besides their state. */
export interface DecisionContext {
  /** When the reads began: what was written shortly before may not show in them. */
  readAt: Date;
  trigger: 'event' | 'manual' | 'tick';
  execution: string;
  /** `onLeave.revokeAfterDays` of the entitlement. */
  graceDays: number;
}

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
      return wait ?? (assigned ? { do: 'confirm' } : grant);
    case 'confirmed':
      return assigned ? NOTHING : (wait ?? grant);
    case 'leaving':
    case 'held':
      return assigned ? { do: 'restore' } : (wait ?? grant);
    case 'revoking':
      return wait ?? decideInterrupted(seat, assigned, grant);
    case 'revoked':
      return assigned ? (wait ?? NOTHING) : grant;
    // A refused create had no effect: Usher did not make an assignment that is visible now.
    case 'failed':
      return assigned ? { do: 'drop' } : ifDue(grant, seat, context);
    case 'waitlisted':
      return assigned ? { do: 'drop' } : grant;
  }
}

/** Decides about an interrupted revocation of a user who is entitled again: it either never began, or is complete. */
function decideInterrupted(seat: Seat, assigned: boolean, grant: Decision): Decision {
  if (!isAudited(seat)) return assigned ? grant : { do: 'drop' };
  return assigned ? { do: 'restore' } : { do: 'record-removal', reason: 'group-leave' };
}

function decideIneligible({ assigned, seat, ineligibility }: UserState, context: DecisionContext): Decision {
  if (!seat || !ineligibility) return NOTHING;
  const { readAt, graceDays } = context;
  // AWS removes the assignment together with the user: there is nothing to revoke.
  if (ineligibility === 'user-deleted' && !assigned && takesSlot(seat)) {
    return (
      waitForWriteToSettle(seat, context) ??
      (isAudited(seat) ? { do: 'record-removal', reason: ineligibility } : { do: 'drop' })
    );
  }
  const revoke = ifDue({ do: 'revoke', reason: ineligibility }, seat, context);
  const graced = ineligibility === 'group-leave' && graceDays > 0;
  const end: Decision = graced ? { do: 'begin-grace', dueAt: plusSeconds(readAt, graceDays * DAY_SECONDS) } : revoke;
  switch (seat.status) {
    // A create whose answer was lost has its days of grace, too; whether there is an assignment may show only later.
    case 'creating':
      if (assigned || !graced) return end;
      return waitForWriteToSettle(seat, context) ?? revoke;
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

/** The change, unless AWS refused it and its next attempt is not due. */
function ifDue(change: Decision, seat: Seat, context: DecisionContext): Decision {
  return mayTry(seat, context) ? change : NOTHING;
}

/**
 * Whether a change may be attempted. After a refusal: when its next attempt is due, once when an operator asks for it, or
 * when the execution that failed for it is redriven.
 */
function mayTry({ nextAttemptAt, refusal }: Seat, { readAt, trigger, execution }: DecisionContext): boolean {
  if (nextAttemptAt === undefined || isDue(nextAttemptAt, readAt)) return true;
  return refusal?.execution === execution ? refusal.failed === true : trigger === 'manual';
}
