import type { EventBus } from '../adapters/event-bus.ts';
import type { Ledger, SeatKey } from '../adapters/ledger.ts';
import { type AuditContext, auditEvent, type BusEvent, revocationsHeld } from '../domain/audit/event.ts';
import type { Batch } from '../domain/decision/batches.ts';
import { startSettleWait } from '../domain/queue/claim.ts';
import { clearAudit } from '../domain/seat/audit-records.ts';
import { chunksOf } from '../domain/shared/chunks.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { accountOf } from '../domain/shared/ids.ts';
import { PUT_EVENTS_ENTRIES } from '../domain/shared/limits.ts';
import { inParallel } from './concurrency.ts';
import { updateQueue } from './lease.ts';

export interface RecordServices {
  clock: Clock;
  ledger: Ledger;
  bus: EventBus;
  sender: { productVersion: string; region: string };
}

const WRITES_AT_ONCE = 25;
const SENDS_AT_ONCE = 10;

/**
 * Sends the audit events of the seats of these batches and clears those that the bus took; then gives the lease back if
 * nothing else is due. May run twice: an event that was sent and not cleared is sent again with the same id.
 *
 * @returns how long to wait before the next plan
 * @throws TransientAwsError when the bus didn't take all; those that it took are cleared
 */
export async function publishAudit(
  { batches, execution }: { batches: readonly Batch[]; execution: string },
  { clock, ledger, bus, sender }: RecordServices,
): Promise<{ waitSeconds: number }> {
  const letters = await allPendingEvents(batches, ledger, { ...sender, accountId: accountOf(execution) });
  const events = letters.flatMap((letter) => letter.events);
  const taken = await send(events, bus);
  await inParallel(letters, WRITES_AT_ONCE, (letter) => letter.clear(taken));
  const missing = events.filter(({ uid }) => !taken.has(uid)).length;
  if (missing > 0) throw new TransientAwsError(`PutEvents: ${missing} audit events were not taken`);
  const { waitSeconds } = await updateQueue(ledger, (queue) => startSettleWait(queue, execution, clock.now()));
  return { waitSeconds };
}

/** The events of one item of the ledger. */
interface PendingEvents {
  events: BusEvent[];
  /** Strikes off what the bus has taken, by uid. */
  clear(taken: ReadonlySet<string>): Promise<void>;
}

function pendingEventsOf<Item>(
  records: readonly Item[],
  eventOf: (record: Item) => BusEvent,
  clear: (sent: (record: Item) => boolean) => Promise<void>,
): PendingEvents {
  const events = new Map(records.map((record) => [record, eventOf(record)]));
  return {
    events: [...events.values()],
    async clear(taken) {
      const sent = (record: Item) => taken.has(events.get(record)?.uid ?? '');
      if (records.some(sent)) await clear(sent);
    },
  };
}

async function allPendingEvents(
  batches: readonly Batch[],
  ledger: Ledger,
  context: AuditContext & { accountId: string },
): Promise<PendingEvents[]> {
  const records = batches.filter(({ kind }) => kind === 'record');
  const seats = await ledger.seats(keysOf(batches));
  const observations = records.length > 0 ? await ledger.observations(keysOf(records)) : [];
  const letters = [
    ...seats.map((seat) =>
      pendingEventsOf(
        seat.audit,
        (record) => auditEvent(record, seat, context),
        (sent) => ledger.saveSeat(clearAudit(seat, sent)),
      ),
    ),
    ...observations.map((one) =>
      pendingEventsOf(
        one.audit,
        (record) => auditEvent(record, one, context),
        (sent) => ledger.saveObservation(clearAudit(one, sent)),
      ),
    ),
  ];
  for (const { applicationArn } of batches.filter(({ kind }) => kind === 'hold')) {
    const hold = await ledger.hold(applicationArn);
    if (!hold) continue;
    letters.push(
      pendingEventsOf(
        hold.audit,
        (record) => revocationsHeld(record, hold, context),
        (sent) => ledger.saveHold(clearAudit(hold, sent)),
      ),
    );
  }
  return letters;
}

function keysOf(batches: readonly Batch[]): SeatKey[] {
  const keys = batches.flatMap(({ applicationArn, userIds }) => userIds.map((userId) => ({ applicationArn, userId })));
  return [...new Map(keys.map((key) => [`${key.applicationArn} ${key.userId}`, key])).values()];
}

async function send(events: readonly BusEvent[], bus: EventBus): Promise<ReadonlySet<string>> {
  const taken = new Set<string>();
  await inParallel(chunksOf(events, PUT_EVENTS_ENTRIES), SENDS_AT_ONCE, async (some) => {
    for (const uid of await bus.publish(some)) taken.add(uid);
  });
  return taken;
}
