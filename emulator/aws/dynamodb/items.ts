import { Buffer } from 'node:buffer';
import { parseJson, type Service } from '../json-service.ts';

/** Properties of a table, as CloudFormation has them. */
export interface TableProperties {
  TableName?: string;
  KeySchema?: unknown;
  TimeToLiveSpecification?: { AttributeName: string; Enabled: boolean } | undefined;
}

interface ScanOutput {
  Items: Record<string, unknown>[];
  LastEvaluatedKey?: object;
}

/**
 * Calls an operation of a database.
 *
 * @returns its output
 * @throws Error for any answer but a success
 */
export async function callDatabase<Output extends object = object>(
  database: Service,
  operation: string,
  input: object,
): Promise<Output> {
  const { statusCode, body } = await database.handle(operation, Buffer.from(JSON.stringify(input)));
  if (statusCode !== 200) throw new Error(`${operation}: ${JSON.stringify(parseJson(Buffer.from(body)))}`);
  return JSON.parse(Buffer.from(body).toString());
}

/** Whether a table exists, in any state. */
export async function hasTable(database: Service, name: string): Promise<boolean> {
  const { TableNames } = await callDatabase<{ TableNames: string[] }>(database, 'ListTables', {});
  return TableNames.includes(name);
}

/** Returns all items of a table. */
export async function itemsOf(database: Service, TableName: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  let ExclusiveStartKey: object | undefined;
  do {
    const output: ScanOutput = await callDatabase(database, 'Scan', {
      TableName,
      ConsistentRead: true,
      ExclusiveStartKey,
    });
    items.push(...output.Items);
    ExclusiveStartKey = output.LastEvaluatedKey;
  } while (ExclusiveStartKey);
  return items;
}

/** Puts items into an empty table. */
export async function putItems(database: Service, TableName: string, items: readonly object[]): Promise<void> {
  for (const Item of items) await callDatabase(database, 'PutItem', { TableName, Item });
}
