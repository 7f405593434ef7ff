import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  FilterLogEventsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-cloudwatch-logs';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { cloudWatchAuditLog, cloudWatchFunctionLog } from '../../../adapters/operator/audit-log.ts';
import { awsError, collected } from '../../support/aws.ts';

function theLogs() {
  const client = new CloudWatchLogsClient({ region: 'us-east-1' });
  const aws = mockClient(client);
  const pattern = () => aws.commandCalls(FilterLogEventsCommand)[0]?.args[0].input.filterPattern;
  return {
    aws,
    log: cloudWatchAuditLog(client, 'audit'),
    functions: cloudWatchFunctionLog(client, 'normalize'),
    pattern,
  };
}

const missing = () => new ResourceNotFoundException({ message: '', $metadata: {} });

describe('the audit log', () => {
  it('yields by pages, of which some are empty', async () => {
    const { aws, log } = theLogs();
    aws
      .on(FilterLogEventsCommand)
      .resolvesOnce({ events: [{ eventId: 'e', timestamp: 1000, message: '{}' }], nextToken: 'a' })
      .resolvesOnce({ nextToken: 'b' })
      .resolvesOnce({ events: [{}] });
    expect(await collected(log.events({}))).toEqual([
      [{ id: 'e', at: new Date(1000), text: '{}' }],
      [],
      [{ id: '', at: new Date(0), text: '' }],
    ]);
  });

  it.each([
    [{}, undefined],
    [{ userId: 'u' }, '{ ($.detail.user.uid = "u") }'],
    [{ application: 'a' }, '{ ($.detail.resources[0].uid = "a") }'],
    [
      { entitlement: 'e', detailType: 'Seat Assigned', execution: 'x' },
      '{ ($.detail.privileges[0] = "e") && ($.detail-type = "Seat Assigned") && ($.detail.metadata.correlation_uid = "x") }',
    ],
    [{ entitlement: 'a" || "' }, '{ ($.detail.privileges[0] = "a\\" || \\"") }'],
  ])('asks for %j by %s', async (query, expected) => {
    const { aws, log, pattern } = theLogs();
    aws.on(FilterLogEventsCommand).resolves({});
    await collected(log.events({ ...query, since: new Date(1), until: new Date(2) }));
    expect(pattern()).toBe(expected);
    expect(aws.calls()[0]?.args[0].input).toMatchObject({ logGroupName: 'audit', startTime: 1, endTime: 2 });
  });

  it.each<[string, object, object | undefined]>([
    [
      'when it was created and what it keeps',
      { creationTime: 5, retentionInDays: 7 },
      { createdAt: new Date(5), keepsDays: 7 },
    ],
    ['that it keeps everything', { creationTime: 5 }, { createdAt: new Date(5) }],
  ])('says of its group %s', async (_what, parts, expected) => {
    const { aws, log } = theLogs();
    const others = [{ logGroupName: 'audit-of-others', creationTime: 1 }];
    aws
      .on(DescribeLogGroupsCommand)
      .resolvesOnce({ logGroups: others, nextToken: 'a' })
      .resolvesOnce({ logGroups: [{ logGroupName: 'audit', ...parts }] });
    expect(await log.group()).toEqual(expected);
  });

  it('has no group if only others have names that begin alike, and refuses one without its time', async () => {
    const { aws, log } = theLogs();
    aws
      .on(DescribeLogGroupsCommand)
      .resolvesOnce({ logGroups: [{ logGroupName: 'audit-of-others' }] })
      .resolvesOnce({ logGroups: [{ logGroupName: 'audit' }] });
    expect(await log.group()).toBeUndefined();
    await expect(log.group()).rejects.toMatchObject({ reason: 'malformed-answer' });
  });

  it('is undefined without a log group, and fails as AWS does', async () => {
    const { aws, log } = theLogs();
    aws.on(FilterLogEventsCommand).rejectsOnce(missing()).rejects(awsError('ThrottlingException'));
    expect(await collected(log.events({}))).toEqual([undefined]);
    await expect(collected(log.events({}))).rejects.toMatchObject({ name: 'TransientAwsError' });
  });
});

describe('the log of NormalizeRequest', () => {
  it('tells whether an event of an account was seen', async () => {
    const { aws, functions, pattern } = theLogs();
    aws
      .on(FilterLogEventsCommand)
      .resolvesOnce({ nextToken: 'a' })
      .resolvesOnce({ events: [{ message: 'x' }] });
    expect(await functions.hasEventOf('111122223333', new Date(0))).toBe(true);
    expect(pattern()).toBe('{ ($.eventAccount = "111122223333") }');
    aws.on(FilterLogEventsCommand).resolves({});
    expect(await functions.hasEventOf('111122223333', new Date(0))).toBe(false);
    aws.on(FilterLogEventsCommand).rejects(missing());
    expect(await functions.hasEventOf('111122223333', new Date(0))).toBeUndefined();
  });
});
