import { describe, expect, it } from 'vitest';
import { parseEntitlements } from '../domain/parse-entitlements.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { statementsOf } from './support/permissions.ts';
import { SUBSCRIBER_ROLE } from './support/subscribed.ts';
import { subscriptionActions } from './support/subscription-calls.ts';
import { readTemplateFile, resolved, type Template } from './support/template.ts';

const TEMPLATE = readTemplateFile('subscriber.yml');
const PROVIDERS = ['kiro', 'amazon-q-business'] as const;
const CASES = PROVIDERS.flatMap((Provider) => [
  { Provider, Mode: 'report' },
  { Provider, Mode: 'manage' },
]);

/** The statements of the trust policy. */
function trustOf(template: Template): Record<string, unknown>[] {
  const document = template.Resources['SubscriberRole']?.Properties['AssumeRolePolicyDocument'];
  return (document as { Statement: Record<string, unknown>[] }).Statement;
}

/** Whether CloudFormation takes the value of a parameter. */
function takes(parameter: string, value: string): boolean {
  return new RegExp(`^(?:${TEMPLATE.Parameters[parameter]?.AllowedPattern})$`).test(value);
}

describe('the role of the account that owns a profile', () => {
  it.each(CASES)('may do for $Provider with mode $Mode exactly what the functions then call', ({ Provider, Mode }) => {
    const { Resources } = resolved(TEMPLATE, { Provider, Mode });
    expect(Object.entries(Resources).map(([id, { Type }]) => [id, Type])).toEqual([
      ['SubscriberRole', 'AWS::IAM::Role'],
    ]);
    const actions = statementsOf(resolved(TEMPLATE, { Provider, Mode }), 'SubscriberRole').flatMap(
      (one) => one.actions,
    );
    const called = [
      ...subscriptionActions(Provider, 'list'),
      ...subscriptionActions(Provider, 'claims'),
      ...(Mode === 'manage' ? subscriptionActions(Provider, 'change') : []),
    ];
    expect(actions.toSorted()).toEqual([...new Set(called)].sort());
  });

  it('reports if no mode is given, and is named as in the documentation', () => {
    const defaults = Object.entries(TEMPLATE.Parameters).map(([name, { Default }]) => [name, Default]);
    expect(Object.fromEntries(defaults)).toEqual({
      Provider: undefined,
      Mode: 'report',
      PlanChangesRoleArn: undefined,
      ApplyChangesRoleArn: '',
      ExternalId: undefined,
      RoleName: 'usher-subscriber',
      PermissionsBoundaryArn: '',
      RolePath: '/',
    });
    expect(TEMPLATE.Resources['SubscriberRole']?.Properties['RoleName']).toEqual({ Ref: 'RoleName' });
  });

  it.each(PROVIDERS)('is trusted to read by the function that reads, and only with the external id: %s', (Provider) => {
    expect(trustOf(resolved(TEMPLATE, { Provider }))).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: [{ Ref: 'PlanChangesRoleArn' }] },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } },
      },
    ]);
  });

  it.each(PROVIDERS)('is trusted to change by the two functions of Usher, and by no one else: %s', (Provider) => {
    expect(trustOf(resolved(TEMPLATE, { Provider, Mode: 'manage' }))).toEqual([
      {
        Effect: 'Allow',
        Principal: { AWS: [{ Ref: 'PlanChangesRoleArn' }, { Ref: 'ApplyChangesRoleArn' }] },
        Action: 'sts:AssumeRole',
        Condition: { StringEquals: { 'sts:ExternalId': { Ref: 'ExternalId' } } },
      },
    ]);
  });

  it('is not made to change anything without the function that changes', () => {
    expect(TEMPLATE).toMatchObject({
      Rules: {
        ManageNeedsApplyChangesRole: {
          RuleCondition: { 'Fn::Equals': [{ Ref: 'Mode' }, 'manage'] },
          Assertions: [{ Assert: { 'Fn::Not': [{ 'Fn::Equals': [{ Ref: 'ApplyChangesRoleArn' }, ''] }] } }],
        },
      },
    });
  });

  it.each([
    ['a role', 'arn:aws:iam::111122223333:role/usher-prod-PlanChangesRole-1A2B3C', true],
    ['a role with a path', 'arn:aws-us-gov:iam::111122223333:role/teams/usher', true],
    ['an account', 'arn:aws:iam::111122223333:root', false],
    ['the number of an account', '111122223333', false],
    ['everyone', '*', false],
    ['every role of an account', 'arn:aws:iam::111122223333:role/*', false],
    ['a role of every account', 'arn:aws:iam::*:role/usher', false],
    ['a session', 'arn:aws:sts::111122223333:assumed-role/usher/usher', false],
    ['a user', 'arn:aws:iam::111122223333:user/usher', false],
    ['two roles', 'arn:aws:iam::111122223333:role/a,arn:aws:iam::111122223333:role/b', false],
  ])('trusts %s, by its ARN: %s %s', (_fact, arn, isTrusted) => {
    expect([takes('PlanChangesRoleArn', arn), takes('ApplyChangesRoleArn', arn)]).toEqual([isTrusted, isTrusted]);
  });

  it('needs the function that reads, but the one that changes only to change', () => {
    expect([takes('PlanChangesRoleArn', ''), takes('ApplyChangesRoleArn', '')]).toEqual([false, true]);
  });

  it.each(['', 'x', 'ab', 'usher/prod:1', 'with space', 'x'.repeat(1224), 'x'.repeat(1225), '*', '"'])(
    'takes the external ids that entitlements.yml takes: %j',
    (externalId) => {
      const { entitlements, ...rest } = exampleEntitlements();
      const subscription = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1' };
      const parsed = parseEntitlements({
        ...rest,
        entitlements: entitlements.map((one) => ({
          ...one,
          subscription: { ...subscription, roleArn: SUBSCRIBER_ROLE, externalId },
        })),
      });
      expect(takes('ExternalId', externalId)).toBe('entitlements' in parsed);
    },
  );
});
