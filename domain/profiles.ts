import type { Entitlement, SubscriptionSettings } from './entitlements.ts';
import { accountOf } from './shared/ids.ts';

/** An entitlement with a subscription. */
export type Subscribed = Entitlement & { subscription: SubscriptionSettings };

/** The entitlements whose users AWS charges once. */
export interface Profile {
  provider: SubscriptionSettings['provider'];
  region: string;
  /** Roles that read its list, each once; undefined is the caller itself. */
  roleArns: (string | undefined)[];
  /** Of Amazon Q Business: each application has a list of its own. */
  application: string | undefined;
  entitlements: Subscribed[];
}

function isSubscribed(entitlement: Entitlement): entitlement is Subscribed {
  return entitlement.subscription !== undefined;
}

/**
 * Groups the entitlements with a subscription by what AWS charges once. The list of Kiro is that of a Region, whatever the
 * application and the role are.
 */
export function profilesOf(entitlements: readonly Entitlement[]): Profile[] {
  const profiles = new Map<string, Profile>();
  for (const entitlement of entitlements.filter(isSubscribed)) {
    const { provider, region, roleArn } = entitlement.subscription;
    const application = provider === 'amazon-q-business' ? entitlement.application : undefined;
    const own: Profile = { provider, region, roleArns: [], application, entitlements: [] };
    const key = [profileKey(own), ...(application === undefined ? [] : [roleArn])].join(' ');
    const profile = profiles.get(key) ?? own;
    if (!profile.roleArns.includes(roleArn)) profile.roleArns.push(roleArn);
    profile.entitlements.push(entitlement);
    profiles.set(key, profile);
  }
  return [...profiles.values()];
}

/** Returns the profile of an application; undefined if its entitlement has no subscription, or it has no entitlement. */
export function profileOf(application: string, entitlements: readonly Entitlement[]): Profile | undefined {
  return profilesOf(entitlements).find((profile) =>
    profile.entitlements.some((one) => one.application === application),
  );
}

/** Whether a user may be charged in several applications of a profile: only their claims tell, since the list is that of a Region. */
export function comparesClaims({ provider, entitlements }: Profile): boolean {
  return provider === 'kiro' && entitlements.length > 1;
}

/** Returns the other profiles in which AWS charges a user of this one for the same product once more. */
export function othersOf(profile: Profile, entitlements: readonly Entitlement[]): Profile[] {
  if (profile.provider !== 'kiro') return [];
  return profilesOf(entitlements).filter(({ provider, region }) => provider === 'kiro' && region !== profile.region);
}

/** Identifies a profile, also after its entitlements and roles have changed. */
export function profileKey({ provider, region, application }: Omit<Profile, 'entitlements' | 'roleArns'>): string {
  return [provider, region, ...(application === undefined ? [] : [application])].join(' ');
}

/** Names a profile in a few words, with its account if it is one and another than the caller's. */
export function titleOf({ provider, region, application, roleArns }: Profile): string {
  const accounts = new Set(roleArns.map((roleArn) => roleArn && accountOf(roleArn)));
  const account = accounts.size === 1 ? [...accounts][0] : undefined;
  return [provider, region, application?.split('/').at(-1), account].filter((part) => part !== undefined).join(' ');
}
