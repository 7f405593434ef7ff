import type { Ledger } from '../adapters/ledger.ts';
import { renewTerm } from '../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../domain/queue/work-queue.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { LeaseLostError, TransientAwsError } from '../domain/shared/errors.ts';
import { secondsBetween } from '../domain/shared/time.ts';

/** Somebody always wins a race for the mailbox; who loses so often in a row comes back through the machine's retry. */
const MOST_RACES = 10;
/** Often enough that a lease never runs out during a plan, seldom enough not to count. */
const RENEW_SECONDS = 60;

/**
 * Changes the mailbox: reads it, changes it, and writes it if nobody else did meanwhile; else once more.
 *
 * @param known the mailbox as it was last read or written: read again only if somebody else has written since
 * @returns what `change` did, with the mailbox as it is now
 * @throws TransientAwsError when others wrote again and again
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
  throw new TransientAwsError('The mailbox was changed by others again and again');
}

/** The lease of one term, renewed as time goes by. */
export interface LeaseSession {
  /** The mailbox as it was last written here. */
  readonly queue: WorkQueue;
  /**
   * Renews the lease when a minute has passed.
   *
   * @throws LeaseLostError when it has run out or somebody else holds it
   */
  renewLease(): Promise<void>;
  /** {@link updateQueue}, which goes on from what was last written here. */
  change<T extends { queue: WorkQueue }>(change: (queue: WorkQueue) => T): Promise<T>;
}

/**
 * Renews a lease now, so that it outlasts the Lambda that writes under it, and again whenever `keep` is called.
 *
 * @param lease `taken` when it was taken just now: it is not renewed at once then
 * @throws LeaseLostError when it has run out or somebody else holds it: who asks may not write
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
    // One renewal is enough for all that goes on at once.
    renewedAt = clock.now();
    await change((before) => {
      const renewed = renewTerm(before, execution, term, clock.now());
      if (!renewed) throw new LeaseLostError(`The lease of term ${term} is not held any more`);
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
