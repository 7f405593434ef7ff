// @module-tag long

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEntitlements } from '../../input/entitlements-file.ts';
import {
  APPLICATION,
  application,
  GROUP,
  group,
  OTHER_APPLICATION,
  OTHER_GROUP,
  STORE_ID,
  user,
} from '../support/ids.ts';
import { anOperator, configuration, linesOf, resultsOf } from '../support/operator.ts';

const GONE = group(3);
const TWIN = application(3);
const OTHER_PRODUCT = application(5);
const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1' };

const operator = anOperator({
  people: 5,
  max: 3,
  assignedGroups: [OTHER_GROUP],
  directory: (seed) => ({
    ...seed,
    applications: [
      ...seed.applications.map((one) =>
        one.applicationArn === OTHER_APPLICATION ? { ...one, assignmentRequired: false } : one,
      ),
      { applicationArn: TWIN, name: 'QDevProfile-us-east-1', status: 'DISABLED' },
      { applicationArn: OTHER_PRODUCT, name: 'quick', provider: 'quicksight' },
    ],
  }),
});

async function findings(
  ...args: readonly string[]
): Promise<{ code: number | null; found: Map<unknown, Record<string, unknown>> }> {
  const { code, out } = await operator.run('doctor', '--json', ...args);
  return { code, found: new Map(resultsOf(out).map((one) => [one['check'], one])) };
}

describe('usher doctor', () => {
  it('reports per check what was found, why it matters, and how to fix it', async () => {
    const { code, found } = await findings();
    expect(code).toBe(1);
    for (const one of found.values()) {
      expect(one).toMatchObject({
        verdict: expect.stringMatching(/^(?:ok|warning|problem|unknown)$/),
        found: expect.any(String),
        why: expect.any(String),
      });
    }
    const verdicts = Object.fromEntries([...found].map(([check, { verdict }]) => [check, verdict]));
    expect(verdicts).toMatchObject({
      credentials: 'ok',
      organization: 'ok',
      instance: 'ok',
      encryption: 'ok',
      'application amazon-q-developer': 'warning',
      'assigned groups amazon-q-developer': 'warning',
      'application kiro': 'problem',
      'identity-store': 'ok',
      [`group ${GROUP}`]: 'ok',
      [`group ${OTHER_GROUP}`]: 'warning',
      'cap amazon-q-developer': 'warning',
      quota: 'ok',
      trail: 'ok',
      rule: 'ok',
      schedule: 'ok',
      ledger: 'ok',
      'audit bus': 'ok',
      'audit log': 'ok',
      archive: 'ok',
      forwarder: 'warning',
      'dead letters events': 'ok',
      reconciliation: expect.any(String),
    });
    expect(found.get('application kiro')?.['fix']).toMatch(/Require assignments/);
    expect(found.get('application amazon-q-developer')?.['found']).toMatch(/2 applications have the name QDevProfile/);
  });

  it('checks only the sections that are named, each as in the whole', async () => {
    const { found: all } = await findings();
    const of = (...sections: string[]) =>
      [...all.values()].filter(({ section }) => sections.includes(String(section))).map(({ check }) => check);
    for (const [args, sections] of [
      [['pace'], ['Pace']],
      [
        ['groups', 'account'],
        ['Account', 'Groups'],
      ],
      [['notices'], []],
    ]) {
      const { found } = await findings(...(args ?? []));
      expect([...found.keys()]).toEqual(of(...(sections ?? [])));
    }
    expect(linesOf((await operator.run('doctor', 'notices', '--json')).out)).toEqual([{ type: 'none', of: 'check' }]);
    const { found: pace } = await findings('pace');
    expect(pace.get('quota')).toEqual(all.get('quota'));
    expect(pace.get('reading amazon-q-developer')).toEqual(all.get('reading amazon-q-developer'));
    expect((await operator.run('doctor', 'pace')).code).toBe(0);
  });

  it('ends with 2 for a section that does not exist, and names the nearest', async () => {
    const { code, error } = await operator.run('doctor', 'acount');
    expect(code).toBe(2);
    expect(error).toMatch(/SECTION: expected one of account, .*Did you mean account\?/);
  });

  it('prints the same in words, and changes nothing', async () => {
    const { code, out, error } = await operator.child('doctor');
    expect(code).toBe(1);
    expect(out).toMatch(/✗ application kiro: All users have access[\s\S]*Why it matters: [\s\S]*Require assignments/);
    // Whether the first sweep has come to the second application is a matter of time, and one problem more or less.
    const problems = out.match(/✗/g)?.length ?? 0;
    const counted = problems === 1 ? '1 problem' : `${problems} problems`;
    expect(problems).toBeGreaterThanOrEqual(1);
    expect(out).toMatch(new RegExp(String.raw`\d+ ok, \d+ warnings, ${counted}, 0 unknown\.`));
    expect(error).toContain(`${counted} to fix`);
    const calls = Object.keys(await operator.calls());
    expect(calls.filter((call) => /\.(?:Create|Delete|Put|Start|Send|Update)/.test(call))).toEqual([]);
    expect((await operator.run('doctor', '--fix')).code).toBe(2);
  });

  it('finds what a configuration names that does not exist', async () => {
    const file = join(operator.folder, 'next.yml');
    const entitlements = [
      { name: 'q', application: APPLICATION, groups: [GROUP, GONE], seats: { max: 10 } },
      { name: 'gone', application: application(4), groups: [GROUP], seats: { max: 10 }, subscription: KIRO },
      { name: 'twin', application: TWIN, groups: [GROUP], seats: { max: 10 } },
      { name: 'other', application: OTHER_PRODUCT, groups: [GROUP], seats: { max: 10 }, subscription: KIRO },
    ];
    writeFileSync(file, JSON.stringify({ ...configuration(), entitlements }));
    await operator.run('start', '--all', '--wait');
    const { code, found } = await findings('--entitlements', 'next.yml');
    expect(code).toBe(1);
    expect(found.get(`group ${GONE}`)).toMatchObject({ verdict: 'problem', found: 'There is no such group' });
    expect(found.get('application gone')).toMatchObject({ verdict: 'problem' });
    // An application that does not exist is one finding.
    expect(found.has('subscription gone')).toBe(false);
    expect(found.get('subscription other')).toMatchObject({
      verdict: 'warning',
      found: expect.stringContaining('the application is of quicksight'),
    });
    expect(found.get('application twin')).toMatchObject({
      verdict: 'problem',
      found: expect.stringMatching(/^It is DISABLED/),
    });
  });

  it('finds dead letters, and events of the forwarder', async () => {
    await operator.call('AmazonSQS.SendMessage', { QueueUrl: 'x/usher-local-undelivered-ticks', MessageBody: '{}' });
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: OTHER_GROUP,
      MemberId: { UserId: user(1) },
    });
    let found = (await findings()).found;
    expect(found.get('dead letters ticks')).toMatchObject({
      verdict: 'problem',
      found: expect.stringMatching(/^1 message/),
    });
    for (let tries = 0; tries < 20 && found.get('forwarder')?.['verdict'] !== 'ok'; tries += 1)
      found = (await findings()).found;
    expect(found.get('forwarder')).toMatchObject({ verdict: 'ok' });
  });

  it.each([
    [
      'a missing permission',
      { operation: 'CloudTrail.DescribeTrails', kind: 'refuse' },
      'trail',
      { verdict: 'unknown', fix: expect.stringMatching(/read-only policy/) },
    ],
    [
      'a KMS key out of reach',
      { operation: 'IdentityStore.DescribeGroup', kind: 'refuse', reason: 'KMS_ACCESS_DENIED' },
      `group ${GROUP}`,
      { verdict: 'problem', fix: expect.stringMatching(/KMS key/) },
    ],
  ])('reports %s and continues', async (_what, fault, check, finding) => {
    await operator.fault(fault);
    const { found } = await findings();
    expect(found.get(check)).toMatchObject(finding);
    expect(found.has('reconciliation')).toBe(true);
  });

  it('ends with 3 if credentials have expired', async () => {
    await operator.fault({ operation: 'STS.GetCallerIdentity', kind: 'expired' });
    const { code, error } = await operator.run('doctor');
    expect(error).toMatch(/expired/);
    expect(code).toBe(3);
  });
});

describe('usher init', () => {
  it('writes a valid configuration from options', async () => {
    const flags = [
      '--application',
      OTHER_APPLICATION,
      '--group',
      'developers',
      OTHER_GROUP,
      '--max',
      '7',
      '--output',
      'made.yml',
    ];
    const { code, error } = await operator.child('init', ...flags);
    expect(error).toMatch(/Wrote made.yml. Review it, then: usher doctor --entitlements made.yml/);
    expect(code).toBe(0);
    const text = readFileSync(join(operator.folder, 'made.yml'), 'utf8');
    expect(text).toMatch(/^ {2}- name: kiroprofile-us-east-1$/m);
    expect(text).toMatch(/^ {4}# Ids, because events carry no group names/m);
    const again = await operator.run('doctor', '--entitlements', 'made.yml', '--json');
    expect(resultsOf(again.out).map(({ check }) => check)).toContain(`group ${GROUP}`);
    expect((await operator.run('init', ...flags)).error).toMatch(/made.yml exists/);
  });

  it('writes to standard output', async () => {
    const { code, out } = await operator.run(
      'init',
      '--application',
      TWIN,
      '--group',
      GROUP,
      '--max',
      '1',
      '--name',
      'q',
      '--output',
      '-',
    );
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`application: ${TWIN}`));
  });

  it('writes the subscription of a plan, with the Region of the profile', async () => {
    const flags = ['--application', OTHER_APPLICATION, '--group', 'developers', '--max', '7', '--output', '-'];
    const { out } = await operator.run('init', ...flags, '--mode', 'observe', '--plan', 'Q_DEVELOPER_STANDALONE_PRO');
    const { entitlements } = readEntitlements(out, 'standard output');
    expect(entitlements[0]).toMatchObject({
      mode: 'observe',
      subscription: { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'report' },
    });
    // Only the entitlement's own mode has the comment that explains it.
    expect(out.match(/# enforce, or observe/g)).toHaveLength(1);
    expect(out).toMatch(/# report compares only\. manage, .+"From report to manage"\.\n +mode: report\n/);
    const business = await operator.run('init', ...flags, '--plan', 'Q_LITE', '--plan-region', 'eu-west-1');
    expect(readEntitlements(business.out, 'standard output').entitlements[0]).toMatchObject({
      subscription: { provider: 'amazon-q-business', region: 'eu-west-1' },
    });
  });

  it.each([
    [
      'an unknown plan',
      ['--application', TWIN, '--group', GROUP, '--max', '1', '--plan', 'KIRO_ENTERPRISE_PRO'],
      /--plan: expected one of Q_DEVELOPER_STANDALONE, /,
    ],
    [
      'the Region of no plan',
      ['--application', TWIN, '--group', GROUP, '--max', '1', '--plan-region', 'us-east-1'],
      /--plan-region needs --plan/,
    ],
    [
      'a missing application',
      ['--application', 'Kiro', '--group', GROUP, '--max', '1'],
      /no application Kiro\. Did you mean KiroProfile/,
    ],
    [
      'two applications with one name',
      ['--application', 'QDevProfile-us-east-1', '--group', GROUP, '--max', '1'],
      /2 applications have the name QDevProfile-us-east-1/,
    ],
    ['a missing group', ['--application', TWIN, '--group', 'nobody', '--max', '1'], /no group nobody\. Existing: /],
    [
      'an invalid name',
      ['--application', TWIN, '--group', GROUP, '--max', '1', '--name', 'Q Dev'],
      /entitlements\[0\].name: expected lower-case/,
    ],
    ['a missing cap', ['--application', TWIN, '--group', GROUP], /There is no terminal to ask in: give --max/],
    ['no option', [], /give --application/],
  ])('ends with 2 for %s, and writes nothing', async (_what, args, message) => {
    const { code, error } = await operator.run('init', ...args, '--output', 'never.yml');
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });
});
