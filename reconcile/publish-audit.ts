import type { EventBus } from '../adapters/event-bus.ts';
import type { OwnExecutions } from '../adapters/executions.ts';
import type { Ledger } from '../adapters/ledger.ts';
import {
  type AuditContext,
  auditEvent,
  type BusEvent,
  revocationsHeld,
  subscriptionFinding,
} from '../domain/audit/event.ts';
import { type Changes, seatKeysOf } from '../domain/decision/batches.ts';
import { releaseLease } from '../domain/queue/lease.ts';
import { advanceRound, type BatchRef } from '../domain/queue/rounds.ts';
import type { WorkQueue } from '../domain/queue/work-queue.ts';
import { clearAudit } from '../domain/seat/audit-records.ts';
import { chunksOf } from '../domain/shared/chunks.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { accountOf } from '../domain/shared/ids.ts';
import { PUT_EVENTS_ENTRIES } from '../domain/shared/limits.ts';
import { inParallel } from './concurrency.ts';
import { updateQueue } from './lease.ts';
import { readBatch } from './read-batch.ts';

/** What the audit events are published with. */
export interface RecordServices {
  clock: Clock;
  ledger: Ledger;
  bus: EventBus;
  executions: OwnExecutions;
  sender: { productVersion: string; region: string };
}

/** Ledger items that are cleared at a time. */
const CLEARS_AT_ONCE = 25;
/** Calls of PutEvents at a time. */
const SENDS_AT_ONCE = 10;

/**
 * Publishes the audit events of the seats of a batch and clears those that the bus accepted; then the round continues
 * with its next batch. After the last one, the settle wait starts, and the lease is released if nothing else is due. May run twice:
 * an event that was published and not cleared is published again with the same id.
 *
 * @returns how long to wait before the next plan
 * @throws TransientAwsError if the bus did not accept all events; the accepted ones are cleared · RefusedError. The round
 *   continues all the same, and the lease is released
 */
export async function publishAudit(
  { execution, ...ref }: BatchRef & { execution: string },
  { clock, ledger, bus, sender }: Omit<RecordServices, 'executions'>,
): Promise<{ waitSeconds: number }> {
  const { changes = [] } = (await readBatch(ref, ledger)) ?? {};
  const pending = await allPendingEvents(changes, ledger, { ...sender, accountId: accountOf(execution) });
  const advance = (queue: WorkQueue) => advanceRound(queue, ref, { me: execution, now: clock.now() });
  try {
    await publish(pending, bus);
  } catch (error) {
    // The events stay where they are, for a retry, a redrive or a later plan. No execution waits for them.
    await updateQueue(ledger, (before) => ({ queue: releaseLease(advance(before).queue, execution) }));
    throw error;
  }
  const { waitSeconds } = await updateQueue(ledger, advance);
  return { waitSeconds };
}

/** @throws TransientAwsError if the bus did not accept all events; the accepted ones are cleared · RefusedError */
async function publish(pending: readonly PendingEvents[], bus: EventBus): Promise<void> {
  const events = pending.flatMap((item) => item.events);
  const accepted = await send(events, bus);
  await inParallel(pending, CLEARS_AT_ONCE, (item) => item.clear(accepted));
  const missing = events.filter(({ uid }) => !accepted.has(uid)).length;
  if (missing > 0) throw new TransientAwsError(`PutEvents: the bus did not accept ${missing} audit events`);
}

/** The unpublished events of one item of the ledger. */
interface PendingEvents {
  events: BusEvent[];
  /** Clears the events that the bus has accepted, by uid. */
  clear(accepted: ReadonlySet<string>): Promise<void>;
}

function pendingEventsOf<Item>(
  records: readonly Item[],
  eventOf: (record: Item) => BusEvent,
  clear: (sent: (record: Item) => boolean) => Promise<void>,
): PendingEvents {
  const events = new Map(records.map((record) => [record, eventOf(record)]));
  return {
    events: [...events.values()],
    async clear(accepted) {
      const sent = (record: Item) => accepted.has(events.get(record)?.uid ?? '');
      if (records.some(sent)) await clear(sent);
    },
  };
}

async function allPendingEvents(
  changes: readonly Changes[],
  ledger: Ledger,
  context: AuditContext & { accountId: string },
): Promise<PendingEvents[]> {
  const records = changes.filter(({ kind }) => kind === 'record');
  const seats = await ledger.seats(seatKeysOf(changes));
  const observations = records.length > 0 ? await ledger.observations(seatKeysOf(records)) : [];
  const findings = records.length > 0 ? await ledger.findings(seatKeysOf(records)) : [];
  const pending = [
    ...seats.map((seat) =>
      pendingEventsOf(
        seat.audit,
        (record) => auditEvent(record, seat, context),
        (sent) => ledger.saveSeat(clearAudit(seat, sent)),
      ),
    ),
    ...observations.map((observation) =>
      pendingEventsOf(
        observation.audit,
        (record) => auditEvent(record, observation, context),
        (sent) => ledger.saveObservation(clearAudit(observation, sent)),
      ),
    ),
    ...findings.map((found) =>
      pendingEventsOf(
        found.audit,
        (record) => subscriptionFinding(record, found, context),
        (sent) => ledger.saveFindings(clearAudit(found, sent)),
      ),
    ),
  ];
  for (const { applicationArn } of changes.filter(({ kind }) => kind === 'hold')) {
    const hold = await ledger.hold(applicationArn);
    if (!hold) continue;
    pending.push(
      pendingEventsOf(
        hold.audit,
        (record) => revocationsHeld(record, hold, context),
        (sent) => ledger.saveHold(clearAudit(hold, sent)),
      ),
    );
  }
  return pending;
}

async function send(events: readonly BusEvent[], bus: EventBus): Promise<ReadonlySet<string>> {
  const accepted = new Set<string>();
  await inParallel(chunksOf(events, PUT_EVENTS_ENTRIES), SENDS_AT_ONCE, async (some) => {
    for (const uid of await bus.publish(some)) accepted.add(uid);
  });
  return accepted;
}
