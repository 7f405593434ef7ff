import {
  BackupNotFoundException,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  CreateBackupCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ResourceNotFoundException,
  RestoreTableFromBackupCommand,
  ScanCommand,
  TableAlreadyExistsException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { openDynamoDb } from '../../../../emulator/aws/dynamodb/dynamodb.ts';
import type { Quirks } from '../../../../emulator/aws/identity-center/quirks.ts';
import { readTemplate } from '../../../../emulator/engine/template.ts';
import { behindGateway } from '../../../support/account.ts';
import { people } from '../../../support/ids.ts';

const TableName = 'ledger';
const key = (sk: string) => ({ pk: { S: 'a' }, sk: { S: sk } });

/** A database whose clock stands still until a test lets seconds pass. */
async function aDatabase(quirks: Quirks = {}) {
  let seconds = 0;
  const database = openDynamoDb({ now: () => new Date(seconds * 1000) }, quirks);
  await database.createTable({ TableName, ...readTemplate().ledgerTable });
  const client = new DynamoDBClient(behindGateway({ DynamoDB: database }).aws);
  const pass = (more: number) => {
    seconds += more;
  };
  return { database, client, pass };
}

describe('the database', () => {
  it('has the table of the template, with its index', async () => {
    const { client } = await aDatabase();
    const Item = { ...key('1'), attention: { S: '#attention' }, attentionAt: { S: '2026' } };
    await client.send(new PutItemCommand({ TableName, Item }));
    const query = new QueryCommand({
      TableName,
      IndexName: 'attention',
      KeyConditionExpression: 'attention = :a',
      ExpressionAttributeValues: { ':a': { S: '#attention' } },
    });
    expect((await client.send(query)).Items).toEqual([Item]);
  });

  it('keeps every character of an item', async () => {
    const { client } = await aDatabase();
    const Item = { ...key('1'), text: { S: 'ä€😀 "\\\u0001' }, number: { N: '12345678901234567890' } };
    await client.send(new PutItemCommand({ TableName, Item }));
    expect((await client.send(new GetItemCommand({ TableName, Key: key('1') }))).Item).toEqual(Item);
  });

  it('answers within one turn of the event loop', async () => {
    const { client } = await aDatabase();
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await client.send(new PutItemCommand({ TableName, Item: key('1') }));
    await client.send(new GetItemCommand({ TableName, Key: key('1') }));
    const values = { ':pk': { S: 'a' } };
    await client.send(
      new QueryCommand({ TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: values }),
    );
    expect(turned).toBe(false);
  });

  it('lets one of many concurrent conditional writes succeed', async () => {
    const { client } = await aDatabase();
    const puts = people(1, 50).map((number) =>
      client.send(
        new PutItemCommand({
          TableName,
          Item: { ...key('1'), number: { N: String(number) } },
          ConditionExpression: 'attribute_not_exists(pk)',
        }),
      ),
    );
    const results = await Promise.allSettled(puts);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const reasons = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(reasons.every((reason) => reason instanceof ConditionalCheckFailedException)).toBe(true);
  });

  it('answers with the errors of DynamoDB', async () => {
    const { client } = await aDatabase();
    await expect(client.send(new GetItemCommand({ TableName: 'other', Key: key('1') }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(client.send(new GetItemCommand({ TableName, Key: { pk: { S: 'a' } } }))).rejects.toMatchObject({
      name: 'ValidationException',
    });
  });

  it.each([
    ['is not JSON', '{"TableName"', 'SerializationException'],
    ['is not an object', '[]', 'SerializationException'],
    ['has a text instead of a number', '{"Limit":"1"}', 'com.amazon.coral.service#SerializationException'],
    ['lacks a required field', '{}', 'com.amazon.coral.validate#ValidationException'],
  ])('refuses a body that %s', async (_what, body, type) => {
    const { database } = await aDatabase();
    const answer = await database.handle('Scan', Buffer.from(body));
    expect(answer.statusCode).toBe(400);
    expect(JSON.parse(String(answer.body)).__type).toContain(type);
  });

  it.each(['Destroy', 'constructor', '../db', ''])('does not have the operation “%s”', async (operation) => {
    const { database } = await aDatabase();
    const answer = await database.handle(operation, Buffer.from('{}'));
    expect([answer.statusCode, JSON.parse(String(answer.body)).__type]).toEqual([
      400,
      'com.amazonaws.dynamodb.v20120810#UnknownOperationException',
    ]);
  });

  it('is empty when it is opened', async () => {
    const first = await aDatabase();
    await first.client.send(new PutItemCommand({ TableName, Item: key('1') }));
    const second = await aDatabase();
    expect((await second.client.send(new GetItemCommand({ TableName, Key: key('1') }))).Item).toBeUndefined();
  });

  it('reports what is wrong with a table', async () => {
    await expect(openDynamoDb({ now: () => new Date(0) }).createTable({ TableName })).rejects.toThrow(
      /^CreateTable: .*ValidationException/,
    );
  });
});

describe('reads that lag', () => {
  const put = (sk: string, text: string) => new PutItemCommand({ TableName, Item: { ...key(sk), text: { S: text } } });

  async function aLaggingDatabase() {
    const opened = await aDatabase();
    const { client, database } = opened;
    await client.send(put('1', 'old'));
    for (const read of ['GetItem', 'BatchGetItem', 'Query', 'Scan'] as const)
      await database.setLag(`DynamoDB.${read}`, 5);
    await client.send(put('1', 'new'));
    await client.send(put('2', 'new'));
    return opened;
  }

  async function textsIn({ client }: { client: DynamoDBClient }, ConsistentRead: boolean): Promise<string[]> {
    const Keys = [key('1'), key('2')];
    const values = { ':pk': { S: 'a' } };
    const query = { TableName, KeyConditionExpression: 'pk = :pk', ExpressionAttributeValues: values, ConsistentRead };
    const one = await client.send(new GetItemCommand({ TableName, Key: key('1'), ConsistentRead }));
    const batch = await client.send(
      new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys, ConsistentRead } } }),
    );
    const queried = await client.send(new QueryCommand(query));
    const scanned = await client.send(new ScanCommand({ TableName, ConsistentRead }));
    const lists = [one.Item ? [one.Item] : [], batch.Responses?.[TableName], queried.Items, scanned.Items];
    return lists.map((items = []) => items.map(({ text }) => text?.S).join(' '));
  }

  it('show the state of some seconds ago, unless they ask for a consistent read', async () => {
    const opened = await aLaggingDatabase();
    opened.pass(4);
    expect(await textsIn(opened, false)).toEqual(['old', 'old', 'old', 'old']);
    expect(await textsIn(opened, true)).toEqual(['new', 'new new', 'new new', 'new new']);
    opened.pass(1);
    expect(await textsIn(opened, false)).toEqual(['new', 'new new', 'new new', 'new new']);
  });

  it('show the newest state again without a lag', async () => {
    const opened = await aLaggingDatabase();
    for (const read of ['GetItem', 'BatchGetItem', 'Query', 'Scan'] as const)
      await opened.database.setLag(`DynamoDB.${read}`, 0);
    expect(await textsIn(opened, false)).toEqual(['new', 'new new', 'new new', 'new new']);
  });

  it('never go back to an earlier state', async () => {
    const opened = await aLaggingDatabase();
    opened.pass(5);
    await textsIn(opened, false);
    await opened.database.setLag('DynamoDB.GetItem', 60);
    expect((await textsIn(opened, false))[0]).toBe('new');
  });

  it('of an index lag always', async () => {
    const { client, database, pass } = await aDatabase();
    await database.setLag('DynamoDB.Query', 5);
    await client.send(
      new PutItemCommand({ TableName, Item: { ...key('1'), attention: { S: 'a' }, attentionAt: { S: '1' } } }),
    );
    const found = async () => {
      const query = { IndexName: 'attention', KeyConditionExpression: 'attention = :a' };
      const values = { ExpressionAttributeValues: { ':a': { S: 'a' } } };
      return (await client.send(new QueryCommand({ TableName, ...query, ...values }))).Count;
    };
    expect(await found()).toBe(0);
    pass(5);
    expect(await found()).toBe(1);
  });

  it('do not change what a conditional write sees', async () => {
    const { client } = await aLaggingDatabase();
    const stale = new PutItemCommand({
      TableName,
      Item: key('1'),
      ConditionExpression: '#text = :old',
      ExpressionAttributeNames: { '#text': 'text' },
      ExpressionAttributeValues: { ':old': { S: 'old' } },
    });
    await expect(client.send(stale)).rejects.toBeInstanceOf(ConditionalCheckFailedException);
  });
});

describe('items whose TTL has passed', () => {
  const DAY = 86_400;
  const EXPIRES = 1000;
  const expiring = (sk: string) => ({ ...key(sk), expiresAt: { N: String(EXPIRES) } });

  async function leftIn({ client }: { client: DynamoDBClient }): Promise<string> {
    const { Items = [] } = await client.send(new ScanCommand({ TableName }));
    return Items.map(({ sk }) => sk?.S)
      .sort()
      .join('');
  }

  async function withItems(quirks: Quirks = {}) {
    const opened = await aDatabase(quirks);
    const { client } = opened;
    const update = {
      UpdateExpression: 'SET expiresAt = :at',
      ExpressionAttributeValues: { ':at': { N: String(EXPIRES) } },
    };
    await client.send(new PutItemCommand({ TableName, Item: expiring('1') }));
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { [TableName]: [{ PutRequest: { Item: expiring('2') } }] } }),
    );
    await client.send(new PutItemCommand({ TableName, Item: key('3') }));
    await client.send(new UpdateItemCommand({ TableName, Key: key('3'), ...update }));
    await client.send(new PutItemCommand({ TableName, Item: key('4') }));
    return opened;
  }

  it.each<[NonNullable<Quirks['expiredItems']>, number, number]>([
    ['at-once', EXPIRES - 1, EXPIRES],
    ['two-days', EXPIRES + 2 * DAY - 1, EXPIRES + 2 * DAY],
  ])('are deleted, and no others: %s', async (expiredItems, before, after) => {
    const opened = await withItems({ expiredItems });
    opened.pass(before);
    expect(await leftIn(opened)).toBe('1234');
    opened.pass(after - before);
    expect(await leftIn(opened)).toBe('4');
  });

  it('stay, or are deleted on demand', async () => {
    const opened = await withItems({ expiredItems: 'never' });
    await opened.database.deleteExpired();
    opened.pass(EXPIRES + 100 * DAY);
    expect(await leftIn(opened)).toBe('1234');
    await opened.database.deleteExpired();
    expect(await leftIn(opened)).toBe('4');
  });

  it('stay when a later write has given them another time, or none', async () => {
    const opened = await withItems({ expiredItems: 'at-once' });
    await opened.client.send(new PutItemCommand({ TableName, Item: key('1') }));
    await opened.client.send(new PutItemCommand({ TableName, Item: { ...expiring('2'), expiresAt: { N: '2000' } } }));
    opened.pass(EXPIRES);
    expect(await leftIn(opened)).toBe('124');
    opened.pass(EXPIRES);
    expect(await leftIn(opened)).toBe('14');
  });

  it('are deleted from what lagging reads show, too, but later', async () => {
    const opened = await withItems({ expiredItems: 'at-once' });
    await opened.database.setLag('DynamoDB.Scan', 5);
    opened.pass(EXPIRES);
    expect(await leftIn(opened)).toBe('1234');
    opened.pass(5);
    expect(await leftIn(opened)).toBe('4');
  });
});

describe('a backup', () => {
  const put = (client: DynamoDBClient, sk: string, table = TableName) =>
    client.send(new PutItemCommand({ TableName: table, Item: key(sk) }));
  const itemsIn = async (client: DynamoDBClient, table: string) =>
    (await client.send(new ScanCommand({ TableName: table }))).Items;
  const summaryOf = async (client: DynamoDBClient, table: string) =>
    (await client.send(new DescribeTableCommand({ TableName: table }))).Table?.RestoreSummary;

  async function aBackup() {
    const opened = await aDatabase();
    await put(opened.client, '1');
    opened.pass(60);
    const { BackupDetails } = await opened.client.send(new CreateBackupCommand({ TableName, BackupName: 'one' }));
    const BackupArn = BackupDetails?.BackupArn;
    const restoreTo = (TargetTableName: string) =>
      opened.client.send(new RestoreTableFromBackupCommand({ TargetTableName, BackupArn }));
    return { ...opened, restoreTo };
  }

  it('restores what the table had then to a new table, which says so', async () => {
    const { client, restoreTo } = await aBackup();
    await put(client, '2');
    await restoreTo('restored');
    expect(await itemsIn(client, 'restored')).toEqual([key('1')]);
    expect(await summaryOf(client, 'restored')).toMatchObject({
      SourceTableArn: expect.stringMatching(/:table\/ledger$/),
      RestoreDateTime: new Date(60_000),
      RestoreInProgress: false,
    });
    expect(await summaryOf(client, TableName)).toBeUndefined();
  });

  it('restores to a name only while no table has it', async () => {
    const { client, restoreTo } = await aBackup();
    await expect(restoreTo(TableName)).rejects.toThrow(TableAlreadyExistsException);
    await client.send(new DeleteTableCommand({ TableName }));
    await expect(itemsIn(client, TableName)).rejects.toThrow(ResourceNotFoundException);
    await restoreTo(TableName);
    expect(await itemsIn(client, TableName)).toEqual([key('1')]);
  });

  it('that does not exist restores nothing', async () => {
    const { client } = await aDatabase();
    const command = new RestoreTableFromBackupCommand({ TargetTableName: 'restored', BackupArn: `${'x'.repeat(40)}` });
    await expect(client.send(command)).rejects.toThrow(BackupNotFoundException);
  });

  it.each([
    ['without a name', { TableName }, 'ValidationException'],
    ['of a table that does not exist', { TableName: 'nothing', BackupName: 'one' }, 'TableNotFoundException'],
  ])('%s is refused', async (_what, input, name) => {
    const { client } = await aDatabase();
    const command = new CreateBackupCommand({ BackupName: undefined, ...input });
    await expect(client.send(command)).rejects.toMatchObject({ name });
  });
});
