import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { type Answer, errorAnswer, jsonAnswer, parseJson, type Service, ServiceError } from '../json-service.ts';
import type { TableProperties } from './items.ts';

const Units = z.number().check(z.minimum(1), z.maximum(100_000));

/** Units per second that a partition has. */
export const PartitionLimitsSchema = z.strictObject({
  writes: z._default(Units.check(z.describe('Units per second to write the items of one partition key')), 1000),
  reads: z._default(Units.check(z.describe('Units per second to read the items of one partition key')), 3000),
});
type PartitionLimits = z.output<typeof PartitionLimitsSchema>;

const Value = z.record(z.string(), z.unknown());
const Attributes = z.record(z.string(), Value);
const Single = z.looseObject({
  TableName: z.string(),
  IndexName: z.optional(z.string()),
  Key: z.optional(Attributes),
  Item: z.optional(Attributes),
  KeyConditionExpression: z.optional(z.string()),
  ExpressionAttributeValues: z.optional(Attributes),
});
const BatchGet = z.object({ RequestItems: z.record(z.string(), z.looseObject({ Keys: z.array(Attributes) })) });
const Consumed = z.object({ ConsumedCapacity: z.optional(z.object({ CapacityUnits: z.number() })) });
const BatchAnswer = z.looseObject({ Responses: z.record(z.string(), z.array(Attributes)) });

const WRITES: ReadonlySet<string> = new Set(['PutItem', 'UpdateItem', 'DeleteItem']);
const READS: ReadonlySet<string> = new Set(['GetItem', 'Query']);
/** A read unit is up to 4 KB, read consistently. */
const READ_UNIT_BYTES = 4096;

/**
 * The units that each partition has, in virtual time: as many at once as in one second. AWS also gives what was not used within
 * five minutes, as long as it has it.
 *
 * A scan reads all partitions and meets no limit here, and neither does BatchWriteItem, which no function calls.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
 */
export class Throughput {
  readonly #limits: PartitionLimits;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #tables: ReadonlyMap<string, TableProperties>;
  readonly #error: string;
  /** By kind and partition: what is left, and when it was. */
  readonly #left = new Map<string, { units: number; at: number }>();

  /** @param options `tables`: by name; `error`: the exception of a request that exceeds what is left */
  constructor(
    limits: PartitionLimits,
    options: { clock: Pick<Clock, 'now'>; tables: ReadonlyMap<string, TableProperties>; error: string },
  ) {
    this.#limits = limits;
    this.#clock = options.clock;
    this.#tables = options.tables;
    this.#error = options.error;
  }

  /** Answers a request by a service if its partition has units left, and takes those that it consumes. */
  async handle(operation: string, body: Uint8Array, service: Service): Promise<Answer> {
    const input = parseJson(body);
    if (operation === 'BatchGetItem') return this.#handleBatch(input, body, service);
    const kind = WRITES.has(operation) ? 'writes' : 'reads';
    const request = Single.safeParse(input);
    const partition = request.success ? this.#partitionOf(request.data) : undefined;
    if (!(READS.has(operation) || WRITES.has(operation)) || partition === undefined)
      return service.handle(operation, body);
    if (this.#unitsOf(kind, partition) <= 0) return this.#refusal();
    const counted = { ...request.data, ReturnConsumedCapacity: 'TOTAL' };
    const answer = await service.handle(operation, Buffer.from(JSON.stringify(counted)));
    const { data } = Consumed.safeParse(parseJson(Buffer.from(answer.body)));
    // A condition that fails consumes a unit, too.
    this.#take(kind, partition, data?.ConsumedCapacity?.CapacityUnits ?? 1);
    return answer;
  }

  /** Answers the keys whose partitions have units left, and returns the others as not processed. */
  async #handleBatch(input: unknown, body: Uint8Array, service: Service): Promise<Answer> {
    const request = BatchGet.safeParse(input);
    if (!request.success) return service.handle('BatchGetItem', body);
    const [admitted, unprocessed] = [true, false].map((isWanted) =>
      Object.fromEntries(
        Object.entries(request.data.RequestItems).flatMap(([table, { Keys, ...rest }]) => {
          const keys = Keys.filter((key) => this.#hasUnits(table, key) === isWanted);
          return keys.length > 0 ? [[table, { Keys: keys, ...rest }]] : [];
        }),
      ),
    );
    if (!admitted || Object.keys(admitted).length === 0) return this.#refusal();
    const answer = await service.handle('BatchGetItem', Buffer.from(JSON.stringify({ RequestItems: admitted })));
    const { data } = BatchAnswer.safeParse(parseJson(Buffer.from(answer.body)));
    if (answer.statusCode !== 200 || !data) return answer;
    for (const [table, items] of Object.entries(data.Responses)) {
      for (const item of items) {
        const units = Math.ceil(Buffer.byteLength(JSON.stringify(item)) / READ_UNIT_BYTES);
        this.#take('reads', this.#partitionOf({ TableName: table, Key: item }) ?? '', units);
      }
    }
    return jsonAnswer('DynamoDB', 200, { ...data, UnprocessedKeys: unprocessed });
  }

  #hasUnits(TableName: string, Key: z.infer<typeof Attributes>): boolean {
    const partition = this.#partitionOf({ TableName, Key });
    return partition === undefined || this.#unitsOf('reads', partition) > 0;
  }

  /** Returns what names a partition: table, index and the value of the partition key. */
  #partitionOf(request: z.infer<typeof Single>): string | undefined {
    const { TableName, IndexName = '', Key, Item, KeyConditionExpression, ExpressionAttributeValues = {} } = request;
    const schema = this.#tables.get(TableName)?.KeySchema;
    const hash = Array.isArray(schema) ? schema.find(({ KeyType }) => KeyType === 'HASH')?.AttributeName : undefined;
    const [, placeholder = ''] = /=\s*(:\w+)/.exec(KeyConditionExpression ?? '') ?? [];
    const value = (Key ?? Item)?.[String(hash)] ?? ExpressionAttributeValues[placeholder];
    return value === undefined ? undefined : `${TableName} ${IndexName} ${JSON.stringify(value)}`;
  }

  #unitsOf(kind: keyof PartitionLimits, partition: string): number {
    const now = this.#clock.now().getTime();
    const most = this.#limits[kind];
    const { units, at } = this.#left.get(`${kind} ${partition}`) ?? { units: most, at: now };
    return Math.min(most, units + ((now - at) / 1000) * most);
  }

  #take(kind: keyof PartitionLimits, partition: string, units: number): void {
    const left = this.#unitsOf(kind, partition) - units;
    this.#left.set(`${kind} ${partition}`, { units: left, at: this.#clock.now().getTime() });
  }

  #refusal(): Answer {
    const message = 'Throughput exceeds the current capacity of your table or index.';
    return errorAnswer('DynamoDB', new ServiceError(this.#error, message));
  }
}
