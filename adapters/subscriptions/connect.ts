import type { SubscriptionSettings } from '../../domain/entitlements.ts';
import { SUBSCRIPTIONS_PER_SECOND } from '../../domain/pace.ts';
import type { SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import { type ClientSettings, createPacer, type Pacer } from '../clients.ts';
import { type Environment, identityCenterSettings } from '../environment.ts';
import type { KiroEndpoint } from './assignments.ts';

/** Where the subscriptions of an entitlement are. */
export interface SubscriptionsInput
  extends Pick<SubscriptionSettings, 'provider' | 'region' | 'roleArn' | 'externalId'> {
  /** ARN of the application of Identity Center. */
  application: string;
  instanceArn: string;
  /** Where subscriptions of Kiro are changed; by default `amazonaws.com`. */
  endpoint?: KiroEndpoint | undefined;
}

/** Opens the subscriptions of an entitlement; calls nothing yet. */
export type OpenSubscriptions = (input: SubscriptionsInput) => Promise<SubscriptionProvider>;

/**
 * Returns what opens subscriptions. Their clients are loaded on request: most configurations need none of them.
 *
 * @param settings in the Region of Identity Center
 */
export function connectSubscriptions(settings: ClientSettings, pacer: Pacer): OpenSubscriptions {
  return async ({ provider, region, application, instanceArn, roleArn, externalId, endpoint }) => {
    const caller =
      roleArn === undefined
        ? settings
        : (await import('../assume-role.ts')).assumingRole(settings, { roleArn, externalId });
    if (provider === 'kiro') {
      const { kiroSubscriptions } = await import('./kiro.ts');
      return kiroSubscriptions(caller, { instanceArn, region, endpoint }, pacer);
    }
    const { amazonQBusinessSubscriptions } = await import('./amazon-q-business.ts');
    return amazonQBusinessSubscriptions({ ...caller, region }, application, pacer);
  };
}

/** Returns what opens subscriptions in a function. */
export function subscriptionsIn(environment: Environment): OpenSubscriptions {
  return connectSubscriptions(
    identityCenterSettings(environment),
    createPacer(SUBSCRIPTIONS_PER_SECOND, environment.clock),
  );
}
