import type { SubscriptionSettings } from '../../domain/entitlements.ts';
import type { Subscribers } from '../../domain/subscription/findings.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { user } from './ids.ts';

export const PRO = 'Q_DEVELOPER_STANDALONE_PRO';
export const POWER = 'Q_DEVELOPER_STANDALONE_POWER';

/** What an entitlement says whose subscriptions Usher manages. */
export const KIRO = {
  provider: 'kiro',
  plan: PRO,
  region: 'us-east-1',
  mode: 'manage',
} as const satisfies SubscriptionSettings;
export const Q_BUSINESS = {
  provider: 'amazon-q-business',
  plan: 'Q_BUSINESS',
  region: 'us-east-1',
  mode: 'manage',
} as const satisfies SubscriptionSettings;

export function aSubscription(number: number, parts: Partial<Subscription> = {}): Subscription {
  return { principal: { user: user(number) }, plan: PRO, status: 'active', source: 'individual', ...parts };
}

/** An entitlement with a subscription, for these users. */
export function subscribers(numbers: readonly number[], parts: Partial<Subscribers> = {}): Subscribers {
  return {
    entitlement: 'kiro',
    plan: PRO,
    entitled: new Map(numbers.map((number) => [user(number), undefined])),
    tolerated: new Set(),
    ...parts,
  };
}
