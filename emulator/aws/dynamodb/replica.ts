import * as z from 'zod/mini';
import type { Answer, Service } from '../json-service.ts';
import { parseJson } from '../json-service.ts';

/** The reads that may be eventually consistent: those without `ConsistentRead`, and all of an index. */
export const EventualReadSchema = z.enum([
  'DynamoDB.GetItem',
  'DynamoDB.BatchGetItem',
  'DynamoDB.Query',
  'DynamoDB.Scan',
]);
/** See {@link EventualReadSchema}. */
export type EventualRead = z.infer<typeof EventualReadSchema>;

interface Write {
  at: number;
  operation: string;
  body: Uint8Array;
}

/** A copy of a database that gets each write some time after it, for one kind of read. */
export class Replica {
  readonly #copy: Service;
  readonly #now: () => number;
  readonly #pending: Write[] = [];
  #lagSeconds: number;

  /**
   * @param copy a database that holds what is there now
   * @param now the time in milliseconds since the epoch
   */
  constructor(copy: Service, lagSeconds: number, now: () => number) {
    this.#copy = copy;
    this.#lagSeconds = lagSeconds;
    this.#now = now;
  }

  /** Changes the lag. What the replica shows already, it continues to show. */
  set lagSeconds(seconds: number) {
    this.#lagSeconds = seconds;
  }

  /** Takes a write that the database has made. */
  write(operation: string, body: Uint8Array): void {
    this.#pending.push({ at: this.#now(), operation, body });
  }

  /** Answers a read with the state of some seconds ago, and no earlier one than that of the replica's beginning. */
  async read(operation: string, body: Uint8Array): Promise<Answer> {
    const seen = this.#now() - this.#lagSeconds * 1000;
    for (let next = this.#pending[0]; next && next.at <= seen; next = this.#pending[0]) {
      this.#pending.shift();
      await this.#copy.handle(next.operation, next.body);
    }
    return this.#copy.handle(operation, body);
  }
}

const TableRead = z.object({ ConsistentRead: z.optional(z.boolean()) });
const BatchRead = z.object({ RequestItems: z.record(z.string(), TableRead) });

/** Whether a read asks for the newest state. Each table of a batch says so for itself: one that does not is enough. */
export function isConsistent(body: Uint8Array): boolean {
  const input = parseJson(body);
  const batch = BatchRead.safeParse(input);
  if (batch.success) return Object.values(batch.data.RequestItems).every(({ ConsistentRead }) => ConsistentRead);
  return TableRead.safeParse(input).data?.ConsistentRead === true;
}
