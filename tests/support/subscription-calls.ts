import type { Entitlements, SubscriptionSettings } from '../../domain/entitlements.ts';
import { actionOf } from './permissions.ts';

type Provider = SubscriptionSettings['provider'];

/** What the adapter of a provider calls to list subscriptions. */
export const LIST_CALLS: Readonly<Record<Provider, readonly string[]>> = {
  kiro: ['UserSubscriptions.ListUserSubscriptions'],
  'amazon-q-business': ['QBusiness.GetApplication', 'QBusiness.ListApplications', 'QBusiness.ListSubscriptions'],
};

/** What it also calls where a Region has more than one configured application. */
export const CLAIM_CALLS: Readonly<Record<Provider, readonly string[]>> = {
  kiro: ['UserSubscriptions.ListApplicationClaims'],
  'amazon-q-business': [],
};

/** What it calls to subscribe, to cancel and to change a plan. */
export const CHANGE_CALLS: Readonly<Record<Provider, readonly string[]>> = {
  kiro: ['Q.CreateAssignment', 'Q.DeleteAssignment', 'Q.UpdateAssignment'],
  'amazon-q-business': [
    'QBusiness.CancelSubscription',
    'QBusiness.CreateSubscription',
    'QBusiness.GetApplication',
    'QBusiness.ListApplications',
    'QBusiness.UpdateSubscription',
  ],
};

/** Actions that AWS takes on behalf of the caller who changes subscriptions: no adapter calls them. */
const ON_BEHALF_OF_CALLER: Readonly<Record<Provider, readonly string[]>> = {
  kiro: [],
  'amazon-q-business': [
    'iam:CreateServiceLinkedRole',
    'organizations:DescribeOrganization',
    'sso-directory:DescribeUser',
    'sso:DescribeApplication',
    'sso:DescribeInstance',
    'user-subscriptions:CreateClaim',
    'user-subscriptions:UpdateClaim',
  ],
};

/** Returns the actions with which subscriptions of a provider, or their claims, are listed or, with `change`, changed. */
export function subscriptionActions(provider: Provider, does: 'list' | 'claims' | 'change'): string[] {
  if (does === 'claims') return CLAIM_CALLS[provider].map(actionOf);
  if (does === 'list') return LIST_CALLS[provider].map(actionOf);
  return [...CHANGE_CALLS[provider].map(actionOf), ...ON_BEHALF_OF_CALLER[provider]];
}

/**
 * Returns what the functions call for the subscriptions of a configuration, by function: `planChanges` lists each, and
 * `applyChanges` changes those that Usher manages. With a role, they call only STS, and the role calls the rest.
 */
export function subscriptionCallsOf({ entitlements }: Entitlements): Record<'planChanges' | 'applyChanges', string[]> {
  const calls = { planChanges: new Set<string>(), applyChanges: new Set<string>() };
  for (const { mode, subscription } of entitlements) {
    if (!subscription) continue;
    const by = (does: 'list' | 'claims' | 'change') =>
      subscription.roleArn === undefined
        ? subscriptionActions(subscription.provider, does)
        : [actionOf('STS.AssumeRole')];
    const isSame = (one: SubscriptionSettings | undefined) =>
      one?.provider === subscription.provider && one.region === subscription.region;
    const hasOthers = entitlements.filter((one) => isSame(one.subscription)).length > 1;
    for (const action of [...by('list'), ...(hasOthers ? by('claims') : [])]) calls.planChanges.add(action);
    if (mode !== 'enforce' || subscription.mode !== 'manage') continue;
    for (const action of by('change')) calls.applyChanges.add(action);
  }
  return { planChanges: [...calls.planChanges].sort(), applyChanges: [...calls.applyChanges].sort() };
}
