import * as z from 'zod/mini';
import type { Clock } from '../../../domain/shared/clock.ts';
import { type Service, ServiceError } from '../json-service.ts';
import { callDatabase, hasTable, itemsOf, putItems, type TableProperties } from './items.ts';

const Name = z.string().check(z.regex(/^[\w.-]{3,255}$/, 'expected a name'));
const CreateInput = z.object({ TableName: Name, BackupName: Name });
const RestoreInput = z.object({ TargetTableName: Name, BackupArn: z.string() });

const TableSchema = z.object({
  TableArn: z.string(),
  AttributeDefinitions: z.array(z.unknown()),
  KeySchema: z.array(z.unknown()),
  GlobalSecondaryIndexes: z.optional(
    z.array(z.object({ IndexName: z.string(), KeySchema: z.array(z.unknown()), Projection: z.unknown() })),
  ),
});

interface Backup {
  arn: string;
  table: z.infer<typeof TableSchema>;
  at: number;
  items: readonly object[];
}

/** Backups on demand, and the tables that were restored from them. A restore takes no time. */
export class Backups {
  readonly #database: Service;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #createTable: (properties: TableProperties) => Promise<void>;
  readonly #backups = new Map<string, Backup>();
  /** By the name of a restored table. */
  readonly #restored = new Map<string, Backup>();

  constructor(
    database: Service,
    clock: Pick<Clock, 'now'>,
    createTable: (properties: TableProperties) => Promise<void>,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#createTable = createTable;
  }

  /** Returns the output of an operation on backups; undefined if it is none. @throws ServiceError */
  async handle(operation: string, input: unknown): Promise<object | undefined> {
    if (operation === 'CreateBackup') return this.#create(parsed(CreateInput, input));
    if (operation === 'RestoreTableFromBackup') return this.#restore(parsed(RestoreInput, input));
    return undefined;
  }

  /** Adds to the description of a table from what it was restored. */
  describe(table: { TableName: string }): object {
    const backup = this.#restored.get(table.TableName);
    if (!backup) return table;
    const RestoreSummary = {
      SourceBackupArn: backup.arn,
      SourceTableArn: backup.table.TableArn,
      RestoreDateTime: backup.at,
      RestoreInProgress: false,
    };
    return { ...table, RestoreSummary };
  }

  /** Notes that a table was deleted. Its backups stay. */
  forget(table: string): void {
    this.#restored.delete(table);
  }

  async #create({ TableName, BackupName }: z.infer<typeof CreateInput>): Promise<object> {
    if (!(await hasTable(this.#database, TableName)))
      throw new ServiceError('TableNotFoundException', `Table not found: ${TableName}`);
    const { Table } = await callDatabase<{ Table: unknown }>(this.#database, 'DescribeTable', { TableName });
    const table = TableSchema.parse(Table);
    const at = this.#clock.now().getTime() / 1000;
    const arn = `${table.TableArn}/backup/${String(this.#backups.size + 1).padStart(14, '0')}-00000000`;
    this.#backups.set(arn, { arn, table, at, items: await itemsOf(this.#database, TableName) });
    return {
      BackupDetails: {
        BackupArn: arn,
        BackupName,
        BackupStatus: 'AVAILABLE',
        BackupType: 'USER',
        BackupCreationDateTime: at,
      },
    };
  }

  async #restore({ TargetTableName, BackupArn }: z.infer<typeof RestoreInput>): Promise<object> {
    const backup = this.#backups.get(BackupArn);
    if (!backup) throw new ServiceError('BackupNotFoundException', 'Backup not found.');
    if (await hasTable(this.#database, TargetTableName))
      throw new ServiceError('TableAlreadyExistsException', `Table already exists: ${TargetTableName}`);
    const { AttributeDefinitions, KeySchema, GlobalSecondaryIndexes } = backup.table;
    const indexes = GlobalSecondaryIndexes ? { GlobalSecondaryIndexes } : {};
    const table = { AttributeDefinitions, KeySchema, ...indexes, BillingMode: 'PAY_PER_REQUEST' };
    // As on AWS, TTL and what else is no property of the items is not restored.
    await this.#createTable({ TableName: TargetTableName, ...table });
    await putItems(this.#database, TargetTableName, backup.items);
    this.#restored.set(TargetTableName, backup);
    return { TableDescription: this.describe({ TableName: TargetTableName }) };
  }
}

/** @throws ServiceError ValidationException */
function parsed<T>(schema: z.ZodMiniType<T>, input: unknown): T {
  const { success, data } = schema.safeParse(input);
  if (success) return data;
  throw new ServiceError('ValidationException', 'The input is not valid');
}
