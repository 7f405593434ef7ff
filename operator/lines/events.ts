import * as z from 'zod/mini';
import { RequestSchema } from '../../domain/request/request.ts';
import { Cause } from '../../domain/shared/ids.ts';
import { PlaceSchema } from './common.ts';

/** What one event of a file would start. */
export const ExplanationLineSchema = z.strictObject({
  type: z.literal('explanation'),
  place: z.optional(PlaceSchema),
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

/** A replay of the audit archive that has ended. */
export const ReplayLineSchema = z.strictObject({
  type: z.literal('replay'),
  replay: z.string().check(z.describe('The name of the replay')),
  status: z.string().check(z.describe('COMPLETED, CANCELLED or FAILED, as EventBridge has it')),
});
