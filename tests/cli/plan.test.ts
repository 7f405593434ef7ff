// @module-tag long

import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Entitlements } from '../../domain/entitlements.ts';
import {
  APPLICATION,
  application,
  ENTITLEMENT,
  GROUP,
  group,
  OTHER_APPLICATION,
  OTHER_GROUP,
  user,
} from '../support/ids.ts';
import { anOperator, configuration, linesOf, resultsOf, runUsher } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

/** Ten users of whom 8 may have a seat; one has an assignment that Usher did not make. */
const operator = anOperator({ people: 12, members: 10, others: [11, 12], max: 8, assigned: [10] });

const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'report' } as const;
const [FIRST, SECOND] = configuration(8).entitlements;

/** Writes a configuration into the folder. @returns its name */
function write(name: string, parts: Partial<Record<keyof Entitlements, unknown>>): string {
  writeFileSync(join(operator.folder, name), JSON.stringify({ ...configuration(8), ...parts }));
  return name;
}

async function planned(...args: readonly string[]) {
  const { code, out, error } = await operator.run('plan', '--json', ...args);
  const lines = resultsOf(out);
  const of = (type: string) => lines.filter((line) => line['type'] === type);
  return {
    code,
    error,
    plans: of('plan'),
    changes: of('planned-change'),
    total: of('plan-total')[0],
    groupNames: of('group-name'),
  };
}

describe('usher plan before the first sweep', () => {
  it('shows who would get a seat and who would wait, and changes nothing', async () => {
    const { code, out } = await operator.child('plan', '--json', '--people');
    expect(code).toBe(0);
    const lines = linesOf(out);
    expect(lines[0]).toMatchObject({
      type: 'plan',
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      configuration: 'new',
      mode: 'enforce',
      entitled: 10,
      seats: 0,
      seatsAfter: 8,
      max: 8,
      gains: 8,
      waitlisted: 1,
      waitlistedAfter: 1,
      adoptable: 1,
      unmanaged: 1,
    });
    expect(lines).toContainEqual({
      type: 'planned-change',
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      userId: user(9),
      change: 'waitlisted',
      mode: 'enforce',
      position: 1,
    });
    expect(lines.at(-1)).toMatchObject({
      type: 'plan-total',
      deployed: true,
      hasChanges: true,
      gains: 10,
      waitlisted: 1,
    });
    const calls = Object.keys(await operator.calls());
    expect(calls.filter((call) => /\.(?:Create|Delete|Put|Start|Send|Update|Batch)/.test(call))).toEqual([]);
  });

  it('says so where nothing is deployed, and plans as for a first deployment', async () => {
    const { code, out, error } = await operator.run('plan', '--stage', 'other', '--json');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(resultsOf(out).at(-1)).toMatchObject({ deployed: false, gains: 10 });
    expect((await operator.run('plan', '--stage', 'other')).error).toMatch(
      /The emulator has no ledger: this is a plan for a first deployment/,
    );
  });
});

describe('usher plan after the first sweep', () => {
  it('finds nothing to change', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    const { code, out } = await operator.run('plan', '--detailed-exitcode');
    expect(out).toMatch(/^Nothing changes\. 10 seats now, 10 at the end\.$/m);
    expect(code).toBe(0);
  });

  it('ends with 2 and says for whom it matters if the configuration changes something', async () => {
    const entitlements = [{ ...FIRST, seats: { max: 9 } }, SECOND];
    const file = write('larger.yml', { entitlements });
    const { code, out } = await operator.child('plan', file, '--detailed-exitcode', '--people');
    expect(code).toBe(2);
    expect(out).toMatch(new RegExp(String.raw`^${user(9)}\t${ENTITLEMENT}\tgains\tplace-freed\t\t$`, 'm'));
    expect(out).toMatch(/^1 gains a seat\. 10 seats now, 11 at the end\.$/m);
  });

  it('says what a lowered cap, a removed group, a new name and another mode do', async () => {
    const lowered = await planned(write('lowered.yml', { entitlements: [{ ...FIRST, seats: { max: 5 } }, SECOND] }));
    expect(lowered.plans[0]).toMatchObject({ seats: 8, seatsAfter: 8, aboveCap: 3, revoked: 0 });
    expect(lowered.total).toMatchObject({ hasChanges: false });
    const { out: words } = await operator.run('plan', 'lowered.yml');
    expect(words).toMatch(/3 seats are above the cap of 5\. Usher revokes no seat for that/);

    const narrowed = write('narrowed.yml', { entitlements: [{ ...FIRST, groups: [OTHER_GROUP] }, SECOND] });
    expect((await planned(narrowed)).plans[0]).toMatchObject({
      held: 8,
      revoked: 0,
      seatsAfter: 8,
      waitlisted: 2,
      dropped: 1,
      budget: { allowed: 2, used: 0, left: 2 },
      asked: 8,
      hold: { reason: 'brake', held: 8 },
    });
    const { out: held } = await operator.run('plan', narrowed);
    expect(held).toMatch(/The brake holds 8 revocations: 8 are asked for, and 2 are left of a budget of 2 in 24 hours/);
    const brake = { percent: 0, atLeast: 10 };
    const loosened = await planned(
      write('loosened.yml', {
        ...configuration(8),
        brake,
        entitlements: [{ ...FIRST, groups: [OTHER_GROUP] }, SECOND],
      }),
    );
    expect(loosened.plans[0]).toMatchObject({ held: 0, revoked: 8, gains: 2, seatsAfter: 2 });
    const graced = { ...FIRST, groups: [OTHER_GROUP], onLeave: { revokeAfterDays: 7 } };
    expect((await planned(write('graced.yml', { entitlements: [graced, SECOND] }))).plans[0]).toMatchObject({
      leaving: 8,
      held: 0,
      revoked: 0,
    });

    const renamed = await planned(write('renamed.yml', { entitlements: [{ ...FIRST, name: 'other' }, SECOND] }));
    expect(renamed.plans[0]).toMatchObject({ entitlement: 'other', formerly: [ENTITLEMENT] });
    expect(renamed.total).toMatchObject({ hasChanges: false });

    const observing = { ...FIRST, groups: [OTHER_GROUP], mode: 'observe' };
    const observed = await planned(write('observed.yml', { entitlements: [observing, SECOND] }), '--people');
    expect(observed.plans[0]).toMatchObject({ mode: 'observe', held: 8, seatsAfter: 8 });
    expect(observed.changes[0]).toMatchObject({ mode: 'observe' });
    expect(observed.total).toMatchObject({ hasChanges: false, held: 0 });
  });

  it('says what becomes of an entitlement that is removed, retired, or names another application', async () => {
    const removed = await planned(write('removed.yml', { entitlements: [SECOND] }));
    expect(removed.plans).toContainEqual(
      expect.objectContaining({
        entitlement: ENTITLEMENT,
        application: APPLICATION,
        configuration: 'removed',
        seats: 8,
        seatsAfter: 8,
        waitlistedAfter: 1,
      }),
    );
    expect(removed.total).toMatchObject({ hasChanges: true, revoked: 0 });
    const { out } = await operator.run('plan', 'removed.yml');
    expect(out).toMatch(/Not in this configuration\. Its 8 seats stay, .* list the application under retired/);
    write('retired.yml', { entitlements: [SECOND], retired: [APPLICATION] });
    expect((await operator.run('plan', 'retired.yml')).out).toMatch(/Retired\. Its 8 seats stay/);
    write('swapped.yml', { entitlements: [{ ...FIRST, application: OTHER_APPLICATION }] });
    const swapped = (await operator.run('plan', 'swapped.yml')).out;
    expect(swapped).toMatch(new RegExp(`It names another application than before\\. .*8 seats in ${APPLICATION} stay`));
  });

  it('counts what seats cost, by the prices of a file', async () => {
    writeFileSync(join(operator.folder, 'prices.yml'), 'currency: USD\nplans: { Q_DEVELOPER_STANDALONE_PRO: 19.5 }\n');
    write('priced.yml', { entitlements: [{ ...FIRST, seats: { max: 9 }, subscription: KIRO }, SECOND] });
    const { plans, total } = await planned('priced.yml', '--price', 'prices.yml');
    expect(plans[0]).toMatchObject({ pricePerMonthBefore: 156, pricePerMonth: 175.5, currency: 'USD' });
    expect(total).toMatchObject({ pricePerMonthBefore: 156, pricePerMonth: 175.5, unpriced: 2, currency: 'USD' });
    expect((await operator.run('plan', 'priced.yml', '--price', 'prices.yml')).out).toMatch(
      /^175\.50 USD per month at the end, 156\.00 now, if each seat is billed, and 2 seats of unknown price\.$/m,
    );
  });

  it('warns when a group has another name than the configuration gives it, with names only on request', async () => {
    const groups = [
      { name: 'designers', id: GROUP },
      { name: 'gone', id: group(3) },
    ];
    write('named.yml', {
      entitlements: [
        { ...FIRST, groups },
        { ...SECOND, groups: [{ name: 'designers', id: OTHER_GROUP }] },
      ],
    });
    const { groupNames } = await planned('named.yml');
    expect(groupNames).toEqual([
      { type: 'group-name', groupId: GROUP, exists: true, namesakeId: OTHER_GROUP },
      { type: 'group-name', groupId: group(3), exists: false },
    ]);
    const silent = await operator.run('plan', 'named.yml');
    expect(silent.error).toMatch(new RegExp(`Group ${GROUP} is not called the name .* belongs to ${OTHER_GROUP}`));
    expect(silent.error).not.toMatch(/developers|designers/);
    const named = await operator.run('plan', 'named.yml', '--names');
    expect(named.error).toMatch(/is not called designers; it is developers now/);
    const { out } = await operator.run('doctor', '--entitlements', 'named.yml', '--json');
    expect(linesOf(out)).toContainEqual(
      expect.objectContaining({
        check: `group name ${GROUP}`,
        verdict: 'warning',
        found: `It is called developers now, and that name belongs to ${OTHER_GROUP}`,
      }),
    );
    expect(linesOf(out)).toContainEqual(expect.objectContaining({ check: `group name ${OTHER_GROUP}`, verdict: 'ok' }));
  });
});

describe('the formats of usher plan', () => {
  it('has ids only, unless names are asked for', async () => {
    const file = write('named-people.yml', { entitlements: [{ ...FIRST, seats: { max: 9 } }, SECOND] });
    for (const format of ['text', 'json', 'markdown']) {
      const { out } = await operator.run('plan', file, '--people', '--format', format);
      expect(out).toContain(user(9));
      expect(out).not.toContain(SECRET);
      expect((await operator.run('plan', file, '--people', '--format', format, '--names')).out).toContain(SECRET);
    }
  });

  it('is a comment for a pull request', async () => {
    const { code, out } = await operator.child('plan', 'narrowed.yml', '--format', 'markdown', '--detailed-exitcode');
    expect(code).toBe(2);
    expect(out).toMatch(/^### Usher plan\n/);
    expect(out).toMatch(/^\| ENTITLEMENT \| SEATS \| AFTER \| MAX \| GAINS/m);
    expect(out).toMatch(/<details><summary>amazon-q-developer: 11 users<\/summary>\n\n\| USER \| /);
  });

  it('is written to a file of the operator alone, and compared with another one', async () => {
    const out = (name: string) => join(operator.folder, name);
    writeFileSync(out('one.json'), '{}', { mode: 0o644 });
    expect((await operator.run('plan', '--out', 'one.json')).code).toBe(0);
    expect(statSync(out('one.json')).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(out('one.json'), 'utf8'))).toMatchObject({ type: 'plan-file', schemaVersion: 1 });
    await operator.run('plan', 'larger.yml', '--out', 'two.json');
    expect((await operator.run('plan', '--diff', 'one.json', 'one.json', '--detailed-exitcode')).code).toBe(0);
    const { code, out: lines } = await operator.child(
      'plan',
      '--diff',
      'one.json',
      'two.json',
      '--json',
      '--detailed-exitcode',
    );
    expect(code).toBe(2);
    const about = { type: 'plan-difference', application: APPLICATION, entitlement: ENTITLEMENT };
    expect(linesOf(lines)).toEqual(
      expect.arrayContaining([
        { ...about, field: 'max', before: 8, after: 9 },
        { ...about, field: 'gains', before: 0, after: 1 },
        { ...about, userId: user(9), field: 'change', after: 'gains' },
      ]),
    );
    const same = await operator.run('plan', '--diff', 'two.json', 'two.json', '--json');
    expect(linesOf(same.out)).toEqual([{ type: 'none', of: 'plan-difference' }]);
    expect((await operator.run('plan', '--diff', 'one.json', 'two.json')).out).toMatch(/\tmax\t8\t9$/m);
  });
});

describe('bad input of usher plan', () => {
  const FAULTY = JSON.stringify({
    identityCenter: { region: 'Virginia', instanceArn: 'x', identityStoreId: 'y' },
    entitlements: [
      { name: 'Kiro', application: 'kiro', groups: ['developers', { name: 'a' }], seats: { max: -1 } },
      { ...FIRST, onLeave: { revokeAfterDays: 400 }, mode: 'dream' },
    ],
  });

  it('shows all ten faults of a file, which may be standard input', async () => {
    writeFileSync(join(operator.folder, 'faulty.yml'), FAULTY);
    const { code, error } = await operator.child('plan', 'faulty.yml');
    expect(code).toBe(2);
    expect(error.match(/faulty\.yml: /g)).toHaveLength(10);
    const options = { cwd: operator.folder, env: { AWS_ENDPOINT_URL: operator.endpoint } };
    const piped = await runUsher(['--local', 'plan', '-'], { ...options, input: FAULTY });
    expect(piped.error.match(/standard input: /g)).toHaveLength(10);
    const good = await runUsher(['--local', 'plan', '-', '--json'], {
      ...options,
      input: JSON.stringify(configuration(8)),
    });
    expect({ code: good.code, total: linesOf(good.out).at(-1) }).toMatchObject({
      code: 0,
      total: { hasChanges: false },
    });
  });

  it.each<[string, string[], RegExp]>([
    ['a missing file', ['nosuch.yml'], /nosuch\.yml: no such file/],
    ['two configurations', ['larger.yml', 'lowered.yml'], /A plan is made of one configuration/],
    ['a configuration that is named twice', ['larger.yml', '--entitlements', 'x.yml'], /Name the configuration once/],
    ['an unknown format', ['--format', 'html'], /--format: expected one of text, json, markdown/],
    ['an unknown option', ['--nosuch'], /unknown option/],
    ['one plan to compare', ['--diff', 'one.json'], /--diff needs two files/],
    ['a comparison with options of a plan', ['--diff', 'one.json', 'two.json', '--people'], /--diff goes with/],
    ['a file that is no plan', ['--diff', 'one.json', 'larger.yml'], /larger\.yml: type: missing|larger\.yml: type/],
    ['a file that cannot be written', ['--out', 'nosuch/plan.json'], /nosuch\/plan\.json cannot be written \(ENOENT\)/],
    ['standard output as a file', ['--out', '-'], /--out needs a file/],
    ['no prices', ['--price', 'larger.yml'], /larger\.yml: currency/],
  ])('ends with 2 for %s, and with 1 under --detailed-exitcode', async (_what, args, message) => {
    const { code, error } = await operator.run('plan', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
    const detailed = await operator.run('plan', ...args, '--detailed-exitcode', '--json');
    expect(detailed.code).toBe(1);
    expect(linesOf(detailed.out).at(-1)).toMatchObject({ type: 'error', exitCode: 1 });
  });

  it.each(['SSOAdmin.ListApplicationAssignments', 'SSOAdmin.GetApplicationAssignmentConfiguration'])(
    'says in each form that it is not all if AWS refuses %s',
    async (operation) => {
      for (const format of ['text', 'markdown']) {
        await operator.fault({ operation, kind: 'refuse', times: 9 });
        const { code, out } = await operator.run('plan', '--format', format, '--out', 'partial.json');
        await operator.clearFaults();
        expect(code).toBe(1);
        expect(out).toContain('Incomplete: 2 reads failed. In the rest: nothing changes.');
      }
      expect((await operator.run('plan', '--out', 'all.json')).code).toBe(0);
      const diff = await operator.run('plan', '--diff', 'partial.json', 'all.json', '--detailed-exitcode');
      expect(diff).toMatchObject({ code: 1, error: expect.stringMatching(/partial\.json: reads failed/) });
    },
  );

  it('leaves out what AWS does not show, and ends with 1', async () => {
    await operator.fault({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse' });
    const { code, out, error } = await operator.run('plan', '--json', '--detailed-exitcode');
    expect(code).toBe(1);
    expect(resultsOf(out).flatMap(({ entitlement }) => entitlement ?? [])).toEqual(['kiro']);
    expect(error).toMatch(/not read: ListApplicationAssignments/);
    expect(linesOf(out)).toContainEqual(expect.objectContaining({ type: 'plan-total', unread: 1 }));
    for (const format of ['text', 'markdown']) {
      await operator.fault({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse' });
      const shown = await operator.run('plan', '--format', format);
      expect(shown.out).toContain('Incomplete: 1 read failed. In the rest: nothing changes.');
    }
    const gone = await operator.run(
      'plan',
      write('gone.yml', { entitlements: [{ ...FIRST, application: application(8) }] }),
    );
    expect(gone.code).toBe(1);
  });
});
