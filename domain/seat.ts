import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from './ids.ts';
import { Timestamp } from './request.ts';
import { plusSeconds } from './time.ts';

/**
 * Where a seat stands. `waitlisted`, `leaving` and `held` have no writer in this version; they are read so that a
 * ledger of the next one can be downgraded.
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
]);
export type Reason = z.infer<typeof ReasonSchema>;

/** An audit event that is not on the bus yet, with all that it takes to write it out. */
export const AuditRecordSchema = z.object({
  kind: z.enum(['assigned', 'revoked', 'refused']),
  /** Of a refusal: what AWS refused to do. */
  refused: z.optional(z.enum(['grant', 'revoke'])),
  /** The change of the seat that it tells of; with application, user and kind it makes the event's id. */
  changeSeq: z.int().check(z.minimum(1)),
  at: Timestamp,
  /** {@link Reason}, or for a refusal the short code of AWS's answer. */
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
  /** Counts the changes of this assignment, 1 for the first grant. */
  changeSeq: z.int().check(z.minimum(0)),
  /** Counts the writes of this item: every write names the one that it replaces. */
  revision: z.int().check(z.minimum(1)),
  /** Event id or execution of the change under way or done last. */
  cause: z.string(),
  requestedAt: Timestamp,
  /** Time of the last change of `status`. */
  changedAt: Timestamp,
  /** Audit events not yet on the bus, oldest first. */
  audit: z.array(AuditRecordSchema),
  /** Time of the last revocation that counts against the brake; kept when the seat is granted again. */
  revokedAt: z.optional(Timestamp),
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

/** A refused change is tried again after this: somebody has to mend its cause first. */
const NEXT_ATTEMPT_SECONDS = 3600;
/** What an execution left half done is looked at by the tick after this; longer than its own retries take. */
const LEFT_BEHIND_SECONDS = 15 * 60;

/** By whom and why a seat changes. */
export interface ChangeContext {
  now: Date;
  /** ARN of the execution. */
  execution: string;
  cause: string;
  reason: Reason;
}

/** Whether the assignment may exist, so that the seat takes a place under `seats.max`. */
export function takesPlace({ status }: Pick<Seat, 'status'>): boolean {
  return !['waitlisted', 'revoked', 'failed'].includes(status);
}

/**
 * The intention to assign, to be written before the call: from here on the assignment may exist.
 *
 * An assignment of ours that a look did not show is the same change once more; one that had been confirmed and is gone
 * was taken away by somebody, and giving it again is a change of its own.
 */
export function creating(
  seat: Seat | undefined,
  target: { applicationArn: string; userId: string; entitlement: string; requestedAt: string },
  { now, cause }: ChangeContext,
): Seat {
  if (seat && (seat.status === 'creating' || seat.status === 'assigned')) {
    return { ...seat, revision: seat.revision + 1, status: 'creating', changedAt: now.toISOString() };
  }
  const { refusal, revokedAt } = seat ?? {};
  return {
    schemaVersion: 1,
    ...target,
    status: 'creating',
    changeSeq: (seat?.changeSeq ?? 0) + 1,
    revision: (seat?.revision ?? 0) + 1,
    cause,
    changedAt: now.toISOString(),
    audit: seat?.audit ?? [],
    ...(refusal ? { refusal } : {}),
    ...(revokedAt ? { revokedAt } : {}),
  };
}

/** AWS took the assignment: recorded together with its audit event, so that neither can be without the other. */
export function assigned(seat: Seat, context: ChangeContext): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, ...rest } = seat;
  return {
    ...rest,
    revision: seat.revision + 1,
    status: 'assigned',
    changedAt: context.now.toISOString(),
    audit: withRecord(seat.audit, record('assigned', seat, context)),
  };
}

/** The intention to take the assignment back, to be written before the call. */
export function revoking(seat: Seat, { now, cause }: ChangeContext): Seat {
  if (seat.status === 'revoking') return seat;
  return {
    ...seat,
    revision: seat.revision + 1,
    status: 'revoking',
    changeSeq: seat.changeSeq + 1,
    cause,
    changedAt: now.toISOString(),
  };
}

/** A fresh look showed the assignment gone. What AWS removed itself, with the user, doesn't count against the brake. */
export function revoked(seat: Seat, context: ChangeContext): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, ...rest } = seat;
  return {
    ...rest,
    revision: seat.revision + 1,
    status: 'revoked',
    changedAt: context.now.toISOString(),
    audit: withRecord(seat.audit, record('revoked', seat, context)),
    ...(context.reason === 'user-deleted' ? {} : { revokedAt: context.now.toISOString() }),
  };
}

/**
 * AWS refused. A seat that was being granted is `failed` and gives its place up; one that was being revoked keeps it.
 * Audited, and reported by a failing execution, the first time and when the reason changes.
 */
export function refused(seat: Seat, code: string, context: Omit<ChangeContext, 'reason'> & { again: boolean }): Seat {
  const { now, execution } = context;
  const known = seat.refusal?.reason === code;
  return {
    ...seat,
    revision: seat.revision + 1,
    status: seat.status === 'revoking' ? 'revoking' : 'failed',
    changedAt: now.toISOString(),
    refusal: {
      reason: code,
      since: known && seat.refusal ? seat.refusal.since : now.toISOString(),
      execution,
      reported: known && !context.again,
    },
    nextAttemptAt: plusSeconds(now, NEXT_ATTEMPT_SECONDS),
    audit: known
      ? seat.audit
      : withRecord(seat.audit, {
          ...record('refused', seat, { ...context, reason: code }),
          refused: seat.status === 'revoking' ? 'revoke' : 'grant',
        }),
  };
}

/** The refusal has failed an execution; until it changes it fails no other. */
export function reported(seat: Seat): Seat {
  if (!seat.refusal) return seat;
  return { ...seat, revision: seat.revision + 1, refusal: { ...seat.refusal, reported: true, failed: true } };
}

/** A fresh look, long enough after the last write, showed the assignment. What AWS refused before is of no account now. */
export function confirmed(seat: Seat, now: Date): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, ...rest } = seat;
  return { ...rest, revision: seat.revision + 1, status: 'confirmed', changedAt: now.toISOString() };
}

/** A person who was refused is not entitled any more, or somebody else made the assignment: nothing is left to do. */
export function forgotten(seat: Seat, now: Date): Seat {
  const { refusal: _refusal, nextAttemptAt: _next, ...rest } = seat;
  return { ...rest, revision: seat.revision + 1, status: 'revoked', changedAt: now.toISOString() };
}

/** These audit events are on the bus. */
export function cleared(seat: Seat, sent: (record: AuditRecord) => boolean): Seat {
  return { ...seat, revision: seat.revision + 1, audit: seat.audit.filter((record) => !sent(record)) };
}

/** When the tick has to look at a seat although nothing happens; undefined when never. */
export function attentionAt(seat: Seat): string | undefined {
  const leftBehind = plusSeconds(seat.changedAt, LEFT_BEHIND_SECONDS);
  if (seat.audit.length > 0) return leftBehind;
  const unfinished = ['creating', 'assigned', 'revoking'].includes(seat.status);
  return seat.nextAttemptAt ?? (unfinished ? leftBehind : undefined);
}

function record(
  kind: AuditRecord['kind'],
  seat: Seat,
  { now, execution, cause, reason }: Omit<ChangeContext, 'reason'> & { reason: string },
): AuditRecord {
  return { kind, changeSeq: seat.changeSeq, at: now.toISOString(), reason, execution, cause };
}

/** A change that is recorded a second time, after a lost answer, has the same id and is told once. */
function withRecord(pending: readonly AuditRecord[], added: AuditRecord): AuditRecord[] {
  const same = ({ kind, changeSeq, reason }: AuditRecord) =>
    kind === added.kind && changeSeq === added.changeSeq && (kind !== 'refused' || reason === added.reason);
  return pending.some(same) ? [...pending] : [...pending, added];
}
