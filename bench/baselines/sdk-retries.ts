import type { Clock } from '../../domain/shared/clock.ts';

/** The SDK's default. */
const ATTEMPTS = 3;
const BACKOFF_SECONDS = 0.1;
const THROTTLED_BACKOFF_SECONDS = 0.5;

/**
 * Sends a request with the retries that an SDK client makes by default after throttling and server errors. It waits in
 * virtual time, where the SDK would wait in real time, and has no jitter, so that every run is the same.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 */
export async function withSdkRetries<T>(clock: Clock, send: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send();
    } catch (error) {
      const throttled = isThrottle(error);
      if (attempt === ATTEMPTS || !(throttled || isServerError(error))) throw error;
      await clock.sleep((throttled ? THROTTLED_BACKOFF_SECONDS : BACKOFF_SECONDS) * 2 ** (attempt - 1));
    }
  }
}

function isThrottle(error: unknown): boolean {
  return error instanceof Error && error.name === 'ThrottlingException';
}

function isServerError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && '$fault' in error && error.$fault === 'server';
}
