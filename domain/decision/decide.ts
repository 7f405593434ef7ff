import { isMadeAgain, type Reason, type Seat, takesSlot } from '../seat/seat.ts';
import { isDue, plusSeconds } from '../shared/time.ts';
import type { Wait } from './timing.ts';
import { waitForGrantToShow, waitForWriteToSettle } from './timing.ts';

const DAY_SECONDS = 24 * 3600;
/** Why somebody isn't entitled. */
export type Ineligibility = Extract<Reason, 'group-leave' | 'user-disabled' | 'user-deleted' | 'entitlement-removed'>;

/** What an entitlement asks for and what Identity Center and the ledger hold, for one user and one application. */
export interface UserState {
  userId: string;
  /** Member of a group of the entitlement, and not known to be disabled or deleted. */
  entitled: boolean;
  /** Why not. Neither entitled nor absent: reads that contradict each other, and no ground for a change. */
  ineligibility?: Ineligibility;
  assigned: boolean;
  seat: Seat | undefined;
}

/** Under which circumstances a decision is made. */
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
 * `confirm`, `keep`, `gone`, `forget` and `leave` change the ledger only: what it says is brought in line with what was
 * read. `leave` begins the days of grace.
 */
export type Decision =
  | { do: 'grant'; reason: Reason }
  | { do: 'revoke'; reason: Reason }
  | { do: 'gone'; reason: Ineligibility }
  | { do: 'confirm' | 'keep' | 'forget' }
  | { do: 'leave'; dueAt: string }
  | Wait
  | { do: 'nothing' };

const NOTHING: Decision = { do: 'nothing' };

/**
 * Decides the one change that brings a user in line with the entitlement, if any.
 *
 * Never revokes an assignment without a seat of ours: somebody else made it. Never acts on reads that began too soon
 * after a write of ours to show it.
 */
export function decide(standing: UserState, circumstances: DecisionContext): Decision {
  return standing.entitled ? decideEntitled(standing, circumstances) : decideIneligible(standing, circumstances);
}

function decideEntitled({ assigned, seat }: UserState, circumstances: DecisionContext): Decision {
  const grant: Decision = { do: 'grant', reason: grantReason(seat, circumstances) };
  if (!seat) return assigned ? NOTHING : grant;
  const wait = waitForWriteToSettle(seat, circumstances);
  switch (seat.status) {
    case 'creating':
      return assigned ? grant : ifDue(grant, seat, circumstances);
    case 'assigned':
      return wait ?? (assigned ? { do: 'confirm' } : grant);
    case 'confirmed':
      return assigned ? NOTHING : (wait ?? grant);
    case 'leaving':
    case 'held':
      return assigned ? { do: 'keep' } : (wait ?? grant);
    case 'revoking':
      return wait ?? decideInterrupted(seat, assigned, grant);
    case 'revoked':
      return assigned ? (wait ?? NOTHING) : grant;
    // A refused create had no effect: an assignment that is visible now is somebody else's.
    case 'failed':
      return assigned ? { do: 'forget' } : ifDue(grant, seat, circumstances);
    case 'waitlisted':
      return assigned ? { do: 'forget' } : grant;
  }
}

/** A revocation of somebody who is entitled again: it either never began, or is complete. */
function decideInterrupted(seat: Seat, assigned: boolean, grant: Decision): Decision {
  if (!isAudited(seat)) return assigned ? grant : { do: 'forget' };
  return assigned ? { do: 'keep' } : { do: 'gone', reason: 'group-leave' };
}

function decideIneligible({ assigned, seat, ineligibility }: UserState, circumstances: DecisionContext): Decision {
  if (!seat || !ineligibility) return NOTHING;
  const { readAt, graceDays } = circumstances;
  // With a user AWS removes the assignment itself: there is nothing to take back.
  if (ineligibility === 'user-deleted' && !assigned && takesSlot(seat)) {
    return (
      waitForWriteToSettle(seat, circumstances) ??
      (isAudited(seat) ? { do: 'gone', reason: ineligibility } : { do: 'forget' })
    );
  }
  const revoke = ifDue({ do: 'revoke', reason: ineligibility }, seat, circumstances);
  const graced = ineligibility === 'group-leave' && graceDays > 0;
  const leave: Decision = graced ? { do: 'leave', dueAt: plusSeconds(readAt, graceDays * DAY_SECONDS) } : revoke;
  switch (seat.status) {
    // An assignment whose answer was lost has its days of grace, too; whether there is one may show only later.
    case 'creating':
      if (assigned || !graced) return leave;
      return waitForWriteToSettle(seat, circumstances) ?? revoke;
    case 'assigned':
    case 'confirmed':
      return leave;
    case 'leaving':
      return ineligibility === 'group-leave' && !isDue(seat.dueAt, readAt)
        ? (waitForWriteToSettle(seat, circumstances) ?? NOTHING)
        : revoke;
    case 'revoking':
      return assigned ? revoke : (waitForGrantToShow(seat, readAt) ?? revoke);
    case 'held':
      return revoke;
    // That it is gone is proved only by reads long enough after the call. What is visible later is somebody else's.
    case 'revoked':
      return waitForWriteToSettle(seat, circumstances) ?? NOTHING;
    case 'failed':
    case 'waitlisted':
      return { do: 'forget' };
  }
}

/** Whether a person who is entitled has an assignment of somebody else's, which Usher may be told to look after. */
export function isAdoptable({ entitled, assigned, seat }: UserState, decision: Decision): boolean {
  return entitled && assigned && decision.do === 'nothing' && !(seat && takesSlot(seat));
}

/** The answer to a create never came: the stream has told of no seat, and tells of no end. */
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

/** What AWS has refused waits for its time. */
function ifDue(change: Decision, seat: Seat, circumstances: DecisionContext): Decision {
  return mayTry(seat, circumstances) ? change : NOTHING;
}

/**
 * After a refusal: when its time has come, once when a person asks for it, or when the execution that has failed for it is
 * redriven.
 */
function mayTry({ nextAttemptAt, refusal }: Seat, { readAt, trigger, execution }: DecisionContext): boolean {
  if (nextAttemptAt === undefined || isDue(nextAttemptAt, readAt)) return true;
  return refusal?.execution === execution ? refusal.failed === true : trigger === 'manual';
}
