import {
  DescribeReplayCommand,
  EventBridgeClient,
  PutEventsCommand,
  StartReplayCommand,
} from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { eventBridgeReplays } from '../../../adapters/operator/replays.ts';
import { awsError } from '../../support/aws.ts';

const [FROM, TO] = [new Date(1000), new Date(2000)];
const REPLAY = { name: 'r', archiveArn: 'archive', busArn: 'bus', from: FROM, to: TO };
const EVENT = { source: 's', detailType: 't', resources: [], detail: {} };

function theReplays() {
  const client = new EventBridgeClient({ region: 'us-east-1' });
  return { aws: mockClient(client), replays: eventBridgeReplays(client) };
}

describe('replays', () => {
  it('begin, and tell how far they are', async () => {
    const { aws, replays } = theReplays();
    aws.on(StartReplayCommand).resolves({});
    aws.on(DescribeReplayCommand).resolvesOnce({ State: 'FAILED', StateReason: 'because' }).resolves({});
    await replays.start(REPLAY);
    expect(aws.calls()[0]?.args[0].input).toEqual({
      ...{ ReplayName: 'r', EventSourceArn: 'archive', EventStartTime: FROM, EventEndTime: TO },
      Destination: { Arn: 'bus' },
    });
    expect(await replays.state('r')).toEqual({ state: 'FAILED', reason: 'because' });
    await expect(replays.state('r')).rejects.toThrow('DescribeReplay: State is missing');
  });

  it('are refused as AWS does', async () => {
    const { aws, replays } = theReplays();
    aws.on(StartReplayCommand).rejects(awsError('AccessDeniedException'));
    await expect(replays.start(REPLAY)).rejects.toMatchObject({ reason: 'access-denied' });
  });
});

describe('put', () => {
  it('tells of each event whether it was taken', async () => {
    const { aws, replays } = theReplays();
    aws
      .on(PutEventsCommand)
      .resolves({ FailedEntryCount: 1, Entries: [{ EventId: 'a' }, { ErrorCode: 'MalformedDetail' }] });
    expect(await replays.put('bus', [EVENT, { ...EVENT, time: '2026-01-01T00:00:00Z' }])).toEqual([
      undefined,
      'MalformedDetail',
    ]);
  });

  it('rejects an answer of another length', async () => {
    const { aws, replays } = theReplays();
    aws.on(PutEventsCommand).resolves({ Entries: [] });
    await expect(replays.put('bus', [EVENT])).rejects.toThrow('PutEvents: Entries is missing');
  });
});
