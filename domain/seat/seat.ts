import * as z from 'zod/mini';
import { NotConvergedError } from '../shared/errors.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';
import { PLANS } from '../subscription/plan.ts';
import { AuditRecordSchema } from './audit-records.ts';

/**
 * Status of a seat. `waitlisted`: the user is entitled, but no slot is free. `leaving`: the grace runs. `held`: the brake
 * holds the revocation.
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

/**
 * What of a seat a change concerns, if not all that there is of it. `plan`: another plan for its subscription; `nothing`: all
 * is as it should be, and only the answer to an earlier call was lost.
 */
export const PartSchema = z.enum(['access', 'subscription', 'plan', 'nothing']);
export type Part = z.infer<typeof PartSchema>;

/** Whether a change of this part of a seat, or of all of it, changes the subscription, where one is managed. */
export function includesSubscription(part: Part | undefined): boolean {
  return part !== 'access' && part !== 'nothing';
}

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
  'subscription-started',
  'plan-changed',
]);
export type Reason = z.infer<typeof ReasonSchema>;

/**
 * A subscription that Usher started, is starting or is cancelling. It is recorded before the call: from then on the
 * subscription may exist.
 */
const OwnSubscriptionSchema = z.object({
  /** The plan that Usher has asked for. */
  plan: z.enum(PLANS),
  /** When Usher last asked for it, or adopted it. */
  askedAt: Timestamp,
  /** When its provider accepted the cancellation, if no list has verified it. */
  cancelledAt: z.optional(Timestamp),
  /** By which its provider changes it, if it has one. */
  id: z.optional(z.string()),
});
export type OwnSubscription = z.infer<typeof OwnSubscriptionSchema>;

/** Usher's record of an assignment that it made, is making or is revoking, and of a subscription with it. */
export const SeatSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  userId: ResourceId,
  /** Name of the entitlement that asked for it. */
  entitlement: z.string(),
  status: SeatStatusSchema,
  /** Number of the last change of this seat that is audited; the first is a time (`firstChangeSeq`). */
  changeSeq: z.int().check(z.minimum(0)),
  /** Counts the writes of this item: every write names the revision that it replaces. */
  revision: z.int().check(z.minimum(1)),
  /** Event id or execution of the present or last change. */
  cause: z.string(),
  /** First request of the present or last grant: it decides the order of the waitlist. */
  requestedAt: Timestamp,
  /** When AWS accepted the assignment. */
  grantedAt: z.optional(Timestamp),
  /** When AWS accepted the newest create, if the assignment was made again since `grantedAt`. */
  madeAgainAt: z.optional(Timestamp),
  /** Present if the assignment is someone else's: the seat is Usher's for its subscription alone. */
  access: z.optional(z.literal('foreign')),
  /** The subscription that is Usher's; absent if there is none, or it is someone else's. */
  subscription: z.optional(OwnSubscriptionSchema),
  /** Of a seat that is gone: when the provider of its subscription accepted the cancellation. A list may still show it. */
  cancelledAt: z.optional(Timestamp),
  /** How often a create that AWS had accepted was repeated, because no read showed the assignment. */
  repeats: z.optional(z.int().check(z.minimum(1))),
  /** Of a seat that is being revoked: when AWS accepted the removal, if no read could verify it at that time. */
  removedAt: z.optional(Timestamp),
  /** Of a leaving seat: when its grace ends. */
  dueAt: z.optional(Timestamp),
  /** Of a held seat: the generation with which it joined the hold. */
  hold: z.optional(z.int()),
  /** Time of the last change of `status`. */
  changedAt: Timestamp,
  /** Audit events not yet on the bus, oldest first. */
  audit: z.array(AuditRecordSchema),
  /** Revocations that count against the brake: those of the 24 hours before the newest. A new grant keeps them. */
  revocations: z.optional(z.array(Timestamp)),
  /** Why the last attempt to change the seat did not succeed. */
  refusal: z.optional(
    z.object({
      /** A short code. */
      reason: z.string(),
      since: Timestamp,
      /** Attempts in a row that failed or conflicted; absent if AWS refused the change. */
      attempts: z.optional(z.int().check(z.minimum(1))),
      /** The execution that was refused last. */
      execution: z.string(),
      /** Whether an execution has failed because of it. */
      reported: z.boolean(),
      /** Whether `execution` itself has failed because of it: if it checks the seat again, an operator has redriven it. */
      failed: z.optional(z.boolean()),
    }),
  ),
  /** After a refusal or a failed attempt: Usher tries nothing before this time. */
  nextAttemptAt: z.optional(Timestamp),
});
export type Seat = z.infer<typeof SeatSchema>;

/** Identifies a seat: its key in the table. */
export type SeatKey = Pick<Seat, 'applicationArn' | 'userId'>;

/** The key of a seat as one text. */
export function keyOf({ applicationArn, userId }: SeatKey): string {
  return `${applicationArn} ${userId}`;
}

/** The window of the revocation budget. */
export const BRAKE_WINDOW_SECONDS = 24 * 3600;
/** A tick checks an unfinished change after this; the execution's own retries take less. */
export const LEFT_BEHIND_SECONDS = 15 * 60;
/** A tick checks an unverified seat after this: longer than the round lasts that has made it, and verifies it in the end. */
const UNVERIFIED_SECONDS = 45 * 60;

/** Whether the seat takes a slot under `seats.max`, because its assignment may exist. */
export function takesSlot({ status }: Pick<Seat, 'status'>): boolean {
  return !['waitlisted', 'revoked', 'failed'].includes(status);
}

/**
 * Whether a seat can say that an attempt to change it has failed. A tombstone cannot: nothing would clear it once its user
 * is no longer entitled.
 */
export function hasBegun(seat: Seat | undefined): seat is Seat {
  return seat !== undefined && seat.status !== 'revoked';
}

/** An execution fails for a user whose attempts fail once there are so many: they span the 7 minutes of a short outage. */
const ATTEMPTS_BEFORE_REPORT = 4;

/** Whether attempts to change the seat fail, but so few that the next one may well succeed. */
export function isSetBack({ refusal }: Pick<Seat, 'refusal'>): boolean {
  return refusal?.attempts !== undefined && refusal.attempts < ATTEMPTS_BEFORE_REPORT;
}

/** Counts what is put aside, by the short codes of the reasons: AWS accepts the changes and no read shows them, or all else. */
export function countReasons(reasons: readonly string[]): { aside: number; notConverged: number } {
  const notConverged = reasons.filter((reason) => reason === NotConvergedError.REASON).length;
  return { aside: reasons.length - notConverged, notConverged };
}

/** Whether a create had no answer so far: its assignment may exist, although no event of the audit stream says so. */
export function isUnanswered({ status, grantedAt }: Pick<Seat, 'status' | 'grantedAt'>): boolean {
  return status === 'creating' || (status === 'revoking' && grantedAt === undefined);
}

/** Whether Usher makes an audited assignment again that someone else removed. */
export function isMadeAgain({ status, grantedAt }: Pick<Seat, 'status' | 'grantedAt'>): boolean {
  return status === 'creating' && grantedAt !== undefined;
}

/** Returns the ISO time from which a tick checks the seat, even if no event names it; undefined if none has to. */
export function seatAttentionAt(seat: Seat): string | undefined {
  const leftBehind = plusSeconds(seat.changedAt, LEFT_BEHIND_SECONDS);
  if (seat.audit.length > 0) return leftBehind;
  const unverified = plusSeconds(seat.changedAt, UNVERIFIED_SECONDS);
  const unfinished: Partial<Record<SeatStatus, string>> = {
    creating: leftBehind,
    revoking: leftBehind,
    assigned: unverified,
  };
  return seat.nextAttemptAt ?? seat.dueAt ?? unfinished[seat.status];
}
