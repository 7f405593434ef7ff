import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Context } from './context.ts';

/** Returns the readers of the functions, for a command that reads as they do and holds no lease. */
export async function readersOf(context: Context): Promise<Readers> {
  const entitlements = await context.entitlements();
  const services = await context.services();
  return {
    entitlements,
    directory: await services.directory(entitlements.identityCenter.identityStoreId),
    applications: await services.applications(),
    ledger: await services.ledger(),
    subscriptions: services.subscriptions,
    renewLease: async () => undefined,
  };
}
