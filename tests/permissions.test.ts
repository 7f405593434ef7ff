// @module-tag long
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { HISTORIES, playHistory } from './support/histories.ts';
import { APPLICATION, OTHER_APPLICATION } from './support/ids.ts';
import {
  type Actions,
  actionOf,
  CallRecorder,
  doneByLambda,
  grantedBy,
  policiesOf,
  statementsOf,
} from './support/permissions.ts';
import { packaged, readTemplateFile, resolved, type Template } from './support/template.ts';

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
    .filter((role) => /^(?:NormalizeRequest|CheckPropagation|PlanChanges|ApplyChanges|RecordAudit)Role$/.test(role))
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

describe('the role of each function', () => {
  const recorder = new CallRecorder();
  let template: Template;

  beforeAll(async () => {
    for (const history of HISTORIES) await playHistory(history, recorder);
    template = resolved((await packaged()).template);
  });

  it('allows what the function calls, and nothing more', () => {
    expect(differences(recorder.actions, template)).toEqual([]);
  });

  it('is compared with every call that the adapters of the functions can make', () => {
    const source = globSync('adapters/*.ts', { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'));
    const services: Record<string, string> = {
      '@aws-sdk/client-dynamodb': 'DynamoDB',
      '@aws-sdk/client-eventbridge': 'EventBridge',
      '@aws-sdk/client-identitystore': 'IdentityStore',
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

  it.each(['PlanChangesRole', 'ApplyChangesRole', 'RecordAuditRole'])('%s covers the items that are used', (role) => {
    const [patterns = []] = statementsOf(template, role).flatMap(({ condition }) => {
      const { 'ForAllValues:StringLike': like } = (condition ?? {}) as Record<string, Record<string, string[]>>;
      return like?.['dynamodb:LeadingKeys'] ? [like['dynamodb:LeadingKeys']] : [];
    });
    const keys = [...recorder.leadingKeys];
    expect(keys).toEqual(expect.arrayContaining(['#work', APPLICATION, OTHER_APPLICATION]));
    expect(keys.filter((key) => !patterns.some((pattern) => matchesGlob(key, pattern)))).toEqual([]);
  });

  it('is found wanting when any action is taken away', () => {
    for (const index of grants(structuredClone(template)).keys()) {
      const less = structuredClone(template);
      const grant = grants(less)[index];
      grant?.list.splice(grant.list.indexOf(grant.action), 1);
      expect(differences(recorder.actions, less), `${grant?.role} without ${grant?.action}`).toHaveLength(1);
    }
  });

  it('is found too wide when any action is added', () => {
    for (const role of new Set(grants(structuredClone(template)).map((grant) => grant.role))) {
      for (const action of ['sso:DeleteApplication', 'dynamodb:DeleteItem', 'identitystore:CreateUser', 'sso:*']) {
        const more = structuredClone(template);
        grants(more)
          .find((grant) => grant.role === role)
          ?.list.push(action);
        expect(differences(recorder.actions, more)).toEqual([expect.stringContaining(`never does ${action}`)]);
      }
    }
  });

  it('is added nothing but the use of the keys by parameters that name keys', async () => {
    const key = 'arn:aws:kms:us-east-1:111122223333:key/0e0e0e0e-1111-4222-8333-444455556666';
    const withKeys = resolved((await packaged()).template, { KeyArn: key, IdentityCenterKeyArn: key });
    const added = differences(recorder.actions, withKeys);
    expect(added.length).toBeGreaterThan(0);
    expect(added.filter((one) => !/ never does kms:\w+$/.test(one))).toEqual([]);
    expect(added.filter((one) => one.startsWith('normalizeRequest'))).toEqual([]);
  });
});

/** By the access levels of the Service Authorization Reference: what begins so only reads. */
const READS = /^[\w-]+:(?:Get|List|Describe|BatchGet|Query|IsMemberIn)/;

describe.each([
  ['the template', async () => (await packaged()).template],
  ['the forwarder', async () => readTemplateFile('forwarder.yml')],
])('%s', (_name, read) => {
  const everything = { KeyArn: 'k', IdentityCenterKeyArn: 'k', AuditBucketArn: 'b', NativeNotifications: 'ENABLED' };

  it('gives no role a write without naming what it writes to', async () => {
    const template = resolved(await read(), everything);
    const roles = Object.keys(template.Resources).filter((id) => template.Resources[id]?.Type === 'AWS::IAM::Role');
    const wide = roles.flatMap((role) =>
      statementsOf(template, role)
        .filter(({ resource }) => /"\*"|:\*$|\/\*"/.test(JSON.stringify(resource)))
        .flatMap(({ actions }) => actions.filter((action) => !READS.test(action)).map((action) => `${role} ${action}`)),
    );
    // X-Ray and log delivery know no resource; Firehose names its files itself, below a prefix of its own.
    expect(wide.sort()).toEqual(
      roles.includes('OnboardingRole')
        ? [
            'AuditDeliveryRole s3:AbortMultipartUpload',
            'AuditDeliveryRole s3:PutObject',
            'AuditDeliveryRole s3:PutObjectAcl',
            'OnboardingRole logs:CreateLogDelivery',
            'OnboardingRole logs:DeleteLogDelivery',
            'OnboardingRole logs:PutResourcePolicy',
            'OnboardingRole logs:UpdateLogDelivery',
            'OnboardingRole xray:PutTelemetryRecords',
            'OnboardingRole xray:PutTraceSegments',
          ]
        : [],
    );
  });

  it('has no action with a wildcard', async () => {
    const template = resolved(await read(), everything);
    const actions = Object.keys(template.Resources)
      .filter((id) => template.Resources[id]?.Type === 'AWS::IAM::Role')
      .flatMap((role) => statementsOf(template, role).flatMap((statement) => statement.actions));
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
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
        condition: { StringEqualsIfExists: { 'sso:ApplicationAccount': ['111122223333'] } },
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
