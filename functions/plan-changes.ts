import * as z from 'zod/mini';
import { paced } from '../adapters/clients.ts';
import { connectDirectory } from '../adapters/identity-store.ts';
import { connectLedger } from '../adapters/ledger.ts';
import { connectApplications } from '../adapters/sso-admin.ts';
import { ProgressSchema } from '../domain/progress.ts';
import { PropagationSchema, RequestSchema } from '../domain/request.ts';
import { type Environment, identityCenterSettings } from './environment.ts';
import { planChanges } from './planning.ts';
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
  services: (environment: Environment) => {
    const { aws, clock, entitlements, ledgerTable } = environment;
    const settings = identityCenterSettings(environment);
    // The quotas of the two services are counted apart, and so is the pace.
    const pacer = () => paced(entitlements.requestsPerSecond, clock);
    return {
      clock,
      entitlements,
      ledger: connectLedger(aws, ledgerTable),
      directory: connectDirectory(settings, entitlements.identityCenter.identityStoreId, pacer()),
      applications: connectApplications(settings, pacer()),
    };
  },
  run: planChanges,
  facts: ({ outcome, progress }) => ({ outcome, round: progress.round }),
});
