import * as z from 'zod/mini';
import { DeliveryStatusSchema } from '../../domain/notices/delivery.ts';
import { NOTICE_KINDS } from '../../domain/notices/schema.ts';
import { TimeSchema } from './common.ts';

const Uid = z.string().check(z.describe('`metadata.uid` of the audit event, as usher audit prints it'));

/** What became of a notice. */
export const NoticeLineSchema = z.strictObject({
  type: z.literal('notice'),
  uid: Uid,
  kind: z.enum(NOTICE_KINDS),
  entitlement: z.string(),
  application: z.string().check(z.describe('ARN')),
  userId: z.string(),
  status: z.optional(z.enum(DeliveryStatusSchema.options).check(z.describe('Absent if no notice was begun'))),
  since: TimeSchema.check(z.describe('When the status last changed; without a status, when the change was made')),
  reason: z.optional(z.string().check(z.describe('Why it was not sent: a code of AWS or of Usher'))),
  messageId: z.optional(z.string().check(z.describe('Id that Amazon SES gave to the message'))),
  resend: z.optional(
    z
      .strictObject({
        possible: z.boolean(),
        reason: z.optional(z.string().check(z.describe('Why not, in words'))),
      })
      .check(z.describe('Whether usher notices resend sends it; absent if the seat could not be read')),
  ),
  name: z.optional(z.string().check(z.describe('Only with --names'))),
});
export type NoticeLine = z.infer<typeof NoticeLineSchema>;

/** A notice is in the queue again: it is sent in a moment, unless its user or seat changes before. */
export const ResentLineSchema = z.strictObject({
  type: z.literal('resent'),
  uid: z.optional(Uid),
  messageId: z.optional(z.string().check(z.describe('The dead-letter message that was moved back'))),
});

/** A notice as a user would get it. */
export const NoticePreviewLineSchema = z.strictObject({
  type: z.literal('notice-preview'),
  kind: z.enum(NOTICE_KINDS),
  entitlement: z.string(),
  language: z.string().check(z.describe('Tag of the language of its templates')),
  subject: z.string(),
  text: z.string(),
  html: z.string(),
  userId: z.optional(z.string().check(z.describe('Only with --user'))),
  to: z.optional(
    z.string().check(z.describe('Only with --user: the address that it would go to; absent if the user has none')),
  ),
  file: z.optional(z.string().check(z.describe('The file that was written'))),
});

/** What Amazon SES answered to a sample. */
export const NoticeTestLineSchema = z.strictObject({
  type: z.literal('notice-test'),
  kind: z.enum(NOTICE_KINDS),
  entitlement: z.string(),
  language: z.string().check(z.describe('Tag of the language of its templates')),
  to: z.string(),
  outcome: z.enum(['sent', 'throttled', 'refused', 'in-doubt']),
  reason: z.optional(z.string().check(z.describe('Why it was not sent: a code of AWS or of Usher'))),
  messageId: z.optional(z.string().check(z.describe('Id that Amazon SES gave to the message'))),
});
export type NoticeTestLine = z.infer<typeof NoticeTestLineSchema>;
