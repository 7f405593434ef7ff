import { expect } from 'vitest';
import { type ConfiguredFunction, grantsOf } from '../../build/configured-policies.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { GatewayRequest } from '../../emulator/aws/gateway.ts';
import { readTemplateFile, resolved, type Template } from './template.ts';

/**
 * A statement of a policy, its actions always a list. Those on an index name it, `dynamodb:Query index/attention`, and those on
 * the table of notices do, too: `dynamodb:GetItem notices`.
 */
export interface Statement {
  actions: readonly string[];
  resource: unknown;
  condition: unknown;
}

/** By function: what it calls or may call. */
export type Actions = ReadonlyMap<string, ReadonlySet<string>>;

/** IAM's prefix of each emulated service. */
const PREFIXES: Readonly<Record<string, string>> = {
  SSOAdmin: 'sso',
  IdentityStore: 'identitystore',
  DynamoDB: 'dynamodb',
  EventBridge: 'events',
  SFN: 'states',
  STS: 'sts',
  UserSubscriptions: 'user-subscriptions',
  QBusiness: 'qbusiness',
  Q: 'q',
  SESv2: 'ses',
};

/** The functions to which a configuration gives permissions. */
const CONFIGURED: ReadonlyMap<string, ConfiguredFunction> = new Map([
  ['planChanges', 'PlanChanges'],
  ['applyChanges', 'ApplyChanges'],
  ['notifyUser', 'NotifyUser'],
]);

function withPart(action: string, part: string | undefined): string {
  return part ? `${action} ${part}` : action;
}

/** The part of DynamoDB that a statement is about, if it is not the ledger itself. */
function partOf(resource: unknown): string | undefined {
  const text = JSON.stringify(resource);
  return text.includes('"NoticesTable"') ? 'notices' : /\/(index\/\w+)/.exec(text)?.[1];
}

/** The action that an operation needs, `<Service>.<Operation>`: in these services each has one of its own name. */
export function actionOf(call: string): string {
  const [service = '', operation = ''] = call.split('.');
  const prefix = PREFIXES[service];
  if (!prefix) throw new Error(`No function has business with ${service}`);
  return `${prefix}:${operation}`;
}

interface Policy {
  PolicyDocument: { Statement: { Action: string | string[]; Resource: unknown; Condition?: unknown }[] };
}

/** The policies that stand in a role and those that are attached to it, as they are written. */
export function policiesOf({ Resources }: Template, role: string): Policy[] {
  const { Policies = [], ManagedPolicyArns = [] } = Resources[role]?.Properties ?? {};
  const attached = [ManagedPolicyArns].flat() as { Ref?: string }[];
  return [
    ...(Policies as Policy[]),
    ...attached.flatMap(({ Ref = '' }) => (Resources[Ref]?.Properties ?? []) as Policy | []),
  ];
}

/** What a role of a resolved template may do. */
export function statementsOf(template: Template, role: string): Statement[] {
  return policiesOf(template, role).flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map(({ Action, Resource, Condition }) => ({
      actions: [Action].flat().map((action) => withPart(action, partOf(Resource))),
      resource: Resource,
      condition: Condition,
    })),
  );
}

/** What each function of a resolved template may do, by the function's key. */
export function grantedBy(template: Template): Actions {
  return byFunction(template, (role) => statementsOf(template, role).flatMap(({ actions }) => actions));
}

/** What Lambda does in each function's name because the template says so: no function calls these itself. */
export function doneByLambda(template: Template): Actions {
  const { Resources } = template;
  const retries = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::EventInvokeConfig');
  const mappings = Object.values(Resources).filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping');
  return byFunction(template, (_role, logicalId) => [
    ...(Resources[logicalId.replace(/LambdaFunction$/, 'LogGroup')]
      ? ['logs:CreateLogStream', 'logs:PutLogEvents']
      : []),
    ...(retries.some(({ Properties }) => JSON.stringify(Properties['FunctionName']) === `{"Ref":"${logicalId}"}`)
      ? ['sqs:SendMessage']
      : []),
    ...(mappings.some(({ Properties }) => JSON.stringify(Properties['FunctionName']).includes(`"${logicalId}"`))
      ? ['sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ReceiveMessage']
      : []),
  ]);
}

function byFunction({ Resources }: Template, list: (role: string, logicalId: string) => string[]): Actions {
  const functions = Object.entries(Resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
  return new Map(
    functions.map(([logicalId, { Properties }]) => {
      const key = String(Properties['FunctionName']).split('-').at(-1) ?? '';
      const [, role = ''] = /^\$\{(\w+)\.Arn\}$/.exec((Properties['Role'] as { 'Fn::Sub': string })['Fn::Sub']) ?? [];
      return [key, new Set(list(role, logicalId))];
    }),
  );
}

let inFile: Actions | undefined;

/** What each function may do by these files, before it is packaged. */
function permittedByFile(): Actions {
  inFile ??= new Map(
    ['deploy/permissions.yml', 'deploy/notices.yml'].flatMap((file) => {
      const decided = resolved(readTemplateFile(file));
      const roles = Object.keys(decided.Resources).filter((id) => id.endsWith('Role'));
      return roles.map((role) => [
        role.charAt(0).toLowerCase() + role.slice(1, -'Role'.length),
        new Set(statementsOf(decided, role).flatMap(({ actions }) => actions)),
      ]);
    }),
  );
  return inFile;
}

/** The same configuration with Usher itself in place of the roles: a role may do what Usher would do without one. */
function withoutRoles({ entitlements, ...rest }: Entitlements): Entitlements {
  return {
    ...rest,
    entitlements: entitlements.map(({ subscription, ...entitlement }) => {
      if (!subscription) return entitlement;
      const { roleArn: _, externalId: _id, ...own } = subscription;
      return { ...entitlement, subscription: own };
    }),
  };
}

/** Whether a function, or a role that it assumes, may do something with this configuration. The emulator cannot tell them apart. */
function permits(entitlements: Entitlements, key: string, action: string): boolean {
  const configured = CONFIGURED.get(key);
  const statementsFor = (configuration: Entitlements) =>
    configured ? grantsOf(configuration, configured).map(({ allow, resources }) => allow(resources)) : [];
  const statements = [entitlements, withoutRoles(entitlements)].flatMap(statementsFor);
  return permittedByFile().get(key)?.has(action) || statements.some(({ Action }) => Action.includes(action));
}

/** Records which function calls which operation. */
export class CallRecorder {
  /** By function, in IAM's words. */
  readonly actions = new Map<string, Set<string>>();

  /** Configurations under which they were made. */
  readonly #configurations: Entitlements[] = [];

  /** Of the items of the ledger that were asked for or written, by the table's own key. */
  readonly leadingKeys = new Set<string>();

  /** The `request` of a stack's listener. */
  readonly request = ({ call, body, invocation }: GatewayRequest): undefined => {
    if (invocation === undefined) return;
    const input = JSON.parse(Buffer.from(body).toString());
    const { IndexName, TableName = '' } = input;
    const part = TableName.endsWith('-notices') ? 'notices' : IndexName && `index/${IndexName}`;
    for (const key of leadingKeysIn(input)) this.leadingKeys.add(key);
    const key = invocation.replace(/-\d+$/, '');
    const actions = this.actions.get(key) ?? new Set();
    this.actions.set(key, actions.add(withPart(actionOf(call), part)));
  };

  /** Takes note of a configuration that is deployed. */
  deployed(entitlements: Entitlements): void {
    this.#configurations.push(entitlements);
  }

  /** Fails if a function called what no deployed configuration lets it call. */
  expectPermitted(): void {
    const denied = [...this.actions].flatMap(([key, actions]) =>
      [...actions]
        .filter((action) => !this.#configurations.some((configuration) => permits(configuration, key, action)))
        .map((action) => `${key}: ${action}`),
    );
    expect(denied).toEqual([]);
  }
}

interface DynamoDbInput {
  IndexName?: string;
  Item?: { pk: { S: string } };
  Key?: { pk: { S: string } };
  RequestItems?: Record<string, { Keys: { pk: { S: string } }[] }>;
  ExpressionAttributeValues?: { ':pk'?: { S: string } };
}

function leadingKeysIn({ IndexName, Item, Key, RequestItems = {}, ExpressionAttributeValues }: DynamoDbInput) {
  if (IndexName) return [];
  const batch = Object.values(RequestItems).flatMap(({ Keys }) => Keys.map(({ pk }) => pk));
  return [Item?.pk, Key?.pk, ExpressionAttributeValues?.[':pk'], ...batch].flatMap((pk) => pk?.S ?? []);
}
