import type { Ledger } from '../adapters/ledger.ts';
import { renewTerm } from '../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../domain/queue/work-queue.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { LeaseLostError, TransientAwsError } from '../domain/shared/errors.ts';
import { secondsBetween } from '../domain/shared/time.ts';

/** One writer always wins a race for the queue. An execution that loses this often in a row is retried by the state machine. */
const MOST_RACES = 10;
/** Often enough that a lease never expires during a plan, and seldom enough that the writes do not matter. */
const RENEW_SECONDS = 60;

/**
 * Updates the work queue: reads it, changes it and writes it. Starts again if another execution has written meanwhile.
 *
 * @param known the queue as last read or written here; it is read again only if another execution has written since
 * @returns the result of `change`, with the queue as it is now
 * @throws TransientAwsError if other executions wrote again and again
 */
export async function updateQueue<T extends { queue: WorkQueue }>(
  ledger: Ledger,
  change: (queue: WorkQueue) => T,
  known?: WorkQueue,
): Promise<T> {
  for (let race = 0; race < MOST_RACES; race += 1) {
    const before = race === 0 && known ? known : await ledger.queue();
    const changed = change(before);
    if (changed.queue === before) return changed;
    const queue = await ledger.saveQueue(changed.queue);
    if (queue) return { ...changed, queue };
  }
  throw new TransientAwsError(`PutItem: other executions changed the work queue ${MOST_RACES} times in a row`);
}

/** The lease of one term, for as long as the execution renews it. */
export interface LeaseSession {
  /** The queue as last written here. */
  readonly queue: WorkQueue;
  /**
   * Renews the lease if a minute has passed since the last renewal.
   *
   * @throws LeaseLostError if the lease has expired or another execution holds it
   */
  renewLease(): Promise<void>;
  /** Updates the queue like {@link updateQueue}, and continues from what was last written here. */
  change<T extends { queue: WorkQueue }>(change: (queue: WorkQueue) => T): Promise<T>;
}

/**
 * Opens a session under a lease: renews it now, so that it outlasts the Lambda that writes under it, and later whenever
 * `renewLease` is called.
 *
 * @param lease with `taken`, the queue as just written, the lease is new and needs no renewal now
 * @throws LeaseLostError if the lease has expired or another execution holds it: the caller may not write
 */
export async function openLease(
  ledger: Ledger,
  clock: Clock,
  { execution, term, taken }: { execution: string; term: number; taken?: WorkQueue },
): Promise<LeaseSession> {
  let renewedAt = taken ? clock.now() : new Date(0);
  let known = taken;
  const change = async <T extends { queue: WorkQueue }>(make: (queue: WorkQueue) => T): Promise<T> => {
    const changed = await updateQueue(ledger, make, known);
    known = changed.queue;
    return changed;
  };
  const renewLease = async () => {
    if (secondsBetween(renewedAt, clock.now()) < RENEW_SECONDS) return;
    // One renewal is enough for all calls at the same time.
    renewedAt = clock.now();
    await change((before) => {
      const renewed = renewTerm(before, execution, term, clock.now());
      if (!renewed) throw new LeaseLostError(`The execution no longer holds the lease of term ${term}`);
      return { queue: renewed };
    });
  };
  await renewLease();
  return {
    renewLease,
    change,
    get queue() {
      return known ?? emptyQueue();
    },
  };
}
