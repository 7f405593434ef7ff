import * as z from 'zod/mini';
import { identityCenterServices } from '../adapters/services.ts';
import { BatchSchema } from '../domain/decision/batches.ts';
import { Timestamp } from '../domain/shared/timestamp.ts';
import { applyChanges } from '../reconcile/apply-changes.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({ batch: BatchSchema, term: z.int(), plannedAt: Timestamp, execution: z.string() });

/** Fourth state: makes the changes of one batch, under the lease, and records them in the ledger. */
export const handler = defineHandler({
  input: Input,
  services: identityCenterServices,
  run: applyChanges,
  logFields: (outcomes) => ({ ...outcomes }),
});
