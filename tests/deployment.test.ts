// @module-tag long
import { createHash } from 'node:crypto';
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EVENT_FAMILIES } from '../domain/request/event-families.ts';
import { readTemplate as readDeployed } from '../emulator/engine/template.ts';
import { type EventPattern, matches } from './support/event-pattern.ts';
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
import { GROUP, user } from './support/ids.ts';
import {
  aCheckout,
  packaged,
  packageIn,
  type Resource,
  readTemplateFile,
  resolved,
  type Template,
} from './support/template.ts';

const ROOT = join(import.meta.dirname, '..');
const EVERYTHING = {
  NativeNotifications: 'ENABLED',
  ForwarderAccountId: '999988887777',
  AlarmTopicArn: 'arn:aws:sns:us-east-1:111122223333:topic',
  AuditBucketArn: 'arn:aws:s3:::bucket',
  KeyArn: 'arn:aws:kms:us-east-1:111122223333:key/1',
  IdentityCenterKeyArn: 'arn:aws:kms:us-east-1:111122223333:key/2',
};
/** Two weeks, the longest that SQS keeps a message. */
const FOURTEEN_DAYS_SECONDS = 1_209_600;
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
beforeAll(async () => {
  template = resolved((await packaged()).template, EVERYTHING);
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
    const policies = ofType(all, 'AWS::SQS::QueuePolicy').map(([, { Properties }]) => Properties);
    const used = new Map<string, string[]>();
    for (const [id, { Properties }] of rules) {
      for (const target of Properties['Targets'] as Target[]) {
        expect(target.RetryPolicy, id).toEqual({ MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 });
        const [queue = ''] = target.DeadLetterConfig?.Arn['Fn::GetAtt'] ?? [];
        used.set(queue, [...(used.get(queue) ?? []), id]);
      }
    }
    for (const [queue, ids] of used) {
      const policy = policies.find(({ Queues }) => JSON.stringify(Queues) === `[{"Ref":"${queue}"}]`);
      const { Statement } = (policy?.['PolicyDocument'] ?? {}) as { Statement: [Record<string, unknown>] };
      expect(Statement, queue).toHaveLength(1);
      const [{ Principal, Action, Resource: resource, Condition }] = Statement;
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
  it('are one definition, twice; they are traced, and log without what they are given', () => {
    const [onboarding, admin] = ['Onboarding', 'OnboardingAdmin'].map(properties);
    expect(admin).toEqual({ ...onboarding, StateMachineName: 'usher-prod-onboarding-admin' });
    expect(onboarding).toMatchObject({
      StateMachineName: 'usher-prod-onboarding',
      TracingConfiguration: { Enabled: true },
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

describe('another account', () => {
  it('may put events on the bus if it is named, and only that one', async () => {
    expect(resolved((await packaged()).template).Resources).not.toHaveProperty('ForwarderPolicy');
    expect(properties('ForwarderPolicy')).toMatchObject({
      Statement: {
        Effect: 'Allow',
        Principal: { AWS: { 'Fn::Sub': 'arn:${AWS::Partition}:iam::${ForwarderAccountId}:root' } },
        Action: 'events:PutEvents',
      },
    });
  });

  it.each(['', '12345678901', '1234567890123', '*', '111122223333,444455556666'])(
    'is not named by %j, but for nobody by nothing',
    (account) => {
      const { AllowedPattern } = template.Parameters['ForwarderAccountId'] ?? {};
      expect(new RegExp(`^(?:${AllowedPattern})$`).test(account)).toBe(account === '');
    },
  );
});

describe('every alarm', () => {
  const runbook = () => readFileSync(join(ROOT, 'docs', 'runbook.md'), 'utf8');
  const alarms = () => [
    ...ofType(template, 'AWS::CloudWatch::Alarm'),
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
    const measured = new Set([...source.matchAll(/\bmeasure\(\s*'(\w+)'/g)].map(([, name]) => name));
    const watched = alarms().flatMap(([, { Properties }]) =>
      Properties['Namespace'] === 'Usher' ? [{ name: Properties['MetricName'], of: Properties['Dimensions'] }] : [],
    );
    expect(watched.length).toBeGreaterThan(8);
    for (const { name, of } of watched) {
      expect(measured).toContain(name);
      expect(of).toEqual([{ Name: 'service', Value: 'usher-prod' }]);
    }
    const { DashboardBody } = properties('Dashboard') as { DashboardBody: { 'Fn::Sub': string } };
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

  it('is the same twice, template and all, when it is told the time; its functions are so at any time', async () => {
    const folder = aCheckout();
    const again = async () => digestsIn((await packageIn(folder, { SOURCE_DATE_EPOCH: '1795564800' })).directory);
    const first = await again();
    expect(first.size).toBeGreaterThan(12);
    expect(await again()).toEqual(first);
    const zips = (digests: ReadonlyMap<string, string>) => [...digests].filter(([file]) => file.endsWith('.zip'));
    expect(zips(first)).toHaveLength(5);
    expect(zips(digestsIn((await packaged()).directory))).toEqual(zips(first));
  });
});

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
