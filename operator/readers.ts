import type { Readers } from '../reconcile/plan/readers.ts';
import type { Asker } from './asker.ts';

/** Returns the readers of the functions, for a question that reads as they do and holds no lease. */
export async function readersOf(asker: Pick<Asker, 'entitlements' | 'services'>): Promise<Readers> {
  const entitlements = await asker.entitlements();
  const services = await asker.services();
  return {
    entitlements,
    directory: await services.directory(entitlements.identityCenter.identityStoreId),
    applications: await services.applications(),
    ledger: await services.ledger(),
    subscriptions: services.subscriptions,
    renewLease: async () => undefined,
  };
}
