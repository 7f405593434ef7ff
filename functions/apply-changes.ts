import * as z from 'zod/mini';
import { paced } from '../adapters/clients.ts';
import { connectDirectory } from '../adapters/identity-store.ts';
import { connectLedger } from '../adapters/ledger.ts';
import { connectApplications } from '../adapters/sso-admin.ts';
import { BatchSchema } from '../domain/plan.ts';
import { Timestamp } from '../domain/request.ts';
import { applyChanges } from './applying.ts';
import { type Environment, identityCenterSettings } from './environment.ts';
import { step } from './step.ts';

const Input = z.object({ batch: BatchSchema, term: z.int(), plannedAt: Timestamp, execution: z.string() });

/** Fourth state: one batch of the plan, under the lease. The ledger holds what became of it. */
export const handler = step({
  input: Input,
  services: (environment: Environment) => {
    const { aws, clock, entitlements, ledgerTable } = environment;
    const settings = identityCenterSettings(environment);
    const pacer = () => paced(entitlements.requestsPerSecond, clock);
    return {
      clock,
      entitlements,
      ledger: connectLedger(aws, ledgerTable),
      directory: connectDirectory(settings, entitlements.identityCenter.identityStoreId, pacer()),
      applications: connectApplications(settings, pacer()),
    };
  },
  run: applyChanges,
  facts: (done) => ({ ...done }),
});
