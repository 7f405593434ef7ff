import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Pace } from '../../../emulator/engine/pace.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { readState, type SavedState, writeState } from '../../../emulator/stack/snapshot.ts';
import { openStack } from '../../../emulator/stack/stack.ts';
import { aPerson } from '../../support/directory.ts';
import { APPLICATION, GROUP, STORE_ID, user } from '../../support/ids.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});
function aFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-state-'));
  folders.push(folder);
  return folder;
}

const start = new Date('2026-11-01T10:00:00Z');
const directory = {
  identityStoreId: STORE_ID,
  users: [aPerson(1), aPerson(2)],
  groups: [{ groupId: GROUP, members: [user(1)] }],
  applications: [{ applicationArn: APPLICATION }],
};

const aStack = (saved?: SavedState, entitlements = exampleEntitlements()) =>
  openStack({ entitlements, directory, start, transport: 'in-process', saved });

const NOTICED = exampleEntitlements({ notices: { backfill: true } });

/** Lets a stack work for a while, and saves it in the middle of something. */
async function saved(): Promise<SavedState> {
  const stack = await aStack();
  await stack.start({ userId: user(1) });
  await stack.runUntilIdle();
  stack.identityCenter.join(GROUP, user(2));
  stack.record({ change: 'join', groupId: GROUP, userId: user(2) }, 'scim');
  return stack.save();
}

describe('the state of an emulator', () => {
  it('is read as it was written', async () => {
    const folder = aFolder();
    const state = await saved();
    await writeState(folder, state);
    const read = await readState(folder, STORE_ID);
    expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(state)));
    expect(read?.executions[0]?.startedAt).toEqual(start);
  });

  it('is not there in a new folder', async () => {
    expect(await readState(aFolder(), STORE_ID)).toBeUndefined();
  });

  it('is written for its owner only, also over an older file, and leaves nothing else', async () => {
    const folder = aFolder();
    for (const name of ['state.json', 'state.json.next']) writeFileSync(join(folder, name), '{', { mode: 0o644 });
    await writeState(folder, await saved());
    expect(readdirSync(folder)).toEqual(['state.json']);
    expect(statSync(join(folder, 'state.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).version).toBe(1);
  });

  it('of an emulator without pending events, from before there were any, is read, too', async () => {
    const folder = aFolder();
    const { pendingEvents: _events, records: _records, ...older } = await saved();
    writeFileSync(join(folder, 'state.json'), JSON.stringify(older));
    expect(await readState(folder, STORE_ID)).toMatchObject({ pendingEvents: [], records: 0 });
  });

  it('of an emulator from before there were notices is read, too', async () => {
    const folder = aFolder();
    const { notices: _notices, outbox: _outbox, ...older } = await saved();
    writeFileSync(join(folder, 'state.json'), JSON.stringify(older));
    const read = await readState(folder, STORE_ID);
    expect(read).toMatchObject({ notices: [], outbox: { mails: [], count: 0, sent: [] } });
    await (await aStack(read, NOTICED)).runUntilIdle();
  });

  it('has e-mails, markers and messages of the queue, so that another one sends what is left, and nothing twice', async () => {
    const before = await aStack(undefined, NOTICED);
    await before.start({ userId: user(1) });
    await before.runUntilIdle();
    before.faults.add({ operation: 'SESv2.SendEmail', kind: 'throttle' });
    before.identityCenter.join(GROUP, user(2));
    await before.start({ userId: user(2) });
    // Time passes until Amazon SES has throttled, and no further.
    const ended = new AbortController();
    await before.follow(new Pace(1000), ended.signal, async () => {
      if (before.faults.left().length === 0) ended.abort();
    });
    const folder = aFolder();
    await writeState(folder, await before.save());
    const after = await aStack(await readState(folder, STORE_ID), NOTICED);
    expect(after.ses.outbox.mails()).toEqual(before.ses.outbox.mails());
    await after.runUntilIdle();
    const sent = after.ses.outbox.mails();
    expect(sent.map(({ to }) => to)).toEqual([[aPerson(1).email], [aPerson(2).email]]);
    expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(2);
  });

  it('lets another one deliver what is pending', async () => {
    const stack = await aStack(await saved());
    expect(stack.pendingEvents()).toHaveLength(1);
    await stack.runUntilIdle();
    expect(stack.pendingEvents()).toEqual([]);
    expect((await stack.seats()).map(({ userId, status }) => [userId, status])).toEqual([
      [user(1), 'confirmed'],
      [user(2), 'confirmed'],
    ]);
  });

  it('keeps names and ids unique, where only the newest are left', async () => {
    const state = await saved();
    const [execution] = state.executions;
    if (!execution) throw new Error('There is no execution');
    const arn = execution.arn.replace(/1$/, '700');
    const message = { id: '00000000-0000-4000-8000-0000000000ff', body: '{}', sentAt: 0, visibleAt: 0, received: 0 };
    const stack = await aStack({
      ...state,
      executions: [{ ...execution, arn, name: 'execution-700' }],
      queues: { 'usher-local-undelivered-events': [message] },
    });
    expect(await stack.start({ userId: user(1) })).toBe('execution-701');
    const request = {
      headers: { 'x-amz-target': 'AmazonSQS.SendMessage' },
      body: JSON.stringify({ QueueUrl: 'x/usher-local-undelivered-ticks', MessageBody: '{}' }),
    };
    const { response } = await stack.gateway.requestHandler().handle(request);
    expect(JSON.parse(response.body.toString()).MessageId).toBe('00000000-0000-4000-8000-000000000100');
  });

  it('gives later records other ids', async () => {
    const state = await saved();
    const stack = await aStack(state);
    stack.record({ change: 'disable', userId: user(2) }, 'scim');
    const ids = stack.pendingEvents().map(({ event }) => JSON.parse(event).id);
    expect(new Set(ids).size).toBe(2);
  });
});
