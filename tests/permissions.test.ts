// @module-tag long
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Entitlements, SubscriptionSettings } from '../domain/entitlements.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { HISTORIES, playHistory } from './support/histories.ts';
import { APPLICATION, OTHER_APPLICATION } from './support/ids.ts';
import { noticed } from './support/noticed.ts';
import {
  type Actions,
  actionOf,
  CallRecorder,
  doneByLambda,
  grantedBy,
  policiesOf,
  statementsOf,
} from './support/permissions.ts';
import { SUBSCRIBER_ROLE, subscribed } from './support/subscribed.ts';
import { CHANGE_CALLS, CLAIM_CALLS, LIST_CALLS, subscriptionCallsOf } from './support/subscription-calls.ts';
import { packaged, packagedWith, readTemplateFile, resolved, type Template } from './support/template.ts';
import { openWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');

/** What is called and not allowed, and what is allowed and never called. */
function differences(called: Actions, template: Template): string[] {
  const granted = grantedBy(template);
  const lambda = doneByLambda(template);
  const keys = new Set([...called.keys(), ...granted.keys()]);
  return [...keys].flatMap((key) => {
    const needed = new Set([...(called.get(key) ?? []), ...(lambda.get(key) ?? [])]);
    const allowed = granted.get(key) ?? new Set();
    return [
      ...[...needed.difference(allowed)].map((action) => `${key} may not ${action}`),
      ...[...allowed.difference(needed)].map((action) => `${key} never does ${action}`),
    ];
  });
}

/** Every action of every role of a function, with the list that holds it. */
function grants(template: Template): { role: string; action: string; list: string[] }[] {
  return Object.keys(template.Resources)
    .filter((role) =>
      /^(?:NormalizeRequest|CheckPropagation|PlanChanges|ApplyChanges|RecordAudit|NotifyUser)Role$/.test(role),
    )
    .flatMap((role) =>
      policiesOf(template, role).flatMap(({ PolicyDocument }) =>
        PolicyDocument.Statement.flatMap((statement) => {
          const list = [statement.Action].flat();
          statement.Action = list;
          return list.map((action) => ({ role, action, list }));
        }),
      ),
    );
}

/** IAM's StringLike, whose star also stands for slashes. */
function matchesGlob(text: string, pattern: string): boolean {
  return new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(text);
}

const OF_SUBSCRIPTIONS = /^(?:q|qbusiness|user-subscriptions):/;
const CALLED = new Set(Object.values(CHANGE_CALLS).flatMap((calls) => calls.map(actionOf)));

const MANAGED = subscribed({ mode: 'manage' });
const recorder = new CallRecorder();

beforeAll(async () => {
  for (const history of HISTORIES) await playHistory(history, recorder);
  const world = await openWorld({ notices: {}, recorder });
  // Notices begin with the end of the first full sweep.
  await world.ticking(70);
  await world.joins(1);
  await world.play();
});

/**
 * What the functions call with a configuration: what they called in the histories, and what its subscriptions add. Without
 * notices, there is no function that sends them.
 */
function calledWith(configuration: Entitlements | undefined): Actions {
  const added: Record<string, string[]> = configuration ? subscriptionCallsOf(configuration) : {};
  const called = [...recorder.actions].filter(([key]) => key !== 'notifyUser' || configuration?.notices);
  return new Map(called.map(([key, actions]) => [key, actions.union(new Set(added[key]))]));
}

describe.each<[string, Entitlements | undefined]>([
  ['without subscriptions', undefined],
  ['with subscriptions that are reported', subscribed()],
  ['with subscriptions that are managed', MANAGED],
  ['with subscriptions that are managed in another account', subscribed({ mode: 'manage', roleArn: SUBSCRIBER_ROLE })],
  ['with notices', noticed({ configurationSet: 'usher' })],
])('the role of each function, %s,', (_fact, configuration) => {
  let template: Template;
  let called: Actions;

  beforeAll(async () => {
    template = resolved((await (configuration ? packagedWith(configuration) : packaged())).template);
    called = calledWith(configuration);
  });

  it('allows what the function calls, and nothing more', () => {
    expect(differences(called, template)).toEqual([]);
  });

  it('is found wanting when any action is taken away', () => {
    for (const index of grants(structuredClone(template)).keys()) {
      const less = structuredClone(template);
      const grant = grants(less)[index];
      grant?.list.splice(grant.list.indexOf(grant.action), 1);
      expect(differences(called, less), `${grant?.role} without ${grant?.action}`).toHaveLength(1);
    }
  });

  it('is found too wide when any action is added', () => {
    for (const role of new Set(grants(structuredClone(template)).map((grant) => grant.role))) {
      for (const action of [
        'sso:DeleteApplication',
        'dynamodb:DeleteItem',
        'identitystore:CreateUser',
        'sso:*',
        'q:*',
      ]) {
        const more = structuredClone(template);
        grants(more)
          .find((grant) => grant.role === role)
          ?.list.push(action);
        expect(differences(called, more)).toEqual([expect.stringContaining(`never does ${action}`)]);
      }
    }
  });
});

describe('what is stated of calls about subscriptions', () => {
  const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'manage' } as const;
  const BUSINESS = { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-east-1', mode: 'manage' } as const;

  it.each<[string, SubscriptionSettings, SubscriptionSettings]>([
    ['Kiro', KIRO, { ...KIRO, plan: 'Q_DEVELOPER_STANDALONE_POWER' }],
    ['Amazon Q Business', BUSINESS, { ...BUSINESS, plan: 'Q_BUSINESS' }],
  ])('is what the functions call for %s', async (_name, subscription, upgraded) => {
    const calls = new CallRecorder();
    const world = await openWorld({ entitlements: [{ subscription }], recorder: calls });
    await world.joins(1);
    await world.play();
    world.deploy({ entitlements: [{ subscription: upgraded }] });
    await world.ticking(70);
    await world.leaves(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked' });
    const made = (key: string) => [...(calls.actions.get(key) ?? [])].filter((action) => OF_SUBSCRIPTIONS.test(action));
    const stated = subscriptionCallsOf(exampleEntitlements({ entitlements: [{ subscription }] }));
    expect({ planChanges: made('planChanges').sort(), applyChanges: made('applyChanges').sort() }).toEqual({
      planChanges: stated.planChanges,
      // A service calls the rest on behalf of the function.
      applyChanges: stated.applyChanges.filter((action) => CALLED.has(action)),
    });
  });
});

describe('the role of each function', () => {
  let template: Template;

  beforeAll(async () => {
    template = resolved((await packaged()).template);
  });

  it('is compared with every call that the adapters of the functions can make', () => {
    const source = globSync('adapters/{,notices/}*.ts', { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), 'utf8'),
    );
    const services: Record<string, string> = {
      '@aws-sdk/client-dynamodb': 'DynamoDB',
      '@aws-sdk/client-eventbridge': 'EventBridge',
      '@aws-sdk/client-identitystore': 'IdentityStore',
      '@aws-sdk/client-sesv2': 'SESv2',
      '@aws-sdk/client-sfn': 'SFN',
      '@aws-sdk/client-sso-admin': 'SSOAdmin',
    };
    const callable = source.flatMap((text) =>
      [...text.matchAll(/import \{([^}]+)\} from '(@aws-sdk\/client-[\w-]+)'/g)].flatMap(
        ([, names = '', client = '']) =>
          [...names.matchAll(/\b(\w+)Command\b/g)].flatMap(([, operation]) =>
            services[client] ? [actionOf(`${services[client]}.${operation}`)] : [],
          ),
      ),
    );
    const called = new Set(
      [...recorder.actions.values()].flatMap((actions) => [...actions].map((action) => action.replace(/ .*/, ''))),
    );
    expect(callable.length).toBeGreaterThan(10);
    expect(new Set(callable)).toEqual(called);
  });

  it('is compared with every call that the adapters of subscriptions can make', () => {
    const source = globSync('adapters/subscriptions/*.ts', { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), 'utf8'),
    );
    const callable = source.flatMap((text) =>
      [...text.matchAll(/import \{([^}]+)\} from/g)].flatMap(([, names = '']) =>
        [...names.matchAll(/\b([A-Z]\w+)Command\b/g)].map(([, operation = '']) => operation),
      ),
    );
    const operationsOf = (calls: Readonly<Record<string, readonly string[]>>) =>
      new Set(Object.values(calls).flatMap((some) => some.map((call) => call.replace(/^\w+\./, ''))));
    const lists = operationsOf(LIST_CALLS).union(operationsOf(CLAIM_CALLS));
    expect(lists.difference(new Set(callable))).toEqual(new Set());
    expect(new Set(callable).difference(lists.union(operationsOf(CHANGE_CALLS)))).toEqual(new Set());
  });

  it.each(['PlanChangesRole', 'ApplyChangesRole', 'RecordAuditRole'])(
    '%s reaches the items that are used, and no others',
    (role) => {
      const patterns = ['#work', '#batches', 'arn:*:sso::*:application/*'];
      const ofItems = statementsOf(template, role).filter(({ actions }) =>
        actions.some((action) => /^dynamodb:\w+$/.test(action)),
      );
      const condition = { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': patterns } };
      expect(ofItems.map((statement) => statement.condition)).toEqual([condition]);
      const keys = [...recorder.leadingKeys];
      expect(keys).toEqual(expect.arrayContaining(['#work', APPLICATION, OTHER_APPLICATION]));
      expect(keys.filter((key) => !patterns.some((pattern) => matchesGlob(key, pattern)))).toEqual([]);
    },
  );

  it('of the function that writes to users reaches the work queue, seats and the table of notices, and sends by one address', async () => {
    const notices = resolved((await packagedWith(noticed())).template);
    const statements = statementsOf(notices, 'NotifyUserRole');
    const ofItems = statements.filter(({ actions }) => actions.some((action) => action.startsWith('dynamodb:')));
    expect(ofItems.map(({ resource, condition }) => [resource, condition])).toEqual([
      [
        { 'Fn::GetAtt': ['Ledger', 'Arn'] },
        { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['#work', 'arn:*:sso::*:application/*'] } },
      ],
      [{ 'Fn::GetAtt': ['NoticesTable', 'Arn'] }, undefined],
    ]);
    const sending = statements.filter(({ actions }) => actions.includes('ses:SendEmail'));
    expect(sending.map(({ condition }) => condition)).toEqual([
      { StringEquals: { 'ses:FromAddress': noticed().notices?.from } },
    ]);
  });

  it('is added nothing but the use of the keys by parameters that name keys', async () => {
    const key = 'arn:aws:kms:us-east-1:111122223333:key/0e0e0e0e-1111-4222-8333-444455556666';
    const withKeys = resolved((await packaged()).template, { KeyArn: key, IdentityCenterKeyArn: key });
    const added = differences(calledWith(undefined), withKeys);
    expect(added.length).toBeGreaterThan(0);
    expect(added.filter((one) => !/ never does kms:\w+$/.test(one))).toEqual([]);
    expect(added.filter((one) => one.startsWith('normalizeRequest'))).toEqual([]);
  });
});

/** By the access levels of the Service Authorization Reference: what begins so only reads. */
const READS = /^[\w-]+:(?:Get|List|Describe|BatchGet|Query|IsMemberIn)/;

/** What X-Ray, log delivery and Firehose do: the first two know no resource, and the last one names its files itself, below a prefix of its own. */
const WIDE_OF_ALL = [
  'AuditDeliveryRole s3:AbortMultipartUpload',
  'AuditDeliveryRole s3:PutObject',
  'AuditDeliveryRole s3:PutObjectAcl',
  'OnboardingRole logs:CreateLogDelivery',
  'OnboardingRole logs:DeleteLogDelivery',
  'OnboardingRole logs:PutResourcePolicy',
  'OnboardingRole logs:UpdateLogDelivery',
  ...['ApplyChanges', 'CheckPropagation', 'NormalizeRequest', 'Onboarding', 'PlanChanges', 'RecordAudit'].flatMap(
    (name) => [`${name}Role xray:PutTelemetryRecords`, `${name}Role xray:PutTraceSegments`],
  ),
];
/** Of these, AWS knows no resource. */
const WIDE_OF_KIRO = ['q:CreateAssignment', 'q:DeleteAssignment', 'q:UpdateAssignment'];
/** The id of the application is not configured, and AWS knows no resource of a claim. */
const WIDE_OF_Q_BUSINESS = [
  'qbusiness:CancelSubscription',
  'qbusiness:CreateSubscription',
  'qbusiness:UpdateSubscription',
  'user-subscriptions:CreateClaim',
  'user-subscriptions:UpdateClaim',
];

const by = (role: string) => (action: string) => `${role} ${action}`;

describe.each<[string, () => Promise<Template>, Record<string, string>, string[]]>([
  ['the template', async () => (await packaged()).template, {}, WIDE_OF_ALL],
  ['the template that reports subscriptions', async () => (await packagedWith(subscribed())).template, {}, WIDE_OF_ALL],
  [
    'the template that manages subscriptions',
    async () => (await packagedWith(MANAGED)).template,
    {},
    [...[...WIDE_OF_KIRO, ...WIDE_OF_Q_BUSINESS].map(by('ApplyChangesRole')), ...WIDE_OF_ALL],
  ],
  [
    'the template with notices',
    async () => (await packagedWith(noticed())).template,
    {},
    [...WIDE_OF_ALL, 'NotifyUserRole xray:PutTelemetryRecords', 'NotifyUserRole xray:PutTraceSegments'],
  ],
  ['the forwarder', async () => readTemplateFile('forwarder.yml'), {}, []],
  ['the subscriber that reports', async () => readTemplateFile('subscriber.yml'), { Provider: 'kiro' }, []],
  [
    'the subscriber that manages Kiro',
    async () => readTemplateFile('subscriber.yml'),
    { Provider: 'kiro', Mode: 'manage' },
    WIDE_OF_KIRO.map(by('SubscriberRole')),
  ],
  [
    'the subscriber that manages Amazon Q Business',
    async () => readTemplateFile('subscriber.yml'),
    { Provider: 'amazon-q-business', Mode: 'manage' },
    WIDE_OF_Q_BUSINESS.map(by('SubscriberRole')),
  ],
])('%s', (_name, read, parameters, expected) => {
  const everything = {
    KeyArn: 'k',
    IdentityCenterKeyArn: 'k',
    AuditBucketArn: 'b',
    NativeNotifications: 'ENABLED',
    Tracing: 'ENABLED',
    ...parameters,
  };

  it('gives no role a write without naming what it writes to', async () => {
    const template = resolved(await read(), everything);
    const roles = Object.keys(template.Resources).filter((id) => template.Resources[id]?.Type === 'AWS::IAM::Role');
    const wide = roles.flatMap((role) =>
      statementsOf(template, role)
        .filter(({ resource }) => /"\*"|:\*$|\/\*"/.test(JSON.stringify(resource)))
        .flatMap(({ actions }) => actions.filter((action) => !READS.test(action)).map((action) => `${role} ${action}`)),
    );
    expect(wide.sort()).toEqual(expected.toSorted());
  });

  it('has no action with a wildcard', async () => {
    const template = resolved(await read(), everything);
    const actions = Object.keys(template.Resources)
      .filter((id) => template.Resources[id]?.Type === 'AWS::IAM::Role')
      .flatMap((role) => statementsOf(template, role).flatMap((statement) => statement.actions));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
  });
});

describe('the use of a key', () => {
  it('is tied to services, by either of the domains that AWS has', async () => {
    const template = resolved((await packaged()).template, { KeyArn: 'k', IdentityCenterKeyArn: 'k' });
    const uses = Object.keys(template.Resources)
      .flatMap((role) => statementsOf(template, role))
      .filter(({ actions }) => actions.some((action) => action.startsWith('kms:')));
    expect(uses.length).toBeGreaterThan(7);
    for (const { condition } of uses) {
      const [hosts] = Object.values(condition as Record<string, Record<string, unknown[]>>).map(
        (operands) => operands['kms:ViaService'],
      );
      const texts = (hosts ?? []).map((host) => (host as { 'Fn::Sub'?: string })['Fn::Sub'] ?? String(host));
      const outside = texts.filter((host) => host.endsWith('.amazonaws.com'));
      expect(outside.length).toBeGreaterThan(0);
      expect(texts.toSorted()).toEqual(outside.flatMap((host) => [host, `${host}.cn`]).sort());
    }
  });
});

describe('what may be changed', () => {
  it('is named by entitlements.yml: its applications and the retired ones', async () => {
    const { template } = await packaged();
    const writes = statementsOf(resolved(template), 'ApplyChangesRole').filter(({ actions }) =>
      actions.includes('sso:CreateApplicationAssignment'),
    );
    expect(writes).toMatchObject([
      {
        resource: ['arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888'],
        condition: undefined,
      },
    ]);
  });

  it.each(['PlanChangesRole', 'RecordAuditRole'])(
    '%s may describe executions of the two state machines',
    async (role) => {
      const describing = statementsOf(resolved((await packaged()).template), role).filter(({ actions }) =>
        actions.includes('states:DescribeExecution'),
      );
      const executions = 'arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:execution';
      expect(describing.map(({ resource }) => resource)).toEqual([
        [
          { 'Fn::Sub': `${executions}:usher-prod-onboarding:*` },
          { 'Fn::Sub': `${executions}:usher-prod-onboarding-admin:*` },
        ],
      ]);
    },
  );

  it('the state machine may invoke exactly the five functions', async () => {
    const [invoke] = statementsOf(resolved((await packaged()).template), 'OnboardingRole');
    expect(invoke?.actions).toEqual(['lambda:InvokeFunction']);
    expect(JSON.stringify(invoke?.resource).match(/\w+LambdaFunction/g)).toEqual([
      'NormalizeRequestLambdaFunction',
      'CheckPropagationLambdaFunction',
      'PlanChangesLambdaFunction',
      'ApplyChangesLambdaFunction',
      'RecordAuditLambdaFunction',
    ]);
  });

  it.each(['TickRole', 'IdentityCenterEventsRole'])('%s may start that state machine, and no other', async (role) => {
    const starts = statementsOf(resolved((await packaged()).template), role).filter(({ actions }) =>
      actions.includes('states:StartExecution'),
    );
    expect(starts.map(({ resource }) => resource)).toEqual([{ Ref: 'Onboarding' }]);
  });
});
