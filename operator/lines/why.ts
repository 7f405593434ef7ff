import * as z from 'zod/mini';
import { SeatStatusSchema } from '../../domain/seat/seat.ts';
import { FINDING_KINDS } from '../../domain/subscription/findings.ts';
import { TimeSchema } from './common.ts';
import { NoticeLineSchema } from './notices.ts';

const Name = z.optional(z.string().check(z.describe('Only with --names')));

/** What the ledger holds of a seat. */
const SeatSchema = z.strictObject({
  status: z.enum(SeatStatusSchema.options),
  since: z.optional(TimeSchema),
  dueAt: z.optional(TimeSchema.check(z.describe('When the days of grace end'))),
  reason: z.optional(z.string().check(z.describe('Why AWS refused the last change'))),
  nextAttemptAt: z.optional(TimeSchema.check(z.describe('When the change that failed is tried again'))),
  plan: z.optional(z.string().check(z.describe("Plan of the subscription that is Usher's with the seat"))),
  access: z.optional(z.literal('foreign').check(z.describe("Only the subscription is Usher's"))),
});

const NextSchema = z.strictObject({
  do: z.enum([
    ...(['grant', 'waitlist', 'revoke', 'hold', 'begin-grace', 'confirm'] as const),
    ...(['restore', 'record-removal', 'drop', 'wait', 'nothing'] as const),
  ]),
  dueAt: z.optional(TimeSchema.check(z.describe('When the days of grace would end'))),
  until: z.optional(TimeSchema.check(z.describe('When reads of AWS can be trusted again'))),
});

const { kind, uid, status, since, reason, messageId } = NoticeLineSchema.shape;
const NoticeParts = { kind, uid: z.optional(uid), status, since: z.optional(since), reason, messageId };

/** How a user stands with an entitlement. */
const StandingSchema = z.strictObject({
  entitlement: z.string(),
  application: z.string().check(z.describe('ARN of the application')),
  entitled: z.optional(z.boolean()),
  reason: z.optional(
    z
      .enum(['group-leave', 'user-disabled', 'user-deleted', 'entitlement-removed'])
      .check(z.describe('Why the user is not entitled; absent, too, if reads contradict each other')),
  ),
  assigned: z.optional(z.boolean()),
  seat: z.optional(SeatSchema),
  waitlist: z.optional(z.strictObject({ position: z.int(), of: z.int() })),
  next: z.optional(NextSchema.check(z.describe('What the next execution does; absent if a read was refused'))),
  notice: z.optional(
    z
      .strictObject(NoticeParts)
      .check(z.describe('The notice of the last change of the seat; absent if the entitlement has no notices')),
  ),
  words: z.array(z.string()).check(z.describe('The answer in sentences')),
});

const FindingSchema = z.strictObject({
  kind: z.enum(FINDING_KINDS),
  since: TimeSchema,
  plan: z.optional(z.string()),
  expected: z.optional(z.string().check(z.describe('Plan of the entitlement'))),
  status: z.optional(z.enum(['active', 'pending', 'unknown'])),
  source: z.optional(z.enum(['individual', 'group', 'both', 'unknown'])),
});

/** Why a user has a seat, has none, or will lose it. */
export const UserLineSchema = z.strictObject({
  type: z.literal('user'),
  userId: z.string(),
  name: Name,
  status: z.optional(z.enum(['enabled', 'disabled', 'missing'])),
  groups: z.optional(
    z
      .array(z.strictObject({ groupId: z.string(), name: Name }))
      .check(z.describe('Configured groups of which the user is a member')),
  ),
  entitlements: z.array(StandingSchema),
  subscriptions: z.optional(
    z
      .array(
        z.strictObject({
          entitlement: z.string(),
          asOf: z.optional(TimeSchema.check(z.describe('When subscriptions were compared last'))),
          findings: z.array(FindingSchema),
        }),
      )
      .check(z.describe('What the hourly comparison found about subscriptions')),
  ),
  checks: z.optional(
    z
      .array(z.strictObject({ execution: z.string().check(z.describe('ARN')), dueAt: TimeSchema }))
      .check(z.describe('When Usher checks the user again')),
  ),
  events: z.optional(
    z.array(z.record(z.string(), z.unknown())).check(z.describe('The last audit events, oldest first, as delivered')),
  ),
});
export type UserLine = z.infer<typeof UserLineSchema>;
