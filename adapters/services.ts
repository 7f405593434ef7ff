import { DIRECTORY_PER_SECOND } from '../domain/pace.ts';
import { createOperationPacer, createPacer } from './clients.ts';
import { type Environment, identityCenterSettings } from './environment.ts';
import { connectDirectory } from './identity-store.ts';
import { connectLedger } from './ledger.ts';
import { connectApplications } from './sso-admin.ts';

/** Creates the services of `PlanChanges` and `ApplyChanges`: Identity Center at the configured pace, and the ledger. */
export function identityCenterServices(environment: Environment) {
  const { aws, clock, entitlements, ledgerTable } = environment;
  const settings = identityCenterSettings(environment);
  // SSO Admin counts all its operations together, the Identity Store counts each separately; the pacers do the same.
  const { requestsPerSecond, identityCenter } = entitlements;
  const directoryPacer = createOperationPacer(DIRECTORY_PER_SECOND, clock);
  return {
    clock,
    entitlements,
    ledger: connectLedger(aws, ledgerTable),
    directory: connectDirectory(settings, identityCenter.identityStoreId, directoryPacer),
    applications: connectApplications(settings, createPacer(requestsPerSecond, clock)),
  };
}
