import * as z from 'zod/mini';
import { Count } from './common.ts';

const Execution = z.string().check(z.describe('ARN of the execution'));

/** A backfill from before is followed. */
export const ResumeLineSchema = z.strictObject({ type: z.literal('resume'), execution: Execution });

/** How far a backfill has come. */
export const ProgressLineSchema = z.strictObject({
  type: z.literal('progress'),
  execution: Execution,
  done: Count.check(z.describe('Users who have their seat')),
  total: Count.check(z.describe('Users who will have one')),
});
