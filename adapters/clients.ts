import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../domain/shared/clock.ts';

/** Spaces calls to one AWS service: each `turn` resolves no sooner than `1 / perSecond` seconds after the one before. */
export interface Pacer {
  /** @param operation that is going to be called */
  turn(operation?: string): Promise<void>;
}

/** Paces by the clock; calls that arrive together are let through one after another. */
export function paced(perSecond: number, clock: Clock): Pacer {
  let free = 0;
  return {
    async turn() {
      const now = clock.now().getTime();
      const start = Math.max(now, free);
      free = start + 1000 / perSecond;
      if (start > now) await clock.sleep((start - now) / 1000);
    },
  };
}

/** Paces each operation by itself: the Identity Store counts its quotas so. */
export function pacedByOperation(perSecond: number, clock: Clock): Pacer {
  const pacers = new Map<string, Pacer>();
  return {
    turn(operation = '') {
      const pacer = pacers.get(operation) ?? paced(perSecond, clock);
      pacers.set(operation, pacer);
      return pacer.turn();
    },
  };
}

/**
 * What every SDK client is made with. Credentials, endpoint and request handler are AWS's own in Lambda; the local
 * stack gives its own.
 */
export interface ClientSettings {
  region: string;
  /** The machine's Retry is the only retry: the SDK's would sleep, billed, and multiply it. */
  maxAttempts: 1;
  endpoint?: NonNullable<DynamoDBClientConfig['endpoint']>;
  credentials?: { accessKeyId: string; secretAccessKey: string };
  /** Of the configuration files that the AWS CLI has, too. */
  profile?: string;
  /** Takes the place of `maxAttempts`: where a person waits, no machine retries. */
  retryStrategy?: NonNullable<DynamoDBClientConfig['retryStrategy']>;
  requestHandler?: NonNullable<DynamoDBClientConfig['requestHandler']>;
}

/**
 * Makes a service's client once for the same settings. DynamoDB's and its first call take as long as five calls: whoever
 * builds services again, as each sandbox of the local stack does, shares it.
 */
export function shared<Client>(
  service: new (settings: ClientSettings) => Client,
): (settings: ClientSettings) => Client {
  const made = new WeakMap<ClientSettings, { client: Client }>();
  return (settings) => {
    const { client } = made.get(settings) ?? { client: new service(settings) };
    made.set(settings, { client });
    return client;
  };
}
