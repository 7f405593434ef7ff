import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import type { Clock } from '../domain/shared/clock.ts';

/** Spaces calls to one AWS service. */
export interface Pacer {
  /**
   * Waits until `1 / perSecond` seconds have passed since the previous call.
   *
   * @param operation the operation that the caller calls next
   */
  pace(operation?: string): Promise<void>;
}

/** Creates a pacer for all operations together; simultaneous calls proceed one after another. */
export function createPacer(perSecond: number, clock: Clock): Pacer {
  let free = 0;
  return {
    async pace() {
      const now = clock.now().getTime();
      const start = Math.max(now, free);
      free = start + 1000 / perSecond;
      if (start > now) await clock.sleep((start - now) / 1000);
    },
  };
}

/** Creates a pacer that spaces each operation separately, as the Identity Store counts its quotas. */
export function createOperationPacer(perSecond: number, clock: Clock): Pacer {
  const pacers = new Map<string, Pacer>();
  return {
    pace(operation = '') {
      const pacer = pacers.get(operation) ?? createPacer(perSecond, clock);
      pacers.set(operation, pacer);
      return pacer.pace();
    },
  };
}

/**
 * The settings of every SDK client. In Lambda, credentials, endpoint and request handler are the SDK's defaults; the
 * emulator sets its own.
 */
export interface ClientSettings {
  region: string;
  /** Only the state machine retries: a retry of the SDK would sleep while Lambda is billed, and multiply the attempts. */
  maxAttempts: 1;
  endpoint?: NonNullable<DynamoDBClientConfig['endpoint']>;
  credentials?: NonNullable<DynamoDBClientConfig['credentials']>;
  /** A profile in the configuration files of the AWS CLI. */
  profile?: string;
  /** Replaces `maxAttempts` in the commands of operators, where no state machine retries. */
  retryStrategy?: NonNullable<DynamoDBClientConfig['retryStrategy']>;
  requestHandler?: NonNullable<DynamoDBClientConfig['requestHandler']>;
}

/**
 * Returns the settings of a client that never retries, also for operators: after a write without an answer, only a read
 * shows whether it took effect.
 */
export function withoutRetries({ retryStrategy: _, ...settings }: ClientSettings): ClientSettings {
  return settings;
}

/**
 * Returns a function that creates one client per settings object. A new DynamoDB client with its first call takes as long
 * as five calls, so the sandboxes of the emulator share it.
 */
export function clientFactory<Client>(
  service: new (settings: ClientSettings) => Client,
): (settings: ClientSettings) => Client {
  const created = new WeakMap<ClientSettings, { client: Client }>();
  return (settings) => {
    const { client } = created.get(settings) ?? { client: new service(settings) };
    created.set(settings, { client });
    return client;
  };
}
