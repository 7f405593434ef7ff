import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  applyChangesStatements,
  type PolicyStatement,
  planChangesStatements,
} from '../../build/subscription-permissions.ts';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { APPLICATION, application, INSTANCE_ARN, OTHER_APPLICATION } from '../support/ids.ts';
import { SUBSCRIBER_ROLE, subscribed } from '../support/subscribed.ts';
import { subscriptionCallsOf } from '../support/subscription-calls.ts';

const ROOT = join(import.meta.dirname, '../..');
const OTHER_ROLE = 'arn:aws:iam::333344445555:role/usher-subscriber';

const actionsOf = (statements: readonly PolicyStatement[]) =>
  [...new Set(statements.flatMap(({ Action }) => Action))].sort();

/** The resources on which an action is allowed. */
const resourcesOf = (statements: readonly PolicyStatement[], action: string) =>
  statements.filter(({ Action }) => Action.includes(action)).map(({ Resource }) => Resource);

const ofRegion = (region: string) => ({
  'Fn::Sub': `arn:\${AWS::Partition}:qbusiness:${region}:\${AWS::AccountId}:application/*`,
});

/** The configuration of one of the two entitlements alone. */
function only(name: string, whole: Entitlements): Entitlements {
  return { ...whole, entitlements: whole.entitlements.filter((one) => one.name === name) };
}

const CONFIGURATIONS: [string, Entitlements][] = (
  [
    ['reported', subscribed()],
    ['managed', subscribed({ mode: 'manage' })],
    ['managed, but only observed', subscribed({ mode: 'manage', entitled: 'observe' })],
    ['reported by a role', subscribed({ roleArn: SUBSCRIBER_ROLE })],
    ['managed by a role', subscribed({ mode: 'manage', roleArn: SUBSCRIBER_ROLE })],
  ] as const
).flatMap(([fact, whole]): [string, Entitlements][] => [
  [`of both providers, ${fact}`, whole],
  [`of kiro, ${fact}`, only('kiro', whole)],
  [`of amazon-q-business, ${fact}`, only('q-business', whole)],
]);

describe('the permissions for subscriptions', () => {
  it.each(CONFIGURATIONS)('%s: exactly what the functions call', (_fact, configuration) => {
    expect({
      planChanges: actionsOf(planChangesStatements(configuration)),
      applyChanges: actionsOf(applyChangesStatements(configuration)),
    }).toEqual(subscriptionCallsOf(configuration));
  });

  it.each([undefined, SUBSCRIBER_ROLE])(
    'have the claims only where a Region of Kiro has more than one application, with the role %s',
    (roleArn) => {
      const claims = 'user-subscriptions:ListApplicationClaims';
      const whole = subscribed(roleArn === undefined ? {} : { roleArn });
      const [first] = whole.entitlements;
      if (!first) throw new Error('There is one');
      const other = { ...first, name: 'other', application: application(3) };
      const of = (...entitlements: Entitlement[]) => actionsOf(planChangesStatements({ ...whole, entitlements }));
      expect(of(first)).not.toContain(claims);
      expect(of(first, other).includes(claims)).toBe(roleArn === undefined);
      const { subscription } = first;
      if (!subscription) throw new Error('There is one');
      const elsewhere: Entitlement = { ...other, subscription: { ...subscription, region: 'us-west-2' } };
      expect(of(first, elsewhere)).not.toContain(claims);
      const both = { ...whole, entitlements: [first, other] };
      expect(actionsOf(planChangesStatements(both))).toEqual(subscriptionCallsOf(both).planChanges);
    },
  );

  it('are none without a subscription', () => {
    const without = exampleEntitlements();
    expect([planChangesStatements(without), applyChangesStatements(without)]).toEqual([[], []]);
  });

  it.each(CONFIGURATIONS)('%s: planChanges changes none', (_fact, configuration) => {
    const writes = actionsOf(planChangesStatements(configuration)).filter(
      (action) => !/:(?:Get|List|AssumeRole)/.test(action),
    );
    expect(writes).toEqual([]);
  });

  it('name a role of another account once, and no other role', () => {
    const of = (index: number, roleArn: string, mode: 'report' | 'manage'): Partial<Entitlement> => ({
      name: `one-${index}`,
      application: application(index),
      subscription: { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-east-1', mode, roleArn },
    });
    const configuration = exampleEntitlements({
      entitlements: [of(1, SUBSCRIBER_ROLE, 'manage'), of(2, SUBSCRIBER_ROLE, 'manage'), of(3, OTHER_ROLE, 'report')],
    });
    expect(resourcesOf(planChangesStatements(configuration), 'sts:AssumeRole')).toEqual([
      [SUBSCRIBER_ROLE, OTHER_ROLE],
    ]);
    expect(resourcesOf(applyChangesStatements(configuration), 'sts:AssumeRole')).toEqual([[SUBSCRIBER_ROLE]]);
  });

  it('name the Regions of the applications of Amazon Q Business, each once, in the account of Usher', () => {
    const of = (index: number, region: string): Partial<Entitlement> => ({
      name: `one-${index}`,
      application: application(index),
      subscription: { provider: 'amazon-q-business', plan: 'Q_LITE', region, mode: 'manage' },
    });
    const configuration = exampleEntitlements({
      entitlements: [of(1, 'us-east-1'), of(2, 'us-west-2'), of(3, 'us-east-1')],
    });
    const regions = [[ofRegion('us-east-1'), ofRegion('us-west-2')]];
    expect(resourcesOf(planChangesStatements(configuration), 'qbusiness:ListSubscriptions')).toEqual(regions);
    expect(resourcesOf(applyChangesStatements(configuration), 'qbusiness:CreateSubscription')).toEqual(regions);
  });

  it('name the instance and the applications whose subscriptions are managed, and one service-linked role', () => {
    const statements = applyChangesStatements(subscribed({ mode: 'manage' }));
    expect(resourcesOf(statements, 'sso:DescribeApplication')).toEqual([[INSTANCE_ARN, OTHER_APPLICATION]]);
    expect(JSON.stringify(statements)).not.toContain(APPLICATION);
    expect(statements.find(({ Action }) => Action.includes('iam:CreateServiceLinkedRole'))).toMatchObject({
      Resource: {
        'Fn::Sub': expect.stringMatching(/:role\/aws-service-role\/user-subscriptions\.amazonaws\.com\/\w+$/),
      },
      Condition: { StringEquals: { 'iam:AWSServiceName': 'user-subscriptions.amazonaws.com' } },
    });
  });

  it('have no claim of Kiro: neither a function nor a command writes a claim', () => {
    const folders = '{adapters,cli,conformance/probes,console,domain,functions,input,operator,reconcile}/**/*.ts';
    const files = globSync(folders, { cwd: ROOT });
    expect(files.length).toBeGreaterThan(300);
    const writes = /(?:Create|Update|Delete)Claim/;
    expect(files.filter((file) => writes.test(readFileSync(join(ROOT, file), 'utf8')))).toEqual([]);
    const ofKiro = actionsOf(applyChangesStatements(only('kiro', subscribed({ mode: 'manage' }))));
    expect(ofKiro).toEqual(['q:CreateAssignment', 'q:DeleteAssignment', 'q:UpdateAssignment']);
  });

  it('have a wildcard for all resources exactly where AWS knows none', () => {
    const configuration = subscribed({ mode: 'manage' });
    const wide = (statements: PolicyStatement[]) => actionsOf(statements.filter(({ Resource }) => Resource === '*'));
    expect(wide(planChangesStatements(configuration))).toEqual([
      'qbusiness:ListApplications',
      'user-subscriptions:ListUserSubscriptions',
    ]);
    expect(wide(applyChangesStatements(configuration))).toEqual([
      'organizations:DescribeOrganization',
      'q:CreateAssignment',
      'q:DeleteAssignment',
      'q:UpdateAssignment',
      'qbusiness:ListApplications',
      'sso-directory:DescribeUser',
      'user-subscriptions:CreateClaim',
      'user-subscriptions:UpdateClaim',
    ]);
  });
});
