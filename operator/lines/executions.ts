import * as z from 'zod/mini';
import type { Step } from '../../adapters/operator/executions.ts';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import { Count, PlaceSchema, TimeSchema } from './common.ts';

const Execution = z.string().check(z.describe('ARN'));
const Fix = z.string().check(z.describe('What helps, with the command'));
const Status = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);

/** How an execution ended. */
const Ending = {
  outcome: z.enum(EXECUTION_OUTCOMES),
  reason: z.optional(z.string().check(z.describe('In words'))),
  handedOverTo: z.optional(z.string().check(z.describe('ARN of the execution that continues the work'))),
};

/** What an execution was started with, and whom or what it is about. Ids only. */
const SubjectSchema = z.strictObject({
  trigger: z.optional(z.enum(['event', 'manual', 'tick']).check(z.describe('Absent if the input is neither'))),
  event: z.optional(z.string().check(z.describe('Operation of the event'))),
  source: z.optional(z.string().check(z.describe('Service that recorded the event'))),
  users: z.optional(
    z.array(
      z.strictObject({ userId: z.string(), name: z.optional(z.string().check(z.describe('Only with --names'))) }),
    ),
  ),
  groupIds: z.optional(z.array(z.string())),
  applications: z.optional(z.array(z.string().check(z.describe('ARN')))),
  sweep: z.optional(z.enum(['everything', 'due'])),
  selector: z.optional(
    z.string().check(z.describe('How the input names a user who had no id yet; the name itself is not printed')),
  ),
  release: z.optional(z.string().check(z.describe('Digest of a hold'))),
  adopt: z.optional(z.string().check(z.describe('ARN of an application'))),
});
export type Subject = z.infer<typeof SubjectSchema>;

/** Whether a redrive helps. */
const RedriveSchema = z.strictObject({
  possible: z
    .enum(['yes', 'by-name', 'no'])
    .check(z.describe('by-name: only `usher redrive EXECUTION` does it, because it may repeat the failure')),
  reason: z.optional(z.string().check(z.describe('Why not, or not by itself'))),
  fix: Fix,
});
export type Redrive = z.infer<typeof RedriveSchema>;

/** What an execution changed, as far as the audit stream shows. */
const ChangesSchema = z.strictObject({
  gained: Count.check(z.describe('Seats assigned or adopted')),
  lost: Count.check(z.describe('Seats revoked')),
});
export type Changes = z.infer<typeof ChangesSchema>;

/** A stay in a state: its duration, and the errors of failed attempts. */
const StaySchema = z.strictObject({
  state: z.string(),
  at: TimeSchema,
  seconds: z.optional(z.number()),
  failures: z.array(z.string()),
});
export type Stay = z.infer<typeof StaySchema>;

/** How often an execution went from one state to the next. */
const MoveSchema = z.strictObject({ from: z.string(), to: z.string(), count: Count });
export type Move = z.infer<typeof MoveSchema>;

/** An execution, in a list or in full. */
export const ExecutionLineSchema = z.strictObject({
  type: z.literal('execution'),
  execution: Execution,
  status: Status,
  startedAt: TimeSchema,
  endedAt: z.optional(TimeSchema),
  outcome: z.optional(Ending.outcome.check(z.describe('Absent while it runs'))),
  reason: Ending.reason,
  handedOverTo: Ending.handedOverTo,
  subject: z.optional(SubjectSchema),
  changes: z.optional(ChangesSchema),
  redrives: z.optional(Count),
  startedBy: z.optional(
    z.string().check(z.describe('Only with --by: ARN of the caller, by CloudTrail; absent if it has no such call')),
  ),
  redrive: z.optional(RedriveSchema.check(z.describe('Only of an execution that failed'))),
  states: z.optional(z.array(StaySchema).check(z.describe('Only of one execution in full'))),
  moves: z.optional(
    z
      .array(MoveSchema)
      .check(z.describe('Only of one execution in full: its ways from state to state, also of those that only choose')),
  ),
  audit: z.optional(z.array(z.unknown()).check(z.describe('Audit events; only of one execution in full'))),
});

const STEP_KINDS = [
  'entered',
  'exited',
  'attempt-failed',
  'redriven',
  'other',
] as const satisfies readonly Step['what'][];

/** An event in the history of an execution. */
export const StepLineSchema = z.strictObject({
  type: z.literal('step'),
  execution: Execution,
  id: z.int().check(z.minimum(1), z.describe('Its number in the history, from 1')),
  at: TimeSchema,
  what: z.enum(STEP_KINDS),
  event: z.optional(z.string().check(z.describe('Its type, as Step Functions names it'))),
  state: z.optional(z.string().check(z.describe('The state that was entered or exited'))),
  error: z.optional(z.string().check(z.describe('Name of the error with which an attempt failed'))),
});
export type StepLine = z.infer<typeof StepLineSchema>;

/** Executions that a list leaves out, because nothing happened in them. */
export const FoldLineSchema = z.strictObject({
  type: z.literal('fold'),
  of: z.literal('tick'),
  count: Count,
  since: TimeSchema.check(z.describe('Start of the first')),
  until: TimeSchema.check(z.describe('Start of the last')),
});

/** There is more than the command has read. */
export const MoreLineSchema = z.strictObject({
  type: z.literal('more'),
  of: z.string().check(z.describe('The type of the lines of which there are more')),
  read: Count.check(z.describe('How many were read')),
});

/** An execution was started. */
export const StartLineSchema = z.strictObject({
  type: z.literal('start'),
  place: z.optional(PlaceSchema),
  execution: Execution,
  input: z.optional(z.looseObject({})),
  messageId: z.optional(z.string().check(z.describe('The dead-letter message whose event it was started with'))),
});

/** An execution that is followed has entered a state. */
export const StateLineSchema = z.strictObject({
  type: z.literal('state'),
  execution: z.string(),
  state: z.string(),
  at: TimeSchema,
});

/** An attempt of a state has failed: it is retried, or the execution fails. */
export const AttemptLineSchema = z.strictObject({
  type: z.literal('attempt'),
  execution: z.string(),
  error: z.string(),
  at: TimeSchema,
});

/** An execution that was followed has ended. */
export const EndLineSchema = z.strictObject({
  type: z.literal('end'),
  execution: Execution,
  ...Ending,
});

/** An execution that failed. */
export const FailureLineSchema = z.strictObject({
  type: z.literal('failure'),
  execution: Execution,
  status: Status,
  since: z.optional(TimeSchema),
  error: z.optional(z.string()),
  reason: z.string().check(z.describe('In words')),
  subject: z.optional(SubjectSchema),
  redrive: RedriveSchema,
});

/** What Step Functions did about an execution that was to be redriven. */
export const RedriveLineSchema = z.strictObject({
  type: z.literal('redrive'),
  execution: Execution,
  outcome: z.enum(['redriven', 'refused']),
});

/** A message in a dead-letter queue. */
export const MessageLineSchema = z.strictObject({
  type: z.literal('message'),
  queue: z.string(),
  messageId: z.string(),
  since: z.optional(TimeSchema),
  title: z.string().check(z.describe('What it is, or why it stays in the queue')),
  startable: z
    .boolean()
    .check(z.describe('Whether an execution can be started from it, or a notice moved back into its queue')),
});

/** A dead-letter queue whose messages start nothing. */
export const QueueLineSchema = z.strictObject({
  type: z.literal('queue'),
  queue: z.string(),
  messages: Count,
  reason: z.string(),
});
