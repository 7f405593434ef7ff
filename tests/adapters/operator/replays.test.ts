import { DescribeReplayCommand, EventBridgeClient, StartReplayCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { eventBridgeReplays } from '../../../adapters/operator/replays.ts';
import { awsError } from '../../support/aws.ts';

const [FROM, TO] = [new Date(1000), new Date(2000)];
const REPLAY = { name: 'r', archiveArn: 'archive', busArn: 'bus', from: FROM, to: TO };

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
