import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { eventBridgeBus } from '../../adapters/event-bus.ts';
import type { BusEvent } from '../../domain/audit/event.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { APPLICATION } from '../support/ids.ts';

function anEvent(uid: string): BusEvent {
  return {
    uid,
    detailType: 'Seat Assigned',
    time: '2026-11-02T12:00:00.500Z',
    resources: [APPLICATION],
    detail: { metadata: { uid } },
  };
}

const eventsNumbered = (count: number) => Array.from({ length: count }, (_, index) => anEvent(`uid-${index}`));

function aBus() {
  const client = new EventBridgeClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  return { aws, bus: eventBridgeBus(client, 'usher-audit') };
}

describe('publish', () => {
  it('sends all events in one call', async () => {
    const { aws, bus } = aBus();
    const events = eventsNumbered(10);
    aws.on(PutEventsCommand).resolves({ FailedEntryCount: 0, Entries: events.map(({ uid }) => ({ EventId: uid })) });
    expect(await bus.publish(events)).toEqual(new Set(events.map(({ uid }) => uid)));
    expect(aws.calls().map(({ args: [command] }) => command.input)).toEqual([
      {
        Entries: events.map(({ uid }) => ({
          EventBusName: 'usher-audit',
          Source: 'usher',
          DetailType: 'Seat Assigned',
          Time: new Date('2026-11-02T12:00:00.500Z'),
          Resources: [APPLICATION],
          Detail: JSON.stringify({ metadata: { uid } }),
        })),
      },
    ]);
  });

  it.each([
    'InternalFailure',
    'ThrottlingException',
    'MalformedDetail',
    'InvalidArgument',
    'NotAuthorizedForSourceException',
  ])('leaves out an entry that failed with %s', async (ErrorCode) => {
    const { aws, bus } = aBus();
    aws.on(PutEventsCommand).resolves({
      FailedEntryCount: 1,
      Entries: [{ EventId: 'e-0' }, { ErrorCode, ErrorMessage: 'jane.doe' }, { EventId: 'e-2' }],
    });
    expect(await bus.publish(eventsNumbered(3))).toEqual(new Set(['uid-0', 'uid-2']));
  });

  it('takes nothing for taken when every entry failed', async () => {
    const { aws, bus } = aBus();
    const failed = { ErrorCode: 'InternalFailure' };
    aws.on(PutEventsCommand).resolves({ FailedEntryCount: 2, Entries: [failed, failed] });
    expect(await bus.publish(eventsNumbered(2))).toEqual(new Set());
  });

  it('takes an entry with an id and an error for failed', async () => {
    const { aws, bus } = aBus();
    aws
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ EventId: 'e-0', ErrorCode: 'InternalFailure' }] });
    expect(await bus.publish(eventsNumbered(1))).toEqual(new Set());
  });

  it('sends nothing when there is nothing to send', async () => {
    const { aws, bus } = aBus();
    expect(await bus.publish([])).toEqual(new Set());
    expect(aws.calls()).toEqual([]);
  });

  it('refuses more events than a call takes before it sends any', async () => {
    const { aws, bus } = aBus();
    await expect(bus.publish(eventsNumbered(11))).rejects.toThrow(RangeError);
    expect(aws.calls()).toEqual([]);
  });

  it.each([
    ['without entries', { FailedEntryCount: 0 }, 'Entries'],
    ['with too few entries', { FailedEntryCount: 0, Entries: [{ EventId: 'e-0' }] }, 'Entries'],
    ['with a hole', { FailedEntryCount: 1, Entries: [{ EventId: 'e-0' }, null] }, 'Entries'],
    ['without count', { Entries: [{ EventId: 'e-0' }, { EventId: 'e-1' }] }, 'FailedEntryCount'],
    [
      'that counts a failure which no entry shows',
      { FailedEntryCount: 1, Entries: [{ EventId: 'e-0' }, { EventId: 'e-1' }] },
      'FailedEntryCount',
    ],
    [
      'with a failure that it does not count',
      { FailedEntryCount: 0, Entries: [{ EventId: 'e-0' }, { ErrorCode: 'InternalFailure' }] },
      'FailedEntryCount',
    ],
    ['with an entry that says nothing', { FailedEntryCount: 0, Entries: [{ EventId: 'e-0' }, {}] }, 'FailedEntryCount'],
  ])('rejects an answer %s', async (_fact, answer, field) => {
    const { aws, bus } = aBus();
    aws.on(PutEventsCommand).callsFake(() => answer);
    await expect(bus.publish(eventsNumbered(2))).rejects.toThrow(
      new RefusedError('malformed-answer', `PutEvents: ${field} is missing or malformed in the answer`),
    );
  });

  it('fails as a whole when the call fails', async () => {
    const { aws, bus } = aBus();
    aws.on(PutEventsCommand).rejects(Object.assign(new Error('jane.doe'), { name: 'InternalException' }));
    await expect(bus.publish(eventsNumbered(1))).rejects.toThrow(
      new TransientAwsError('PutEvents: InternalException (bus usher-audit)'),
    );
  });
});
