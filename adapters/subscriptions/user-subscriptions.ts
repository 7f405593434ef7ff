import { type ServiceInputTypes, type ServiceOutputTypes, SFNClient } from '@aws-sdk/client-sfn';
import { Command } from '@smithy/core/client';
import { getEndpointPlugin } from '@smithy/core/endpoints';
import type { ClientSettings } from '../clients.ts';

const SERVICE = 'AWSZornControlPlaneService';
const NAMESPACE = 'com.amazonaws.usersubscriptions';
const SIGNING_NAME = 'user-subscriptions';

/** What a client tells its endpoint provider. */
const ENDPOINT_PARAMETERS = {
  Endpoint: { type: 'builtInParams', name: 'endpoint' },
  Region: { type: 'builtInParams', name: 'region' },
} as const;

/** The SDK's marks of an operation, and of a JSON value of any shape. */
const OPERATION = 9;
const ANY_JSON = 15;

interface ListUserSubscriptionsInput {
  instanceArn: string;
  /** Region of the profile. */
  subscriptionRegion: string;
  maxResults: number;
  nextToken?: string | undefined;
}

/** The answer as it was seen, with both spellings of its keys. Nothing of it is checked. */
export interface ListUserSubscriptionsOutput {
  $metadata: object;
  subscriptions?: readonly unknown[];
  UserSubscriptions?: readonly unknown[];
  nextToken?: unknown;
  NextToken?: unknown;
}

/** A call that the console makes. Experimental: unpublished. */
export class ListUserSubscriptionsCommand extends Command.classBuilder<
  ListUserSubscriptionsInput,
  ListUserSubscriptionsOutput,
  SFNClient['config'],
  ServiceInputTypes,
  ServiceOutputTypes
>()
  .ep(ENDPOINT_PARAMETERS)
  .m((_command, _stack, config) => [getEndpointPlugin(config, ENDPOINT_PARAMETERS)])
  .s(SERVICE, 'ListUserSubscriptions')
  .n('UserSubscriptionsClient', 'ListUserSubscriptionsCommand')
  .sc([OPERATION, NAMESPACE, 'ListUserSubscriptions', 0, ANY_JSON, ANY_JSON])
  .build() {}

/**
 * Creates a client of `user-subscriptions` in a Region of Identity Center.
 *
 * The SDK has none. One of Step Functions speaks the same protocol, AWS JSON 1.0: with this endpoint, target and signing
 * name it signs, sends and retries as every client of the SDK.
 */
export function userSubscriptionsClient(settings: ClientSettings): SFNClient {
  return new SFNClient({
    ...settings,
    serviceId: 'User Subscriptions',
    protocolSettings: { defaultNamespace: NAMESPACE, serviceTarget: SERVICE, errorTypeRegistries: [] },
    endpointProvider: ({ Endpoint, Region = '' }) => ({
      url: new URL(Endpoint ?? `https://service.${SIGNING_NAME}.${Region}.amazonaws.com/`),
      properties: {
        authSchemes: [{ name: 'sigv4', signingName: SIGNING_NAME, signingRegion: Region, properties: {} }],
      },
    }),
  });
}
