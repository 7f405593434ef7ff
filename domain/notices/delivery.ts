import * as z from 'zod/mini';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';
import { NOTICE_KINDS } from './schema.ts';

/**
 * What became of a notice.
 *
 * - `sending`: Amazon SES is being asked. Left behind by an invocation that ended early, it is in doubt.
 * - `sent`: Amazon SES accepted it.
 * - `throttled`: Amazon SES refused it for now; it is tried again by itself.
 * - `in-doubt`: no one knows whether Amazon SES accepted it. It is not tried again by itself.
 * - `refused`: Amazon SES or the Identity Store refused; an operator removes the cause and sends it again.
 * - `limited`: the daily limit of the configuration was reached.
 * - `skipped`: there was no one to write to, or the notice was throttled until it was too old or no longer true.
 */
export const DeliveryStatusSchema = z.enum([
  'sending',
  'sent',
  'throttled',
  'in-doubt',
  'refused',
  'limited',
  'skipped',
]);
export type DeliveryStatus = z.infer<typeof DeliveryStatusSchema>;

/** The marker of a notice in the table of notices: written before the message is sent. Ids only. */
export const DeliverySchema = z.object({
  schemaVersion: z.literal(1),
  /** `metadata.uid` of the audit event; the key. */
  uid: z.string(),
  revision: z.int().check(z.minimum(1)),
  kind: z.enum(NOTICE_KINDS),
  applicationArn: ApplicationArn,
  userId: ResourceId,
  entitlement: z.string(),
  changeSeq: z.int(),
  status: DeliveryStatusSchema,
  /** When the status last changed. */
  at: Timestamp,
  /** Why it was not sent: a code of AWS or of Usher. */
  reason: z.optional(z.string().check(z.maxLength(64))),
  /** Id that Amazon SES gave to the message. */
  messageId: z.optional(z.string()),
  /** The message of the queue with which an operator asked for the last attempt: a second copy of it asks for no other. */
  askedBy: z.optional(z.string()),
});
export type Delivery = z.infer<typeof DeliverySchema>;

/** Whether an operator may have to do something about a notice. */
export function needsOperator({ status }: Pick<Delivery, 'status'>): boolean {
  return status === 'in-doubt' || status === 'refused' || status === 'limited';
}
