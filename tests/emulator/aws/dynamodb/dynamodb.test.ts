import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { openDynamoDb } from '../../../../emulator/aws/dynamodb/dynamodb.ts';
import { readTemplate } from '../../../../emulator/engine/template.ts';
import { behindGateway } from '../../../support/account.ts';
import { people } from '../../../support/ids.ts';

const TableName = 'ledger';
const key = (sk: string) => ({ pk: { S: 'a' }, sk: { S: sk } });

async function aDatabase() {
  const database = openDynamoDb();
  await database.createTable({ TableName, ...readTemplate().ledgerTable });
  const client = new DynamoDBClient(behindGateway({ DynamoDB: database }).aws);
  return { database, client };
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
    await expect(openDynamoDb().createTable({ TableName })).rejects.toThrow(/^CreateTable: .*ValidationException/);
  });
});
