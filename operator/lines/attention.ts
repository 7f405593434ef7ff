import * as z from 'zod/mini';
import { Count, TimeSchema } from './common.ts';

/** The kinds of things that need a person. */
const ATTENTION_KINDS = [
  'hold',
  'failed-execution',
  'dead-letter',
  'notices',
  'put-aside',
  'account-not-eligible',
  'sweep-overdue',
  'not-deployed',
  'ticks-off',
  'events-off',
  'forwarder-silent',
] as const;

/** One thing that needs a person. */
export const AttentionLineSchema = z.strictObject({
  type: z.literal('attention'),
  kind: z.enum(ATTENTION_KINDS),
  title: z.string().check(z.describe('What it is, in words')),
  count: z.optional(Count.check(z.describe('How many revocations, executions, messages, notices or users'))),
  since: z.optional(TimeSchema),
  dueAt: z.optional(TimeSchema.check(z.describe('When something changes by itself'))),
  entitlement: z.optional(z.string()),
  application: z.optional(z.string().check(z.describe('ARN'))),
  queue: z.optional(z.string()),
  execution: z.optional(z.string().check(z.describe('ARN; of several, the newest'))),
  reason: z.optional(z.string()),
  fix: z.string().check(z.describe('What to do, with the command')),
});
export type Attention = z.infer<typeof AttentionLineSchema>;

/** How Usher is: the last line of `usher status`. */
export const StatusLineSchema = z.strictObject({
  type: z.literal('status'),
  attention: Count.check(z.describe('Things that need a person')),
  unread: Count.check(z.describe('Reads that failed: what depends on them may need a person, too')),
  running: z.optional(Count.check(z.describe('Executions that run; at most 1,000 are counted'))),
  runningSince: z.optional(TimeSchema.check(z.describe('Start of the oldest of them'))),
  sweptAt: z.optional(
    TimeSchema.check(z.describe('Start of the last full sweep, of the application whose is the oldest')),
  ),
  ticks: z.optional(z.string().check(z.describe('State of the schedule'))),
  tickEverySeconds: z.optional(Count.check(z.describe('The next tick begins within this time'))),
  entitlements: z.array(
    z.strictObject({
      entitlement: z.string(),
      application: z.string().check(z.describe('ARN')),
      max: Count,
      sweptAt: z.optional(TimeSchema.check(z.describe('Start of its last full sweep'))),
      seats: z.optional(Count.check(z.describe('As of its last sweep, as all that follows'))),
      waitlisted: z.optional(Count),
      waitlistedSince: z.optional(TimeSchema.check(z.describe('Since when the first of the waitlist waits'))),
      held: z.optional(Count),
    }),
  ),
});
export type StatusLine = z.infer<typeof StatusLineSchema>;
