import { Logger } from '@aws-lambda-powertools/logger';
import { Metrics } from '@aws-lambda-powertools/metrics';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Templates } from '../../domain/notices/message.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import type { Platform } from '../../functions/handler.ts';
import { NAMES } from '../aws/control-plane/control-plane.ts';
import type { Gateway } from '../aws/gateway.ts';
import { noticeTemplates } from '../engine/notice-templates.ts';
import type { Invocations } from './invocations.ts';

/** Returns the settings of SDK clients of the gateway: over HTTP, or without a socket. */
export async function connect(
  gateway: Gateway,
  region: string,
  invocations: Invocations,
  transport: 'http' | 'in-process',
) {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const common = {
    region,
    maxAttempts: 1,
    credentials,
    // The emulator checks no signature and no caller. A profile of this computer must not change the endpoint.
    signer: { sign: withRegion },
    defaultsMode: 'standard',
    retryMode: 'standard',
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    userAgentAppId: 'usher',
    defaultUserAgentProvider: async () => [],
    accountIdEndpointMode: 'disabled',
    // No code changes the middleware of a client, so that the SDK need not assemble it for each request.
    cacheMiddleware: true,
  } as const;
  if (transport === 'in-process') {
    const requestHandler = invocations.watch(gateway.requestHandler());
    // An object: the SDK would parse a URL for each request.
    const endpoint = { protocol: 'http:', hostname: '127.0.0.1', path: '/' };
    return { settings: { ...common, endpoint, requestHandler }, close: async () => undefined };
  }
  const { endpoint, close } = await gateway.listen();
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

/** Marks a request to Q with the Region to which it goes, which the address does not have; signs none. */
async function withRegion<T>(request: T, signing?: { signingRegion?: string; signingService?: string }): Promise<T> {
  if (signing?.signingService !== 'q' || !isHttp(request)) return request;
  request.headers['authorization'] =
    `AWS4-HMAC-SHA256 Credential=local/19700101/${signing.signingRegion}/q/aws4_request`;
  return request;
}

function isHttp(request: unknown): request is { headers: Record<string, string> } {
  return typeof request === 'object' && request !== null && 'headers' in request;
}

/** Returns the platform of the functions: virtual time, the gateway, and a log that goes to the listener. */
export function platformOf(
  aws: ClientSettings,
  {
    entitlements,
    stateMachine,
    clock,
    log,
    batchUsers,
    templates,
  }: {
    entitlements: Entitlements;
    stateMachine: string;
    clock: Clock;
    log(line: string): void;
    batchUsers?: number | undefined;
    templates?: Templates | undefined;
  },
): Platform {
  const sink = { trace: log, debug: log, info: log, log, warn: log, error: log };
  const logger = new Logger({ serviceName: 'usher' });
  const metrics = new Metrics({ namespace: 'Usher', serviceName: 'usher' });
  // Powertools writes to its own console and has no option for another.
  for (const tool of [logger, metrics]) Reflect.set(tool, 'console', sink);
  return {
    environment: {
      entitlements,
      clock,
      aws,
      ledgerTable: NAMES.ledger,
      auditBus: NAMES.auditBus,
      stateMachine,
      version: 'local',
      ...(entitlements.notices
        ? { notices: { table: NAMES.noticesTable, templates: templates ?? noticeTemplates(entitlements) } }
        : {}),
      ...(batchUsers === undefined ? {} : { batchUsers }),
    },
    logger,
    metrics,
  };
}
