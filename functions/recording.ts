import type { EventBus } from '../adapters/event-bus.ts';
import type { Ledger, SeatKey } from '../adapters/ledger.ts';
import { auditEvent, type BusEvent, type FailedExecution, onboardingFailed } from '../domain/audit.ts';
import type { Clock } from '../domain/clock.ts';
import { TransientAwsError } from '../domain/errors.ts';
import type { Batch } from '../domain/plan.ts';
import { cleared, type Seat } from '../domain/seat.ts';
import { settle } from '../domain/work.ts';
import { changeMailbox } from './mailbox.ts';
import { inParallel } from './parallel.ts';

export interface RecordServices {
  clock: Clock;
  ledger: Ledger;
  bus: EventBus;
  sender: { productVersion: string; region: string };
}

/** PutEvents' own limit. */
const EVENTS_A_CALL = 10;
const WRITES_AT_ONCE = 10;

/**
 * Sends the audit events of the seats of these batches and clears those that the bus took; then gives the lease back if
 * nothing else is due. May run twice: an event that was sent and not cleared is sent again with the same id.
 *
 * @returns how long to wait before the next plan
 * @throws TransientAwsError when the bus didn't take all; those that it took are cleared
 */
export async function recordAudit(
  { batches, execution }: { batches: readonly Batch[]; execution: string },
  { clock, ledger, bus, sender }: RecordServices,
): Promise<{ waitSeconds: number }> {
  const seats = (await ledger.seats(keysOf(batches))).filter(({ audit }) => audit.length > 0);
  const context = { ...sender, accountId: accountOf(execution) };
  const letters = seats.map((seat) => ({
    seat,
    events: seat.audit.map((record) => auditEvent(record, seat, context)),
  }));
  const taken = await send(
    letters.flatMap(({ events }) => events),
    bus,
  );
  await inParallel(letters, WRITES_AT_ONCE, ({ seat, events }) => clear(seat, events, taken, ledger));
  const missing = letters.flatMap(({ events }) => events).filter(({ uid }) => !taken.has(uid)).length;
  if (missing > 0) throw new TransientAwsError(`PutEvents: ${missing} audit events were not taken`);
  const { waitSeconds } = await changeMailbox(ledger, (work) => settle(work, execution, clock.now()));
  return { waitSeconds };
}

function keysOf(batches: readonly Batch[]): SeatKey[] {
  const keys = batches.flatMap(({ applicationArn, userIds }) => userIds.map((userId) => ({ applicationArn, userId })));
  return [...new Map(keys.map((key) => [`${key.applicationArn} ${key.userId}`, key])).values()];
}

async function send(events: readonly BusEvent[], bus: EventBus): Promise<ReadonlySet<string>> {
  const taken = new Set<string>();
  for (let first = 0; first < events.length; first += EVENTS_A_CALL) {
    for (const uid of await bus.publish(events.slice(first, first + EVENTS_A_CALL))) taken.add(uid);
  }
  return taken;
}

async function clear(
  seat: Seat,
  events: readonly BusEvent[],
  taken: ReadonlySet<string>,
  ledger: Ledger,
): Promise<void> {
  const sent = new Set(seat.audit.filter((_record, index) => taken.has(events[index]?.uid ?? '')));
  if (sent.size > 0) await ledger.saveSeat(cleared(seat, (record) => sent.has(record)));
}

/** The account in an ARN. */
function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}

/**
 * Sends the audit event of an execution that failed, timed out or was stopped. May run twice: same id.
 *
 * @throws TransientAwsError when the bus didn't take it
 */
export async function recordFailure(
  failed: {
    executionArn: string;
    stateMachineArn: string;
    status: FailedExecution['status'];
    stopDate: number;
    error?: string | null | undefined;
  },
  { bus, sender }: RecordServices,
): Promise<Record<string, never>> {
  const { executionArn, stateMachineArn, status, stopDate, error } = failed;
  const event = onboardingFailed(
    {
      execution: executionArn,
      status,
      at: new Date(stopDate).toISOString(),
      stateMachineArn,
      ...(error ? { error } : {}),
    },
    { ...sender, accountId: accountOf(executionArn) },
  );
  if (!(await bus.publish([event])).has(event.uid)) throw new TransientAwsError('PutEvents: the event was not taken');
  return {};
}
