import {
  CloudTrailClient,
  DescribeTrailsCommand,
  GetEventSelectorsCommand,
  GetTrailStatusCommand,
} from '@aws-sdk/client-cloudtrail';
import {
  DescribeArchiveCommand,
  DescribeEventBusCommand,
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import { GetScheduleCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { awsDeployment } from '../../../adapters/operator/deployment.ts';
import { awsTrails } from '../../../adapters/operator/trails.ts';
import { awsError } from '../../support/aws.ts';

const region = { region: 'us-east-1' };

function aDeployment() {
  const clients = {
    events: new EventBridgeClient(region),
    scheduler: new SchedulerClient(region),
  };
  const cloudTrail = new CloudTrailClient(region);
  return {
    events: mockClient(clients.events),
    scheduler: mockClient(clients.scheduler),
    cloudTrail: mockClient(cloudTrail),
    deployment: awsDeployment(clients),
    trails: awsTrails(cloudTrail),
  };
}

describe('what is deployed', () => {
  it('is read as AWS describes it', async () => {
    const { events, scheduler, deployment } = aDeployment();
    events.on(DescribeRuleCommand).resolves({ State: 'ENABLED', EventPattern: '{"source":["x"]}' });
    events.on(ListTargetsByRuleCommand).resolves({
      Targets: [
        { Id: 'a', Arn: 'arn', DeadLetterConfig: { Arn: 'dead' } },
        { Id: 'b', Arn: 'other' },
      ],
    });
    events.on(DescribeEventBusCommand).resolves({ Arn: 'bus' });
    events.on(DescribeArchiveCommand).resolves({ ArchiveArn: 'archive', State: 'ENABLED', RetentionDays: 7 });
    scheduler.on(GetScheduleCommand).resolves({
      State: 'ENABLED',
      ScheduleExpression: 'rate(5 minutes)',
      CreationDate: new Date(0),
      Target: { Arn: 'arn', RoleArn: 'role', Input: '{}', DeadLetterConfig: { Arn: 'dead' } },
    });
    expect(await deployment.rule('r')).toEqual({
      state: 'ENABLED',
      pattern: '{"source":["x"]}',
      targets: [
        { arn: 'arn', deadLetterArn: 'dead' },
        { arn: 'other', deadLetterArn: undefined },
      ],
    });
    expect(await deployment.ruleState('r')).toBe('ENABLED');
    expect(events.commandCalls(ListTargetsByRuleCommand)).toHaveLength(1);
    expect(await deployment.bus('b')).toBe('bus');
    expect(await deployment.archive('a')).toEqual({ arn: 'archive', state: 'ENABLED', days: 7 });
    expect(await deployment.schedule('s', 'g')).toEqual({
      state: 'ENABLED',
      expression: 'rate(5 minutes)',
      target: { arn: 'arn', deadLetterArn: 'dead' },
      input: '{}',
      createdAt: new Date(0),
    });
  });

  it('is never taken for missing because an answer lacks something', async () => {
    const { events, scheduler, deployment } = aDeployment();
    events.on(DescribeRuleCommand).resolves({ State: 'ENABLED' });
    events
      .on(ListTargetsByRuleCommand)
      .resolvesOnce({})
      .resolves({ Targets: [{ Id: 'a', Arn: undefined }] });
    events.on(DescribeEventBusCommand).resolves({});
    events.on(DescribeArchiveCommand).resolves({});
    scheduler.on(GetScheduleCommand).resolves({ State: 'ENABLED' });
    expect(await deployment.rule('r')).toEqual({ state: 'ENABLED', pattern: '{}', targets: [] });
    expect(await deployment.rule('r')).toEqual({
      state: 'ENABLED',
      pattern: '{}',
      targets: [{ arn: '', deadLetterArn: undefined }],
    });
    expect(await deployment.bus('b')).toBe('');
    expect(await deployment.archive('a')).toEqual({ arn: '', state: '', days: 0 });
    expect(await deployment.schedule('s', 'g')).toMatchObject({ expression: '', target: { arn: '' } });
  });

  it('is never taken for disabled because an answer does not say whether it is enabled', async () => {
    const { events, scheduler, deployment } = aDeployment();
    events.on(DescribeRuleCommand).resolves({});
    scheduler.on(GetScheduleCommand).resolves({});
    const malformed = { reason: 'malformed-answer', message: expect.stringContaining('State') };
    await expect(deployment.rule('r')).rejects.toMatchObject(malformed);
    await expect(deployment.ruleState('r')).rejects.toMatchObject(malformed);
    await expect(deployment.schedule('s', 'g')).rejects.toMatchObject(malformed);
  });

  it('is undefined when AWS has it not', async () => {
    const { events, scheduler, deployment } = aDeployment();
    events.onAnyCommand().rejects(awsError('ResourceNotFoundException'));
    scheduler.onAnyCommand().rejects(awsError('ResourceNotFoundException'));
    expect(await deployment.rule('r', 'bus')).toBeUndefined();
    expect(await deployment.ruleState('r', 'bus')).toBeUndefined();
    expect(await deployment.bus('b')).toBeUndefined();
    expect(await deployment.archive('a')).toBeUndefined();
    expect(await deployment.schedule('s', 'g')).toBeUndefined();
  });

  it('fails for now, or is refused, when AWS does so', async () => {
    const { scheduler, deployment } = aDeployment();
    scheduler.onAnyCommand().rejectsOnce(awsError('ThrottlingException')).rejects(awsError('AccessDeniedException'));
    await expect(deployment.schedule('s', 'g')).rejects.toMatchObject({ name: 'TransientAwsError' });
    await expect(deployment.schedule('s', 'g')).rejects.toMatchObject({ reason: 'access-denied' });
  });
});

describe('trails', () => {
  const field = (name: string, ...values: string[]) => ({ Field: name, Equals: values });

  it.each([
    [
      'basic selectors for all',
      { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'All' as const }] },
      true,
    ],
    [
      'basic selectors for reads',
      { EventSelectors: [{ IncludeManagementEvents: true, ReadWriteType: 'ReadOnly' as const }] },
      false,
    ],
    ['basic selectors without management events', { EventSelectors: [{ IncludeManagementEvents: false }] }, false],
    [
      'advanced selectors',
      { AdvancedEventSelectors: [{ FieldSelectors: [field('eventCategory', 'Management')] }] },
      true,
    ],
    [
      'advanced selectors for reads',
      {
        AdvancedEventSelectors: [{ FieldSelectors: [field('eventCategory', 'Management'), field('readOnly', 'true')] }],
      },
      false,
    ],
    [
      'advanced selectors for data',
      { AdvancedEventSelectors: [{ FieldSelectors: [field('eventCategory', 'Data'), { Field: 'readOnly' }] }] },
      false,
    ],
    [
      'advanced selectors of nothing',
      { AdvancedEventSelectors: [{ FieldSelectors: undefined }, { FieldSelectors: [{ Field: 'eventCategory' }] }] },
      false,
    ],
    ['no selectors', {}, false],
  ])('record writes by %s or not', async (_what, selectors, recordsWrites) => {
    const { cloudTrail, trails } = aDeployment();
    cloudTrail.on(DescribeTrailsCommand).resolves({ trailList: [{ TrailARN: 'trail' }, {}] });
    cloudTrail.on(GetTrailStatusCommand).resolves({ IsLogging: true });
    cloudTrail.on(GetEventSelectorsCommand).resolves(selectors);
    expect(await trails.trails()).toEqual([{ arn: 'trail', isLogging: true, recordsWrites }]);
  });

  it.each(['TrailNotFoundException', 'AccessDeniedException'])('of another account tell nothing: %s', async (name) => {
    const { cloudTrail, trails } = aDeployment();
    cloudTrail.on(DescribeTrailsCommand).resolves({ trailList: [{ TrailARN: 'trail' }] });
    cloudTrail.on(GetTrailStatusCommand).rejects(awsError(name));
    cloudTrail.on(GetEventSelectorsCommand).rejects(awsError(name));
    expect(await trails.trails()).toEqual([{ arn: 'trail', isLogging: undefined, recordsWrites: undefined }]);
  });

  it('may be none; and what is unexpected stays so', async () => {
    const { cloudTrail, trails } = aDeployment();
    cloudTrail
      .on(DescribeTrailsCommand)
      .resolvesOnce({})
      .resolves({ trailList: [{ TrailARN: 'trail' }] });
    expect(await trails.trails()).toEqual([]);
    cloudTrail.on(GetTrailStatusCommand).rejects(awsError('SomethingElse'));
    await expect(trails.trails()).rejects.toMatchObject({ name: 'SomethingElse' });
  });
});
