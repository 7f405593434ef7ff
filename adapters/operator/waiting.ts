import type { Clock } from '../../domain/shared/clock.ts';

/** How waiting passes, and what ends it early. */
export interface Waiting {
  clock: Pick<Clock, 'sleep'>;
  /** Aborted when the operator ends the command. */
  signal: AbortSignal;
}

/** The time between two polls of CloudFormation. */
const POLL_SECONDS = 5;
/** Half an hour. CloudFormation's own limit of an update is longer; check a longer update in the console. */
const MOST_POLLS = 360;

/**
 * Polls until `read` returns something.
 *
 * @throws Error after half an hour · the reason of the signal as soon as it is aborted
 */
export async function poll<T>(read: () => Promise<T | undefined>, { clock, signal }: Waiting): Promise<T> {
  const aborted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  aborted.catch(() => undefined);
  for (let polls = 0; polls < MOST_POLLS; polls += 1) {
    signal.throwIfAborted();
    const found = await read();
    if (found !== undefined) return found;
    await Promise.race([clock.sleep(POLL_SECONDS), aborted]);
  }
  throw new Error('CloudFormation has not finished after half an hour');
}
