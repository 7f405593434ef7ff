// @module-tag long
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { namesOf } from '../adapters/resource-names.ts';
import { withGuardrails } from '../build/guardrails.ts';
import { NAME_RULES } from '../build/names.ts';
import { readPackage } from '../build/package.ts';
import { OWN_TAGS } from '../build/tags.ts';
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

const BOUNDARY = 'arn:aws:iam::111122223333:policy/boundary';
const TOPIC = 'arn:aws:sns:us-east-1:111122223333:topic';
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1';

let template: Template;
/** The same with notices. */
let withNotices: Template;
beforeAll(async () => {
  ({ template } = await packaged());
  ({ template: withNotices } = await packagedWith(noticed()));
});

/** Every template of this project, by its file. */
function templates(): [file: string, template: Template][] {
  return [
    ['serverless.yml', template],
    ['serverless.yml with notices', withNotices],
    ['forwarder.yml', readTemplateFile('forwarder.yml')],
    ['subscriber.yml', readTemplateFile('subscriber.yml')],
  ];
}

function ofType({ Resources }: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(Resources).filter(([, { Type }]) => Type === type);
}

describe('every role of every template', () => {
  it('has the permissions boundary and the path that parameters name', () => {
    for (const [file, all] of templates()) {
      const roles = ofType(resolved(all, { PermissionsBoundaryArn: BOUNDARY }), 'AWS::IAM::Role');
      expect(roles.length, file).toBeGreaterThan(0);
      for (const [id, { Properties }] of roles) {
        expect(Properties, `${file}: ${id}`).toMatchObject({
          Path: { Ref: 'RolePath' },
          PermissionsBoundary: { Ref: 'PermissionsBoundaryArn' },
        });
      }
    }
  });

  it('has no boundary and no path without these parameters', () => {
    for (const [file, all] of templates()) {
      expect(all.Parameters['RolePath']?.Default, file).toBe('/');
      for (const [id, { Properties }] of ofType(resolved(all), 'AWS::IAM::Role')) {
        expect(Properties['PermissionsBoundary'], `${file}: ${id}`).toBeUndefined();
      }
    }
  });

  it.each([
    ['PermissionsBoundaryArn', '', true],
    ['PermissionsBoundaryArn', BOUNDARY, true],
    ['PermissionsBoundaryArn', 'arn:aws:iam::aws:policy/PowerUserAccess', true],
    ['PermissionsBoundaryArn', 'arn:aws-cn:iam::111122223333:policy/teams/boundary', true],
    ['PermissionsBoundaryArn', 'arn:aws:iam::111122223333:role/boundary', false],
    ['PermissionsBoundaryArn', 'boundary', false],
    ['RolePath', '/', true],
    ['RolePath', '/teams/identity/', true],
    ['RolePath', '/teams', false],
    ['RolePath', 'teams/', false],
    ['RolePath', '//', false],
    ['RolePath', '/a b/', false],
    ['RolePath', `/${'a/'.repeat(8)}`, false],
  ])('takes %s %j: %s', (name, value, isTaken) => {
    for (const [file, { Parameters }] of templates()) {
      const pattern = new RegExp(`^(?:${Parameters[name]?.AllowedPattern})$`);
      expect(pattern.test(value), file).toBe(isTaken);
    }
  });

  it('has them also if it is added later, whatever it says itself, and a policy has the path', () => {
    const Role = { Type: 'AWS::IAM::Role', Properties: { Path: '/', Description: 'Later' } };
    expect(withGuardrails({ Resources: { Role } }).Resources['Role']?.Properties).toMatchObject({
      Description: 'Later',
      Path: { Ref: 'RolePath' },
      PermissionsBoundary: { 'Fn::If': ['HasPermissionsBoundary', expect.anything(), { Ref: 'AWS::NoValue' }] },
    });
    const Policy = { Type: 'AWS::IAM::ManagedPolicy' };
    expect(withGuardrails({ Resources: { Policy } }).Resources['Policy']?.Properties).toEqual({
      Path: { Ref: 'RolePath' },
    });
  });
});

describe('every log group', () => {
  it('keeps its events for the time that a parameter names, under the key that was given', () => {
    const groups = ofType(
      resolved(template, { KeyArn: KEY, AuditBucketArn: 'arn:aws:s3:::bucket' }),
      'AWS::Logs::LogGroup',
    );
    expect(groups).toHaveLength(8);
    for (const [id, { Properties }] of groups) {
      const days = id === 'AuditLogGroup' ? 'AuditRetentionDays' : 'LogRetentionDays';
      expect(Properties, id).toMatchObject({ RetentionInDays: { Ref: days }, KmsKeyId: { Ref: 'KeyArn' } });
    }
  });

  it('does so also if it is added later', () => {
    const Log = { Type: 'AWS::Logs::LogGroup' };
    expect(withGuardrails({ Resources: { Log } }).Resources['Log']?.Properties).toMatchObject({
      RetentionInDays: { Ref: 'LogRetentionDays' },
      KmsKeyId: { 'Fn::If': ['HasKey', { Ref: 'KeyArn' }, { Ref: 'AWS::NoValue' }] },
    });
  });

  it('has company in the archive, which is kept as long as the log of the audit stream', () => {
    const [[, archive] = []] = ofType(template, 'AWS::Events::Archive');
    expect(archive?.Properties['RetentionDays']).toEqual({ Ref: 'AuditRetentionDays' });
  });
});

describe('every alarm', () => {
  const actionsOf = (parameters: Record<string, string>) =>
    ofType(resolved(template, parameters), 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
      Properties['AlarmActions'],
      Properties['OKActions'],
    ]);

  it.each([
    ['the topic that was given', TOPIC, [{ Ref: 'AlarmTopicArn' }]],
    ['the topic of the stack', 'own', [{ Ref: 'AlarmTopic' }]],
    ['no topic', '', undefined],
  ])('notifies %s when it begins and when it ends', (_fact, AlarmTopicArn, topic) => {
    const actions = actionsOf({ AlarmTopicArn });
    expect(actions.length).toBeGreaterThan(15);
    for (const both of actions) expect(both).toEqual([topic, topic]);
  });

  it('does so also if it is added later', () => {
    const Later = { Type: 'AWS::CloudWatch::Alarm', Properties: { AlarmActions: ['arn:another'] } };
    const { Properties } = withGuardrails({ Resources: { Later } }).Resources['Later'] ?? {};
    expect(JSON.stringify(Properties?.['AlarmActions'])).toContain('HasOwnAlarmTopic');
  });

  it.each([
    ['', true],
    ['own', true],
    [TOPIC, true],
    ['Own', false],
    ['own,arn:aws:sns:us-east-1:111122223333:topic', false],
    ['topic', false],
  ])('takes %j as its topic: %s', (value, isTaken) => {
    const pattern = new RegExp(`^(?:${template.Parameters['AlarmTopicArn']?.AllowedPattern})$`);
    expect(pattern.test(value)).toBe(isTaken);
  });
});

describe('the alarm topic of the stack', () => {
  it('is there only if it is asked for', () => {
    for (const AlarmTopicArn of ['', TOPIC]) {
      expect(ofType(resolved(template, { AlarmTopicArn }), 'AWS::SNS::Topic')).toEqual([]);
    }
    expect(ofType(resolved(template, { AlarmTopicArn: 'own' }), 'AWS::SNS::Topic')).toHaveLength(1);
  });

  it('is encrypted by the key that was given, and by none that keeps CloudWatch out', () => {
    const keyOf = (parameters: object) =>
      resolved(template, { AlarmTopicArn: 'own', ...parameters }).Resources['AlarmTopic']?.Properties['KmsMasterKeyId'];
    expect(keyOf({ KeyArn: KEY })).toEqual({ Ref: 'KeyArn' });
    expect(keyOf({})).toBeUndefined();
  });

  it('lets exactly the alarms of the stack publish, and no one without TLS', () => {
    const { Properties } = resolved(template, { AlarmTopicArn: 'own' }).Resources['AlarmTopicPolicy'] ?? {};
    expect(Properties).toMatchObject({
      Topics: [{ Ref: 'AlarmTopic' }],
      PolicyDocument: {
        Statement: [
          {
            Effect: 'Allow',
            Principal: { Service: 'cloudwatch.amazonaws.com' },
            Action: 'sns:Publish',
            Condition: {
              StringEquals: { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } },
              ArnLike: { 'aws:SourceArn': { 'Fn::Sub': expect.stringMatching(/:alarm:usher-prod-\*$/) } },
            },
          },
          { Effect: 'Deny', Principal: '*', Condition: { Bool: { 'aws:SecureTransport': false } } },
        ],
      },
    });
  });
});

describe('every name', () => {
  let prefixed: Template;
  beforeAll(async () => {
    ({ template: prefixed } = await packagedWith({ ...noticed(), namePrefix: 'acme-' }));
  });

  it('begins with the prefix of the configuration, also where a policy or another resource refers to it', () => {
    const names = [...JSON.stringify(prefixed).matchAll(/.{0,5}usher-prod/g)].map(([text]) => text);
    expect(names.length).toBeGreaterThan(60);
    expect(names.filter((text) => text !== 'acme-usher-prod')).toEqual([]);
    const { queues, ...own } = namesOf('prod', 'acme-');
    const found = namesIn(prefixed).map(({ name }) => name);
    for (const name of [...Object.values(own), ...Object.values(queues)]) expect(found).toContain(name);
  });

  it('has a limit that packaging checks', () => {
    const unchecked = Object.entries(withNotices.Resources).filter(
      ([, { Type, Properties }]) =>
        !NAME_RULES[Type] && Object.values(Properties ?? {}).some((value) => String(value).includes('usher-prod')),
    );
    expect(unchecked).toEqual([]);
    expect(namesIn(template).length).toBeGreaterThan(40);
  });

  // CloudFormation imports a resource that an earlier stack has left only by a name without a function.
  it('of a resource that outlives the stack stands in the template as it is', () => {
    const retained = Object.entries(template.Resources).filter(([, one]) => one.DeletionPolicy?.startsWith('Retain'));
    expect(retained.length).toBeGreaterThan(7);
    for (const [id, { Type, Properties }] of retained) {
      expect(Properties[NAME_RULES[Type]?.property ?? ''], id).toMatch(/usher-prod/);
    }
  });

  it('that is too long is refused by packaging, with its length and the limit', async () => {
    const folder = aCheckout();
    appendFileSync(join(folder, 'entitlements.yml'), `namePrefix: ${'a'.repeat(31)}\n`);
    const { stdout, stderr } = await packageIn(folder).catch((error) => error);
    expect(stdout + stderr).toContain(
      `A rule of forwarder.yml: the name ${'a'.repeat(31)}usher-prod-forward-identity-center has 65 characters, and AWS allows 64`,
    );
  });
});

/**
 * Types whose tags CloudFormation sets at the creation, those of the stack among them, and changes later: `tagOnCreate` and
 * `tagUpdatable` in AWS's registry of types.
 */
const TAGGED = [
  'AWS::CloudWatch::Alarm',
  'AWS::DynamoDB::Table',
  'AWS::Events::EventBus',
  'AWS::Events::Rule',
  'AWS::IAM::Role',
  'AWS::KinesisFirehose::DeliveryStream',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::Function',
  'AWS::Logs::LogGroup',
  'AWS::S3::Bucket',
  'AWS::SNS::Topic',
  'AWS::SQS::Queue',
  'AWS::Scheduler::ScheduleGroup',
  'AWS::StepFunctions::StateMachine',
];
/** Types that take no tags: `taggable` is false there. */
const UNTAGGED = [
  'AWS::CloudWatch::Dashboard',
  'AWS::Events::Archive',
  'AWS::Events::EventBusPolicy',
  'AWS::IAM::ManagedPolicy',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Permission',
  'AWS::Logs::LogStream',
  'AWS::Logs::QueryDefinition',
  'AWS::Logs::ResourcePolicy',
  'AWS::S3::BucketPolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::Schedule',
];

describe('every resource that takes tags', () => {
  it('gets those of the stack: of each type it is known whether it takes them', () => {
    const types = new Set(templates().flatMap(([, { Resources }]) => Object.values(Resources).map(({ Type }) => Type)));
    expect(types.difference(new Set([...TAGGED, ...UNTAGGED]))).toEqual(new Set());
    expect(TAGGED.filter((type) => types.has(type)).length).toBeGreaterThan(10);
  });

  it('has none of its own, which could contradict them', () => {
    for (const [file, { Resources }] of templates()) {
      const own = Object.entries(Resources).filter(([, { Properties }]) => 'Tags' in (Properties ?? {}));
      expect(own, file).toEqual([]);
    }
  });

  it('has in the stack the tags that no operator may set', async () => {
    expect(Object.keys(readPackage((await packaged()).directory).tags)).toEqual(OWN_TAGS);
  });
});

/** What each resource is called, as far as its name is checked. */
function namesIn({ Resources }: Template): { id: string; name: unknown }[] {
  return Object.entries(Resources).flatMap(([id, { Type, Properties }]) => {
    const rule = NAME_RULES[Type];
    return rule ? [{ id, name: Properties[rule.property] }] : [];
  });
}
