import { EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from '@aws-sdk/client-eventbridge';
import { describe, expect, it } from 'vitest';
import { type BusEntry, eventBus } from '../../../../emulator/aws/eventbridge/event-bus.ts';
import { behindGateway } from '../../../support/account.ts';

const NOW = new Date('2026-01-01T00:00:00Z');

function aBus() {
  const taken: BusEntry[] = [];
  const clock = { now: () => NOW, sleep: () => Promise.resolve() };
  const bus = eventBus({ buses: ['default', 'audit'], clock, onEntry: (entry) => taken.push(entry) });
  const client = new EventBridgeClient(behindGateway({ EventBridge: bus }).aws);
  const put = (...Entries: PutEventsRequestEntry[]) => client.send(new PutEventsCommand({ Entries }));
  return { put, taken };
}

function anEntry(changes: PutEventsRequestEntry = {}): PutEventsRequestEntry {
  return { Source: 'usher', DetailType: 'Seat Assigned', Detail: '{"a":1}', EventBusName: 'audit', ...changes };
}

describe('PutEvents', () => {
  it('accepts entries in order and gives each its own id', async () => {
    const { put, taken } = aBus();
    const Time = new Date('2025-06-01T12:00:00.000Z');
    const { Entries, FailedEntryCount } = await put(
      anEntry({ Time, Resources: ['arn'] }),
      anEntry({ DetailType: 'B' }),
    );
    expect(FailedEntryCount).toBe(0);
    expect(taken.map(({ EventId }) => EventId)).toEqual(Entries?.map(({ EventId }) => EventId));
    expect(new Set(taken.map(({ EventId }) => EventId)).size).toBe(2);
    expect(taken).toMatchObject([
      { Source: 'usher', DetailType: 'Seat Assigned', Detail: '{"a":1}', Time: Time.toISOString(), Resources: ['arn'] },
      { DetailType: 'B', Time: NOW.toISOString(), Resources: [] },
    ]);
  });

  it.each([
    ['without a bus', undefined, 'default'],
    ['with a name', 'audit', 'audit'],
    ['with an ARN', 'arn:aws:events:us-east-1:111122223333:event-bus/audit', 'audit'],
  ])('finds the bus of an entry %s', async (_fact, EventBusName, expected) => {
    const { put, taken } = aBus();
    await put({ Source: 'usher', DetailType: 'A', Detail: '{}', ...(EventBusName && { EventBusName }) });
    expect(taken.map((entry) => entry.EventBusName)).toEqual([expected]);
  });

  it('reports success for an entry of an unknown bus, and drops it', async () => {
    const { put, taken } = aBus();
    const { Entries, FailedEntryCount } = await put(anEntry({ EventBusName: 'nowhere' }));
    expect(FailedEntryCount).toBe(0);
    expect(Entries?.[0]?.EventId).toBeDefined();
    expect(taken).toEqual([]);
  });

  it.each([
    ['no source', { Source: '' }, 'InvalidArgument'],
    ['no detail-type', { DetailType: '' }, 'InvalidArgument'],
    ['no detail', { Detail: '' }, 'InvalidArgument'],
    ['a detail that is not JSON', { Detail: '{' }, 'MalformedDetail'],
    ['a detail that is no object', { Detail: '[]' }, 'MalformedDetail'],
    ["AWS's own source", { Source: 'aws.sso' }, 'NotAuthorizedForSourceException'],
  ])('fails an entry with %s and accepts the others', async (_fact, changes, ErrorCode) => {
    const { put, taken } = aBus();
    const { Entries, FailedEntryCount } = await put(anEntry(), anEntry(changes), anEntry());
    expect(FailedEntryCount).toBe(1);
    expect(Entries?.map((entry) => entry.ErrorCode)).toEqual([undefined, ErrorCode, undefined]);
    expect(taken).toHaveLength(2);
  });

  it('accepts 10 entries, and refuses 11 and none', async () => {
    const { put, taken } = aBus();
    await put(...Array.from({ length: 10 }, () => anEntry()));
    await expect(put(...Array.from({ length: 11 }, () => anEntry()))).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await expect(put()).rejects.toMatchObject({ name: 'ValidationException' });
    expect(taken).toHaveLength(10);
  });

  it.each([
    ['accepts an entry of 256 KiB', 1, 256 * 1024, 'fulfilled'],
    ['refuses an entry of a byte more', 1, 256 * 1024 + 1, 'ValidationException'],
    ['accepts three entries of 256 KiB', 3, 256 * 1024, 'fulfilled'],
    ['refuses entries of 1 MB together', 4, 250_000, 'ValidationException'],
    ['refuses entries of 1 MiB together', 4, 256 * 1024, 'RequestEntityTooLargeException'],
  ])('%s', async (_fact, entries, bytes, expected) => {
    const { put } = aBus();
    // `usher`, `Seat Assigned` and the 8 letters around the text count as well.
    const Detail = JSON.stringify({ a: 'x'.repeat(bytes - 5 - 13 - 8) });
    const answer = put(...Array.from({ length: entries }, () => anEntry({ Detail })));
    const outcome = await answer.then(
      () => 'fulfilled',
      (error: Error) => error.name,
    );
    expect(outcome).toBe(expected);
  });
});
