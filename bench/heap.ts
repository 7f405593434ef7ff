import { fork } from 'node:child_process';
import { once } from 'node:events';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { ClientSettings } from '../adapters/clients.ts';
import { clearAudit } from '../domain/seat/audit-records.ts';
import { markAssigned, markConfirmed, markCreating } from '../domain/seat/transitions.ts';
import { NAMES } from '../emulator/aws/control-plane/control-plane.ts';
import type { IdentityCenter } from '../emulator/aws/identity-center/identity-center.ts';
import { APPLICATION, ENTITLEMENT, people, user } from '../emulator/scenario/example-ids.ts';
import { openStack, type Stack } from '../emulator/stack/stack.ts';
import { atMost, count, rows } from './report.ts';
import { directoryOf, entitlementsOf } from './world.ts';

/** The peak heap of each handler, in a process that only runs handlers. */
export interface Heap {
  members: number;
  /** Whether all members have a seat; otherwise none has. */
  seated: boolean;
  peakMebibytes: Readonly<Record<string, number>>;
}

/** At the highest pace, a batch has the most changes. */
export const PER_SECOND = 18;

/** The most that a handler's heap may hold: 128 MiB up to 50,000 members; for more, 400 MB. */
function heapLimitMebibytes(members: number): number {
  return members <= 50_000 ? 128 : Math.floor(400e6 / 2 ** 20);
}

/** Measures the heap of each handler in a process of their own, with V8 limited to the target. */
export async function heap(members: number, seated: boolean): Promise<Heap> {
  const entitlements = entitlementsOf(PER_SECOND);
  const stack: Stack = await openStack({
    entitlements,
    directory: directoryOf(entitlements, members, members),
    start: new Date('2026-11-02T08:00:00Z'),
    transport: 'in-process',
    listener: {
      // Each request takes a second, so that no quota of AWS throttles a call: throttling does not affect memory.
      request() {
        stack.advance(1);
        return undefined;
      },
    },
  });
  const { endpoint, close } = await stack.gateway.listen();
  if (seated) await seatMembers(stack.identityCenter, endpoint, members);
  const child = fork(new URL('heap-child.ts', import.meta.url), [endpoint], {
    execArgv: ['--expose-gc', `--max-old-space-size=${heapLimitMebibytes(members)}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const reported = once(child, 'message');
  const first = await Promise.race([reported, exited.then(([code]) => [{ exit: code }])]);
  const [message]: { peaks?: Record<string, number>; exit?: number }[] = first;
  await exited;
  await close();
  if (!message?.peaks) throw new Error(`the process of the handlers ended with ${message?.exit}`);
  return { members, seated, peakMebibytes: message.peaks };
}

/** The limit of BatchWriteItem. */
const ITEMS_PER_CALL = 25;

/** Gives every member a seat: in the ledger and in Identity Center. */
async function seatMembers(center: IdentityCenter, endpoint: string, members: number): Promise<void> {
  const client = new DynamoDBClient(settingsFor(endpoint));
  const at = '2026-10-01T08:00:00.000Z';
  const cause = '0e0e0e0e-1111-4222-8333-444455556666';
  const context = { now: new Date(at), execution: 'sweep', cause, reason: 'manual' } as const;
  const items = people(1, members).map((number) => {
    center.assignByHand(APPLICATION, user(number));
    const target = { applicationArn: APPLICATION, userId: user(number), entitlement: ENTITLEMENT, requestedAt: at };
    const seat = markConfirmed(
      clearAudit(markAssigned(markCreating(undefined, target, context), context), () => true),
      context.now,
    );
    return { PutRequest: { Item: marshall({ ...seat, pk: APPLICATION, sk: seat.userId }) } };
  });
  for (let first = 0; first < items.length; first += ITEMS_PER_CALL) {
    const some = items.slice(first, first + ITEMS_PER_CALL);
    await client.send(new BatchWriteItemCommand({ RequestItems: { [NAMES.ledger]: some } }));
  }
  client.destroy();
}

/** Returns the settings of clients of the emulator at this address. */
export function settingsFor(endpoint: string): ClientSettings {
  return {
    region: 'us-east-1',
    maxAttempts: 1,
    endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
}

/** Renders the heaps of all handlers with their target. */
export function renderHeaps(heaps: readonly Heap[]): string {
  return rows(
    heaps.flatMap(({ members, seated, peakMebibytes }) =>
      Object.entries(peakMebibytes).map(([name, peak]) =>
        atMost(
          `${name}, ${count(members)} members, ${seated ? 'all' : 'none'} seated: peak heap`,
          peak,
          heapLimitMebibytes(members),
          {
            unit: 'MiB',
            digits: 1,
          },
        ),
      ),
    ),
  );
}
