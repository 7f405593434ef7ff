import * as z from 'zod/mini';
import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { Count } from './common.ts';

const Application = z.string().check(z.describe('ARN'));
const Principal = z.string().check(z.describe('Id of a user or of a group'));

const Outcomes = {
  converged: Count,
  handedOver: Count,
  ignored: Count,
  held: Count,
  failed: Count,
} satisfies Record<ExecutionOutcome, typeof Count>;

/** What a play came to: its last line. All lists are sorted. */
export const SummaryLineSchema = z.strictObject({
  type: z.literal('summary'),
  executions: z.strictObject(Outcomes).check(z.describe('Number of executions by outcome')),
  seats: z
    .array(z.strictObject({ entitlement: z.string(), userId: z.string(), status: z.string() }))
    .check(z.describe('As the ledger holds them')),
  assignments: z
    .array(z.strictObject({ application: Application, principalId: Principal }))
    .check(z.describe('All that the applications hold, including those that Usher did not make')),
  subscriptions: z
    .array(z.strictObject({ application: Application, principalId: Principal, plan: z.string(), status: z.string() }))
    .check(z.describe('Including those that Usher did not start')),
  notices: z.record(z.string(), Count).check(z.describe('Number of notices by status, as in the lines of type notice')),
  calls: z
    .record(z.string(), Count)
    .check(z.describe('Number of requests by <Service>.<Operation>, including refused ones')),
});
