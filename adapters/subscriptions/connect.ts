import type { SubscriptionSettings } from '../../domain/entitlements.ts';
import type { SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import type { ClientSettings, Pacer } from '../clients.ts';

/** AWS publishes no rate for the lists of subscriptions, and was seen to refuse bursts for minutes. */
export const SUBSCRIPTIONS_PER_SECOND = 1;

/** Where the subscriptions of an entitlement are. */
export interface SubscriptionsInput
  extends Pick<SubscriptionSettings, 'provider' | 'region' | 'roleArn' | 'externalId'> {
  /** ARN of the application of Identity Center. */
  application: string;
  instanceArn: string;
}

/** Opens the subscriptions of an entitlement; calls nothing yet. */
export type OpenSubscriptions = (input: SubscriptionsInput) => Promise<SubscriptionProvider>;

/**
 * Returns what opens subscriptions. Their clients are loaded on request: most configurations need none of them.
 *
 * @param settings in the Region of Identity Center
 */
export function connectSubscriptions(settings: ClientSettings, pacer: Pacer): OpenSubscriptions {
  return async ({ provider, region, application, instanceArn, roleArn, externalId }) => {
    const caller =
      roleArn === undefined
        ? settings
        : (await import('../assume-role.ts')).assumingRole(settings, { roleArn, externalId });
    if (provider === 'kiro') {
      const { kiroSubscriptions } = await import('./kiro.ts');
      return kiroSubscriptions(caller, { instanceArn, region }, pacer);
    }
    const { amazonQBusinessSubscriptions } = await import('./amazon-q-business.ts');
    return amazonQBusinessSubscriptions({ ...caller, region }, application, pacer);
  };
}
