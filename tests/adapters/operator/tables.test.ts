import {
  BatchWriteItemCommand,
  DescribeTableCommand,
  type DescribeTableCommandOutput,
  DynamoDBClient,
  ResourceNotFoundException,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { connectTables, dynamoDbTables } from '../../../adapters/operator/tables.ts';
import { awsError, collected } from '../../support/aws.ts';
import { START } from '../../support/ids.ts';

const LEDGER = 'usher-prod-ledger';
const ARN = `arn:aws:dynamodb:us-east-1:111122223333:table/${LEDGER}`;
const SUMMARY = { RestoreDateTime: START, RestoreInProgress: false };
const item = (number: number) => ({ pk: { S: 'a' }, sk: { S: String(number) } });

function theTables() {
  const client = new DynamoDBClient({ region: 'us-east-1' });
  return { aws: mockClient(client), tables: dynamoDbTables(client) };
}

describe('a table', () => {
  it.each<[string, Partial<NonNullable<DescribeTableCommandOutput['Table']>>, object | undefined]>([
    ['was not restored', {}, undefined],
    [
      'was restored from a point in time',
      { RestoreSummary: { ...SUMMARY, SourceTableArn: ARN } },
      { from: LEDGER, to: START, inProgress: false },
    ],
    [
      'was restored from a backup, and its source is not named',
      { RestoreSummary: { ...SUMMARY, SourceBackupArn: `${ARN}/backup/01489602797149-73d8d5bc` } },
      { from: LEDGER, to: START, inProgress: false },
    ],
    [
      'was restored from a table of another Region',
      { RestoreSummary: { ...SUMMARY, SourceTableArn: ARN.replace('us-east-1', 'eu-central-1') } },
      { from: undefined, to: START, inProgress: false },
    ],
    [
      'was restored from a table of another account',
      { RestoreSummary: { ...SUMMARY, SourceTableArn: ARN.replace('111122223333', '444455556666') } },
      { from: undefined, to: START, inProgress: false },
    ],
    [
      'was restored from what has no name of a table',
      { RestoreSummary: { ...SUMMARY, SourceBackupArn: 'arn:aws:backup:us-east-1:111122223333:recovery-point:1' } },
      { from: undefined, to: START, inProgress: false },
    ],
    [
      'is being restored',
      { RestoreSummary: { RestoreDateTime: undefined, SourceTableArn: ARN, RestoreInProgress: true } },
      { from: LEDGER, to: undefined, inProgress: true },
    ],
  ])('%s', async (_fact, parts, restored) => {
    const { aws, tables } = theTables();
    aws.on(DescribeTableCommand).resolves({ Table: { TableStatus: 'ACTIVE', TableArn: `${ARN}-restored`, ...parts } });
    expect(await tables.describe('t')).toEqual({ status: 'ACTIVE', restored });
  });

  it('is not taken for missing because the answer lacks its description', async () => {
    const { aws, tables } = theTables();
    aws.on(DescribeTableCommand).resolves({});
    expect(await tables.describe('t')).toEqual({ status: '', restored: undefined });
  });

  it('that does not exist is undefined', async () => {
    const { aws, tables } = theTables();
    aws.on(DescribeTableCommand).rejects(new ResourceNotFoundException({ message: 'not found', $metadata: {} }));
    expect(await tables.describe('t')).toBeUndefined();
  });

  it('is read consistently, all pages of it', async () => {
    const { aws, tables } = theTables();
    aws
      .on(ScanCommand)
      .resolvesOnce({ Items: [item(1)], LastEvaluatedKey: item(1) })
      .resolvesOnce({ LastEvaluatedKey: item(2) })
      .resolvesOnce({ Items: [item(3)] });
    expect(await collected(tables.items('t'))).toEqual([item(1), item(3)]);
    expect(aws.commandCalls(ScanCommand).map(({ args: [{ input }] }) => input)).toMatchObject([
      { TableName: 't', ConsistentRead: true },
      { ExclusiveStartKey: item(1) },
      { ExclusiveStartKey: item(2) },
    ]);
  });

  it('is written 25 items at a time, and what was not processed again', async () => {
    const { aws, tables } = theTables();
    const puts = Array.from({ length: 24 }, (_, index) => item(index));
    const left = { t: [{ PutRequest: { Item: item(3) } }] };
    aws.on(BatchWriteItemCommand).resolvesOnce({ UnprocessedItems: left }).resolves({});
    const deletions = [
      { pk: 'a', sk: '98' },
      { pk: 'a', sk: '99' },
    ];
    expect(await collected(tables.write('t', { puts, deletions }))).toEqual([24, 1, 1]);
    const sent = aws.commandCalls(BatchWriteItemCommand).map(({ args: [{ input }] }) => input.RequestItems?.['t']);
    expect(sent.map((requests) => requests?.length)).toEqual([25, 1, 1]);
    expect(sent[0]?.at(-1)).toEqual({ DeleteRequest: { Key: item(98) } });
    expect(sent[1]).toEqual(left.t);
  });

  it('of which nothing is processed is not written for ever', async () => {
    const { aws, tables } = theTables();
    aws.on(BatchWriteItemCommand).callsFake(({ RequestItems }) => ({ UnprocessedItems: RequestItems }));
    await expect(collected(tables.write('t', { puts: [item(1)], deletions: [] }))).rejects.toThrow(
      'no item was processed',
    );
  });

  it('that may not be read is a refusal with its name', async () => {
    const { aws, tables } = theTables();
    aws.on(ScanCommand).rejects(awsError('AccessDeniedException', {}));
    await expect(collected(tables.items('t'))).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'access-denied',
      message: expect.stringContaining('table t'),
    });
  });

  it('is reached with a client of its own', () => {
    expect(connectTables({ region: 'us-east-1', maxAttempts: 1 })).toHaveProperty('describe');
  });
});
