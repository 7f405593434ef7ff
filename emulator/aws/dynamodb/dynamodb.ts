import { Buffer } from 'node:buffer';
import { setImmediate as turn } from 'node:timers/promises';
import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { type Quirks, USUAL } from '../identity-center/quirks.ts';
import { type Answer, errorAnswer, jsonAnswer, parseJson, type Service, ServiceError } from '../json-service.ts';
import { Backups } from './backups.ts';
import { openDynalite } from './dynalite.ts';
import { callDatabase, hasTable, itemsOf, putItems, type TableProperties } from './items.ts';
import { type EventualRead, isConsistent, Replica } from './replica.ts';
import { TimeToLive } from './time-to-live.ts';

/** DynamoDB, implemented by `dynalite` in memory, with reads that may lag, with TTL and with backups. */
export interface DynamoDb extends Service {
  /** The tables that exist, by name. */
  readonly tables: ReadonlyMap<string, TableProperties>;
  /** Creates a table. @param properties as CreateTable and UpdateTimeToLive take them */
  createTable(properties: TableProperties): Promise<void>;
  /**
   * Makes reads by this operation show the state of this many seconds ago, if they do not ask for a consistent read. They
   * show nothing from before the first call of this function.
   */
  setLag(operation: EventualRead, seconds: number): Promise<void>;
  /** Deletes all items now whose TTL attribute has passed. */
  deleteExpired(): Promise<void>;
}

const TableInput = z.object({ TableName: z.string() });
const DescribeOutput = z.object({ Table: z.looseObject({ TableName: z.string() }) });

const OF_TABLES: ReadonlySet<string> = new Set([
  'CreateBackup',
  'DeleteTable',
  'DescribeTable',
  'RestoreTableFromBackup',
]);
const WRITES: ReadonlySet<string> = new Set(['BatchWriteItem', 'DeleteItem', 'PutItem', 'UpdateItem']);

/**
 * How long after its TTL an item is deleted. AWS: "within a few days of their expiration".
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
 */
const DELETED_AFTER_SECONDS: Readonly<Record<NonNullable<Quirks['expiredItems']>, number>> = {
  'two-days': 2 * 24 * 3600,
  'at-once': 0,
  never: Number.POSITIVE_INFINITY,
};

/** Opens an empty database. */
export function openDynamoDb(clock: Pick<Clock, 'now'>, { expiredItems = USUAL.expiredItems }: Quirks = {}): DynamoDb {
  const database = openDynalite();
  /** By name. */
  const tables = new Map<string, TableProperties>();
  const expiries = new Map<string, TimeToLive>();
  const replicas = new Map<string, Replica>();
  const now = () => clock.now().getTime();
  const deletedAfter = DELETED_AFTER_SECONDS[expiredItems];

  async function copyOf(): Promise<Service> {
    const copy = openDynalite();
    for (const [TableName, table] of tables) {
      await createIn(copy, table);
      await putItems(copy, TableName, await itemsOf(database, TableName));
    }
    return copy;
  }

  async function write(operation: string, body: Uint8Array): Promise<Answer> {
    const answer = await database.handle(operation, body);
    if (answer.statusCode !== 200) return answer;
    for (const replica of replicas.values()) replica.write(operation, body);
    for (const expiry of expiries.values()) await expiry.write(operation, body);
    return answer;
  }

  async function deleteExpiredBefore(seconds: number): Promise<void> {
    for (const expiry of expiries.values()) {
      for (const deletion of expiry.deletionsAt(seconds)) {
        await write('DeleteItem', Buffer.from(JSON.stringify(deletion)));
      }
    }
  }

  async function createTable(properties: TableProperties): Promise<void> {
    await createIn(database, properties);
    const { TableName = '', TimeToLiveSpecification: spec } = properties;
    tables.set(TableName, properties);
    if (spec?.Enabled)
      expiries.set(TableName, new TimeToLive(database, TableName, spec.AttributeName, keysOf(properties)));
  }

  const backups = new Backups(database, clock, createTable);

  /** Answers operations on whole tables; undefined for all others. */
  async function handleTable(operation: string, body: Uint8Array): Promise<Answer | undefined> {
    const output = await backups.handle(operation, parseJson(body));
    if (output) return jsonAnswer('DynamoDB', 200, output);
    if (operation === 'DescribeTable') return describe(body);
    if (operation !== 'DeleteTable') return undefined;
    const answer = await database.handle(operation, body);
    const { data } = TableInput.safeParse(parseJson(body));
    if (answer.statusCode !== 200 || !data) return answer;
    for (const known of [tables, expiries]) known.delete(data.TableName);
    backups.forget(data.TableName);
    while (await hasTable(database, data.TableName)) await turn();
    return answer;
  }

  async function describe(body: Uint8Array): Promise<Answer> {
    const answer = await database.handle('DescribeTable', body);
    const { data } = DescribeOutput.safeParse(parseJson(Buffer.from(answer.body)));
    return data ? jsonAnswer('DynamoDB', 200, { Table: backups.describe(data.Table) }) : answer;
  }

  return {
    tables,

    async handle(operation, body) {
      await deleteExpiredBefore(now() / 1000 - deletedAfter);
      try {
        const answer = OF_TABLES.has(operation) ? await handleTable(operation, body) : undefined;
        if (answer) return answer;
      } catch (error) {
        if (error instanceof ServiceError) return errorAnswer('DynamoDB', error);
        throw error;
      }
      if (WRITES.has(operation)) return write(operation, body);
      const replica = replicas.get(`DynamoDB.${operation}`);
      return replica && !isConsistent(body) ? replica.read(operation, body) : database.handle(operation, body);
    },

    createTable,

    async setLag(operation, seconds) {
      const replica = replicas.get(operation);
      if (seconds === 0) replicas.delete(operation);
      else if (replica) replica.lagSeconds = seconds;
      else replicas.set(operation, new Replica(await copyOf(), seconds, now));
    },

    deleteExpired: () => deleteExpiredBefore(now() / 1000),
  };
}

async function createIn(database: Service, { TimeToLiveSpecification: _, ...table }: TableProperties): Promise<void> {
  const { TableDescription } = await callDatabase<{ TableDescription: { TableName: string } }>(
    database,
    'CreateTable',
    table,
  );
  const { TableName } = TableDescription;
  // As on AWS, a new table is not usable at once.
  while (!(await isActive(database, TableName))) await turn();
}

async function isActive(database: Service, TableName: string): Promise<boolean> {
  const { Table } = await callDatabase<{ Table: { TableStatus: string } }>(database, 'DescribeTable', { TableName });
  return Table.TableStatus === 'ACTIVE';
}

function keysOf({ KeySchema }: TableProperties): string[] {
  return Array.isArray(KeySchema) ? KeySchema.map(({ AttributeName }) => String(AttributeName)) : [];
}
