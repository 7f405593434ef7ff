import * as z from 'zod/mini';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import { PlaceSchema, TimeSchema } from './common.ts';

const Execution = z.string().check(z.describe('ARN'));

/** An execution. */
export const ExecutionLineSchema = z.strictObject({
  type: z.literal('execution'),
  execution: Execution,
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  startedAt: TimeSchema,
  endedAt: z.optional(TimeSchema),
  outcome: z.optional(z.enum(EXECUTION_OUTCOMES).check(z.describe('Absent while it runs'))),
  reason: z.optional(z.string().check(z.describe('In words'))),
  handedOverTo: z.optional(z.string().check(z.describe('ARN of the execution that continues the work'))),
});

/** An execution was started: by hand, or with an event of a file. */
export const StartLineSchema = z.strictObject({
  type: z.literal('start'),
  place: z.optional(PlaceSchema),
  execution: Execution,
  input: z.optional(z.looseObject({}).check(z.describe('The input of a start by hand. It may name a user'))),
});

/** An execution that is followed has entered a state. */
export const StateLineSchema = z.strictObject({
  type: z.literal('state'),
  execution: Execution,
  state: z.string(),
  time: TimeSchema,
});
