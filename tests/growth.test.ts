// @module-tag long
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { policyArns, policyResources } from '../build/configured-policies.ts';
import { excessesOf } from '../build/limits.ts';
import { charactersIn, resolverFor } from '../build/resolving.ts';
import type { Entitlements } from '../domain/entitlements.ts';
import { largestEntitlements, PARTITIONS } from './support/largest.ts';
import { aCheckout, packaged, packagedWith, packageIn, resolved, type Template } from './support/template.ts';

const [COMMERCIAL, GOVERNMENT] = PARTITIONS;

/** The template as packaging would make it with another configuration. */
async function templateWith(configuration: Entitlements): Promise<Template> {
  const { Resources, ...rest } = structuredClone((await packaged()).template);
  for (const of of ['PlanChanges', 'ApplyChanges'] as const) {
    const { Properties } = Resources[`${of}Role`] ?? {};
    if (Properties) Properties['ManagedPolicyArns'] = policyArns(configuration, of);
  }
  return { ...rest, Resources: { ...Resources, ...policyResources(configuration) } as Template['Resources'] };
}

describe.each(PARTITIONS)('200 applications of 100 groups in $partition', (place) => {
  const key = `arn:${place.partition}:kms:${place.region}:111122223333:key/mrk-${'0'.repeat(32)}`;
  const where = { ...place, stack: 'usher-prod' };

  it.each<[string, Entitlements, Record<string, string>]>([
    ['without subscriptions', largestEntitlements(place, () => undefined), {}],
    ['with subscriptions of every provider', largestEntitlements(place), {}],
    [
      'with subscriptions of every provider and both keys',
      largestEntitlements(place),
      { KeyArn: key, IdentityCenterKeyArn: key, AuditBucketArn: `arn:${place.partition}:s3:::${'b'.repeat(63)}` },
    ],
  ])('fit into the policies that IAM takes, %s', async (_fact, configuration, parameters) => {
    const whole = await templateWith(configuration);
    expect(excessesOf({ template: whole, place: where, unzipped: new Map() })).toEqual([]);

    const template = resolved(whole, parameters);
    const resolve = resolverFor(template, where);
    const managed = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::IAM::ManagedPolicy');
    expect(managed.length).toBeGreaterThan(6);
    for (const [id, { Properties }] of managed) {
      expect(charactersIn(resolve(Properties['PolicyDocument'])), id).toBeLessThanOrEqual(6144);
    }
    for (const [id, { Type, Properties }] of Object.entries(template.Resources)) {
      if (Type !== 'AWS::IAM::Role') continue;
      const { Policies = [], ManagedPolicyArns = [] } = Properties as Record<string, object[]>;
      expect(ManagedPolicyArns.length, id).toBeLessThanOrEqual(10);
      const inline = Policies.reduce((sum, policy) => sum + charactersIn(resolve(policy)), 0);
      // Half of what IAM takes: no number of applications changes them.
      expect(inline, id).toBeLessThan(10_240 / 2);
    }
  });
});

describe('packaging', () => {
  it('takes the largest configuration', async () => {
    const configuration = largestEntitlements(GOVERNMENT);
    const { template } = await packagedWith(configuration);
    const { Resources } = template;
    expect(Object.keys(Resources).filter((id) => /^(?:Plan|Apply)ChangesPolicy/.test(id))).toEqual(
      Object.keys(policyResources(configuration)),
    );
    expect(Resources['PlanChangesRole']?.Properties['ManagedPolicyArns']).toEqual(
      policyArns(configuration, 'PlanChanges'),
    );
  });

  it('refuses one that AWS would refuse in the middle of the update, and writes nothing', async () => {
    const folder = aCheckout();
    const configuration = largestEntitlements(COMMERCIAL, (_place, number) => ({
      provider: 'amazon-q-business',
      plan: 'Q_LITE',
      region: 'us-east-1',
      mode: 'manage',
      roleArn: `arn:aws:iam::${100_000_000_000 + number}:role/${'x'.repeat(500)}/usher-subscriber`,
    }));
    writeFileSync(join(folder, 'entitlements.yml'), JSON.stringify(configuration));
    const refusal = await packageIn(folder).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 1 });
    const { stdout, stderr } = refusal as { stdout: string; stderr: string };
    const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('at most'));
    const expected =
      /^(?:Plan|Apply)ChangesRole: \d\d managed policies, at most 10\. Configure fewer .+roleArns\. https:\S+$/;
    expect(lines).toEqual([expect.stringMatching(expected), expect.stringMatching(expected)]);
    expect(existsSync(join(folder, '.serverless', 'cloudformation-template-update-stack.json'))).toBe(false);
  });
});
