import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { parseJson, type Service } from '../json-service.ts';
import { callDatabase } from './items.ts';

const ItemSchema = z.record(z.string(), z.record(z.string(), z.unknown()));
const PutInput = z.object({ TableName: z.string(), Item: ItemSchema });
const UpdateInput = z.object({ TableName: z.string(), Key: ItemSchema });
const BatchInput = z.object({
  RequestItems: z.record(z.string(), z.array(z.object({ PutRequest: z.optional(z.object({ Item: ItemSchema })) }))),
});

/** The TTL attribute of one table: which items have one, and since when they have expired. */
export class TimeToLive {
  readonly #table: string;
  readonly #attribute: string;
  readonly #keys: readonly string[];
  readonly #database: Service;
  /** By key, as JSON: seconds since the epoch. The item may have changed since. */
  readonly #expiries = new Map<string, number>();
  #first = Number.POSITIVE_INFINITY;

  /** @param keys the attributes of the table's key */
  constructor(database: Service, table: string, attribute: string, keys: readonly string[]) {
    this.#database = database;
    this.#table = table;
    this.#attribute = attribute;
    this.#keys = keys;
  }

  /** Takes a write that the database has made. */
  async write(operation: string, body: Uint8Array): Promise<void> {
    // Few items have the attribute: the others are not parsed.
    if (!Buffer.from(body.buffer, body.byteOffset, body.byteLength).includes(this.#attribute)) return;
    for (const item of await this.#itemsIn(operation, parseJson(body))) {
      const seconds = Number(item[this.#attribute]?.['N'] ?? Number.NaN);
      if (Number.isNaN(seconds)) continue;
      const key = Object.fromEntries(this.#keys.map((name) => [name, item[name]]));
      this.#expiries.set(JSON.stringify(key), seconds);
      this.#first = Math.min(this.#first, seconds);
    }
  }

  /** Returns DeleteItem's inputs for the items that have expired before this time, in seconds since the epoch. */
  deletionsAt(seconds: number): object[] {
    if (seconds < this.#first) return [];
    const due = [...this.#expiries].filter(([, expiry]) => expiry <= seconds);
    for (const [key] of due) this.#expiries.delete(key);
    this.#first = Math.min(Number.POSITIVE_INFINITY, ...this.#expiries.values());
    return due.map(([key]) => ({
      TableName: this.#table,
      Key: JSON.parse(key),
      ConditionExpression: '#expiry <= :now',
      ExpressionAttributeNames: { '#expiry': this.#attribute },
      ExpressionAttributeValues: { ':now': { N: String(seconds) } },
    }));
  }

  async #itemsIn(operation: string, input: unknown): Promise<z.infer<typeof ItemSchema>[]> {
    const put = PutInput.safeParse(input);
    if (put.success) return put.data.TableName === this.#table ? [put.data.Item] : [];
    const batch = BatchInput.safeParse(input);
    if (batch.success)
      return (batch.data.RequestItems[this.#table] ?? []).flatMap(({ PutRequest }) =>
        PutRequest ? [PutRequest.Item] : [],
      );
    const update = UpdateInput.safeParse(input);
    if (operation !== 'UpdateItem' || update.data?.TableName !== this.#table) return [];
    const { TableName, Key } = update.data;
    const read = { TableName, Key, ConsistentRead: true };
    const { Item } = await callDatabase<{ Item?: z.infer<typeof ItemSchema> }>(this.#database, 'GetItem', read);
    return Item ? [Item] : [];
  }
}
