import { paced } from '../adapters/clients.ts';
import { connectDirectory } from '../adapters/identity-store.ts';
import { connectLedger } from '../adapters/ledger.ts';
import { connectApplications } from '../adapters/sso-admin.ts';
import { type Environment, identityCenterSettings } from './environment.ts';

/** What planning and applying both work with: Identity Center, at the configured pace, and the ledger. */
export function identityCenterServices(environment: Environment) {
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
}
