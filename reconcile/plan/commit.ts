import type { ApplicationDecision } from '../../domain/decision/application-state.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { UserFindings } from '../../domain/findings/recorded-findings.ts';
import { inParallel } from '../concurrency.ts';
import type { Readers } from './readers.ts';

/** Ledger writes that run at once; each is of another item. */
const WRITES_AT_ONCE = 25;

type Writer = Pick<Readers, 'ledger' | 'renewLease'>;

/**
 * Writes a decision about one application to the ledger: the bound of its slots, which no grant may precede, then the
 * seats, then the hold that covers them, then the sizes of the groups. Until the hold
 * is written, the next plan finds the same and begins it anew (ADR 0010).
 */
export async function commitDecision(
  { slots, seats, hold, groups }: ApplicationDecision,
  writer: Writer,
): Promise<void> {
  if (slots) {
    await writer.renewLease();
    await writer.ledger.saveSlots(slots);
  }
  await writeAll(seats, (seat) => writer.ledger.saveSeat(seat), writer);
  if (hold) {
    await writer.renewLease();
    await writer.ledger.saveHold(hold);
  }
  if (!groups) return;
  await writer.renewLease();
  await writer.ledger.saveGroupSizes(groups);
}

/** Writes what an observing entitlement answers. */
export async function commitObservations(observations: readonly Observation[], writer: Writer): Promise<void> {
  await writeAll(observations, (observation) => writer.ledger.saveObservation(observation), writer);
}

/** Writes what a comparison found about subscriptions. */
export async function commitFindings(findings: readonly UserFindings[], writer: Writer): Promise<void> {
  await writeAll(findings, (one) => writer.ledger.saveFindings(one), writer);
}

async function writeAll<Item>(
  items: readonly Item[],
  write: (item: Item) => Promise<void>,
  { renewLease }: Writer,
): Promise<void> {
  await inParallel(items, WRITES_AT_ONCE, async (item) => {
    await renewLease();
    await write(item);
  });
}
