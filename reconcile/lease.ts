import type { Ledger } from '../adapters/ledger.ts';
import { emptyWork, renew, type Work } from '../domain/queue/work-queue.ts';
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
export async function changeMailbox<T extends { work: Work }>(
  ledger: Ledger,
  change: (work: Work) => T,
  known?: Work,
): Promise<T> {
  for (let race = 0; race < MOST_RACES; race += 1) {
    const before = race === 0 && known ? known : await ledger.work();
    const changed = change(before);
    if (changed.work === before) return changed;
    const work = await ledger.saveWork(changed.work);
    if (work) return { ...changed, work };
  }
  throw new TransientAwsError('The mailbox was changed by others again and again');
}

/** The lease of one term, renewed as time goes by. */
export interface HeldLease {
  /** The mailbox as it was last written here. */
  readonly work: Work;
  /**
   * Renews the lease when a minute has passed.
   *
   * @throws LeaseLostError when it has run out or somebody else holds it
   */
  keep(): Promise<void>;
  /** {@link changeMailbox}, which goes on from what was last written here. */
  change<T extends { work: Work }>(change: (work: Work) => T): Promise<T>;
}

/**
 * Renews a lease now, so that it outlasts the Lambda that writes under it, and again whenever `keep` is called.
 *
 * @param lease `taken` when it was taken just now: it is not renewed at once then
 * @throws LeaseLostError when it has run out or somebody else holds it: who asks may not write
 */
export async function holdLease(
  ledger: Ledger,
  clock: Clock,
  { execution, term, taken }: { execution: string; term: number; taken?: Work },
): Promise<HeldLease> {
  let renewedAt = taken ? clock.now() : new Date(0);
  let known = taken;
  const change = async <T extends { work: Work }>(make: (work: Work) => T): Promise<T> => {
    const changed = await changeMailbox(ledger, make, known);
    known = changed.work;
    return changed;
  };
  const keep = async () => {
    if (secondsBetween(renewedAt, clock.now()) < RENEW_SECONDS) return;
    // One renewal is enough for all that goes on at once.
    renewedAt = clock.now();
    await change((before) => {
      const renewed = renew(before, execution, term, clock.now());
      if (!renewed) throw new LeaseLostError(`The lease of term ${term} is not held any more`);
      return { work: renewed };
    });
  };
  await keep();
  return {
    keep,
    change,
    get work() {
      return known ?? emptyWork();
    },
  };
}
