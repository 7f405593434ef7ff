import { plusSeconds } from '../shared/time.ts';
import type { AuditFacts, AuditRecord } from './audit-records.ts';
import { addRecord, auditRecordOf, firstChangeSeq } from './audit-records.ts';
import { asksForAnotherPlan, type Making, withOwnership, withoutParts } from './ownership.ts';
import type { OwnSubscription, Reason, Seat, SeatStatus } from './seat.ts';
import { BRAKE_WINDOW_SECONDS, isMadeAgain, takesSlot } from './seat.ts';

/** A refused change is tried again after this: an operator must remove the cause first. */
const NEXT_ATTEMPT_SECONDS = 3600;

/** When, by which execution and why a seat changes. */
export interface ChangeContext {
  now: Date;
  /** ARN of the execution. */
  execution: string;
  cause: string;
  reason: Reason;
}

/** Application, user and entitlement of a seat that is to be made. */
export type SeatTarget = Pick<Seat, 'applicationArn' | 'userId' | 'entitlement' | 'requestedAt'>;

/** Changes the status and clears the fields of the old one, including any refusal. */
function changeStatus(seat: Seat, status: SeatStatus, now: Date): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, dueAt: _due, hold: _hold, ...kept } = seat;
  const { repeats: _repeats, removedAt: _removed, ...rest } = kept;
  return { ...rest, revision: seat.revision + 1, status, changedAt: now.toISOString() };
}

/** Adds the audit record of a change, to be written together with the change: neither can be without the other. */
function withAuditRecord(seat: Seat, kind: AuditRecord['kind'], context: AuditFacts, dueAt?: string): Seat {
  return { ...seat, audit: addRecord(seat.audit, auditRecordOf(kind, seat, context, dueAt)) };
}

/** Gives the change a number of its own, because no intention was written before it. */
function withNextChangeSeq(seat: Seat, cause: string): Seat {
  return { ...seat, changeSeq: seat.changeSeq + 1, cause };
}

/** Starts a seat anew; keeps its numbers, its unpublished audit records and the revocations that the brake counts. */
function restartSeat(
  seat: Seat | undefined,
  target: SeatTarget,
  status: SeatStatus,
  { now, cause }: ChangeContext,
): Seat {
  const { refusal, revocations, grantedAt, access, subscription } = seat ?? {};
  const isOwned = seat !== undefined && takesSlot(seat);
  return {
    schemaVersion: 1,
    ...target,
    status,
    changeSeq: seat ? seat.changeSeq + 1 : firstChangeSeq(now),
    revision: (seat?.revision ?? 0) + 1,
    cause,
    changedAt: now.toISOString(),
    audit: seat?.audit ?? [],
    ...(refusal ? { refusal } : {}),
    ...(revocations ? { revocations } : {}),
    ...(grantedAt && isOwned ? { grantedAt } : {}),
    ...(access && isOwned ? { access } : {}),
    ...(subscription && isOwned ? { subscription } : {}),
  };
}

/** Whether AWS has refused the last change: that was audited. */
function isRefused({ refusal }: Seat): boolean {
  return refusal !== undefined && refusal.attempts === undefined;
}

/**
 * Marks the intention to assign. It is written before the call: from then on the assignment may exist.
 *
 * If a read did not show Usher's assignment, the same change is made again. If the assignment was confirmed and is gone,
 * someone else removed it; to make it again is a new change. So is a grant after a refusal, which was audited, and one of
 * another plan, which was not.
 */
export function markCreating(
  seat: Seat | undefined,
  target: SeatTarget,
  context: ChangeContext,
  making: Making = {},
): Seat {
  const isAnother = seat !== undefined && (isRefused(seat) || asksForAnotherPlan(seat, making));
  if (seat && !isAnother && (seat.status === 'creating' || seat.status === 'assigned')) {
    const repeated: Seat = {
      ...seat,
      revision: seat.revision + 1,
      status: 'creating',
      changedAt: context.now.toISOString(),
      ...(seat.status === 'assigned' ? { repeats: (seat.repeats ?? 0) + 1 } : {}),
    };
    return withOwnership(repeated, seat, making, context);
  }
  return withOwnership(restartSeat(seat, target, 'creating', context), seat, making, context);
}

/** Marks a seat whose assignment AWS has accepted. If the create was repeated, the first one is audited already. */
export function markAssigned(seat: Seat, context: ChangeContext): Seat {
  const at = context.now.toISOString();
  const made = seat.grantedAt === undefined ? { grantedAt: at } : { madeAgainAt: at };
  const assigned = { ...changeStatus(seat, 'assigned', context.now), ...made };
  const repeated = seat.repeats === undefined ? assigned : { ...assigned, repeats: seat.repeats };
  // A refusal after the first create was audited, and so its end has to be.
  const isAudited = seat.repeats !== undefined && !isRefused(seat);
  return isAudited ? repeated : withAuditRecord(repeated, 'assigned', context);
}

/** Records a grant whose answer was lost, once a read shows the assignment: it is audited before any later change. */
export function recordLateGrant(seat: Seat, context: Omit<ChangeContext, 'reason'>): Seat {
  return markAssigned(seat, { ...context, reason: isMadeAgain(seat) ? 'drift-healed' : 'group-join' });
}

/** Adds an entitled user to the waitlist, because no slot is free. The time of the first request decides the order. */
export function markWaitlisted(seat: Seat | undefined, target: SeatTarget, context: ChangeContext): Seat {
  return withAuditRecord(restartSeat(seat, target, 'waitlisted', context), 'waitlisted', {
    ...context,
    reason: 'cap-reached',
  });
}

/**
 * Adopts an assignment that Usher did not make, because an operator asked for it.
 *
 * @param parts if a subscription is adopted, too, or alone
 */
export function markAdopted(
  seat: Seat | undefined,
  target: SeatTarget,
  context: ChangeContext,
  parts: Pick<Seat, 'access' | 'subscription'> = {},
): Seat {
  const { refusal: _refusal, ...fresh } = restartSeat(seat, target, 'confirmed', context);
  return withAuditRecord({ ...fresh, ...parts, grantedAt: context.now.toISOString() }, 'adopted', context);
}

/** Adopts, with a seat of Usher's, the subscription that someone else started for its user. */
export function markSubscriptionAdopted(seat: Seat, subscription: OwnSubscription, context: ChangeContext): Seat {
  const adopted = { ...withNextChangeSeq(seat, context.cause), subscription, revision: seat.revision + 1 };
  return withAuditRecord(adopted, 'adopted', context);
}

/** Begins the grace of a user who left the groups: the seat is kept until `dueAt`, an ISO time. */
export function markLeaving(seat: Seat, dueAt: string, context: ChangeContext): Seat {
  const left = withNextChangeSeq(
    changeStatus(ensureGrantAudited(seat, context), 'leaving', context.now),
    context.cause,
  );
  return { ...withAuditRecord({ ...left, dueAt }, 'leaving', context, dueAt), revision: seat.revision + 1 };
}

/** Marks a seat whose revocation the brake holds. The hold is audited, not the seat. */
export function markHeld(seat: Seat, generation: number, context: Omit<ChangeContext, 'reason'>): Seat {
  return {
    ...changeStatus(ensureGrantAudited(seat, context), 'held', context.now),
    hold: generation,
    revision: seat.revision + 1,
  };
}

/** Records the grant of a seat whose assignment a read has just shown, if it was not audited. */
function ensureGrantAudited(seat: Seat, context: Omit<ChangeContext, 'reason'>): Seat {
  return seat.status === 'creating' ? recordLateGrant(seat, context) : seat;
}

/** Restores a leaving or held seat whose user is entitled again. */
export function restoreSeat(seat: Seat, context: ChangeContext): Seat {
  const restored = withNextChangeSeq(changeStatus(seat, 'confirmed', context.now), context.cause);
  return withAuditRecord(restored, 'kept', { ...context, reason: 'still-entitled' });
}

/** Marks the intention to revoke. It is written before each call. */
export function markRevoking(seat: Seat, { now, cause }: ChangeContext): Seat {
  if (seat.status === 'revoking') return { ...seat, revision: seat.revision + 1, changedAt: now.toISOString() };
  // A create without an answer may have made the assignment again.
  const made = seat.status === 'creating' && seat.grantedAt !== undefined ? { madeAgainAt: seat.changedAt } : {};
  return withNextChangeSeq({ ...changeStatus(seat, 'revoking', now), ...made }, cause);
}

/** Marks a removal that AWS has accepted and that no read can verify yet. */
export function markRemoved(seat: Seat, now: Date): Seat {
  return { ...seat, revision: seat.revision + 1, removedAt: now.toISOString() };
}

/**
 * Marks a seat whose assignment is gone, as a fresh read showed. An assignment that AWS itself removed with the user does
 * not count against the brake.
 */
export function markRevoked(seat: Seat, context: ChangeContext): Seat {
  const { now, cause } = context;
  const gone = changeStatus(seat, 'revoked', now);
  if (seat.status !== 'revoking')
    return withoutParts(withAuditRecord(withNextChangeSeq(gone, cause), 'revoked', context));
  return withRevocation(withoutParts(withAuditRecord(gone, 'revoked', context)), now);
}

/** Counts a revocation against the brake. */
function withRevocation(seat: Seat, now: Date): Seat {
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const recent = (seat.revocations ?? []).filter((time) => Date.parse(time) > Date.parse(windowStart));
  return { ...seat, revocations: [...recent, now.toISOString()] };
}

/**
 * Keeps a seat whose user is entitled again after its revocation was interrupted. That the revocation had begun was never
 * audited. If AWS has accepted it, or no read shows the assignment, it may have been made, and counts against the brake.
 */
export function keepInterrupted(seat: Seat, { assigned, now }: { assigned: boolean; now: Date }): Seat {
  const wasRefused = isRefused(seat);
  const mayBeMade = seat.removedAt !== undefined || !(assigned || wasRefused);
  const kept = markConfirmed(seat, now);
  return mayBeMade ? withRevocation(kept, now) : kept;
}

/**
 * Marks a seat for which AWS refused a change.
 *
 * A refused grant makes the seat `failed` and frees its slot. A refused revocation keeps the slot, and so does a grant
 * that an earlier call may have made although no read shows it yet (`ambiguous`). The first refusal and every change of
 * its reason is audited and fails an execution.
 */
export function markRefused(seat: Seat, code: string, context: RefusalContext): Seat {
  const { now, execution } = context;
  // Failed attempts may have the same code: none of them was audited.
  const known = seat.refusal?.reason === code && seat.refusal.attempts === undefined;
  const keepsSlot = seat.status === 'revoking' || context.ambiguous;
  const refused: Seat = {
    ...(keepsSlot ? seat : withoutParts(seat)),
    revision: seat.revision + 1,
    status: keepsSlot ? seat.status : 'failed',
    changedAt: now.toISOString(),
    refusal: {
      reason: code,
      since: known && seat.refusal ? seat.refusal.since : now.toISOString(),
      execution,
      reported: known && seat.refusal?.reported === true && !context.reportAgain,
    },
    nextAttemptAt: plusSeconds(now, NEXT_ATTEMPT_SECONDS),
  };
  if (known) return refused;
  // The refusal has a number of its own, and what follows it the next: the same refusal may come again after another.
  const changeSeq = seat.changeSeq + 1;
  const record = auditRecordOf('refused', { changeSeq }, { ...context, reason: code });
  return {
    ...refused,
    changeSeq: changeSeq + 1,
    audit: addRecord(seat.audit, { ...record, refused: seat.status === 'revoking' ? 'revoke' : 'grant' }),
  };
}

/** A seat of a user whose grant could not begin, because the user could not be read or AWS refuses all: it takes no slot. */
export function markNotBegun(seat: Seat | undefined, target: SeatTarget, context: ChangeContext): Seat {
  return restartSeat(seat, target, 'failed', context);
}

/** The first attempt after one that failed follows after this; each later one after twice the time. */
const FIRST_RETRY_SECONDS = 60;

/**
 * Puts a seat aside whose change fails or conflicts, until its next attempt. It keeps its status: the calls may have had
 * their effect. Nothing is audited, because AWS has not refused the change.
 *
 * @param tries failed attempts since the seat was last put aside
 */
export function putAside(
  seat: Seat,
  reason: string,
  { now, execution, reportAgain = false }: Pick<ChangeContext, 'now' | 'execution'> & { reportAgain?: boolean },
  tries = 1,
): Seat {
  const before = seat.refusal?.attempts === undefined ? undefined : seat.refusal;
  const attempts = (before?.attempts ?? 0) + tries;
  const pause = Math.min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), NEXT_ATTEMPT_SECONDS);
  return {
    ...seat,
    revision: seat.revision + 1,
    refusal: {
      reason,
      since: before?.since ?? now.toISOString(),
      attempts,
      execution,
      reported: before?.reported === true && !reportAgain,
    },
    nextAttemptAt: plusSeconds(now, pause),
  };
}

/** `reportAgain`: a known refusal is reported, too, because an operator asked for the change. */
type RefusalContext = Omit<ChangeContext, 'reason'> & { reportAgain: boolean; ambiguous: boolean };

/** Marks a refusal that has failed an execution; it fails no other until its reason changes. */
export function markReported(seat: Seat): Seat {
  if (!seat.refusal) return seat;
  return { ...seat, revision: seat.revision + 1, refusal: { ...seat.refusal, reported: true, failed: true } };
}

/** Marks a seat whose assignment a fresh read showed long enough after the last write. Clears an earlier refusal. */
export function markConfirmed(seat: Seat, now: Date): Seat {
  return changeStatus(seat, 'confirmed', now);
}

/**
 * Ends a seat without an audit event: a refused or waiting user is no longer entitled, or someone else made the
 * assignment.
 */
export function dropSeat(seat: Seat, now: Date): Seat {
  return withoutParts(changeStatus(seat, 'revoked', now));
}
