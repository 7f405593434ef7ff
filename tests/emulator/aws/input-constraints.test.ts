import { Buffer } from 'node:buffer';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as cloudTrail from '@aws-sdk/client-cloudtrail';
import * as cloudWatchLogs from '@aws-sdk/client-cloudwatch-logs';
import * as eventBridge from '@aws-sdk/client-eventbridge';
import * as identityStore from '@aws-sdk/client-identitystore';
import * as organizations from '@aws-sdk/client-organizations';
import * as qBusiness from '@aws-sdk/client-qbusiness';
import * as scheduler from '@aws-sdk/client-scheduler';
import * as ses from '@aws-sdk/client-sesv2';
import * as sfn from '@aws-sdk/client-sfn';
import * as sqs from '@aws-sdk/client-sqs';
import * as sso from '@aws-sdk/client-sso-admin';
import * as sts from '@aws-sdk/client-sts';
import { describe, expect, it } from 'vitest';
import { invalidInput, modelOf } from '../../../emulator/aws/input-constraints.ts';
import { SERVICES, type ServiceName } from '../../../emulator/aws/json-service.ts';
import { APPLICATION, GROUP, INSTANCE_ARN, STORE_ID, user } from '../../support/ids.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');

/** The npm clients, which know the members of an input and which of them are required. */
const CLIENTS: Readonly<Partial<Record<ServiceName, object>>> = {
  CloudTrail: cloudTrail,
  CloudWatchLogs: cloudWatchLogs,
  EventBridge: eventBridge,
  IdentityStore: identityStore,
  Organizations: organizations,
  QBusiness: qBusiness,
  Scheduler: scheduler,
  SESv2: ses,
  SFN: sfn,
  SQS: sqs,
  SSOAdmin: sso,
  STS: sts,
};

const STORE = { IdentityStoreId: STORE_ID };
const ASSIGNMENT = { ApplicationArn: APPLICATION, PrincipalId: user(1), PrincipalType: 'USER' };
const QUEUE = { QueueUrl: 'https://sqs.us-east-1.amazonaws.com/000000000000/queue' };
const MACHINE = { stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:machine' };
const APPLICATION_ID = { applicationId: '0a1b2c3d-1111-2222-3333-444455556666' };
const MAIL = { Content: { Simple: { Subject: { Data: 'a' }, Body: {} } } };

type Case = [what: string, service: ServiceName, operation: string, input: object, error: string, message: RegExp];

const REFUSED: readonly Case[] = [
  [
    'a missing member',
    'SSOAdmin',
    'DescribeApplication',
    {},
    'ValidationException',
    /^1 validation error detected: Value null at 'applicationArn' failed to satisfy constraint: Member must not be null$/,
  ],
  [
    'a member that is null',
    'SSOAdmin',
    'DescribeApplication',
    { ApplicationArn: null },
    'ValidationException',
    /Member must not be null$/,
  ],
  [
    'the ARN of something else',
    'SSOAdmin',
    'CreateApplicationAssignment',
    { ...ASSIGNMENT, ApplicationArn: INSTANCE_ARN },
    'ValidationException',
    /Value 'arn:aws:sso:::instance\/\S+' at 'applicationArn' failed to satisfy constraint: Member must satisfy regular expression pattern: arn:aws/,
  ],
  [
    'an id with something after it',
    'SSOAdmin',
    'CreateApplicationAssignment',
    { ...ASSIGNMENT, PrincipalId: `${user(1)}x` },
    'ValidationException',
    /'principalId'.*pattern/,
  ],
  [
    'a value that is not listed',
    'SSOAdmin',
    'CreateApplicationAssignment',
    { ...ASSIGNMENT, PrincipalType: 'ROLE' },
    'ValidationException',
    /Member must satisfy enum value set: \[USER, GROUP\]$/,
  ],
  [
    'two things at once',
    'SSOAdmin',
    'CreateApplicationAssignment',
    { ...ASSIGNMENT, PrincipalId: '', PrincipalType: '' },
    'ValidationException',
    /^3 validation errors detected: /,
  ],
  [
    'a page that is too large',
    'SSOAdmin',
    'ListApplications',
    { InstanceArn: INSTANCE_ARN, MaxResults: 101 },
    'ValidationException',
    /Value '101' at 'maxResults' failed to satisfy constraint: Member must have value less than or equal to 100$/,
  ],
  [
    'a filter by no account',
    'SSOAdmin',
    'ListApplications',
    { InstanceArn: INSTANCE_ARN, Filter: { ApplicationAccount: '1' } },
    'ValidationException',
    /at 'filter.applicationAccount'.* greater than or equal to 12/,
  ],
  [
    '101 groups',
    'IdentityStore',
    'IsMemberInGroups',
    { ...STORE, MemberId: { UserId: user(1) }, GroupIds: Array(101).fill(GROUP) },
    'ValidationException',
    /Value at 'groupIds' failed to satisfy constraint: Member must have length less than or equal to 100$/,
  ],
  [
    'an id in a list that is none',
    'IdentityStore',
    'IsMemberInGroups',
    { ...STORE, MemberId: { UserId: user(1) }, GroupIds: [GROUP, 'group'] },
    'ValidationException',
    /at 'groupIds.2.member'/,
  ],
  [
    'a choice of two at once',
    'IdentityStore',
    'GetUserId',
    {
      ...STORE,
      AlternateIdentifier: {
        ExternalId: { Issuer: 'a', Id: 'b' },
        UniqueAttribute: { AttributePath: 'userName', AttributeValue: 'a' },
      },
    },
    'ValidationException',
    /Value at 'alternateIdentifier' failed to satisfy constraint: Exactly one member/,
  ],
  [
    'an external id with a space',
    'IdentityStore',
    'GetUserId',
    { ...STORE, AlternateIdentifier: { ExternalId: { Issuer: 'a', Id: 'b c' } } },
    'ValidationException',
    /^1 validation error detected: Value at 'alternateIdentifier.externalId.id'/,
  ],
  [
    'a second address',
    'IdentityStore',
    'CreateUser',
    { ...STORE, Emails: [{}, {}] },
    'ValidationException',
    /'emails'.* less than or equal to 1$/,
  ],
  [
    'eleven entries',
    'EventBridge',
    'PutEvents',
    { Entries: Array(11).fill({}) },
    'ValidationException',
    /'entries'.* less than or equal to 10$/,
  ],
  [
    'a replay with a long name',
    'EventBridge',
    'DescribeReplay',
    { ReplayName: 'a'.repeat(65) },
    'ValidationException',
    /less than or equal to 64$/,
  ],
  [
    'an execution with a long name',
    'SFN',
    'StartExecution',
    { ...MACHINE, name: 'a'.repeat(81) },
    'ValidationException',
    /'name'.* less than or equal to 80$/,
  ],
  [
    'an input that is too long',
    'SFN',
    'StartExecution',
    { ...MACHINE, input: 'a'.repeat(262_145) },
    'ValidationException',
    /'input'.* less than or equal to 262144$/,
  ],
  [
    'a status that no execution has',
    'SFN',
    'ListExecutions',
    { ...MACHINE, statusFilter: 'DONE' },
    'ValidationException',
    /enum value set/,
  ],
  ['no receipt', 'SQS', 'DeleteMessage', QUEUE, 'MissingRequiredParameterException', /'receiptHandle'/],
  [
    'a long filter',
    'CloudWatchLogs',
    'FilterLogEvents',
    { filterPattern: 'a'.repeat(1025) },
    'InvalidParameterException',
    /'filterPattern'.* 1024$/,
  ],
  [
    '51 events of CloudTrail',
    'CloudTrail',
    'LookupEvents',
    { MaxResults: 51 },
    'ValidationException',
    /'maxResults'.* 50$/,
  ],
  [
    '21 administrators',
    'Organizations',
    'ListDelegatedAdministrators',
    { MaxResults: 21 },
    'InvalidInputException',
    /'maxResults'.* 20$/,
  ],
  ['a schedule with a space', 'Scheduler', 'GetSchedule', { Name: 'a b' }, 'ValidationException', /'name'.*pattern/],
  [
    'an application of another form',
    'QBusiness',
    'GetApplication',
    { applicationId: 'a' },
    'ValidationException',
    /'applicationId'/,
  ],
  [
    'a user and a group',
    'QBusiness',
    'CreateSubscription',
    { ...APPLICATION_ID, principal: { user: user(1), group: GROUP }, type: 'Q_LITE' },
    'ValidationException',
    /'principal'.*Exactly one/,
  ],
  [
    'the name of a session with a space',
    'STS',
    'AssumeRole',
    { RoleArn: 'arn:aws:iam::000000000000:role/a', RoleSessionName: 'a b' },
    'ValidationError',
    /'roleSessionName'/,
  ],
  [
    'a session of a minute',
    'STS',
    'AssumeRole',
    { RoleArn: 'arn:aws:iam::000000000000:role/a', RoleSessionName: 'ab', DurationSeconds: '60' },
    'ValidationError',
    /greater than or equal to 900$/,
  ],
  ['a mail without content', 'SESv2', 'SendEmail', {}, 'BadRequestException', /'content'/],
  [
    'a tag without a value',
    'SESv2',
    'SendEmail',
    { ...MAIL, EmailTags: [{ Name: 'a' }] },
    'BadRequestException',
    /'emailTags.1.member.value'/,
  ],
];

const TAKEN: readonly [what: string, service: ServiceName, operation: string, input: object][] = [
  ['what is right', 'SSOAdmin', 'CreateApplicationAssignment', ASSIGNMENT],
  ['a member that no model has', 'SSOAdmin', 'CreateApplicationAssignment', { ...ASSIGNMENT, More: 1 }],
  ['a null where nothing is required', 'SSOAdmin', 'ListInstances', { MaxResults: null }],
  ['80 characters outside the plane of most', 'SFN', 'StartExecution', { ...MACHINE, name: '\u{1F600}'.repeat(80) }],
  ['what is no object, which the service refuses', 'SSOAdmin', 'ListInstances', []],
  ['an operation that the service refuses', 'SSOAdmin', 'DeleteInstance', {}],
  ['a service without a model', 'Q', 'CreateAssignment', {}],
];

function bytesOf(input: object): Uint8Array {
  return Buffer.from(JSON.stringify(input));
}

describe('the constraints on an input', () => {
  it.each(REFUSED)('refuse %s: %s.%s', (_what, service, operation, input, code, message) => {
    expect(invalidInput(service, operation, bytesOf(input))).toMatchObject({
      code,
      statusCode: 400,
      message: expect.stringMatching(message),
    });
  });

  it.each(TAKEN)('let pass %s: %s.%s', (_what, service, operation, input) => {
    expect(invalidInput(service, operation, bytesOf(input))).toBeUndefined();
  });

  it('are those of Amazon Q Business in its own form', () => {
    const refused = invalidInput('QBusiness', 'GetApplication', bytesOf({ applicationId: 'a' }));
    expect(refused?.fields).toEqual({ reason: 'FIELD_VALIDATION_FAILED' });
  });

  it('are known for every call that Usher makes', () => {
    const sources = globSync('{adapters,operator}/**/*.ts', { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), 'utf8'),
    );
    const called = new Set(
      sources.flatMap((text) => [...text.matchAll(/new (\w+)Command\(/g)].map(([, name]) => name)),
    );
    const known = SERVICES.flatMap((service) => Object.keys(modelOf(service)?.operations ?? {}));
    const without = [...called].filter((name) => !known.includes(name ?? ''));
    expect(without.sort()).toEqual(WITHOUT_MODEL);
  });
});

/** What the emulator does not have, S3, DynamoDB, whose inputs dynalite checks, and what AWS does not publish. */
const WITHOUT_MODEL = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateAssignment',
  'CreateChangeSet',
  'CreateStack',
  'DeleteAssignment',
  'DeleteChangeSet',
  'DeleteObjects',
  'DeleteStack',
  'DescribeChangeSet',
  'DescribeStacks',
  'DescribeTable',
  'ExecuteChangeSet',
  'GetFunctionConfiguration',
  'GetItem',
  'GetObject',
  'GetTemplate',
  'ListAccountAliases',
  'ListApplicationClaims',
  'ListObjectVersions',
  'ListObjectsV2',
  'ListUserSubscriptions',
  'PutItem',
  'PutObject',
  'Query',
  'Scan',
  'UpdateAssignment',
  'UpdateItem',
  'UpdateStack',
  'UpdateTerminationProtection',
];

/** A structure in the npm clients: names of members, their schemas, and how many of the first are required. */
function structureOf(schema: unknown): { names: string[]; schemas: unknown[]; required: string[] } | undefined {
  const [kind, , , , names, schemas, required = 0] = resolved(schema);
  if (!(Array.isArray(names) && Array.isArray(schemas)) || (kind !== 3 && kind !== 4)) return undefined;
  return { names, schemas, required: names.slice(0, Number(required)).toSorted() };
}

/** Schemas refer to each other by functions, and one with traits is a pair. */
function resolved(schema: unknown): unknown[] {
  const own = typeof schema === 'function' ? schema() : schema;
  if (!Array.isArray(own)) return [];
  return own.length === 2 ? resolved(own[0]) : own;
}

describe.each(Object.entries(CLIENTS) as [ServiceName, object][])('the model of %s', (service, client) => {
  const model = modelOf(service);

  it.each(Object.keys(model?.operations ?? {}))('requires of %s what the npm client requires', (operation) => {
    const seen = new Set<string>();
    const compare = (name: string | undefined, schema: unknown): void => {
      const shape = name === undefined ? undefined : model?.shapes[name];
      const structure = structureOf(schema);
      if (!(name && shape && structure) || seen.has(name)) return;
      seen.add(name);
      expect([name, shape.required ?? []]).toEqual([name, structure.required]);
      for (const [member, of] of Object.entries(shape.members ?? {})) {
        expect(structure.names).toContain(member);
        compare(of, structure.schemas[structure.names.indexOf(member)]);
      }
    };
    const [, , , , input] = resolved(Reflect.get(client, `${operation}$`));
    compare(model?.operations[operation]?.input, input);
    expect(input).toBeDefined();
  });
});
