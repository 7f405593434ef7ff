import * as z from 'zod/mini';
import { Count, TimeSchema } from './common.ts';

const Described = (text: string) => z.optional(TimeSchema.check(z.describe(text)));
const Seconds = z.optional(z.number().check(z.minimum(0)));

/** How far back the answer can see: the first line of a history and of a report. */
export const ReachLineSchema = z.strictObject({
  type: z.literal('reach'),
  since: TimeSchema.check(z.describe('The records have every change since then. What was before is not known')),
  by: z
    .enum(['log-created', 'log-retention', 'oldest-event', 'bucket'])
    .check(z.describe('What limits it; oldest-event: AWS does not show how long the log group keeps events')),
});

/** A time in which a user had a seat, or in which the records do not say. */
export const AccessLineSchema = z.strictObject({
  type: z.literal('access'),
  entitlement: z.string(),
  application: z.string(),
  userId: z.string(),
  name: z.optional(z.string()),
  status: z.enum(['seat', 'unknown']).check(z.describe('unknown: the records contradict each other, or have a gap')),
  since: Described('When it began. Absent if no record says when'),
  sinceBefore: Described('Instead of since: it began before this time'),
  until: Described('When its end was verified. Absent if it lasts, or no record says when it ended'),
  untilAfter: Described('Instead of until: it ended after this time, at one that no record says'),
  reason: z.optional(z.string().check(z.describe('Why it began'))),
  execution: z.optional(z.string().check(z.describe('ARN of the execution that began it'))),
  endReason: z.optional(z.string()),
  endExecution: z.optional(z.string()),
  plan: z.optional(z.string().check(z.describe("Plan of the subscription that was Usher's with the seat"))),
  healedAt: Described('When Usher last made the assignment again, because someone else had removed it'),
});

/** An audited change of one user, in the words of the other lines. */
export const AuditedChangeLineSchema = z.strictObject({
  type: z.literal('audited-change'),
  at: TimeSchema,
  event: z.string().check(z.describe('The detail-type of the audit event')),
  entitlement: z.string(),
  application: z.string(),
  userId: z.string(),
  name: z.optional(z.string()),
  reason: z.string(),
  execution: z.string().check(z.describe('ARN of the execution')),
  cause: z.optional(z.string().check(z.describe('Id of the event, or ARN of the execution, that started it'))),
  dueAt: Described('Of a leaving seat: when its grace ends'),
  requestedAt: Described('Of an assigned seat: when an execution first asked for it'),
  joinToSeatSeconds: Seconds.check(
    z.describe('Of a join, a grant that needed no free slot: from the first request to the seat. What a month counts'),
  ),
  source: z.optional(
    z
      .enum(['event', 'manual', 'sweep'])
      .check(z.describe('Of a join: what asked for it; sweep: no event did, but a sweep found it')),
  ),
  plan: z.optional(z.string()),
});

/** An audit event, as the stream has it: its own fields are those of docs/audit.md. */
export const AuditEventLineSchema = z.looseObject({
  type: z.literal('audit-event'),
  text: z.optional(z.string().check(z.describe('What the log has, if it is no JSON object'))),
});

/** Who started an execution, by CloudTrail. */
export const StarterLineSchema = z.strictObject({
  type: z.literal('starter'),
  execution: z.string().check(z.describe('ARN of the execution')),
  at: TimeSchema,
  by: z.string().check(z.describe('ARN of the caller; of a role, that of its session')),
  service: z.optional(z.string().check(z.describe('The AWS service that called for it'))),
});
export type StarterLine = z.infer<typeof StarterLineSchema>;

/** The month of one entitlement. */
export const MonthLineSchema = z.strictObject({
  type: z.literal('month'),
  month: z.string().check(z.regex(/^\d{4}-\d\d$/)),
  entitlement: z.string(),
  application: z.string(),
  costCentre: z.optional(z.string()),
  since: Described('The records begin within the month, at this time'),
  until: Described('The month is not over: the numbers are those up to this time'),
  seatDays: z.number().check(z.minimum(0)),
  unknownDays: z
    .optional(z.number())
    .check(z.describe('Days of which the records do not say whether a user had a seat; in no other number')),
  peak: Count.check(z.describe('The most seats at one time')),
  joins: Count.check(z.describe('Seats that began; adopted ones did not')),
  leaves: Count.check(z.describe('Seats that ended')),
  waitlisted: Count.check(z.describe('Users who were on the waitlist')),
  longestWaitlistedSeconds: Seconds,
  joinToSeatP50Seconds: Seconds,
  joinToSeatP95Seconds: Seconds,
  pricePerMonth: z.optional(
    z.number().check(z.describe('What the seats of the month cost, at the price that the operator gave')),
  ),
  currency: z.optional(z.string()),
});
export type MonthLine = z.infer<typeof MonthLineSchema>;
export type AuditedChangeLine = z.infer<typeof AuditedChangeLineSchema>;
export type AccessLine = z.infer<typeof AccessLineSchema>;
export type ReachLine = z.infer<typeof ReachLineSchema>;
