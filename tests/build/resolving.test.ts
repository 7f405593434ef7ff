import { describe, expect, it } from 'vitest';
import { charactersIn, resolverFor } from '../../build/resolving.ts';

const TEMPLATE = {
  Parameters: {
    Triggers: { AllowedValues: ['ENABLED', 'DISABLED'], MaxLength: 100 },
    KeyArn: { MaxLength: 100 },
    RolePath: { AllowedValues: ['/', '/teams/identity/'] },
    Free: {},
  },
  Resources: {
    Ledger: { Type: 'AWS::DynamoDB::Table', Properties: { TableName: 'usher-prod-ledger' } },
    Queue: { Type: 'AWS::SQS::Queue', Properties: { QueueName: { 'Fn::Sub': '${AWS::StackName}-dead' } } },
    Machine: { Type: 'AWS::StepFunctions::StateMachine', Properties: { StateMachineName: 'usher-prod-onboarding' } },
    Plan: { Type: 'AWS::Lambda::Function', Properties: { FunctionName: 'usher-prod-planChanges' } },
    PlanLog: { Type: 'AWS::Logs::LogGroup', Properties: { LogGroupName: '/aws/lambda/usher-prod-planChanges' } },
    Bus: { Type: 'AWS::Events::EventBus', Properties: { Name: 'usher-prod-audit' } },
    Rule: { Type: 'AWS::Events::Rule', Properties: { Name: 'usher-prod-tick' } },
    Group: { Type: 'AWS::Scheduler::ScheduleGroup', Properties: { Name: 'usher-prod' } },
    Delivery: { Type: 'AWS::KinesisFirehose::DeliveryStream', Properties: { DeliveryStreamName: 'usher-prod-audit' } },
    PlanChangesRole: { Type: 'AWS::IAM::Role' },
    PlanChangesPolicy1: { Type: 'AWS::IAM::ManagedPolicy' },
    RoleWithPath: { Type: 'AWS::IAM::Role', Properties: { RoleName: 'usher', Path: { Ref: 'RolePath' } } },
    PolicyWithPath: { Type: 'AWS::IAM::ManagedPolicy', Properties: { ManagedPolicyName: 'usher', Path: '/teams/' } },
  },
};
const resolve = resolverFor(TEMPLATE, { partition: 'aws-cn', region: 'cn-north-1', stack: 'usher-prod' });
const arn = (id: string) => ({ 'Fn::GetAtt': [id, 'Arn'] });

describe('a reference', () => {
  it.each<[unknown, string]>([
    [arn('Ledger'), 'arn:aws-cn:dynamodb:cn-north-1:111122223333:table/usher-prod-ledger'],
    [arn('Queue'), 'arn:aws-cn:sqs:cn-north-1:111122223333:usher-prod-dead'],
    [{ Ref: 'Machine' }, 'arn:aws-cn:states:cn-north-1:111122223333:stateMachine:usher-prod-onboarding'],
    [arn('Plan'), 'arn:aws-cn:lambda:cn-north-1:111122223333:function:usher-prod-planChanges'],
    [arn('PlanLog'), 'arn:aws-cn:logs:cn-north-1:111122223333:log-group:/aws/lambda/usher-prod-planChanges:*'],
    [arn('Bus'), 'arn:aws-cn:events:cn-north-1:111122223333:event-bus/usher-prod-audit'],
    [arn('Rule'), 'arn:aws-cn:events:cn-north-1:111122223333:rule/usher-prod-tick'],
    [arn('Group'), 'arn:aws-cn:scheduler:cn-north-1:111122223333:schedule-group/usher-prod'],
    [arn('Delivery'), 'arn:aws-cn:firehose:cn-north-1:111122223333:deliverystream/usher-prod-audit'],
    [
      { 'Fn::GetAtt': 'PlanChangesRole.Arn' },
      'arn:aws-cn:iam::111122223333:role/usher-prod-PlanChangesRole-XXXXXXXXXXXXX',
    ],
    [{ Ref: 'PlanChangesPolicy1' }, 'arn:aws-cn:iam::111122223333:policy/usher-prod-PlanChangesPolicy1-XXXXXXXXXXXXX'],
    [arn('RoleWithPath'), 'arn:aws-cn:iam::111122223333:role/teams/identity/usher'],
    [{ Ref: 'PolicyWithPath' }, 'arn:aws-cn:iam::111122223333:policy/teams/usher'],
    [{ Ref: 'Ledger' }, 'usher-prod-ledger'],
    [{ Ref: 'AWS::URLSuffix' }, 'amazonaws.com.cn'],
    [{ Ref: 'Triggers' }, 'DISABLED'],
    [{ Ref: 'KeyArn' }, 'x'.repeat(100)],
    [{ Ref: 'Free' }, 'x'.repeat(4096)],
    [
      { 'Fn::Sub': 'a ${AWS::Region} ${Bus} ${Plan.Arn} ${!Literal}' },
      'a cn-north-1 usher-prod-audit arn:aws-cn:lambda:cn-north-1:111122223333:function:usher-prod-planChanges ${!Literal}',
    ],
    [{ 'Fn::Sub': ['to ${Where}', { Where: { Ref: 'Bus' } }] }, 'to usher-prod-audit'],
    [{ 'Fn::Join': ['/', ['a', { Ref: 'Bus' }]] }, 'a/usher-prod-audit'],
  ])('%j is as long as what AWS gets', (value, expected) => {
    expect(resolve(value)).toBe(expected);
  });
});

describe('a choice', () => {
  it('is the longer one, and what is left out is gone', () => {
    const choice = (yes: unknown, no: unknown) => ({ 'Fn::If': ['HasKey', yes, no] });
    expect(resolve(choice('longer', 'long'))).toBe('longer');
    expect(resolve([choice({ Ref: 'AWS::NoValue' }, { key: [1] }), { Ref: 'AWS::NoValue' }])).toEqual([{ key: [1] }]);
    expect(resolve({ one: { Ref: 'AWS::NoValue' }, other: null })).toEqual({ other: null });
  });
});

describe('the characters of a policy', () => {
  it('are counted without white space, also that of an indented text', () => {
    expect(charactersIn({ Action: ['a', 'b'] })).toBe(20);
    expect(charactersIn('{\n  "Action": ["a", "b"]\n}')).toBe(20);
    expect(charactersIn(undefined)).toBe(0);
  });
});
