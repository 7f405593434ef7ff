import * as z from 'zod/mini';

/** A backfill was running already, and is followed. */
export const ResumeLineSchema = z.strictObject({
  type: z.literal('resume'),
  execution: z.string().check(z.describe('ARN')),
});

/** How far a backfill has come. */
export const ProgressLineSchema = z.strictObject({
  type: z.literal('progress'),
  done: z.int().check(z.describe('Users who have a seat')),
  total: z.int().check(z.describe('Users who will have one at the end')),
});
