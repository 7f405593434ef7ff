import { BatchGetItemCommand, DynamoDBClient, QueryCommand, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { connectNotices, dynamoDbNotices } from '../../../adapters/operator/notices.ts';
import { awsError, collected } from '../../support/aws.ts';
import { aDelivery } from '../../support/notices.ts';

const TABLE = 'usher-prod-notices';
const [ONE, OTHER] = [aDelivery({ number: 1 }), aDelivery({ number: 2, status: 'sent', messageId: 'm' })];
const stored = (delivery: object) => marshall(delivery);
const MISSING = new ResourceNotFoundException({ message: 'not found', $metadata: {} });

function theNotices() {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  return { aws: mockClient(client), notices: dynamoDbNotices(client, TABLE) };
}

describe('the table of notices', () => {
  it('gives the markers that need an operator, the newest first, all pages of them', async () => {
    const { aws, notices } = theNotices();
    aws
      .on(QueryCommand)
      .resolvesOnce({ Items: [stored(ONE)], LastEvaluatedKey: { uid: { S: ONE.uid } } })
      .resolvesOnce({ Items: [stored(OTHER)] });
    expect(await collected(notices.open())).toEqual([[ONE], [OTHER]]);
    const inputs = aws.commandCalls(QueryCommand).map(({ args: [{ input }] }) => input);
    expect(inputs).toMatchObject([
      { TableName: TABLE, IndexName: 'open', ScanIndexForward: false },
      { ExclusiveStartKey: { uid: { S: ONE.uid } } },
    ]);
  });

  it('is read consistently by ids, each once, and what was not processed again', async () => {
    const { aws, notices } = theNotices();
    const left = { [TABLE]: { Keys: [{ uid: { S: OTHER.uid } }] } };
    aws
      .on(BatchGetItemCommand)
      .resolvesOnce({ Responses: { [TABLE]: [stored(ONE)] }, UnprocessedKeys: left })
      .resolvesOnce({ Responses: { [TABLE]: [stored(OTHER)] } });
    const found = await notices.get([ONE.uid, OTHER.uid, ONE.uid]);
    expect([...(found ?? [])]).toEqual([
      [ONE.uid, ONE],
      [OTHER.uid, OTHER],
    ]);
    const [first, second] = aws.commandCalls(BatchGetItemCommand).map(({ args: [{ input }] }) => input.RequestItems);
    expect(first?.[TABLE]).toMatchObject({ ConsistentRead: true, Keys: [{}, {}] });
    expect(second?.[TABLE]?.Keys).toEqual(left[TABLE]?.Keys);
  });

  it('is read a hundred ids at a time', async () => {
    const { aws, notices } = theNotices();
    aws.on(BatchGetItemCommand).resolves({});
    expect([...((await notices.get(Array.from({ length: 250 }, (_, index) => String(index)))) ?? [])]).toEqual([]);
    expect(aws.commandCalls(BatchGetItemCommand)).toHaveLength(3);
  });

  it('of which nothing is processed is not read for ever', async () => {
    const { aws, notices } = theNotices();
    aws.on(BatchGetItemCommand).callsFake(({ RequestItems }) => ({ UnprocessedKeys: RequestItems }));
    await expect(notices.get([ONE.uid])).rejects.toThrow('no key was processed');
  });

  it('that does not exist is undefined', async () => {
    const { aws, notices } = theNotices();
    aws.on(BatchGetItemCommand).rejects(MISSING);
    aws.on(QueryCommand).rejects(MISSING);
    expect(await notices.get([ONE.uid])).toBeUndefined();
    expect(await collected(notices.open())).toEqual([undefined]);
  });

  it('gives an error in place of a marker of a newer version, with its field and its id', async () => {
    const { aws, notices } = theNotices();
    const newer = { ...ONE, schemaVersion: 2 };
    aws.on(BatchGetItemCommand).resolves({ Responses: { [TABLE]: [stored(newer)] } });
    aws.on(QueryCommand).resolves({ Items: [stored(newer), stored({}), stored(OTHER)] });
    const found = await notices.get([ONE.uid]);
    expect(found?.get(ONE.uid)).toMatchObject({
      name: 'RefusedError',
      reason: 'notice-unreadable',
      message: `This version of Usher cannot read a marker of the table of notices: schemaVersion (notice ${ONE.uid})`,
    });
    const [page] = await collected(notices.open());
    expect(page?.map((marker) => (marker instanceof Error ? marker.reason : marker.uid))).toEqual([
      'notice-unreadable',
      'notice-unreadable',
      OTHER.uid,
    ]);
  });

  it('that may not be read is a refusal with its name', async () => {
    const { aws, notices } = theNotices();
    aws.on(QueryCommand).rejects(awsError('AccessDeniedException'));
    await expect(collected(notices.open())).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'access-denied',
      message: expect.stringContaining(`table ${TABLE}`),
    });
  });

  it('is reached with a client of its own', () => {
    expect(connectNotices({ region: 'us-east-1', maxAttempts: 1 }, TABLE)).toHaveProperty('open');
  });
});
