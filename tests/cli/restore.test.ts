// @module-tag long
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { APPLICATION, GROUP, ME, people, STORE_ID, user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';

const LEDGER = 'usher-local-ledger';
const RESTORED = `${LEDGER}-restored`;
const MEMBERS = 40;
const operator = anOperator({ people: MEMBERS + 10, members: MEMBERS });

const dynamo = (operation: string, input: object) => operator.call(`DynamoDB_20120810.${operation}`, input);
const identityStore = (operation: string, input: object) =>
  operator.call(`AWSIdentityStore.${operation}`, { IdentityStoreId: STORE_ID, ...input });

type Item = Record<string, Record<string, unknown>>;

/** All items of a table, by key. */
async function itemsOf(TableName: string): Promise<Map<string, Item>> {
  const { Items } = (await dynamo('Scan', { TableName, ConsistentRead: true })) as { Items: Item[] };
  return new Map(Items.map((item) => [`${item['pk']?.['S']} ${item['sk']?.['S']}`, item]));
}

/** The status of every seat in the ledger, by user. */
async function seats(): Promise<Map<unknown, unknown>> {
  const all = [...(await itemsOf(LEDGER)).values()].filter(
    (item) => item['pk']?.['S'] === APPLICATION && item['userId'],
  );
  return new Map(all.map((item) => [item['userId']?.['S'], item['status']?.['S']]));
}

/** Who holds the lease. */
async function holder(): Promise<unknown> {
  const work = (await itemsOf(LEDGER)).get('#work #work') as { lease?: { M: { holder: { S: string } } } } | undefined;
  return work?.lease?.M.holder.S;
}

async function backUp(TableName = LEDGER): Promise<string> {
  const { BackupDetails } = await dynamo('CreateBackup', { TableName, BackupName: 'before' });
  return (BackupDetails as { BackupArn: string }).BackupArn;
}

async function restoreTo(TargetTableName: string, BackupArn: string): Promise<void> {
  expect(await dynamo('RestoreTableFromBackup', { TargetTableName, BackupArn })).toHaveProperty('TableDescription');
}

async function join(number: number): Promise<void> {
  await identityStore('CreateGroupMembership', { GroupId: GROUP, MemberId: { UserId: user(number) } });
}

async function leave(number: number): Promise<void> {
  const input = { IdentityStoreId: STORE_ID, GroupId: GROUP };
  const { GroupMemberships } = await identityStore('ListGroupMemberships', input);
  const all = GroupMemberships as { MembershipId: string; MemberId: { UserId: string } }[];
  const own = all.find(({ MemberId }) => MemberId.UserId === user(number));
  await identityStore('DeleteGroupMembership', { MembershipId: own?.MembershipId });
}

/** Deletes the seats of these users from the ledger, as a hand or a bug might. */
async function lose(numbers: readonly number[]): Promise<void> {
  for (const number of numbers) {
    const Key = { pk: { S: APPLICATION }, sk: { S: user(number) } };
    await dynamo('DeleteItem', { TableName: LEDGER, Key });
  }
}

/** Number of audit events with an id of their own. */
async function audited(): Promise<number> {
  return linesOf((await operator.run('audit', '--json', '--since', '7d')).out).length;
}

const changes = async () => {
  const { 'SSOAdmin.CreateApplicationAssignment': made = 0, 'SSOAdmin.DeleteApplicationAssignment': removed = 0 } =
    await operator.allCalls();
  return { made, removed };
};

/** Puts a seat into the ledger that Usher never gave. */
async function plant(userId: string): Promise<void> {
  const known = (await itemsOf(LEDGER)).get(`${APPLICATION} ${user(MEMBERS)}`);
  await dynamo('PutItem', { TableName: LEDGER, Item: { ...known, sk: { S: userId }, userId: { S: userId } } });
}

/** What is due since a while is left to the tick. */
async function tick(): Promise<void> {
  const stateMachineArn = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
  await operator.call('AWSStepFunctions.StartExecution', { stateMachineArn, input: '{ "scope": "tick" }' });
}

/** Makes everything as it should be, and backs it up. @returns the ARN of the backup */
async function converged(): Promise<string> {
  expect((await operator.run('start', '--all', '--wait')).out).toContain('converged');
  return backUp();
}

beforeAll(async () => {
  await dynamo('CreateTable', {
    TableName: 'usher-try-ledger',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
    KeySchema: [
      { AttributeName: 'pk', KeyType: 'HASH' },
      { AttributeName: 'sk', KeyType: 'RANGE' },
    ],
  });
  await restoreTo('usher-try-ledger-restored', await backUp('usher-try-ledger'));
});

describe('usher restore', () => {
  it('makes the ledger what it was, with what was audited since, and changes no assignment', async () => {
    await restoreTo(RESTORED, await converged());
    await join(MEMBERS + 1);
    await leave(1);
    await leave(2);
    const [before, calls, events] = [await seats(), await changes(), await audited()];
    await lose([1, ...people(3, 30), MEMBERS + 1]);
    await plant(user(MEMBERS + 5));
    const { code, out, error } = await operator.run('restore', RESTORED, '--yes', '--wait');
    expect({ code, error }).toMatchObject({
      code: 0,
      error: expect.stringContaining('with 3 audit events since then'),
    });
    expect(out).toMatch(/^seats\t30\t1\t1$/m);
    expect(out).toContain('converged');
    expect(await seats()).toEqual(before);
    expect([await changes(), await audited(), await holder()]).toEqual([calls, events, undefined]);
  });

  it('continues the numbers of events where the audit stream ended', async () => {
    const events = await audited();
    await join(1);
    expect(await audited()).toBe(events + 1);
    expect(await seats()).toEqual((await seats()).set(user(1), 'confirmed'));
  });

  it('counts revocations that were audited since against the brake', async () => {
    const item = (await itemsOf(LEDGER)).get(`${APPLICATION} ${user(2)}`);
    expect(item).toMatchObject({ status: { S: 'revoked' }, revocations: { L: [{ S: expect.any(String) }] } });
  });

  it('takes a ledger that was deleted and restored under its own name', async () => {
    const backup = await converged();
    await join(MEMBERS + 2);
    const [before, calls, events] = [await seats(), await changes(), await audited()];
    await dynamo('DeleteTable', { TableName: LEDGER });
    await restoreTo(LEDGER, backup);
    const { code, out } = await operator.run('restore', LEDGER, '--yes', '--wait');
    expect(code).toBe(0);
    expect(out).toMatch(/^seats\t1\t0\t0$/m);
    expect(await seats()).toEqual(before);
    expect([await changes(), await audited()]).toEqual([calls, events]);
  });

  it('that was interrupted leaves the lease with the restore, and is finished by another run', async () => {
    await restoreTo(`${LEDGER}-2`, await converged());
    const [before, calls] = [await seats(), await changes()];
    await lose(people(3, 38));
    await operator.fault({ operation: 'DynamoDB.BatchWriteItem', kind: 'refuse', skip: 1 });
    const first = await operator.run('restore', `${LEDGER}-2`, '--yes');
    expect(first.code).toBe(1);
    expect(first.error).toContain(`restored in part: 25 items written`);
    expect(await holder()).toBe(`usher restore ${LEDGER}-2`);

    const half = await seats();
    expect((await operator.run('start', '--all', '--wait')).out).toContain('the next tick continues');
    expect([await seats(), await changes()]).toEqual([half, calls]);
    const other = await operator.run('restore', RESTORED, '--yes');
    expect(other).toMatchObject({ code: 3, error: expect.stringContaining(`usher restore ${LEDGER}-2 writes`) });

    const second = await operator.run('restore', `${LEDGER}-2`, '--yes');
    expect(second.code).toBe(0);
    await tick();
    expect([await seats(), await changes(), await holder()]).toEqual([before, calls, undefined]);
  });

  it('writes no more once another run has begun, and leaves the lease to it', async () => {
    const [half, before] = [people(3, 38), await seats()];
    await lose(half);
    for (const number of people(101, 140)) await plant(user(number));
    const wrong = (await seats()).size;
    await operator.fault({ operation: 'DynamoDB.BatchWriteItem', kind: 'throttle', skip: 1, times: 1000 });
    const slow = operator.run('restore', `${LEDGER}-2`, '--yes');
    await vi.waitUntil(async () => (await seats()).size > wrong, 5000);
    // As another run does, which then ends.
    await dynamo('UpdateItem', {
      TableName: LEDGER,
      Key: { pk: { S: '#work' }, sk: { S: '#work' } },
      UpdateExpression: 'SET lease.term = lease.term + :one, term = term + :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    });
    await operator.clearFaults();
    const { code, error } = await slow;
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('no longer has the lease') });
    expect(error).not.toContain('restored in part');
    expect((await seats()).size).toBeGreaterThan(before.size);
    expect(await holder()).toBe(`usher restore ${LEDGER}-2`);
    expect((await operator.run('restore', `${LEDGER}-2`, '--yes')).code).toBe(0);
    expect([await seats(), await holder()]).toEqual([before, undefined]);
  });

  it('counts changes that are not audited yet, until a tick has audited them', async () => {
    const unaudited = async () =>
      linesOf((await operator.run('restore', `${LEDGER}-2`, '--dry-run', '--json')).out)[0]?.['unaudited'];
    const item = (await itemsOf(LEDGER)).get(`${APPLICATION} ${user(4)}`);
    const changeSeq = { N: String(Number(item?.['changeSeq']?.['N']) + 1) };
    const record = { kind: { S: 'kept' }, changeSeq, at: { S: '2026-11-30T10:00:00.000Z' }, reason: { S: 'manual' } };
    const audit = { L: [{ M: { ...record, execution: { S: ME }, cause: { S: ME } } }] };
    const due = {
      attention: { S: '#attention' },
      attentionAt: { S: '2026-11-30T10:00:00.000Z' },
      tells: { BOOL: true },
    };
    await dynamo('PutItem', { TableName: LEDGER, Item: { ...item, changeSeq, audit, ...due } });
    expect(await unaudited()).toBe(1);
    expect((await operator.run('restore', `${LEDGER}-2`, '--dry-run')).error).toContain(
      'warning: 1 item of usher-local-ledger with changes that are not audited yet: they are lost',
    );
    await tick();
    expect(await unaudited()).toBe(0);
  });

  it('is not called half restored by Ctrl-C while it follows the check of everything', async () => {
    const child = operator.start('restore', `${LEDGER}-2`, '--yes', '--wait');
    const errors = text(child.stderr);
    child.stdout.on('data', (some) => /is restored/.test(String(some)) && child.kill('SIGINT'));
    await once(child, 'close');
    expect(await errors).toContain('To undo this');
    expect(await errors).not.toContain('restored in part');
    // The check of everything ends without it.
    await operator.run('held');
  });

  it('changes nothing if it is only to show, if no one confirms, and if there is nothing to change', async () => {
    const before = await itemsOf(LEDGER);
    const { code, out } = await operator.run('restore', `${LEDGER}-2`, '--dry-run', '--json');
    expect(code).toBe(0);
    expect(linesOf(out)).toMatchObject([{ type: 'restoration', table: `${LEDGER}-2`, ledger: LEDGER, events: 0 }]);
    expect(await operator.run('restore', `${LEDGER}-2`)).toMatchObject({
      code: 2,
      error: expect.stringContaining('--yes'),
    });
    expect(await itemsOf(LEDGER)).toEqual(before);
  });

  it.each([
    ['DynamoDB.Scan', 0],
    ['CloudWatchLogs.FilterLogEvents', 0],
    ['DynamoDB.BatchWriteItem', 0],
  ])('that may not call %s says so, changes nothing and releases the lease', async (operation, skip) => {
    await lose([3]);
    const before = await itemsOf(LEDGER);
    await operator.fault({ operation, kind: 'refuse', skip });
    const { code, error } = await operator.run('restore', `${LEDGER}-2`, '--yes');
    await operator.clearFaults();
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining(operation.split('.')[1] ?? '') });
    const { '#work #work': work, ...items } = Object.fromEntries(await itemsOf(LEDGER));
    expect(items).toEqual(Object.fromEntries([...before].filter(([key]) => key !== '#work #work')));
    expect(work).not.toHaveProperty('lease');
  });

  it('that may not release the lease says that no execution writes', async () => {
    await operator.fault({ operation: 'DynamoDB.PutItem', kind: 'refuse', skip: 1, times: 2 });
    const { code, error } = await operator.run('restore', `${LEDGER}-2`, '--yes');
    await operator.clearFaults();
    expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('No execution writes until this') });
    expect(await holder()).toBe(`usher restore ${LEDGER}-2`);
    expect((await operator.run('restore', `${LEDGER}-2`, '--yes')).code).toBe(0);
  });

  it('waits for the execution that writes', async () => {
    const lease = { M: { holder: { S: ME }, term: { N: '1' }, until: { S: '2030-01-01T00:00:00.000Z' } } };
    await dynamo('UpdateItem', {
      TableName: LEDGER,
      Key: { pk: { S: '#work' }, sk: { S: '#work' } },
      UpdateExpression: 'SET lease = :lease',
      ExpressionAttributeValues: { ':lease': lease },
    });
    const { code, error } = await operator.run('restore', `${LEDGER}-2`, '--yes');
    expect({ code, error }).toEqual({ code: 3, error: expect.stringContaining(`${ME} writes to the ledger`) });
    expect(await holder()).toBe(ME);
  });

  it.each([
    ['that does not exist', 'nothing', 'There is no table nothing'],
    ['that has no name of a table', 'a/b', 'expected the name of a DynamoDB table'],
    ['that was made by hand', 'usher-try-ledger', 'was not restored from a backup'],
    [
      'of another stage',
      'usher-try-ledger-restored',
      'was restored from usher-try-ledger, not from usher-local-ledger',
    ],
  ])('takes no table %s', async (_what, table, message) => {
    const before = await itemsOf(LEDGER);
    const { code, error } = await operator.run('restore', table, '--yes');
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining(message) });
    expect(await itemsOf(LEDGER)).toEqual(before);
  });
});
