import {
  type ListActivitiesInput,
  type ServiceInputTypes,
  type ServiceOutputTypes,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { Command } from '@smithy/core/client';
import { getEndpointPlugin } from '@smithy/core/endpoints';
import type { ClientSettings } from '../clients.ts';

/** A service that AWS does not publish. It speaks AWS JSON 1.0, signed with SigV4. */
export interface UnpublishedService {
  /** For the SDK's user agent. */
  serviceId: string;
  /** What precedes the operation in `X-Amz-Target`. */
  target: string;
  signingName: string;
  urlIn(region: string): string;
}

/** What a client tells its endpoint provider. */
const ENDPOINT_PARAMETERS = {
  Endpoint: { type: 'builtInParams', name: 'endpoint' },
  Region: { type: 'builtInParams', name: 'region' },
} as const;

/** The SDK needs one. It is not sent. */
const NAMESPACE = 'com.amazonaws.unpublished';
/** The SDK's marks of an operation, and of a JSON value of any shape. */
const OPERATION = 9;
const ANY_JSON = 15;

/** Makes an input one that the compiler lets a client of Step Functions send. */
type Sendable = Pick<ListActivitiesInput, 'nextToken'>;

/** Returns the command of an operation. Nothing of its answer is checked. */
export function unpublishedCommand<Input extends object, Output extends object>(operation: string) {
  return Command.classBuilder<
    Input & Sendable,
    Output & { $metadata: object },
    SFNClient['config'],
    ServiceInputTypes,
    ServiceOutputTypes
  >()
    .ep(ENDPOINT_PARAMETERS)
    .m((_command, _stack, config) => [getEndpointPlugin(config, ENDPOINT_PARAMETERS)])
    .s('Unpublished', operation)
    .n('UnpublishedClient', `${operation}Command`)
    .sc([OPERATION, NAMESPACE, operation, 0, ANY_JSON, ANY_JSON])
    .build();
}

/**
 * Creates a client of a service in the Region of the settings.
 *
 * The SDK has none. One of Step Functions speaks the same protocol: with this endpoint, target and signing name it signs,
 * sends and retries as every client of the SDK.
 */
export function unpublishedClient(
  settings: ClientSettings,
  { serviceId, target, signingName, urlIn }: UnpublishedService,
): SFNClient {
  return new SFNClient({
    ...settings,
    serviceId,
    protocolSettings: { defaultNamespace: NAMESPACE, serviceTarget: target, errorTypeRegistries: [] },
    endpointProvider: ({ Endpoint, Region = '' }) => ({
      url: new URL(Endpoint ?? urlIn(Region)),
      properties: { authSchemes: [{ name: 'sigv4', signingName, signingRegion: Region, properties: {} }] },
    }),
  });
}
