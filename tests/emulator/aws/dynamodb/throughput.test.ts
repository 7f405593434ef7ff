import {
  BatchGetItemCommand,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { openDynamoDb } from '../../../../emulator/aws/dynamodb/dynamodb.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { limited } from '../../../../emulator/stack/limits.ts';
import { behindGateway } from '../../../support/account.ts';

const TableName = 'table';

/** A table whose partitions serve 4 units to write and 6 to read in a second. */
async function aTable(quirks: Quirks = {}) {
  let now = 0;
  const clock = { now: () => new Date(now), sleep: async () => undefined };
  const database = openDynamoDb(clock);
  const attribute = (name: string) => ({ AttributeName: name, AttributeType: 'S' });
  await database.createTable({
    TableName,
    AttributeDefinitions: ['pk', 'sk'].map(attribute),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
    BillingMode: 'PAY_PER_REQUEST',
  } as Parameters<typeof database.createTable>[0]);
  const service = limited(database, { partition: { writes: 4, reads: 6 } }, clock, quirks);
  const client = new DynamoDBClient(behindGateway({ DynamoDB: service }).aws);
  const key = (pk: string, sk = 'a') => ({ pk: { S: pk }, sk: { S: sk } });
  const outcomeOf = (answer: Promise<unknown>) =>
    answer.then(
      () => 'done',
      ({ name }: Error) => name,
    );
  return {
    client,
    key,
    put: (pk: string, kilobytes = 0.5) =>
      outcomeOf(
        client.send(new PutItemCommand({ TableName, Item: { ...key(pk), text: { S: 'x'.repeat(kilobytes * 1024) } } })),
      ),
    outcomeOf,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
  };
}

describe('the throughput of a partition', () => {
  it('takes as many units at once as in a second, and then as many as time has brought', async () => {
    const { put, pass } = await aTable();
    const several = async (count: number) => {
      const outcomes: string[] = [];
      for (let index = 0; index < count; index += 1) outcomes.push(await put('one'));
      return outcomes;
    };
    expect(await several(5)).toEqual([...Array(4).fill('done'), 'ThrottlingException']);
    pass(0.5);
    expect(await several(3)).toEqual(['done', 'done', 'ThrottlingException']);
    pass(3600);
    expect(await several(5)).toEqual([...Array(4).fill('done'), 'ThrottlingException']);
  });

  it('counts kilobytes, and lets the last request take more than is left', async () => {
    const { put, pass } = await aTable();
    expect(await put('one', 9)).toBe('done');
    pass(1);
    expect(await put('one')).toBe('ThrottlingException');
    pass(1);
    expect(await put('one')).toBe('done');
  });

  it('is not that of another partition, nor that of reads', async () => {
    const { put, client, key, outcomeOf } = await aTable();
    expect(await put('one', 9)).toBe('done');
    expect(await put('two')).toBe('done');
    const read = new GetItemCommand({ TableName, Key: key('one'), ConsistentRead: true });
    expect(await outcomeOf(client.send(read))).toBe('done');
  });

  it.each(['ThrottlingException', 'ProvisionedThroughputExceededException'] as const)(
    'is exceeded with %s, by every kind of request',
    async (overThroughput) => {
      const { put, client, key, outcomeOf } = await aTable({ overThroughput });
      expect(await put('one', 40)).toBe('done');
      const Key = key('one');
      const update = {
        TableName,
        Key,
        UpdateExpression: 'SET a = :a',
        ExpressionAttributeValues: { ':a': { S: 'a' } },
      };
      expect(await outcomeOf(client.send(new UpdateItemCommand(update)))).toBe(overThroughput);
      expect(await outcomeOf(client.send(new DeleteItemCommand({ TableName, Key })))).toBe(overThroughput);
      const query = {
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: 'one' } },
        ConsistentRead: true,
      };
      expect(await outcomeOf(client.send(new QueryCommand(query)))).toBe('done');
      expect(await outcomeOf(client.send(new QueryCommand(query)))).toBe(overThroughput);
      expect(await outcomeOf(client.send(new GetItemCommand({ TableName, Key })))).toBe(overThroughput);
      const batch = new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [Key] } } });
      expect(await outcomeOf(client.send(batch))).toBe(overThroughput);
      expect(await outcomeOf(client.send(new ScanCommand({ TableName })))).toBe('done');
    },
  );

  it('leaves the keys of a batch unprocessed whose partitions have none left', async () => {
    const { put, client, key } = await aTable();
    await put('one', 30);
    await put('two');
    const Keys = [key('one'), key('two')];
    const RequestItems = { [TableName]: { Keys, ConsistentRead: true } };
    const first = await client.send(new BatchGetItemCommand({ RequestItems }));
    expect([first.Responses?.[TableName]?.length, first.UnprocessedKeys]).toEqual([2, {}]);
    const second = await client.send(new BatchGetItemCommand({ RequestItems }));
    expect(second.Responses?.[TableName]?.map(({ pk }) => pk)).toEqual([{ S: 'two' }]);
    expect(second.UnprocessedKeys).toEqual({ [TableName]: { Keys: [key('one')], ConsistentRead: true } });
  });

  it('is consumed by a condition that fails', async () => {
    const { client, key, put, outcomeOf } = await aTable();
    await put('one');
    const unless = { TableName, Item: key('one'), ConditionExpression: 'attribute_not_exists(pk)' };
    const outcomes: string[] = [];
    for (let index = 0; index < 4; index += 1) outcomes.push(await outcomeOf(client.send(new PutItemCommand(unless))));
    expect(outcomes).toEqual([...Array(3).fill('ConditionalCheckFailedException'), 'ThrottlingException']);
  });
});
