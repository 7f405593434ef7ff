import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { Platform } from '../../functions/handler.ts';
import { NAMES } from '../aws/control-plane/control-plane.ts';
import type { Gateway } from '../aws/gateway.ts';
import type { Invocations } from './invocations.ts';

/** SDK clients for the door: over HTTP, or without a socket. */
export async function connect(
  door: Gateway,
  region: string,
  invocations: Invocations,
  transport: 'http' | 'in-process',
) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const common = {
    region,
    maxAttempts: 1,
    credentials,
    // Nobody checks a signature here, or reads who calls, and a profile of this machine must not change where to.
    signer: { sign: async <T>(request: T) => request },
    defaultsMode: 'standard',
    retryMode: 'standard',
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    userAgentAppId: 'usher',
    defaultUserAgentProvider: async () => [],
    accountIdEndpointMode: 'disabled',
    // Nobody changes what a client does on the way; it need not be put together anew for each request.
    cacheMiddleware: true,
  } as const;
  if (transport === 'in-process') {
    const requestHandler = invocations.watch(door.requestHandler());
    // As an object, because a URL is parsed again for each request.
    const endpoint = { protocol: 'http:', hostname: '127.0.0.1', path: '/' };
    return { settings: { ...common, endpoint, requestHandler }, close: async () => undefined };
  }
  const { endpoint, close } = await door.listen();
  const http = new NodeHttpHandler();
  const settings = { ...common, endpoint, requestHandler: invocations.watch(http) };
  return {
    settings,
    close: async () => {
      http.destroy();
      await close();
    },
  };
}

/** The functions' surroundings: virtual time, the door, and their logs told to the listener. */
export function platformOf(
  aws: ClientSettings,
  { entitlements, clock, log }: { entitlements: Entitlements; clock: Clock; log(line: string): void },
): Platform {
  const sink = { trace: log, debug: log, info: log, log, warn: log, error: log };
  const logger = new Logger({ serviceName: 'usher' });
  const metrics = new Metrics({ namespace: 'Usher', serviceName: 'usher' });
  // Powertools writes to a console of its own, and has no option for another.
  for (const tool of [logger, metrics]) Reflect.set(tool, 'console', sink);
  return {
    environment: { entitlements, clock, aws, ledgerTable: NAMES.ledger, auditBus: NAMES.auditBus, version: 'local' },
    logger,
    metrics,
  };
}
