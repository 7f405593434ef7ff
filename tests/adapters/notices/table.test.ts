import { DynamoDBClient, QueryCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, it } from 'vitest';
import { connectNotices } from '../../../adapters/notices/table.ts';
import type { DeliveryStatus } from '../../../domain/notices/delivery.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { NAMES } from '../../../emulator/aws/control-plane/control-plane.ts';
import { openDynamoDb } from '../../../emulator/aws/dynamodb/dynamodb.ts';
import { itemsOf } from '../../../emulator/aws/dynamodb/items.ts';
import { Faults } from '../../../emulator/aws/faults.ts';
import { readTemplate } from '../../../emulator/engine/template.ts';
import { behindGateway } from '../../support/account.ts';
import { at, iso } from '../../support/builders.ts';
import { START } from '../../support/ids.ts';
import { aDelivery, noticeUid } from '../../support/notices.ts';

const TableName = NAMES.noticesTable;
const MONTH_SECONDS = 30 * 24 * 3600;

/** The deployed table, empty. */
async function aTable() {
  const database = openDynamoDb({ now: () => START });
  await database.createTable({ TableName, ...readTemplate().notices.table });
  const faults = new Faults({ now: () => START });
  const { aws } = behindGateway({ DynamoDB: database }, { faults });
  const table = connectNotices(aws, TableName);
  async function open() {
    const query = new QueryCommand({
      TableName,
      IndexName: 'open',
      KeyConditionExpression: '#open = :open',
      ExpressionAttributeNames: { '#open': 'open' },
      ExpressionAttributeValues: { ':open': { S: '#open' } },
    });
    const { Items = [] } = await new DynamoDBClient(aws).send(query);
    return Items.map((item) => unmarshall(item)['uid']);
  }
  return { ...table, aws, faults, open, items: () => itemsOf(database, TableName) };
}

describe('a marker', () => {
  it('is read as it was written', async () => {
    const { save, delivery } = await aTable();
    const marker = aDelivery({ status: 'refused', reason: 'access-denied', askedBy: 'message-1' });
    expect(await save(marker)).toBe(true);
    expect(await delivery(marker.uid)).toEqual(marker);
    expect(await delivery(noticeUid(2))).toBeUndefined();
  });

  it('is written once per revision, the first in place of none', async () => {
    const { save, delivery } = await aTable();
    expect(await save(aDelivery({ revision: 2 }))).toBe(false);
    expect(await save(aDelivery({ status: 'sending' }))).toBe(true);
    expect(await save(aDelivery({ status: 'sent' }))).toBe(false);
    expect(await save(aDelivery({ revision: 3 }))).toBe(false);
    expect(await save(aDelivery({ revision: 2, status: 'sent' }))).toBe(true);
    expect(await delivery(noticeUid(1))).toMatchObject({ revision: 2, status: 'sent' });
  });

  it.each<[DeliveryStatus, boolean]>([
    ['sending', false],
    ['sent', false],
    ['throttled', false],
    ['in-doubt', true],
    ['refused', true],
    ['limited', true],
    ['skipped', false],
  ])('is, as %s, among those that need an operator: %s', async (status, needed) => {
    const { save, open } = await aTable();
    await save(aDelivery({ status }));
    expect(await open()).toEqual(needed ? [noticeUid(1)] : []);
  });

  it('leaves those that need an operator once it is sent again', async () => {
    const { save, open } = await aTable();
    await save(aDelivery({ status: 'in-doubt' }));
    await save(aDelivery({ revision: 2, status: 'sending' }));
    expect(await open()).toEqual([]);
  });

  it('expires thirty days after its last change', async () => {
    const { save, items } = await aTable();
    await save(aDelivery({ at: iso(10) }));
    expect(await items()).toMatchObject([{ expiresAt: { N: String(Date.parse(iso(10 + MONTH_SECONDS)) / 1000) } }]);
  });

  it('that another version of Usher wrote is refused, by its field', async () => {
    const { save, delivery } = await aTable();
    await save({ ...aDelivery(), status: 'jane.doe' as DeliveryStatus });
    await expect(delivery(noticeUid(1))).rejects.toThrow(
      new RefusedError(
        'ledger-unreadable',
        `This version of Usher cannot read an item of the ledger: status (notice ${noticeUid(1)})`,
      ),
    );
  });

  it('that DynamoDB throttles is worth a retry', async () => {
    const { faults, save } = await aTable();
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle' });
    await expect(save(aDelivery())).rejects.toThrow(TransientAwsError);
  });
});

describe('the counter of a day', () => {
  it('counts up to the limit, and takes back', async () => {
    const { count, uncount } = await aTable();
    expect([await count(START, 2), await count(START, 2), await count(START, 2)]).toEqual([true, true, false]);
    await uncount(START);
    expect([await count(START, 2), await count(START, 2)]).toEqual([true, false]);
  });

  it('begins anew each day, in UTC', async () => {
    const { count } = await aTable();
    const midnight = 14 * 3600;
    expect(await count(at(midnight - 1), 1)).toBe(true);
    expect(await count(at(midnight - 1), 1)).toBe(false);
    expect(await count(at(midnight), 1)).toBe(true);
  });

  it('is never less than nothing', async () => {
    const { count, uncount, items } = await aTable();
    await uncount(START);
    expect(await items()).toEqual([]);
    await count(START, 1);
    await uncount(START);
    await uncount(START);
    expect(await items()).toMatchObject([{ uid: { S: 'day#2026-11-01' }, sent: { N: '0' } }]);
  });

  it('follows a limit that was lowered', async () => {
    const { count } = await aTable();
    await count(START, 5);
    await count(START, 5);
    expect(await count(START, 1)).toBe(false);
  });
});
