import { plusSeconds } from '../shared/time.ts';
import type { AuditFacts, AuditRecord } from './audit-records.ts';
import { addRecord, auditRecordOf } from './audit-records.ts';
import type { Reason, Seat, SeatStatus } from './seat.ts';
import { BRAKE_WINDOW_SECONDS, isMadeAgain, takesSlot } from './seat.ts';

/** A refused change is tried again after this: somebody has to mend its cause first. */
const NEXT_ATTEMPT_SECONDS = 3600;

/** By whom and why a seat changes. */
export interface ChangeContext {
  now: Date;
  /** ARN of the execution. */
  execution: string;
  cause: string;
  reason: Reason;
}

/** For whom a seat is. */
export type SeatTarget = Pick<Seat, 'applicationArn' | 'userId' | 'entitlement' | 'requestedAt'>;

/** Another status; what belongs to the one before is gone, what was refused is of no account any more. */
function changeStatus(seat: Seat, status: SeatStatus, now: Date): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, dueAt: _due, hold: _hold, ...rest } = seat;
  return { ...rest, revision: seat.revision + 1, status, changedAt: now.toISOString() };
}

/** A change that is told: recorded together with its audit event, so that neither can be without the other. */
function withAuditRecord(seat: Seat, kind: AuditRecord['kind'], context: AuditFacts, dueAt?: string): Seat {
  return { ...seat, audit: addRecord(seat.audit, auditRecordOf(kind, seat, context, dueAt)) };
}

/** The change has a number of its own: no intention was written before it. */
function withNextChangeSeq(seat: Seat, cause: string): Seat {
  return { ...seat, changeSeq: seat.changeSeq + 1, cause };
}

/** What stays of a seat that begins anew: its numbers, what is still to be told, what the brake counts. */
function restartSeat(
  seat: Seat | undefined,
  target: SeatTarget,
  status: SeatStatus,
  { now, cause }: ChangeContext,
): Seat {
  const { refusal, revocations, grantedAt } = seat ?? {};
  return {
    schemaVersion: 1,
    ...target,
    status,
    changeSeq: (seat?.changeSeq ?? 0) + 1,
    revision: (seat?.revision ?? 0) + 1,
    cause,
    changedAt: now.toISOString(),
    audit: seat?.audit ?? [],
    ...(refusal ? { refusal } : {}),
    ...(revocations ? { revocations } : {}),
    ...(seat && grantedAt && takesSlot(seat) ? { grantedAt } : {}),
  };
}

/**
 * The intention to assign, to be written before the call: from here on the assignment may exist.
 *
 * An assignment of ours that a look did not show is the same change once more; one that had been confirmed and is gone
 * was taken away by somebody, and giving it again is a change of its own, as it is after a refusal, which was told.
 */
export function markCreating(seat: Seat | undefined, target: SeatTarget, context: ChangeContext): Seat {
  if (seat && !seat.refusal && (seat.status === 'creating' || seat.status === 'assigned')) {
    return { ...seat, revision: seat.revision + 1, status: 'creating', changedAt: context.now.toISOString() };
  }
  return restartSeat(seat, target, 'creating', context);
}

/** AWS took the assignment. */
export function markAssigned(seat: Seat, context: ChangeContext): Seat {
  const grantedAt = seat.grantedAt ?? context.now.toISOString();
  return withAuditRecord({ ...changeStatus(seat, 'assigned', context.now), grantedAt }, 'assigned', context);
}

/** A look shows the assignment that we asked for, and whose answer was lost: it is told before whatever comes next. */
export function recordLateGrant(seat: Seat, context: Omit<ChangeContext, 'reason'>): Seat {
  return markAssigned(seat, { ...context, reason: isMadeAgain(seat) ? 'drift-healed' : 'group-join' });
}

/** Entitled, and no place is free: in line, by the time of the first request. */
export function markWaitlisted(seat: Seat | undefined, target: SeatTarget, context: ChangeContext): Seat {
  return withAuditRecord(restartSeat(seat, target, 'waitlisted', context), 'waitlisted', {
    ...context,
    reason: 'cap-reached',
  });
}

/** Somebody else's assignment, which a person told Usher to look after from now on. */
export function markAdopted(seat: Seat | undefined, target: SeatTarget, context: ChangeContext): Seat {
  const { refusal: _refusal, ...fresh } = restartSeat(seat, target, 'confirmed', context);
  return withAuditRecord({ ...fresh, grantedAt: context.now.toISOString() }, 'adopted', context);
}

/** The person has left, and keeps the seat until a date. */
export function markLeaving(seat: Seat, dueAt: string, context: ChangeContext): Seat {
  const left = withNextChangeSeq(
    changeStatus(ensureGrantAudited(seat, context), 'leaving', context.now),
    context.cause,
  );
  return { ...withAuditRecord({ ...left, dueAt }, 'leaving', context, dueAt), revision: seat.revision + 1 };
}

/** The brake keeps the seat. Nothing is told of it: the hold is, as a whole. */
export function markHeld(seat: Seat, generation: number, context: Omit<ChangeContext, 'reason'>): Seat {
  return {
    ...changeStatus(ensureGrantAudited(seat, context), 'held', context.now),
    hold: generation,
    revision: seat.revision + 1,
  };
}

/** The seat of which a look has just shown the assignment. */
function ensureGrantAudited(seat: Seat, context: Omit<ChangeContext, 'reason'>): Seat {
  return seat.status === 'creating' ? recordLateGrant(seat, context) : seat;
}

/** Who was leaving, or held, is entitled again. */
export function restoreSeat(seat: Seat, context: ChangeContext): Seat {
  const back = withNextChangeSeq(changeStatus(seat, 'confirmed', context.now), context.cause);
  return withAuditRecord(back, 'kept', { ...context, reason: 'still-entitled' });
}

/** The intention to take the assignment back, to be written before each call. */
export function markRevoking(seat: Seat, { now, cause }: ChangeContext): Seat {
  if (seat.status === 'revoking') return { ...seat, revision: seat.revision + 1, changedAt: now.toISOString() };
  return withNextChangeSeq(changeStatus(seat, 'revoking', now), cause);
}

/** A fresh look showed the assignment gone. What AWS removed itself, with the user, doesn't count against the brake. */
export function markRevoked(seat: Seat, context: ChangeContext): Seat {
  const { now, cause } = context;
  if (seat.status !== 'revoking')
    return withAuditRecord(withNextChangeSeq(changeStatus(seat, 'revoked', now), cause), 'revoked', context);
  const gone = withAuditRecord(changeStatus(seat, 'revoked', now), 'revoked', context);
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const recent = (seat.revocations ?? []).filter((time) => Date.parse(time) > Date.parse(windowStart));
  return { ...gone, revocations: [...recent, now.toISOString()] };
}

/**
 * AWS refused. A seat that was being granted is `failed` and gives its place up; one that was being revoked keeps it, and
 * so does one that an earlier call, whose effect may not show yet, may have granted (`ambiguous`).
 * Audited, and reported by a failing execution, the first time and when the reason changes.
 */
export function markRefused(seat: Seat, code: string, context: RefusalContext): Seat {
  const { now, execution } = context;
  const known = seat.refusal?.reason === code;
  const refusal: Seat = {
    ...seat,
    revision: seat.revision + 1,
    status: seat.status === 'revoking' || context.ambiguous ? seat.status : 'failed',
    changedAt: now.toISOString(),
    refusal: {
      reason: code,
      since: known && seat.refusal ? seat.refusal.since : now.toISOString(),
      execution,
      reported: known && !context.again,
    },
    nextAttemptAt: plusSeconds(now, NEXT_ATTEMPT_SECONDS),
  };
  if (known) return refusal;
  const event = auditRecordOf('refused', seat, { ...context, reason: code });
  return {
    ...refusal,
    audit: addRecord(seat.audit, { ...event, refused: seat.status === 'revoking' ? 'revoke' : 'grant' }),
  };
}

/** `again`: whoever asked is to be told even what is known. */
type RefusalContext = Omit<ChangeContext, 'reason'> & { again: boolean; ambiguous: boolean };

/** The refusal has failed an execution; until it changes it fails no other. */
export function markReported(seat: Seat): Seat {
  if (!seat.refusal) return seat;
  return { ...seat, revision: seat.revision + 1, refusal: { ...seat.refusal, reported: true, failed: true } };
}

/** A fresh look, long enough after the last write, showed the assignment. What AWS refused before is of no account now. */
export function markConfirmed(seat: Seat, now: Date): Seat {
  return changeStatus(seat, 'confirmed', now);
}

/**
 * Nothing is left to do: a person who was refused or waits is not entitled any more, or somebody else made the
 * assignment.
 */
export function dropSeat(seat: Seat, now: Date): Seat {
  return changeStatus(seat, 'revoked', now);
}
