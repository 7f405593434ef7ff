// @module-tag long

import { describe, expect, it } from 'vitest';
import { type ConfiguredFunction, grantsOf, policyArns, policyResources } from '../../build/configured-policies.ts';
import type { PolicyStatement } from '../../build/subscription-permissions.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { APPLICATION } from '../support/ids.ts';
import { everyProvider, farApplication, largestEntitlements, PARTITIONS } from '../support/largest.ts';

const [PLACE] = PARTITIONS;
const FUNCTIONS: ConfiguredFunction[] = ['PlanChanges', 'ApplyChanges'];

interface ManagedPolicy {
  Type: string;
  Properties: { PolicyDocument: { Statement: (PolicyStatement & { Resource: unknown[] })[] } };
}

/** The policies of a function, by their logical ids. */
function policiesOf(configuration: Entitlements, of: ConfiguredFunction): Map<string, ManagedPolicy> {
  const all = policyResources(configuration) as Record<string, ManagedPolicy>;
  return new Map(Object.entries(all).filter(([id]) => id.startsWith(of)));
}

function statementsIn(policies: ReadonlyMap<string, ManagedPolicy>) {
  return [...policies.values()].flatMap(({ Properties }) => Properties.PolicyDocument.Statement);
}

/** Every action with every resource on which it is allowed. */
function pairsIn(statements: readonly PolicyStatement[]): string[] {
  return statements.flatMap(({ Action, Resource }) =>
    Action.flatMap((action) => [Resource].flat().map((resource) => `${action} ${JSON.stringify(resource)}`)),
  );
}

const onApplications = (statements: readonly PolicyStatement[]) =>
  statements.filter(({ Action }) => Action.includes('sso:DescribeApplicationAssignment'));

/** The largest configuration without subscriptions, and without this number of its applications. */
function applications(left: number): Entitlements {
  const whole = largestEntitlements(PLACE, () => undefined);
  return { ...whole, retired: whole.retired.slice(left) };
}

describe.each(FUNCTIONS)('the policies of %s', (of) => {
  it.each<[string, Entitlements]>([
    ['one application', exampleEntitlements()],
    ...PARTITIONS.map((place): [string, Entitlements] => [
      `200 applications in ${place.partition}`,
      largestEntitlements(place),
    ]),
  ])('together allow what the configuration does, each resource once: %s', (_fact, configuration) => {
    const expected = grantsOf(configuration, of).map(({ allow, resources }) => allow(resources));
    expect(pairsIn(statementsIn(policiesOf(configuration, of))).sort()).toEqual(pairsIn(expected).sort());
  });

  it('allow the same, whichever account owns an application', () => {
    const statements = onApplications(statementsIn(policiesOf(largestEntitlements(PLACE), of)));
    expect(statements.length).toBeGreaterThan(2);
    expect(statements.filter(({ Condition }) => Condition !== undefined)).toEqual([]);
  });

  it('are one while one holds everything', () => {
    const policies = policiesOf(exampleEntitlements({ retired: [farApplicationOfExample()] }), of);
    expect([...policies.keys()]).toEqual([`${of}Policy1`]);
    expect(onApplications(statementsIn(policies))).toMatchObject([
      { Resource: [APPLICATION, farApplicationOfExample()] },
    ]);
  });

  it('are all attached to its role', () => {
    const configuration = largestEntitlements(PLACE);
    const ids = [...policiesOf(configuration, of).keys()];
    expect(ids.length).toBeGreaterThan(2);
    expect(policyArns(configuration, of)).toEqual(ids.map((id) => ({ Ref: id })));
  });

  it('change in one place with one application more or less', () => {
    const [more, less] = [policiesOf(applications(0), of), policiesOf(applications(1), of)];
    expect([...more.keys()]).toEqual([...less.keys()]);
    const changed = [...more].filter(([id, policy]) => JSON.stringify(policy) !== JSON.stringify(less.get(id)));
    expect(changed).toHaveLength(1);
  });

  it('keep what they have when there is one policy less', () => {
    const sizes = Array.from({ length: 10 }, (_, index) => policiesOf(applications(10 * index), of));
    const steps = sizes.flatMap((more, index) => {
      const less = sizes[index + 1];
      return less && less.size < more.size ? [[more, less] as const] : [];
    });
    expect(steps.length).toBeGreaterThan(0);
    for (const [more, less] of steps) {
      for (const [id, policy] of less) {
        const before = pairsIn(statementsIn(new Map([[id, more.get(id) ?? policy]])));
        const kept = new Set(pairsIn(statementsIn(less)));
        const now = new Set(pairsIn(statementsIn(new Map([[id, policy]]))));
        expect(before.filter((pair) => kept.has(pair) && !now.has(pair))).toEqual([]);
      }
    }
  });
});

describe('the largest configuration', () => {
  it('has a subscription of every kind', () => {
    const kinds = Array.from({ length: 100 }, (_, number) => everyProvider(PLACE, number));
    const distinct = new Set(
      kinds.map(({ provider, mode, roleArn }) => `${provider} ${mode} ${roleArn !== undefined}`),
    );
    expect([...distinct].sort()).toEqual([
      'amazon-q-business manage false',
      'amazon-q-business manage true',
      'kiro manage false',
      'kiro report false',
      'kiro report true',
    ]);
  });
});

/** An application of the example's instance that another account owns. */
function farApplicationOfExample(): string {
  return farApplication(PLACE, 9).replace('ssoins-1111222233334444', APPLICATION.split('/')[1] ?? '');
}
