import { createHash } from 'node:crypto';
import type { Entitlements } from '../domain/entitlements.ts';
import { changingApplications, type Grant, readingApplications } from './application-permissions.ts';
import { MANAGED_POLICY_CHARACTERS } from './limits.ts';
import { notifyUserStatements } from './mail-permissions.ts';
import { charactersIn, resolverFor } from './resolving.ts';
import { applyChangesStatements, type PolicyStatement, planChangesStatements } from './subscription-permissions.ts';

/** A function whose permissions depend on entitlements.yml. */
export type ConfiguredFunction = 'PlanChanges' | 'ApplyChanges' | 'NotifyUser';

interface PolicyDocument {
  Version: '2012-10-17';
  Statement: PolicyStatement[];
}

const FUNCTIONS: readonly ConfiguredFunction[] = ['PlanChanges', 'ApplyChanges', 'NotifyUser'];

/** Returns the managed policies of these functions, as resources of the template. */
export function policyResources(configuration: Entitlements): Record<string, object> {
  return Object.assign({}, ...FUNCTIONS.map((of) => resourcesFor(configuration, of)));
}

/** Returns the ARNs of a function's managed policies, for its role. */
export function policyArns(configuration: Entitlements, of: ConfiguredFunction): object[] {
  return Object.keys(resourcesFor(configuration, of)).map((id) => ({ Ref: id }));
}

function resourcesFor(configuration: Entitlements, of: ConfiguredFunction): Record<string, object> {
  const { identityCenter } = configuration;
  const [, partition = ''] = identityCenter.instanceArn.split(':');
  const resolve = resolverFor({ Resources: {} }, { partition, region: identityCenter.region, stack: '' });
  const fits = (document: PolicyDocument) => charactersIn(resolve(document)) <= MANAGED_POLICY_CHARACTERS;
  return Object.fromEntries(
    [...shareOut(grantsOf(configuration, of), fits)].map(([index, PolicyDocument]) => [
      `${of}Policy${index + 1}`,
      {
        Type: 'AWS::IAM::ManagedPolicy',
        Properties: { Description: `What ${of} of Usher may do because of entitlements.yml`, PolicyDocument },
      },
    ]),
  );
}

/** Returns all that entitlements.yml lets a function do. */
export function grantsOf(configuration: Entitlements, of: ConfiguredFunction): Grant[] {
  switch (of) {
    case 'PlanChanges':
      return [readingApplications(configuration), ...planChangesStatements(configuration).map(grantOf)];
    case 'ApplyChanges':
      return [changingApplications(configuration), ...applyChangesStatements(configuration).map(grantOf)];
    case 'NotifyUser':
      return notifyUserStatements(configuration).map(grantOf);
  }
}

function grantOf(statement: PolicyStatement): Grant {
  return {
    resources: [statement.Resource].flat(),
    allow: (Resource) => ({ ...statement, Resource }),
  };
}

/**
 * Shares grants out among as few policies as hold them, by a hash of each resource (rendezvous hashing).
 *
 * A resource stays in its policy while others come and go, and one policy less moves only what that one had. So an update
 * takes a permission away from no application that stays, not even for the moment between the updates of two policies. Only
 * one policy more, rarely, moves some.
 *
 * @returns the policies by their numbers from 0
 */
function shareOut(grants: readonly Grant[], fits: (document: PolicyDocument) => boolean): Map<number, PolicyDocument> {
  const most = new Set(grants.flatMap(({ resources }) => resources.map(keyOf))).size;
  for (let count = 1; ; count += 1) {
    const policies = documentsFor(grants, count);
    if (count >= most || [...policies.values()].every(fits)) return policies;
  }
}

function documentsFor(grants: readonly Grant[], count: number): Map<number, PolicyDocument> {
  const numbers = Array.from({ length: count }, (_, index) => index);
  const shared = grants.map(({ resources, allow }) => ({
    allow,
    byPolicy: Map.groupBy(resources, (resource) => policyFor(keyOf(resource), numbers)),
  }));
  return new Map(
    numbers.flatMap((index): [number, PolicyDocument][] => {
      const Statement = shared.flatMap(({ allow, byPolicy }) => {
        const resources = byPolicy.get(index);
        return resources ? [allow(resources)] : [];
      });
      return Statement.length > 0 ? [[index, { Version: '2012-10-17', Statement }]] : [];
    }),
  );
}

function policyFor(key: string, numbers: readonly number[]): number {
  const weight = (index: number) => createHash('sha256').update(`${index} ${key}`).digest('hex');
  return numbers.reduce((best, index) => (weight(index) > weight(best) ? index : best));
}

function keyOf(resource: unknown): string {
  return JSON.stringify(resource);
}
