// @module-tag long
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deploy } from '../build/deploying.ts';
import { NAME_RULES } from '../build/names.ts';
import { remove } from '../build/removing.ts';
import { anAccount, aPackage } from './support/deploying.ts';
import { noticed } from './support/noticed.ts';
import { SUBSCRIBER_ROLE, subscribed } from './support/subscribed.ts';
import { packagedWith, readTemplateFile, type Template } from './support/template.ts';

const BOUNDARY = 'arn:aws:iam::111122223333:policy/usher-boundary';
interface Statement {
  Sid: string;
  Action: string | string[];
  Resource: string | string[];
  Condition?: unknown;
}

function readDoc(name: string): string {
  return readFileSync(join(import.meta.dirname, '..', 'docs', name), 'utf8');
}

function policy(name: string): Statement[] {
  return JSON.parse(readDoc(`policies/${name}.json`)).Statement;
}

function matches(text: string, patterns: string | string[]): boolean {
  return [patterns].flat().some((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text));
}

function allowing(statements: readonly Statement[], action: string, resource: string): Statement[] {
  return statements.filter((one) => matches(action, one.Action) && matches(resource, one.Resource));
}

/** Every action in a policy, whatever the parameters are. */
function actionsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, one]) => (key === 'Action' ? [one].flat() : actionsIn(one)));
}

describe('the permissions boundary for roles', () => {
  it('allows every action that a role of any template may take, and no other', async () => {
    const templates: Template[] = [
      (await packagedWith(subscribed({ mode: 'manage' }))).template,
      (await packagedWith(subscribed({ mode: 'manage', roleArn: SUBSCRIBER_ROLE }))).template,
      (await packagedWith(noticed())).template,
      readTemplateFile('forwarder.yml'),
      readTemplateFile('subscriber.yml'),
    ];
    const actions = templates
      .flatMap(({ Resources }) => Object.values(Resources))
      .filter(({ Type }) => Type === 'AWS::IAM::Role' || Type === 'AWS::IAM::ManagedPolicy')
      .flatMap(({ Properties }) => [...actionsIn(Properties['Policies']), ...actionsIn(Properties['PolicyDocument'])]);
    expect(actions.length).toBeGreaterThan(60);
    expect(policy('boundary').flatMap(({ Action }) => Action)).toEqual([...new Set(actions)].sort());
  });
});

/** The action of a request to AWS that a command makes. */
function actionOf(call: string): string {
  const [service, ...rest] = call.split(' ');
  if (service === 'lambda') return 'lambda:GetFunctionConfiguration';
  if (service !== 's3') return `${service}:${rest[0]}`;
  if (rest[0] === 'PUT') return 's3:PutObject';
  return rest[0] === 'GET' ? 's3:ListBucketVersions' : 's3:DeleteObjectVersion';
}

/** Where a service has the resources whose names a template decides. */
const ARNS: Readonly<Record<string, string>> = {
  'AWS::CloudWatch::Alarm': 'cloudwatch:us-east-1:111122223333:alarm:',
  'AWS::CloudWatch::Dashboard': 'cloudwatch::111122223333:dashboard/',
  'AWS::DynamoDB::Table': 'dynamodb:us-east-1:111122223333:table/',
  'AWS::Events::Archive': 'events:us-east-1:111122223333:archive/',
  'AWS::Events::EventBus': 'events:us-east-1:111122223333:event-bus/',
  'AWS::Events::Rule': 'events:us-east-1:111122223333:rule/',
  'AWS::KinesisFirehose::DeliveryStream': 'firehose:us-east-1:111122223333:deliverystream/',
  'AWS::Lambda::Function': 'lambda:us-east-1:111122223333:function:',
  'AWS::Logs::LogGroup': 'logs:us-east-1:111122223333:log-group:',
  'AWS::SNS::Topic': 'sns:us-east-1:111122223333:',
  'AWS::SQS::Queue': 'sqs:us-east-1:111122223333:',
  'AWS::Scheduler::Schedule': 'scheduler:us-east-1:111122223333:schedule/usher-prod/',
  'AWS::Scheduler::ScheduleGroup': 'scheduler:us-east-1:111122223333:schedule-group/',
  'AWS::StepFunctions::StateMachine': 'states:us-east-1:111122223333:stateMachine:',
};
/** Types whose actions know no resource, or belong to a resource that has its name from another one. */
const WITHOUT_ARN = [
  'AWS::Events::EventBusPolicy',
  'AWS::Logs::LogStream',
  'AWS::Logs::QueryDefinition',
  'AWS::Logs::ResourcePolicy',
];

/** Types whose resources CloudFormation names, with the longest name that AWS allows. */
const MADE_NAMES: Readonly<Record<string, { action: string; arn: string; most: number }>> = {
  'AWS::IAM::ManagedPolicy': { action: 'iam:CreatePolicy', arn: 'arn:aws:iam::111122223333:policy/', most: 128 },
  'AWS::IAM::Role': { action: 'iam:CreateRole', arn: 'arn:aws:iam::111122223333:role/', most: 64 },
  'AWS::S3::Bucket': { action: 's3:CreateBucket', arn: 'arn:aws:s3:::', most: 63 },
};

/**
 * Returns a name as CloudFormation makes it. It shortens the stack's and the resource's, half of the room for each. AWS does
 * not document that; names that users quote are such.
 */
function madeName(stack: string, id: string, most: number): string {
  const random = 'abcdefghijkl';
  const room = most - random.length - 2;
  if (stack.length + id.length <= room) return `${stack}-${id}-${random}`;
  return `${stack.slice(0, Math.ceil(room / 2))}-${id.slice(0, Math.floor(room / 2))}-${random}`;
}

describe('the policy of who deploys', () => {
  const deployer = policy('deployer');

  it('allows what deployment and removal do themselves', async () => {
    const { aws, operator } = await anAccount();
    const options = { stage: 'prod', parameters: {}, tags: {}, dryRun: false, mayLose: [] };
    expect(await deploy(options, operator().tools)).toBe(0);
    if (aws.stack) aws.stack.outputs = { OnboardingArn: 'arn:onboarding' };
    aws.ending = { status: 'UPDATE_ROLLBACK_COMPLETE' };
    expect(await deploy(options, operator({ packaged: aPackage('new') }).tools)).toBe(1);
    expect(await remove(options, operator().tools)).toBe(0);
    const actions = new Set(aws.calls.map(actionOf));
    actions.delete('sts:GetCallerIdentity');
    expect(actions.size).toBeGreaterThan(15);
    const allowed = deployer.flatMap(({ Action }) => Action);
    expect([...actions].filter((action) => !matches(action, allowed))).toEqual([]);
  });

  it('reaches every resource that the template names', async () => {
    const { Resources } = (await packagedWith(noticed())).template;
    expect([...Object.keys(ARNS), ...WITHOUT_ARN].sort()).toEqual(Object.keys(NAME_RULES).sort());
    const unreached = Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
      const [rule, arn] = [NAME_RULES[Type], ARNS[Type]];
      if (!(rule && arn)) return [];
      const resource = `arn:aws:${arn}${Properties[rule.property]}`;
      return allowing(deployer, `${arn.split(':')[0]}:Create`, resource).length > 0 ? [] : [`${id}: ${resource}`];
    });
    expect(unreached).toEqual([]);
  });

  it.each(['usher-prod', 'acme-identity-usher-prod', 'acme-identity-usher-production'])(
    'reaches what CloudFormation itself names for the stack %s, with at most 24 characters of that name',
    async (stack) => {
      const [before, after] = stack.length > 24 ? ['usher-prod-', `${stack.slice(0, 24)}*`] : ['usher-prod', stack];
      const statements: Statement[] = JSON.parse(JSON.stringify(deployer).replaceAll(before, after));
      const unreached = Object.entries((await packagedWith(noticed())).template.Resources).flatMap(([id, { Type }]) => {
        const { action, arn, most } = MADE_NAMES[Type] ?? {};
        if (!(action && arn && most)) return [];
        const resource = `${arn}${madeName(stack, id, most)}`;
        // Names of buckets are in lower case.
        const found = Type === 'AWS::S3::Bucket' ? resource.toLowerCase() : resource;
        return allowing(statements, action, found).length > 0 ? [] : [found];
      });
      expect(unreached).toEqual([]);
    },
  );

  it('makes and changes roles only with the boundary', () => {
    const role = 'arn:aws:iam::111122223333:role/usher-prod-PlanChangesRole-1A2B3C';
    for (const action of [
      'iam:AttachRolePolicy',
      'iam:CreateRole',
      'iam:PutRolePolicy',
      'iam:PutRolePermissionsBoundary',
    ]) {
      const conditions = allowing(deployer, action, role).map(({ Condition }) => Condition);
      expect(conditions).toEqual([{ StringEquals: { 'iam:PermissionsBoundary': BOUNDARY } }]);
    }
    expect(allowing(deployer, 'iam:DeleteRolePermissionsBoundary', role)).toEqual([]);
    expect(allowing(deployer, 'iam:CreatePolicyVersion', BOUNDARY)).toEqual([]);
  });

  it('passes roles to exactly the services that the roles trust', async () => {
    const { Resources } = (await packagedWith(noticed())).template;
    const trusted = Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::IAM::Role')
      .map(({ Properties }) => JSON.stringify(Properties['AssumeRolePolicyDocument']))
      .flatMap((text) => [...text.matchAll(/"Service":"([\w.]+)"/g)].map(([, service]) => service));
    const [pass] = deployer.filter(({ Action }) => Action === 'iam:PassRole');
    expect(pass?.Condition).toEqual({ StringEquals: { 'iam:PassedToService': [...new Set(trusted)].sort() } });
  });
});

describe('the policy of the key that docs/security.md has', () => {
  const [, text = ''] = /policy of your key .+?```json\n(.+?)```/s.exec(readDoc('security.md')) ?? [];
  const statements: (Statement & { Principal: { Service: string } })[] = JSON.parse(text);

  it('binds each service to the account, except EventBridge, which may send none to KMS', () => {
    const bound = statements.map(({ Principal, Condition }) => [
      Principal.Service,
      JSON.stringify(Condition)?.includes('111122223333') ?? false,
    ]);
    expect(bound).toEqual([
      ['logs.us-east-1.amazonaws.com', true],
      ['events.amazonaws.com', false],
      ['cloudwatch.amazonaws.com', true],
    ]);
  });
});
