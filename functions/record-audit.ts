import * as z from 'zod/mini';
import type { Environment } from '../adapters/environment.ts';
import { connectEventBus } from '../adapters/event-bus.ts';
import { connectOwnExecutions } from '../adapters/executions.ts';
import { connectLedger } from '../adapters/ledger.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { publishAudit } from '../reconcile/publish-audit.ts';
import { recordFailure } from '../reconcile/record-failure.ts';
import { defineHandler } from './handler.ts';

const Input = z.union([
  z.object({ round: z.int(), batch: z.int(), execution: ExecutionArn }),
  /** The event "Step Functions Execution Status Change", which also reports time-outs and aborts. It is a hint. */
  z.object({
    detail: z.object({
      executionArn: z.string(),
      /** Milliseconds since 1970. */
      stopDate: z.number(),
    }),
  }),
]);

/** Fifth state: publishes the audit events of a batch and advances its round. Also records failed executions. */
export const handler = defineHandler({
  input: Input,
  services: ({ aws, clock, ledgerTable, auditBus, stateMachine, version }: Environment) => ({
    clock,
    ledger: connectLedger(aws, ledgerTable),
    bus: connectEventBus(aws, auditBus),
    executions: connectOwnExecutions(aws, stateMachine),
    sender: { productVersion: version, region: aws.region },
  }),
  run: async (input, services): Promise<{ waitSeconds?: number }> =>
    'detail' in input ? recordFailure(input.detail, services) : publishAudit(input, services),
});
