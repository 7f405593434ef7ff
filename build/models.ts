/**
 * `npm run models -- DIRECTORY`: writes `emulator/aws/models/`, the constraints that AWS puts on the inputs of the operations
 * that the emulator has. DIRECTORY is `botocore/data` of an installed botocore, whose models have them; the npm clients only say
 * which members are required.
 */
import { existsSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import type { Model, Shape } from '../emulator/aws/input-constraints.ts';
import type { ServiceName } from '../emulator/aws/json-service.ts';

const TARGET = join(import.meta.dirname, '..', 'emulator', 'aws', 'models');

/** The operations by service, and the name of the service in botocore. dynalite checks the inputs of DynamoDB itself. */
const SERVED: readonly (readonly [ServiceName, name: string, operations: readonly string[]])[] = [
  [
    'SSOAdmin',
    'sso-admin',
    [
      'CreateApplicationAssignment',
      'DeleteApplicationAssignment',
      'DescribeApplication',
      'DescribeApplicationAssignment',
      'DescribeInstance',
      'GetApplicationAssignmentConfiguration',
      'ListApplicationAssignments',
      'ListApplicationAssignmentsForPrincipal',
      'ListApplications',
      'ListInstances',
    ],
  ],
  [
    'IdentityStore',
    'identitystore',
    [
      'CreateGroupMembership',
      'CreateUser',
      'DeleteGroupMembership',
      'DeleteUser',
      'DescribeGroup',
      'DescribeUser',
      'GetGroupId',
      'GetGroupMembershipId',
      'GetUserId',
      'IsMemberInGroups',
      'ListGroupMemberships',
      'ListGroupMembershipsForMember',
      'ListGroups',
      'ListUsers',
    ],
  ],
  [
    'EventBridge',
    'events',
    [
      'DescribeArchive',
      'DescribeEventBus',
      'DescribeReplay',
      'DescribeRule',
      'ListTargetsByRule',
      'PutEvents',
      'StartReplay',
    ],
  ],
  [
    'SFN',
    'stepfunctions',
    [
      'DescribeExecution',
      'DescribeStateMachine',
      'GetExecutionHistory',
      'ListExecutions',
      'RedriveExecution',
      'StartExecution',
      'StopExecution',
    ],
  ],
  [
    'SQS',
    'sqs',
    ['ChangeMessageVisibility', 'DeleteMessage', 'GetQueueAttributes', 'GetQueueUrl', 'ReceiveMessage', 'SendMessage'],
  ],
  ['CloudWatchLogs', 'logs', ['DescribeLogGroups', 'FilterLogEvents', 'PutRetentionPolicy']],
  ['CloudTrail', 'cloudtrail', ['DescribeTrails', 'GetEventSelectors', 'GetTrailStatus', 'LookupEvents']],
  ['Organizations', 'organizations', ['DescribeOrganization', 'ListDelegatedAdministrators']],
  ['Scheduler', 'scheduler', ['GetSchedule']],
  [
    'QBusiness',
    'qbusiness',
    [
      'CancelSubscription',
      'CreateSubscription',
      'GetApplication',
      'ListApplications',
      'ListSubscriptions',
      'UpdateSubscription',
    ],
  ],
  ['STS', 'sts', ['AssumeRole', 'GetCallerIdentity']],
  ['SESv2', 'sesv2', ['GetAccount', 'GetEmailIdentity', 'SendEmail']],
];

const Reference = z.object({ shape: z.string() });
const SourceShape = z.object({
  type: z.string(),
  required: z.optional(z.array(z.string())),
  members: z.optional(z.record(z.string(), Reference)),
  member: z.optional(Reference),
  key: z.optional(Reference),
  value: z.optional(Reference),
  union: z.optional(z.boolean()),
  min: z.optional(z.number()),
  max: z.optional(z.number()),
  pattern: z.optional(z.string()),
  enum: z.optional(z.array(z.string())),
  sensitive: z.optional(z.boolean()),
});
const Source = z.object({
  metadata: z.object({ apiVersion: z.string() }),
  operations: z.record(z.string(), z.object({ input: z.optional(Reference), errors: z.optional(z.array(Reference)) })),
  shapes: z.record(z.string(), SourceShape),
});
type Source = z.infer<typeof Source>;

/** The error of an input that breaks a constraint, the likeliest first. */
const INVALID = ['ValidationException', 'InvalidInputException', 'InvalidParameterException', 'BadRequestException'];
/** Where no model says it: STS and SQS have errors of their own for all operations, the others a common one. */
const COMMON: Readonly<Partial<Record<ServiceName, string>>> = {
  STS: 'ValidationError',
  SQS: 'MissingRequiredParameterException',
};

const MISSING: z.infer<typeof SourceShape> = { type: 'missing' };
const CONSTRAINING = ['union', 'min', 'max', 'enum'] as const;
const NUMBERS: readonly string[] = ['integer', 'long', 'float', 'double'];

/** Returns the part of a source that constrains the inputs of these operations. */
function modelOf(service: ServiceName, source: Source, operations: readonly string[]): Omit<Model, 'source'> {
  const shapes: Record<string, Shape> = {};
  /** Whether a shape constrains anything; a shape within itself adds nothing. */
  const keep = (name: string, within: readonly string[]): boolean => {
    if (within.includes(name)) return false;
    const { type, member, key, value, members = {}, pattern, required = [], ...own } = source.shapes[name] ?? MISSING;
    const inner = [...within, name];
    const kept = Object.entries(members).filter(([, { shape }]) => keep(shape, inner));
    const keptParts = Object.entries({ member, key, value }).filter(([, at]) => at && keep(at.shape, inner));
    const constrains =
      required.length > 0 || pattern !== undefined || CONSTRAINING.some((one) => own[one] !== undefined);
    if (!constrains && kept.length === 0 && keptParts.length === 0) return false;
    // JSON leaves out what is undefined.
    shapes[name] = {
      type: typeOf(type),
      required: required.length > 0 ? required.toSorted() : undefined,
      members: kept.length > 0 ? Object.fromEntries(kept.map(([at, { shape }]) => [at, shape])) : undefined,
      ...Object.fromEntries(keptParts.map(([part, at]) => [part, at?.shape])),
      pattern: pattern === undefined ? undefined : patternOf(pattern),
      ...own,
    };
    return true;
  };
  const entries = operations.map((name) => {
    const operation = source.operations[name];
    if (!operation) throw new Error(`${service} has no operation ${name}`);
    const errors = (operation.errors ?? []).map(({ shape }) => shape);
    const error = INVALID.find((one) => errors.includes(one)) ?? COMMON[service] ?? 'ValidationException';
    const { shape: input } = operation.input ?? { shape: undefined };
    return [name, { error, ...(input !== undefined && keep(input, []) ? { input } : {}) }] as const;
  });
  const sorted = Object.entries(shapes).sort(([a], [b]) => (a < b ? -1 : 1));
  return { operations: Object.fromEntries(entries), shapes: Object.fromEntries(sorted) };
}

function typeOf(type: string): Shape['type'] {
  if (NUMBERS.includes(type)) return 'number';
  if (type === 'structure' || type === 'list' || type === 'map' || type === 'string') return type;
  throw new Error(`no constraint of a ${type} is known`);
}

/** Returns a pattern as JavaScript writes it. @throws SyntaxError if it cannot */
function patternOf(pattern: string): string {
  const written = pattern.replace('\\u10000-\\u10FFFF', '\\u{10000}-\\u{10FFFF}').replaceAll('|\\-)', '|-)');
  new RegExp(written, 'u');
  return written;
}

function main(directory: string): void {
  const version = /botocore-([\d.]+)/
    .exec(readdirSync(join(directory, '..', '..')).join('\n'))?.[1]
    ?.replace(/\.$/, '');
  for (const [service, name, operations] of SERVED) {
    const [latest = ''] = readdirSync(join(directory, name)).sort().reverse();
    const path = join(directory, name, latest, 'service-2.json');
    const text = existsSync(path) ? readFileSync(path) : gunzipSync(readFileSync(`${path}.gz`));
    const source = Source.parse(JSON.parse(text.toString()));
    const model: Model = {
      source: `botocore ${version}, ${name} ${source.metadata.apiVersion} (Amazon.com, Apache License 2.0), reduced to constraints`,
      ...modelOf(service, source, operations),
    };
    writeFileSync(join(TARGET, `${service}.json`), `${JSON.stringify(model, null, 1)}\n`);
  }
}

const [, script, directory] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) {
  if (directory === undefined) throw new Error('Name the directory botocore/data');
  main(directory);
}
