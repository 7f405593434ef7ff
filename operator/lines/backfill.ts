import * as z from 'zod/mini';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';

const Execution = z.string().check(z.describe('ARN of the execution'));
const Count = z.int().check(z.minimum(0));

/** An execution was started. */
export const StartLineSchema = z.strictObject({
  type: z.literal('start'),
  execution: Execution,
  input: z.optional(z.looseObject({})),
});

/** A backfill from before is followed. */
export const ResumeLineSchema = z.strictObject({ type: z.literal('resume'), execution: Execution });

/** How far a backfill has come. */
export const ProgressLineSchema = z.strictObject({
  type: z.literal('progress'),
  execution: Execution,
  done: Count.check(z.describe('Users who have their seat')),
  total: Count.check(z.describe('Users who will have one')),
});

/** How an execution ended. */
export const EndLineSchema = z.strictObject({
  type: z.literal('end'),
  execution: Execution,
  outcome: z.enum(EXECUTION_OUTCOMES),
  reason: z.optional(z.string().check(z.describe('In words'))),
  handedOverTo: z.optional(z.string().check(z.describe('ARN of the execution that continues the work'))),
});
