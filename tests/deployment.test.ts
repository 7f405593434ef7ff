// @module-tag long
import { createHash } from 'node:crypto';
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { Ajv } from 'ajv';
import { strFromU8, unzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { NOTICES_FILE } from '../build/license-notices.ts';
import { SBOM_FILE } from '../build/sbom.ts';
import { EVENT_FAMILIES } from '../domain/request/event-families.ts';
import { type EventPattern, matches } from '../emulator/aws/eventbridge/event-pattern.ts';
import { readTemplate as readDeployed } from '../emulator/engine/template.ts';
import {
  aCreateGroupMembership,
  aCreateUser,
  aDeleteGroupMembership,
  aDisableUser,
  aNativeNotification,
  anAddMemberToGroup,
  anUpdateGroup,
  aPatchGroup,
  aPatchUser,
  aQuickSightMembership,
} from './support/events.ts';
import { busStatements, isMet, type PolicyStatement, type RequestContext, unguarded } from './support/guards.ts';
import { GROUP, user } from './support/ids.ts';
import { noticed } from './support/noticed.ts';
import {
  aCheckout,
  packaged,
  packagedWith,
  packageIn,
  type Resource,
  readTemplateFile,
  resolved,
  type Template,
} from './support/template.ts';

const ROOT = join(import.meta.dirname, '..');
const EVERYTHING = {
  NativeNotifications: 'ENABLED',
  Tracing: 'ENABLED',
  ForwarderRoleArn: 'arn:aws:iam::999988887777:role/usher-prod-forwarder-ForwarderRole-1A2B3C',
  AlarmTopicArn: 'arn:aws:sns:us-east-1:111122223333:topic',
  AuditBucketArn: 'arn:aws:s3:::bucket',
  AuditBucketAccountId: '444455556666',
  KeyArn: 'arn:aws:kms:us-east-1:111122223333:key/1',
  IdentityCenterKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/2',
};
/** Two weeks, the longest that SQS keeps a message. */
const FOURTEEN_DAYS_SECONDS = 1_209_600;
const SCHEMAS = join(ROOT, 'node_modules', '@cyclonedx', 'cyclonedx-library', 'res', 'schema');
const BUNDLE_LIMIT_BYTES = 400_000;

interface Target {
  Arn: unknown;
  RetryPolicy?: object;
  DeadLetterConfig?: { Arn: { 'Fn::GetAtt': string[] } };
}

function ofType({ Resources }: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

/** With all that a parameter may add. */
let template: Template;
/** The same with notices, which is described in notices-deployment.test.ts. */
let withNotices: Template;
beforeAll(async () => {
  template = resolved((await packaged()).template, EVERYTHING);
  withNotices = resolved((await packagedWith(noticed())).template, EVERYTHING);
});

function properties(id: string): Resource['Properties'] {
  const found = template.Resources[id];
  if (!found) throw new Error(`The template has no ${id}`);
  return found.Properties;
}

describe('every resource', () => {
  it('that has a name carries the stage in it', () => {
    const names = Object.entries(template.Resources).flatMap(([id, { Properties }]) =>
      Object.entries(Properties).flatMap(([property, value]) =>
        /^(?:Name|StatementId|\w+Name)$/.test(property) && property !== 'MetricName' && typeof value === 'string'
          ? [`${id}.${property}: ${value}`]
          : [],
      ),
    );
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !/: (?:[\w/]+\/)?usher-prod\b/.test(name))).toEqual([
      'AuditDeliveryLogStream.LogStreamName: delivery',
    ]);
  });

  it('that holds something stays when the stack is removed, but not when its creation is rolled back', () => {
    const stateful = ['AWS::DynamoDB::Table', 'AWS::Events::EventBus', 'AWS::Events::Archive', 'AWS::SQS::Queue'];
    const kept = Object.entries(template.Resources).filter(
      ([id, { Type }]) => stateful.includes(Type) || id === 'AuditLogGroup',
    );
    expect(kept).toHaveLength(8);
    for (const [id, { DeletionPolicy, UpdateReplacePolicy }] of kept) {
      expect({ id, DeletionPolicy, UpdateReplacePolicy }).toEqual({
        id,
        DeletionPolicy: 'RetainExceptOnCreate',
        UpdateReplacePolicy: 'Retain',
      });
    }
  });
});

describe('the ledger', () => {
  it('can be restored, not deleted by accident, and forgets what is finished', () => {
    expect(properties('Ledger')).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
      DeletionProtectionEnabled: true,
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true, KMSMasterKeyId: { Ref: 'KeyArn' } },
    });
  });
});

describe('every queue of dead letters', () => {
  it('keeps them for fourteen days, encrypted, by a key of AWS or the one that was given', async () => {
    for (const parameters of [{}, EVERYTHING]) {
      const queues = ofType(resolved((await packaged()).template, parameters), 'AWS::SQS::Queue');
      expect(queues).toHaveLength(4);
      for (const [, { Properties }] of queues) {
        expect(Properties['MessageRetentionPeriod']).toBe(FOURTEEN_DAYS_SECONDS);
        expect([Properties['SqsManagedSseEnabled'], Properties['KmsMasterKeyId']]).toEqual(
          'KeyArn' in parameters ? [undefined, { Ref: 'KeyArn' }] : [true, undefined],
        );
      }
    }
  });

  it.each([
    ['the template', () => template],
    ['the forwarder', () => resolved(readTemplateFile('forwarder.yml'), EVERYTHING)],
  ])('of a rule lets exactly its rules put messages in: %s', (_name, read) => {
    const all = read();
    const rules = ofType(all, 'AWS::Events::Rule');
    expect(rules.length).toBeGreaterThan(1);
    const policies = ofType(all, 'AWS::SQS::QueuePolicy').flatMap(([, { Properties }]) => {
      const { Statement } = Properties['PolicyDocument'] as { Statement: PolicyStatement[] };
      const queues = JSON.stringify(Properties['Queues']);
      return Statement.filter(({ Effect }) => Effect === 'Allow').map((statement) => ({ queues, statement }));
    });
    const used = new Map<string, string[]>();
    for (const [id, { Properties }] of rules) {
      for (const target of Properties['Targets'] as Target[]) {
        expect(target.RetryPolicy, id).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
        const [queue = ''] = target.DeadLetterConfig?.Arn['Fn::GetAtt'] ?? [];
        used.set(queue, [...(used.get(queue) ?? []), id]);
      }
    }
    for (const [queue, ids] of used) {
      const allowing = policies.filter(({ queues }) => queues === `[{"Ref":"${queue}"}]`);
      expect(allowing, queue).toHaveLength(1);
      const { Principal, Action, Resource: resource, Condition } = allowing[0]?.statement ?? {};
      expect([Principal, Action, resource]).toEqual([
        { Service: 'events.amazonaws.com' },
        'sqs:SendMessage',
        { 'Fn::GetAtt': [queue, 'Arn'] },
      ]);
      const { ArnEquals, StringEquals } = Condition as Record<string, Record<string, unknown>>;
      expect([ArnEquals?.['aws:SourceArn']].flat()).toEqual(ids.map((id) => ({ 'Fn::GetAtt': [id, 'Arn'] })));
      expect(StringEquals).toEqual({ 'aws:SourceAccount': { Ref: 'AWS::AccountId' } });
    }
    expect(policies).toHaveLength(used.size);
  });
});

describe('the log of the audit stream', () => {
  it('lets EventBridge create its streams, and exactly the rule write to them', () => {
    const { PolicyDocument } = properties('AuditToLogPolicy') as { PolicyDocument: { 'Fn::Sub': string } };
    const { Statement }: { Statement: Record<string, unknown>[] } = JSON.parse(PolicyDocument['Fn::Sub']);
    expect(Statement.map(({ Action, Resource: resource, Condition }) => [Action, resource, Condition])).toEqual([
      ['logs:CreateLogStream', '${AuditLogGroup.Arn}', undefined],
      ['logs:PutLogEvents', '${AuditLogGroup.Arn}', { ArnEquals: { 'aws:SourceArn': '${AuditToLog.Arn}' } }],
    ]);
  });
});

describe('the rule on events', () => {
  const patternOf = (all: Template, id: string) => all.Resources[id]?.Properties['EventPattern'] as EventPattern;
  const bothTemplates = () => [template, resolved(readTemplateFile('forwarder.yml'), EVERYTHING)];
  const taken = (all: Template, event: object) =>
    ['IdentityCenterEvents', 'IdentityStoreNotifications'].filter((id) => matches(patternOf(all, id), event));

  it('fits into 2,048 characters', () => {
    for (const all of bothTemplates()) {
      for (const [id, { Properties }] of ofType(all, 'AWS::Events::Rule')) {
        expect(JSON.stringify(Properties['EventPattern']).length, id).toBeLessThanOrEqual(2048);
      }
    }
  });

  it('names the operations that may touch a membership, and no others', () => {
    const pattern = JSON.parse(JSON.stringify(patternOf(template, 'IdentityCenterEvents')));
    const operations = [...EVENT_FAMILIES.values()].flatMap(({ meanings }) =>
      [...meanings].flatMap(([operation, meaning]) => (meaning === 'nothing' ? [] : [operation])),
    );
    expect(pattern.detail.eventSource.toSorted()).toEqual([...EVENT_FAMILIES.keys()].sort());
    expect(pattern.detail.eventName.toSorted()).toEqual([...new Set(operations)].sort());
  });

  it('is the same in the management account', () => {
    const [here, there] = bothTemplates();
    if (!(here && there)) throw new Error('There are two');
    for (const id of ['IdentityCenterEvents', 'IdentityStoreNotifications']) {
      expect(patternOf(there, id)).toEqual(patternOf(here, id));
    }
  });

  const one = { groupId: GROUP, userId: user(1) };
  it.each([
    ['a join in the console', anAddMemberToGroup(one)],
    ['a join through the API', aCreateGroupMembership(one)],
    ['a leave through the API', aDeleteGroupMembership()],
    ['a change by SCIM', aPatchGroup(one)],
    ['somebody disabled by SCIM', aPatchUser(one)],
    ['somebody disabled in the console', aDisableUser(one)],
    ['a change by SCIM under another source of AWS', { ...aPatchGroup(one), source: 'aws.cloudtrail' }],
  ])('takes %s', (_fact, event) => {
    for (const all of bothTemplates()) expect(taken(all, event)).toEqual(['IdentityCenterEvents']);
  });

  it.each([
    ['a call that was refused', anAddMemberToGroup({ ...one, errorCode: 'AccessDenied' })],
    ['the operation of another service', aQuickSightMembership()],
    ['a user who was created', aCreateUser(one)],
    ['a group that was renamed', anUpdateGroup(one)],
    ['what somebody else puts on the bus', { ...anAddMemberToGroup(one), source: 'custom.sso-directory' }],
    ['a notification of another service', { ...aNativeNotification(), source: 'aws.ec2' }],
  ])('takes not %s', (_fact, event) => {
    for (const all of bothTemplates()) expect(taken(all, event)).toEqual([]);
  });

  it('on notifications takes all of them, and is there only if it is asked for', async () => {
    for (const detailType of ['User Updated', 'Group Updated', 'Something New']) {
      for (const all of bothTemplates()) {
        expect(taken(all, aNativeNotification({ detailType }))).toEqual(['IdentityStoreNotifications']);
      }
    }
    expect(resolved((await packaged()).template).Resources).not.toHaveProperty('IdentityStoreNotifications');
    expect(resolved(readTemplateFile('forwarder.yml')).Resources).not.toHaveProperty('IdentityStoreNotifications');
  });
});

describe('the state machines', () => {
  it('are one definition, twice, and log without what they are given', () => {
    const [onboarding, admin] = ['Onboarding', 'OnboardingAdmin'].map(properties);
    expect(admin).toEqual({ ...onboarding, StateMachineName: 'usher-prod-onboarding-admin' });
    expect(onboarding).toMatchObject({
      StateMachineName: 'usher-prod-onboarding',
      LoggingConfiguration: { Level: 'ALL', IncludeExecutionData: false },
    });
  });

  it('are the file that the tests run, nulls and all', () => {
    const { DefinitionString } = properties('Onboarding') as { DefinitionString: { 'Fn::Sub': [string, object] } };
    const [text, arns] = DefinitionString['Fn::Sub'];
    expect(JSON.parse(text)).toEqual(readDeployed().definition);
    const placeholders = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name);
    expect(Object.keys(arns).sort()).toEqual([...new Set(placeholders)].sort());
  });
});

describe('X-Ray', () => {
  const tracing = (all: Template) => [
    ...ofType(all, 'AWS::StepFunctions::StateMachine').map(([, { Properties }]) => Properties['TracingConfiguration']),
    ...ofType(all, 'AWS::Lambda::Function').map(([, { Properties }]) => Properties['TracingConfig']),
  ];
  const [machines, functions] = [2, 5];
  const all = (enabled: boolean) => [
    ...Array(machines).fill({ Enabled: enabled }),
    ...Array(functions).fill({ Mode: enabled ? 'Active' : 'PassThrough' }),
  ];

  it('traces every state machine and function if the parameter says so', () => {
    expect(tracing(template)).toEqual(all(true));
  });

  it('traces none by default, and no role may then write traces', async () => {
    const untraced = resolved((await packaged()).template);
    expect(tracing(untraced)).toEqual(all(false));
    expect(JSON.stringify(untraced)).not.toContain('xray:');
  });
});

describe('the tick', () => {
  it('starts that machine every five minutes, and leaves behind what could not start it', () => {
    expect(properties('Tick')).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      Target: {
        Arn: { Ref: 'Onboarding' },
        DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredTicks', 'Arn'] } },
      },
    });
    const { Input } = properties('Tick')['Target'] as { Input: string };
    expect(JSON.parse(Input)).toEqual({ scope: 'tick' });
  });

  it('and the rules are paused by one parameter', () => {
    const paused = Object.entries(template.Resources).filter(
      ([, { Properties }]) => JSON.stringify(Properties['State']) === '{"Ref":"Triggers"}',
    );
    expect(paused.map(([id]) => id)).toEqual(['IdentityCenterEvents', 'IdentityStoreNotifications', 'Tick']);
  });
});

describe('the audit bus', () => {
  const arnOf = (role: string) => ({ 'Fn::GetAtt': [role, 'Arn'] });
  const principal = (arn: unknown): RequestContext => ({
    'aws:PrincipalArn': arn,
    'aws:PrincipalIsAWSService': 'false',
    'aws:SecureTransport': 'true',
  });
  const SERVICE = { 'aws:PrincipalIsAWSService': 'true', 'aws:SourceAccount': '111122223333' };
  const RULE = { 'aws:SourceArn': 'arn:aws:events:us-east-1:111122223333:rule/default/forge' };
  const isDenied = (context: RequestContext) =>
    busStatements(template, 'AuditBus').some((statement) => statement.Effect === 'Deny' && isMet(statement, context));

  it('has no statement but those that deny PutEvents on it to all', () => {
    const statements = busStatements(template, 'AuditBus');
    expect(statements.length).toBeGreaterThan(0);
    for (const { Effect, Principal, Action, Resource: resource } of statements) {
      expect([Effect, Principal, Action, resource]).toEqual(['Deny', '*', 'events:PutEvents', arnOf('AuditBus')]);
    }
  });

  it.each<[string, RequestContext]>([
    ['the role of recordAudit', principal(arnOf('RecordAuditRole'))],
    ['a service of AWS, such as the one that replays the archive', SERVICE],
  ])('takes events of %s', (_who, context) => {
    expect(isDenied(context)).toBe(false);
  });

  it.each<[string, RequestContext]>([
    ['an operator', principal('arn:aws:iam::111122223333:role/operator')],
    ['an administrator', principal('arn:aws:iam::111122223333:role/admin')],
    ['the root user', principal('arn:aws:iam::111122223333:root')],
    ['the role of another function', principal(arnOf('ApplyChangesRole'))],
    ['a rule that uses a role', { ...principal('arn:aws:iam::111122223333:role/rule'), ...RULE }],
    ['a rule of another bus, in the name of EventBridge', { ...SERVICE, ...RULE }],
    ['a caller of whom nothing is known', {}],
  ])('takes no event of %s', (_who, context) => {
    expect(isDenied(context)).toBe(true);
  });

  it('takes what recordAudit publishes: the functions and the policy name the same role', () => {
    const { Role } = properties('RecordAuditLambdaFunction');
    expect(Role).toEqual({ 'Fn::Sub': '${RecordAuditRole.Arn}' });
  });
});

describe('another account', () => {
  const ROLE = { Ref: 'ForwarderRoleArn' };
  const forwarded = (type: string, source: string, role: unknown = ROLE): RequestContext => ({
    'aws:PrincipalArn': role,
    'events:detail-type': type,
    'events:source': source,
  });
  const isAllowed = (all: Template, context: RequestContext) =>
    ofType(all, 'AWS::Events::EventBusPolicy').some(([, { Properties }]) => {
      const statement = Properties['Statement'] as PolicyStatement;
      return statement.Effect === 'Allow' && isMet(statement, context);
    });
  const policies = (all: Template) =>
    ofType(all, 'AWS::Events::EventBusPolicy').flatMap(([id]) => (id.startsWith('Forwarder') ? [id] : []));

  it('may put events on the default bus if its forwarder is named, and only that one', async () => {
    expect(policies(resolved((await packaged()).template, { NativeNotifications: 'ENABLED' }))).toEqual([]);
    expect(policies(template)).toEqual(['ForwarderPolicy', 'ForwarderNotificationsPolicy']);
    for (const id of policies(template)) {
      const account = { 'Fn::Select': [4, { 'Fn::Split': [':', ROLE] }] };
      expect(properties(id)).toMatchObject({
        Statement: {
          Effect: 'Allow',
          Principal: { AWS: { 'Fn::Sub': ['arn:${AWS::Partition}:iam::${account}:root', { account }] } },
          Action: 'events:PutEvents',
          Resource: { 'Fn::Sub': expect.stringMatching(/:event-bus\/default$/) },
        },
      });
    }
  });

  it('may forward what its rules take, by its role', async () => {
    const withoutNotifications = resolved((await packaged()).template, {
      ForwarderRoleArn: EVERYTHING.ForwarderRoleArn,
    });
    const { 'detail-type': type, source } = recordOf(aPatchGroup({ groupId: GROUP }));
    expect(isAllowed(template, forwarded(type, source))).toBe(true);
    expect(isAllowed(withoutNotifications, forwarded(type, source))).toBe(true);
    const native = recordOf(aNativeNotification({ detailType: 'Something New' }));
    expect(isAllowed(template, forwarded(native['detail-type'], native.source))).toBe(true);
    expect(isAllowed(withoutNotifications, forwarded(native['detail-type'], native.source))).toBe(false);
  });

  it.each([
    [
      'by another role',
      forwarded('AWS API Call via CloudTrail', 'aws.sso-directory', 'arn:aws:iam::999988887777:role/x'),
    ],
    ['of another type', forwarded('Seat Assigned', 'usher')],
    ['of another service', forwarded('EC2 Instance State-change Notification', 'aws.ec2')],
  ])('may put no event %s', (_fact, context) => {
    expect(isAllowed(template, context)).toBe(false);
  });

  it.each([
    ['nothing', '', true],
    ['the output of forwarder.yml', EVERYTHING.ForwarderRoleArn, true],
    ['a role with a path, in another partition', 'arn:aws-us-gov:iam::999988887777:role/teams/usher', true],
    ['an account', '999988887777', false],
    ['the root of an account', 'arn:aws:iam::999988887777:root', false],
    ['everyone', '*', false],
    ['every role of an account', 'arn:aws:iam::999988887777:role/*', false],
    ['a role of every account', 'arn:aws:iam::*:role/usher', false],
    ['two roles', 'arn:aws:iam::999988887777:role/a,arn:aws:iam::999988887777:role/b', false],
  ])('is named by %s: %s %s', (_fact, arn, isTaken) => {
    const { AllowedPattern } = template.Parameters['ForwarderRoleArn'] ?? {};
    expect(new RegExp(`^(?:${AllowedPattern})$`).test(arn)).toBe(isTaken);
  });

  it('gets its role as an output of its stack', () => {
    expect(readTemplateFile('forwarder.yml')).toMatchObject({
      Outputs: { ForwarderRoleArn: { Value: { 'Fn::GetAtt': ['ForwarderRole', 'Arn'] } } },
    });
  });
});

describe.each<[string, () => Template, number]>([
  ['the template', () => template, 15],
  ['the forwarder', () => resolved(readTemplateFile('forwarder.yml'), EVERYTHING), 2],
  ['the subscriber', () => resolved(readTemplateFile('subscriber.yml'), { Provider: 'kiro', Mode: 'manage' }), 0],
])('every role, queue, bus and permission to invoke: %s', (_name, read, least) => {
  it('is guarded against other accounts, other principals and plain HTTP', () => {
    expect(unguarded(read())).toEqual([]);
  });

  it('is found if it is not', () => {
    const conditions = guardsOf(read());
    expect(conditions.length).toBeGreaterThanOrEqual(least);
    for (const index of conditions.keys()) {
      const less = structuredClone(read());
      guardsOf(less)[index]?.remove();
      expect(unguarded(less), conditions[index]?.of).toHaveLength(1);
    }
  });
});

describe('every role that a service of AWS assumes', () => {
  it('names what the service acts for, except those of Lambda and Firehose', () => {
    const trusts = ofType(template, 'AWS::IAM::Role').map(([id, { Properties }]) => {
      const { Statement } = Properties['AssumeRolePolicyDocument'] as { Statement: PolicyStatement[] };
      const services = Statement.flatMap(({ Principal }) => Object(Principal)['Service'] ?? []);
      const keys = Statement.flatMap(({ Condition = {} }) => Object.values(Condition).flatMap(Object.keys));
      return [id, services.join(), keys.includes('aws:SourceArn')] as const;
    });
    expect(trusts.length).toBeGreaterThan(5);
    const unnamed = trusts.filter(([, , isNamed]) => !isNamed).map(([, service]) => service);
    expect([...new Set(unnamed)].sort()).toEqual(['firehose.amazonaws.com', 'lambda.amazonaws.com']);
  });
});

describe('every alarm', () => {
  const runbook = () => readFileSync(join(ROOT, 'docs', 'runbook.md'), 'utf8');
  const alarms = () => [
    ...ofType(template, 'AWS::CloudWatch::Alarm'),
    ...ofType(withNotices, 'AWS::CloudWatch::Alarm').filter(([id]) => !(id in template.Resources)),
    ...ofType(resolved(readTemplateFile('forwarder.yml'), EVERYTHING), 'AWS::CloudWatch::Alarm'),
  ];

  it('leads to its section of the runbook, and the runbook has no other', () => {
    const sections = [...runbook().matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    const named = alarms().map(([, { Properties }]) => {
      const [, anchor] = / docs\/runbook\.md#([a-z-]+)$/.exec(String(Properties['AlarmDescription'])) ?? [];
      return anchor;
    });
    expect(named.toSorted()).toEqual(sections.toSorted());
  });

  it('is explained with queries that are deployed, here and elsewhere in the docs', () => {
    const named = globSync('docs/*.md', { cwd: ROOT })
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .flatMap((text) => [...text.matchAll(/\bquery \*([^*]+)\*/g)].map(([, name]) => name));
    const deployed = ofType(withNotices, 'AWS::Logs::QueryDefinition').map(([, { Properties }]) => Properties['Name']);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => !deployed.includes(`usher-prod/${name}`))).toEqual([]);
  });

  it('on the bucket is there only if there is a bucket', async () => {
    expect(properties('AuditDeliveryAlarm')).toMatchObject({
      MetricName: 'DeliveryToS3.DataFreshness',
      Dimensions: [{ Name: 'DeliveryStreamName', Value: { Ref: 'AuditDelivery' } }],
    });
    expect(resolved((await packaged()).template).Resources).not.toHaveProperty('AuditDeliveryAlarm');
  });

  it('tells the topic that was given, and nobody without one', async () => {
    for (const [id, { Properties }] of alarms()) {
      expect(Properties['AlarmActions'], id).toEqual([{ Ref: 'AlarmTopicArn' }]);
    }
    for (const [id, { Properties }] of ofType(resolved((await packaged()).template), 'AWS::CloudWatch::Alarm')) {
      expect(Properties['AlarmActions'], id).toBeUndefined();
    }
  });

  it('and every widget watches what is measured, under the name of the stage', () => {
    const source = globSync('{functions,reconcile}/**/*.ts', { cwd: ROOT })
      .map((file) => readFileSync(join(ROOT, file), 'utf8'))
      .join('\n');
    // What became of a notice is measured by the metric of its outcome.
    const measured = new Set(
      [...source.matchAll(/\bmeasure\(\s*'(\w+)'|: '(Notices\w+)',$/gm)].map(([, name, outcome]) => name ?? outcome),
    );
    const watched = alarms().flatMap(([, { Properties }]) =>
      Properties['Namespace'] === 'Usher' ? [{ name: Properties['MetricName'], of: Properties['Dimensions'] }] : [],
    );
    expect(watched.length).toBeGreaterThan(8);
    for (const { name, of } of watched) {
      expect(measured).toContain(name);
      expect(of).toEqual([{ Name: 'service', Value: 'usher-prod' }]);
    }
    const dashboard = withNotices.Resources['Dashboard']?.Properties ?? {};
    const { DashboardBody } = dashboard as { DashboardBody: { 'Fn::Sub': string } };
    const { widgets }: { widgets: { properties: { metrics?: unknown[][] } }[] } = JSON.parse(DashboardBody['Fn::Sub']);
    const shown = widgets
      .flatMap((widget) => widget.properties.metrics ?? [])
      .filter(([namespace]) => namespace === 'Usher');
    expect(shown.length).toBeGreaterThan(5);
    for (const [, name, dimension, value] of shown) {
      expect(measured).toContain(name);
      expect([dimension, value]).toEqual(['service', 'usher-prod']);
    }
    for (const { Properties } of ofType(template, 'AWS::Lambda::Function').map(([, resource]) => resource)) {
      expect(Properties['Environment']).toMatchObject({ Variables: { POWERTOOLS_SERVICE_NAME: 'usher-prod' } });
    }
  });
});

describe('the package', () => {
  it('has at most 400 kB a function, unpacked', async () => {
    const { directory } = await packaged();
    const bundles = readdirSync(join(directory, 'bundles'));
    expect(bundles).toHaveLength(5);
    for (const name of bundles) {
      const files = filesIn(join(directory, 'bundles', name));
      const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0);
      expect(bytes, name).toBeLessThanOrEqual(BUNDLE_LIMIT_BYTES);
    }
  });

  it('is the same, template and all, from another folder, at another time and in another time zone', async () => {
    const { directory } = await packaged();
    const again = await packageIn(aCopy(billOf(directory)), { TZ: 'Pacific/Kiritimati' });
    const digests = digestsIn(directory);
    expect([...digests.keys()].filter((file) => file.endsWith('.zip'))).toHaveLength(5);
    expect(digestsIn(again.directory)).toEqual(digests);
  });

  it('has a bill of materials that conforms to CycloneDX 1.6, and no time', async () => {
    const { directory } = await packaged();
    const schema = (name: string) => JSON.parse(readFileSync(join(SCHEMAS, `${name}.SNAPSHOT.schema.json`), 'utf8'));
    const ajv = new Ajv({ strict: false, validateFormats: false });
    for (const name of ['spdx', 'jsf-0.82']) {
      ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`);
    }
    const bill = billOf(directory);
    const conforms = ajv.validate(schema('bom-1.6'), bill);
    expect(ajv.errors).toBeNull();
    expect(conforms).toBe(true);
    expect(bill.metadata).toEqual({ component: expect.objectContaining({ name: 'usher' }) });
  });

  it('has in the bill each zip with its hash, and each package as the lockfile has it', async () => {
    const { directory } = await packaged();
    const lock: { packages: Record<string, { version: string; integrity: string }> } = JSON.parse(
      readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
    );
    const { components } = billOf(directory);
    const digests = digestsIn(directory);
    const [zips, packages] = [filesOf(components), librariesOf(components)];
    expect(zips.map(({ name }) => name)).toEqual([...digests.keys()].filter((file) => file.endsWith('.zip')));
    expect(packages.length).toBeGreaterThan(15);
    for (const { name, hashes } of zips) expect(hashes).toEqual([{ alg: 'SHA-256', content: digests.get(name) }]);
    for (const one of packages) {
      const { version, integrity } = lock.packages[one['bom-ref']] ?? {};
      const content = Buffer.from(integrity?.replace('sha512-', '') ?? '', 'base64').toString('hex');
      expect(one).toMatchObject({ version, hashes: [{ alg: 'SHA-512', content }] });
    }
  });

  it('has in each zip what was bundled, and the license of each package that the bill names for it', async () => {
    const { directory } = await packaged();
    const { components, dependencies } = billOf(directory);
    for (const { name: zip } of filesOf(components)) {
      const { [NOTICES_FILE]: notices, ...files } = unzipSync(readFileSync(join(directory, zip)));
      const bundled = join(directory, 'bundles', basename(zip, '.zip'));
      expect(Object.keys(files)).toEqual(filesIn(bundled).map((file) => relative(bundled, file)));
      for (const [file, bytes] of Object.entries(files))
        expect(readFileSync(join(bundled, file)).equals(bytes)).toBe(true);
      const named = [...strFromU8(notices ?? new Uint8Array()).matchAll(/^(@?\S+) (\S+) \([\w.-]+\)$/gm)];
      const { dependsOn = [] } = dependencies.find(({ ref }) => ref === zip) ?? {};
      const packages = librariesOf(components).filter((one) => dependsOn.includes(one['bom-ref']));
      expect(named.map(([, name, version]) => `${name}@${version}`).sort()).toEqual(
        packages.map(({ purl }) => purl.replace('pkg:npm/', '').replace('%40', '@')).sort(),
      );
      expect(packages.map(({ name }) => name)).toContain('zod');
    }
  });
});

function recordOf(event: object): { 'detail-type': string; source: string } {
  return event as { 'detail-type': string; source: string };
}

/** The guards of all resources, each with what takes it away. */
function guardsOf(all: Template): { of: string; remove(): void }[] {
  return Object.entries(all.Resources).flatMap(([id, { Type, Properties }]) => {
    const guard = (remove: () => void) => [{ of: id, remove }];
    if (Type === 'AWS::IAM::Role') {
      const { AssumeRolePolicyDocument: trust, Policies = [] } = Properties as {
        AssumeRolePolicyDocument: { Statement: PolicyStatement[] };
        Policies?: { PolicyDocument: { Statement: PolicyStatement[] } }[];
      };
      const writing = Policies.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
      return [
        ...trust.Statement.filter(({ Principal }) => JSON.stringify(Principal).includes('"Service"')),
        ...writing.filter(({ Action }) => [Action].flat().some((action) => action.startsWith('s3:'))),
      ].flatMap((statement) => guard(() => delete statement.Condition));
    }
    if (Type === 'AWS::SQS::QueuePolicy') return guard(() => delete all.Resources[id]);
    if (Type === 'AWS::Lambda::Permission') return guard(() => delete Properties['SourceArn']);
    if (Type !== 'AWS::Events::EventBusPolicy' || id === 'AuditBusNoRules') return [];
    const statement = Properties['Statement'] as PolicyStatement;
    return guard(statement.Effect === 'Deny' ? () => delete all.Resources[id] : () => delete statement.Condition);
  });
}

interface Component {
  type: string;
  name: string;
  'bom-ref': string;
  purl: string;
  hashes: { alg: string; content: string }[];
}

interface Bill {
  metadata: object;
  components: Component[];
  dependencies: { ref: string; dependsOn?: string[] }[];
}

function billOf(directory: string): Bill {
  return JSON.parse(readFileSync(join(directory, SBOM_FILE), 'utf8'));
}

const filesOf = (components: readonly Component[]) => components.filter(({ type }) => type === 'file');
const librariesOf = (components: readonly Component[]) => components.filter(({ type }) => type === 'library');

/** A copy of this repository elsewhere, in which all that is bundled is a copy, too, made now. Everything else is a link. */
function aCopy({ components }: Bill): string {
  const folder = aCheckout();
  const replace = (path: string, filter = (_source: string) => true) => {
    rmSync(join(folder, path));
    cpSync(join(ROOT, path), join(folder, path), { recursive: true, filter });
  };
  for (const room of ['domain', 'adapters', 'reconcile', 'functions', 'input']) replace(room);
  const link = (path: string) => {
    rmSync(join(folder, path), { force: true });
    mkdirSync(join(folder, path));
    for (const name of readdirSync(join(ROOT, path))) symlinkSync(join(ROOT, path, name), join(folder, path, name));
  };
  link('node_modules');
  const paths = librariesOf(components).map((one) => one['bom-ref']);
  for (const scope of new Set(paths.map(dirname))) if (scope !== 'node_modules') link(scope);
  // Modules for other tools and types are many, and in no bundle.
  for (const path of paths) replace(path, (source) => !/\/dist-(?:cjs|types)$/.test(source));
  return folder;
}

function digestsIn(folder: string): Map<string, string> {
  const digest = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex');
  return new Map(filesIn(folder).map((file) => [relative(folder, file), digest(file)]));
}

/** All files below a folder, in order. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}
