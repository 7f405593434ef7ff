import * as z from 'zod/mini';
import { ProgressSchema } from '../domain/progress.ts';
import { PropagationSchema, RequestSchema } from '../domain/request.ts';
import { planChanges } from './planning.ts';
import { identityCenterServices } from './services.ts';
import { step } from './step.ts';

const Input = z.object({
  request: RequestSchema,
  propagation: PropagationSchema,
  progress: ProgressSchema,
  execution: z.string(),
});

/** Third state: mailbox, lease, fresh reads, and what follows from them. */
export const handler = step({
  input: Input,
  services: identityCenterServices,
  run: planChanges,
  facts: ({ outcome, progress, report, unconfigured }) => ({ outcome, round: progress.round, report, unconfigured }),
});
