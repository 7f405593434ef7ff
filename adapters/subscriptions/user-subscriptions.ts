import type { SFNClient } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../clients.ts';
import { unpublishedClient, unpublishedCommand } from './unpublished.ts';

/** Which page of a list a request asks for. */
export interface PageInput {
  /** Region of the profile. */
  subscriptionRegion: string;
  maxResults: number;
  nextToken?: string | undefined;
}

/** The answer as it was seen, with both spellings of its keys. Nothing of it is checked. */
export interface ListUserSubscriptionsOutput {
  subscriptions?: readonly unknown[];
  UserSubscriptions?: readonly unknown[];
  nextToken?: unknown;
  NextToken?: unknown;
}

/** A call that the console makes. Experimental: unpublished. */
export const ListUserSubscriptionsCommand = unpublishedCommand<
  PageInput & { instanceArn: string },
  ListUserSubscriptionsOutput
>('ListUserSubscriptions');

/** The answer as it was seen. Nothing of it is checked. */
export interface ListApplicationClaimsOutput {
  claims?: readonly unknown[];
  nextToken?: unknown;
  NextToken?: unknown;
}

/** A call that the console makes. Experimental: unpublished, and known from two public sources. */
export const ListApplicationClaimsCommand = unpublishedCommand<
  PageInput & { applicationArn: string },
  ListApplicationClaimsOutput
>('ListApplicationClaims');

/** Creates a client of `user-subscriptions` in a Region of Identity Center. */
export function userSubscriptionsClient(settings: ClientSettings): SFNClient {
  return unpublishedClient(settings, {
    serviceId: 'User Subscriptions',
    target: 'AWSZornControlPlaneService',
    signingName: 'user-subscriptions',
    urlIn: (region) => `https://service.user-subscriptions.${region}.amazonaws.com/`,
  });
}
