import { Buffer } from 'node:buffer';
import type { BatchRef } from '../domain/queue/rounds.ts';
import { secondsBetween } from '../domain/shared/time.ts';
import type { GatewayRequest } from '../emulator/aws/gateway.ts';

/** The item that holds a batch, as far as it is read here. */
interface BatchItem {
  Item: { sk: { S: string }; readAt: { S: string } };
}

const WRITES = new Set(['SSOAdmin.CreateApplicationAssignment', 'SSOAdmin.DeleteApplicationAssignment']);

/** Measures how old the reads are from which changes of assignments were decided. */
export class ReadAges {
  /** When the reads of a stored batch began, by its key in the ledger, and by the invocation that makes it. */
  readonly #stored = new Map<string, string>();
  readonly #made = new Map<string, string>();
  #oldestSeconds = 0;

  /** Notes that an invocation makes this batch. */
  begin(invocation: string, { round, batch }: BatchRef): void {
    const readAt = this.#stored.get(`${round}#${batch}`);
    if (readAt !== undefined) this.#made.set(invocation, readAt);
  }

  /** Notes a request that is sent now. */
  note({ call, body, invocation }: GatewayRequest, now: Date): void {
    if (call === 'DynamoDB.PutItem' && Buffer.from(body.buffer, body.byteOffset, body.length).includes('"#batches"')) {
      const { Item }: BatchItem = JSON.parse(Buffer.from(body).toString());
      this.#stored.set(Item.sk.S, Item.readAt.S);
    }
    const readAt = WRITES.has(call) ? this.#made.get(invocation ?? '') : undefined;
    if (readAt !== undefined) this.#oldestSeconds = Math.max(this.#oldestSeconds, secondsBetween(readAt, now));
  }

  /** Returns the greatest age in seconds since the last call. */
  takeOldest(): number {
    const oldest = this.#oldestSeconds;
    this.#oldestSeconds = 0;
    return oldest;
  }
}
