import * as z from 'zod/mini';
import { BatchSchema } from '../domain/plan.ts';
import { Timestamp } from '../domain/request.ts';
import { applyChanges } from './applying.ts';
import { identityCenterServices } from './services.ts';
import { step } from './step.ts';

const Input = z.object({ batch: BatchSchema, term: z.int(), plannedAt: Timestamp, execution: z.string() });

/** Fourth state: one batch of the plan, under the lease. The ledger holds what became of it. */
export const handler = step({
  input: Input,
  services: identityCenterServices,
  run: applyChanges,
  facts: (done) => ({ ...done }),
});
