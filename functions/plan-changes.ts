import * as z from 'zod/mini';
import type { Environment } from '../adapters/environment.ts';
import { connectOwnExecutions } from '../adapters/executions.ts';
import { identityCenterServices } from '../adapters/services.ts';
import { subscriptionsIn } from '../adapters/subscriptions/connect.ts';
import { ProgressSchema } from '../domain/decision/progress.ts';
import { PropagationSchema, RequestSchema } from '../domain/request/request.ts';
import { ExecutionArn } from '../domain/shared/ids.ts';
import { planChanges } from '../reconcile/plan/plan-changes.ts';
import { defineHandler } from './handler.ts';

const Input = z.object({
  request: RequestSchema,
  propagation: PropagationSchema,
  progress: ProgressSchema,
  execution: ExecutionArn,
});

/** Third state: enqueues the request, claims the lease and plans from fresh reads. */
export const handler = defineHandler({
  input: Input,
  services: (environment: Environment) => ({
    ...identityCenterServices(environment),
    executions: connectOwnExecutions(environment.aws, environment.stateMachine),
    batchUsers: environment.batchUsers,
    subscriptions: subscriptionsIn(environment),
    lists: new Map(),
  }),
  run: planChanges,
  logFields: ({ outcome, progress, report, subscriptions, unconfigured }) => ({
    outcome,
    round: progress.round,
    report,
    subscriptions,
    unconfigured,
  }),
});
