import type { Directory } from '../../adapters/identity-store.ts';
import type { Ledger } from '../../adapters/ledger.ts';
import type { Applications } from '../../adapters/sso-admin.ts';
import type { OpenSubscriptions } from '../../adapters/subscriptions/connect.ts';
import type { Entitlements } from '../../domain/entitlements.ts';

/** What a plan reads with. */
export interface Readers {
  entitlements: Entitlements;
  directory: Directory;
  applications: Applications;
  ledger: Ledger;
  subscriptions: OpenSubscriptions;
  /**
   * Renews the lease, called before each page and each user.
   *
   * @throws LeaseLostError when the lease has run out or another execution holds it
   */
  renewLease(): Promise<void>;
}
