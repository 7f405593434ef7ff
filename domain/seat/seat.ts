import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/**
 * Where a seat stands. `waitlisted`: entitled, and no place is free. `leaving`: in its days of grace. `held`: the brake
 * keeps it from being revoked.
 */
export const SeatStatusSchema = z.enum([
  'waitlisted',
  'creating',
  'assigned',
  'confirmed',
  'leaving',
  'held',
  'revoking',
  'revoked',
  'failed',
]);
export type SeatStatus = z.infer<typeof SeatStatusSchema>;

/** Why a change was made; `status_detail` of its audit event. */
export const ReasonSchema = z.enum([
  'group-join',
  'group-leave',
  'user-disabled',
  'user-deleted',
  'drift-healed',
  'manual',
  'reconciled',
  'place-freed',
  'entitlement-removed',
]);
export type Reason = z.infer<typeof ReasonSchema>;

/** An audit event that is not on the bus yet, with all that it takes to write it out. */
export const AuditRecordSchema = z.object({
  kind: z.enum(['assigned', 'revoked', 'refused', 'waitlisted', 'leaving', 'kept', 'adopted', 'observed']),
  /** Of a refusal: what AWS refused to do. */
  refused: z.optional(z.enum(['grant', 'revoke'])),
  /** The change of the seat that it tells of; with application, user and kind it makes the event's id. */
  changeSeq: z.int().check(z.minimum(1)),
  at: Timestamp,
  /** Of a seat that leaves: when its grace ends. */
  dueAt: z.optional(Timestamp),
  /** {@link Reason} or another short code; for a refusal that of AWS's answer. */
  reason: z.string().check(z.maxLength(64)),
  /** ARN of the execution that made the change. */
  execution: z.string(),
  cause: z.string(),
});
export type AuditRecord = z.infer<typeof AuditRecordSchema>;

/** Usher's record of an assignment that it made, is making or is taking back. */
export const SeatSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  userId: ResourceId,
  /** Name of the entitlement that asked for it. */
  entitlement: z.string(),
  status: SeatStatusSchema,
  /** Counts the changes of this seat that are audited, from 1. */
  changeSeq: z.int().check(z.minimum(0)),
  /** Counts the writes of this item: every write names the one that it replaces. */
  revision: z.int().check(z.minimum(1)),
  /** Event id or execution of the change under way or done last. */
  cause: z.string(),
  /** First request of the present or last grant: the place in the line. */
  requestedAt: Timestamp,
  /** When AWS took the assignment. */
  grantedAt: z.optional(Timestamp),
  /** Of a seat that leaves: when its grace ends. */
  dueAt: z.optional(Timestamp),
  /** Of a held seat: the generation of the hold with which it joined. */
  hold: z.optional(z.int()),
  /** Time of the last change of `status`. */
  changedAt: Timestamp,
  /** Audit events not yet on the bus, oldest first. */
  audit: z.array(AuditRecordSchema),
  /** Revocations that count against the brake, of the last 24 hours before the newest; kept when it is granted again. */
  revocations: z.optional(z.array(Timestamp)),
  refusal: z.optional(
    z.object({
      reason: z.string(),
      since: Timestamp,
      /** The execution that was refused last. */
      execution: z.string(),
      /** Whether an execution has failed for it. */
      reported: z.boolean(),
      /** Whether `execution` itself has failed for it: when that one looks again, somebody has redriven it. */
      failed: z.optional(z.boolean()),
    }),
  ),
  /** After a refusal: nothing is tried before this. */
  nextAttemptAt: z.optional(Timestamp),
});
export type Seat = z.infer<typeof SeatSchema>;

/** The window of the brake. */
export const BRAKE_WINDOW_SECONDS = 24 * 3600;
/** A refused change is tried again after this: somebody has to mend its cause first. */
const NEXT_ATTEMPT_SECONDS = 3600;
/** What an execution left half done is looked at by the tick after this; longer than its own retries take. */
export const LEFT_BEHIND_SECONDS = 15 * 60;

/** By whom and why a seat changes. */
export interface ChangeContext {
  now: Date;
  /** ARN of the execution. */
  execution: string;
  cause: string;
  reason: Reason;
}

/** Whether the assignment may exist, so that the seat takes a place under `seats.max`. */
export function takesSlot({ status }: Pick<Seat, 'status'>): boolean {
  return !['waitlisted', 'revoked', 'failed'].includes(status);
}

/** For whom a seat is. */
export type SeatTarget = Pick<Seat, 'applicationArn' | 'userId' | 'entitlement' | 'requestedAt'>;

/** Another status; what belongs to the one before is gone, what was refused is of no account any more. */
function changeStatus(seat: Seat, status: SeatStatus, now: Date): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, dueAt: _due, hold: _hold, ...rest } = seat;
  return { ...rest, revision: seat.revision + 1, status, changedAt: now.toISOString() };
}

/** A change that is told: recorded together with its audit event, so that neither can be without the other. */
function withAuditRecord(seat: Seat, kind: AuditRecord['kind'], context: AuditReason, dueAt?: string): Seat {
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

/** Told of already, and being made again because somebody took the assignment away. */
export function isMadeAgain({ status, grantedAt }: Pick<Seat, 'status' | 'grantedAt'>): boolean {
  return status === 'creating' && grantedAt !== undefined;
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

/** These audit events are on the bus. */
export function clearAudit<Item extends { revision: number; audit: AuditRecord[] }>(
  item: Item,
  sent: (record: AuditRecord) => boolean,
): Item {
  return { ...item, revision: item.revision + 1, audit: item.audit.filter((record) => !sent(record)) };
}

/** When the tick has to look at a seat although nothing happens; undefined when never. */
export function attentionAt(seat: Seat): string | undefined {
  const leftBehind = plusSeconds(seat.changedAt, LEFT_BEHIND_SECONDS);
  if (seat.audit.length > 0) return leftBehind;
  const unfinished = ['creating', 'assigned', 'revoking'].includes(seat.status);
  return seat.nextAttemptAt ?? seat.dueAt ?? (unfinished ? leftBehind : undefined);
}

type AuditReason = Omit<ChangeContext, 'reason'> & { reason: string };

function auditRecordOf(kind: AuditRecord['kind'], seat: Seat, context: AuditReason, dueAt?: string): AuditRecord {
  const { now, execution, cause, reason } = context;
  const due = dueAt === undefined ? {} : { dueAt };
  return { kind, changeSeq: seat.changeSeq, at: now.toISOString(), reason, execution, cause, ...due };
}

/** A change that is recorded a second time, after a lost answer, has the same id and is told once. */
function addRecord(pending: readonly AuditRecord[], added: AuditRecord): AuditRecord[] {
  const same = ({ kind, changeSeq, reason }: AuditRecord) =>
    kind === added.kind && changeSeq === added.changeSeq && (kind !== 'refused' || reason === added.reason);
  return pending.some(same) ? [...pending] : [...pending, added];
}
