import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';
import { AuditRecordSchema } from './audit-records.ts';

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
/** What an execution left half done is looked at by the tick after this; longer than its own retries take. */
export const LEFT_BEHIND_SECONDS = 15 * 60;

/** Whether the assignment may exist, so that the seat takes a place under `seats.max`. */
export function takesSlot({ status }: Pick<Seat, 'status'>): boolean {
  return !['waitlisted', 'revoked', 'failed'].includes(status);
}

/** Told of already, and being made again because somebody took the assignment away. */
export function isMadeAgain({ status, grantedAt }: Pick<Seat, 'status' | 'grantedAt'>): boolean {
  return status === 'creating' && grantedAt !== undefined;
}

/** When the tick has to look at a seat although nothing happens; undefined when never. */
export function attentionAt(seat: Seat): string | undefined {
  const leftBehind = plusSeconds(seat.changedAt, LEFT_BEHIND_SECONDS);
  if (seat.audit.length > 0) return leftBehind;
  const unfinished = ['creating', 'assigned', 'revoking'].includes(seat.status);
  return seat.nextAttemptAt ?? seat.dueAt ?? (unfinished ? leftBehind : undefined);
}
