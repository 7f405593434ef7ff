import type { Directory } from '../adapters/identity-store.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import type { Readers } from '../reconcile/plan/readers.ts';
import type { Asker } from './asker.ts';
import { once } from './once.ts';

/** Returns the readers of the functions, for a question that reads as they do and holds no lease. */
export async function readersOf(asker: Pick<Asker, 'entitlements' | 'services'>): Promise<Readers> {
  const entitlements = await asker.entitlements();
  const services = await asker.services();
  return {
    entitlements,
    directory: directoryOnDemand(once(() => services.directory(entitlements.identityCenter.identityStoreId))),
    applications: applicationsOnDemand(services.applications),
    ledger: await services.ledger(),
    subscriptions: services.subscriptions,
    renewLease: async () => undefined,
  };
}

/** Connects with the first call: its client takes a tenth of a short command to load, and many questions ask nothing of it. */
function directoryOnDemand(connect: () => Promise<Directory>): Directory {
  return {
    groupsOf: async (...given) => (await connect()).groupsOf(...given),
    async *membersOf(...given) {
      yield* (await connect()).membersOf(...given);
    },
    statusOf: async (...given) => (await connect()).statusOf(...given),
    async *users() {
      yield* (await connect()).users();
    },
    findUser: async (...given) => (await connect()).findUser(...given),
  };
}

/** Likewise. */
function applicationsOnDemand(connect: () => Promise<Applications>): Applications {
  return {
    requiresAssignment: async (...given) => (await connect()).requiresAssignment(...given),
    async *assigneesOf(...given) {
      yield* (await connect()).assigneesOf(...given);
    },
    isAssigned: async (...given) => (await connect()).isAssigned(...given),
    assign: async (...given) => (await connect()).assign(...given),
    unassign: async (...given) => (await connect()).unassign(...given),
  };
}
