import type { Ledger } from '../adapters/ledger.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import { LEASE_SECONDS, renewTerm } from '../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../domain/queue/work-queue.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { LeaseLostError, TransientAwsError } from '../domain/shared/errors.ts';
import { isDue, secondsBetween } from '../domain/shared/time.ts';

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

/** The lease of one term, for as long as the execution renews it. A renewal that failed ends the session. */
export interface LeaseSession {
  /** The queue as last written here. */
  readonly queue: WorkQueue;
  /**
   * Renews the lease if a minute has passed since the last renewal; called before each write, and while reads go on. A
   * call during a renewal waits for it: a write that began meanwhile might be one without the lease.
   *
   * @throws LeaseLostError if the lease has expired or another execution holds it, and in every later call, too
   */
  renewLease(): Promise<void>;
  /**
   * Updates the queue like {@link updateQueue}, and continues from what was last written here.
   *
   * @throws the error of a renewal that failed
   */
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
  let known = taken;
  /** When the lease expires unless it is renewed. */
  let until = taken?.lease?.until;
  /** The renewal under way, or the one that failed: everyone who asks after it fails with it. */
  let renewal: Promise<void> | undefined;

  const update = async <T extends { queue: WorkQueue }>(make: (queue: WorkQueue) => T): Promise<T> => {
    const changed = await updateQueue(ledger, make, known);
    known = changed.queue;
    return changed;
  };
  const renew = async () => {
    const { queue } = await update((before) => {
      const renewed = renewTerm(before, execution, term, clock.now());
      if (!renewed) throw lost();
      return { queue: renewed };
    });
    until = queue.lease?.until;
    renewal = undefined;
  };
  const lost = () => new LeaseLostError(`The execution no longer holds the lease of term ${term}`);
  const isFresh = () => until !== undefined && secondsBetween(clock.now(), until) > LEASE_SECONDS - RENEW_SECONDS;
  const renewLease = async () => {
    if (!renewal && !isFresh()) renewal = renew();
    await renewal;
    // The answer to the renewal may have come so late that the lease has expired meanwhile.
    if (until === undefined || isDue(until, clock.now())) {
      renewal = Promise.reject(lost());
      await renewal;
    }
  };
  await renewLease();
  return {
    renewLease,
    async change(make) {
      await renewal;
      return update(make);
    },
    get queue() {
      return known ?? emptyQueue();
    },
  };
}

/** Makes ledger and applications check the lease before each write to a seat or an assignment. */
export function writersUnder(
  { renewLease }: Pick<LeaseSession, 'renewLease'>,
  { ledger, applications }: { ledger: Ledger; applications: Applications },
): { ledger: Ledger; applications: Applications } {
  const checked =
    <Given extends unknown[], Result>(write: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      await renewLease();
      return write(...given);
    };
  return {
    ledger: { ...ledger, saveSeat: checked(ledger.saveSeat) },
    applications: {
      ...applications,
      assign: checked(applications.assign),
      unassign: checked(applications.unassign),
    },
  };
}
