import * as z from 'zod/mini';
import { RequestSchema } from '../../domain/request/request.ts';
import { Cause } from '../../domain/shared/ids.ts';

const PlaceSchema = z.optional(
  z.string().check(z.describe('Where the event is in its file: line 3, or Messages[0].Body → Message')),
);

/** What one event of a file would start. */
export const ExplanationLineSchema = z.strictObject({
  type: z.literal('explanation'),
  place: PlaceSchema,
  decision: z.enum(['start', 'ignored', 'invalid']),
  request: z.optional(
    z
      .extend(RequestSchema, { cause: z.optional(Cause) })
      .check(z.describe('Of start: what the execution would check. Without an id of the event, it has no cause')),
  ),
  reason: z.optional(z.string().check(z.describe('Of ignored: why the execution would end at once'))),
  path: z.optional(z.string().check(z.describe('Of invalid: the field that is wrong'))),
  message: z.optional(z.string().check(z.describe('Of invalid: what is wrong'))),
});

/** An execution that was started: by hand, or with an event of a file. */
export const StartLineSchema = z.strictObject({
  type: z.literal('start'),
  place: PlaceSchema,
  execution: z.string().check(z.describe('The ARN of the execution')),
  input: z.optional(
    z.record(z.string(), z.unknown()).check(z.describe('The input of a start by hand. It may name a user')),
  ),
});

/** A replay of the audit archive that has ended. */
export const ReplayLineSchema = z.strictObject({
  type: z.literal('replay'),
  replay: z.string().check(z.describe('The name of the replay')),
  status: z.string().check(z.describe('COMPLETED, CANCELLED or FAILED, as EventBridge has it')),
});
