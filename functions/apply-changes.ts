import * as z from 'zod/mini';
import type { Environment } from '../adapters/environment.ts';
import { identityCenterServices } from '../adapters/services.ts';
import { subscriptionsIn } from '../adapters/subscriptions/connect.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { applyChanges } from '../reconcile/apply-changes.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({ round: z.int(), batch: z.int(), term: z.int(), execution: ExecutionArn });

/** Fourth state: makes the changes of one stored batch, under the lease, and records them in the ledger. */
export const handler = defineHandler({
  input: Input,
  services: (environment: Environment) => ({
    ...identityCenterServices(environment),
    subscriptions: subscriptionsIn(environment),
  }),
  run: applyChanges,
  logFields: (outcomes) => ({ ...outcomes }),
});
