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

/** What a process that only runs handlers held at most, in MiB, and what the machine answered it. */
export interface Heap {
  members: number;
  /** Whether all members have a seat; otherwise none has. */
  seated: boolean;
  peakMebibytes: Readonly<Record<string, number>>;
}

const HEAP_LIMIT_MEBIBYTES = 128;

/** Asks one process of the handlers, with V8 held to 128 MiB, for the heap that each of them takes. */
export async function heap(members: number, seated: boolean): Promise<Heap> {
  const entitlements = entitlementsOf(10);
  const stack: Stack = await openStack({
    entitlements,
    directory: directoryOf(entitlements, members, members),
    start: new Date('2026-11-02T08:00:00Z'),
    transport: 'in-process',
    listener: {
      // Each request takes a second: the quotas of AWS are no matter of memory.
      request() {
        stack.advance(1);
        return undefined;
      },
    },
  });
  const { endpoint, close } = await stack.gateway.listen();
  if (seated) await seat(stack.identityCenter, endpoint, members);
  const child = fork(new URL('heap-child.ts', import.meta.url), [endpoint], {
    execArgv: ['--expose-gc', `--max-old-space-size=${HEAP_LIMIT_MEBIBYTES}`],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const exited = once(child, 'exit');
  const told = once(child, 'message');
  const first = await Promise.race([told, exited.then(([code]) => [{ exit: code }])]);
  const [message]: { peaks?: Record<string, number>; exit?: number }[] = first;
  await exited;
  await close();
  if (!message?.peaks) throw new Error(`the process of the handlers ended with ${message?.exit}`);
  return { members, seated, peakMebibytes: message.peaks };
}

/** BatchWriteItem's own limit. */
const ITEMS_A_CALL = 25;

async function seat(center: IdentityCenter, endpoint: string, members: number): Promise<void> {
  const client = new DynamoDBClient(settingsFor(endpoint));
  const at = '2026-10-01T08:00:00.000Z';
  const cause = '0e0e0e0e-1111-4222-8333-444455556666';
  const begun = { now: new Date(at), execution: 'sweep', cause, reason: 'manual' } as const;
  const items = people(1, members).map((number) => {
    center.assignByHand(APPLICATION, user(number));
    const target = { applicationArn: APPLICATION, userId: user(number), entitlement: ENTITLEMENT, requestedAt: at };
    const given = markConfirmed(
      clearAudit(markAssigned(markCreating(undefined, target, begun), begun), () => true),
      begun.now,
    );
    return { PutRequest: { Item: marshall({ ...given, pk: APPLICATION, sk: given.userId }) } };
  });
  for (let first = 0; first < items.length; first += ITEMS_A_CALL) {
    const some = items.slice(first, first + ITEMS_A_CALL);
    await client.send(new BatchWriteItemCommand({ RequestItems: { [NAMES.ledger]: some } }));
  }
  client.destroy();
}

/** For clients of the emulator at this address. */
export function settingsFor(endpoint: string): ClientSettings {
  return {
    region: 'us-east-1',
    maxAttempts: 1,
    endpoint,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  };
}

/** The heaps of all handlers next to their target. */
export function renderHeaps(heaps: readonly Heap[]): string {
  return rows(
    heaps.flatMap(({ members, seated, peakMebibytes }) =>
      Object.entries(peakMebibytes).map(([name, peak]) =>
        atMost(
          `${name}, ${count(members)} members, ${seated ? 'all' : 'none'} seated: peak heap`,
          peak,
          HEAP_LIMIT_MEBIBYTES,
          {
            unit: 'MiB',
            digits: 1,
          },
        ),
      ),
    ),
  );
}
