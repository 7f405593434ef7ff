// @module-tag long
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { APPLICATION, ENTITLEMENT, GROUP, people, STORE_ID, user } from '../support/ids.ts';
import { anOperator, configuration, linesOf } from '../support/operator.ts';
import { SECRET } from '../support/secret.ts';

const EVIL = '=cmd()\u001b[31m';
const operator = anOperator({
  people: 14,
  members: 12,
  max: 10,
  assigned: [1, 13],
  directory: (seed) => ({
    ...seed,
    users: seed.users.map((one, index) => (index === 1 ? { ...one, userName: EVIL } : one)),
  }),
});

/** The first half of GROUP leaves in the Identity Store. */
async function leaves(...numbers: readonly number[]): Promise<void> {
  const list = await operator.call('AWSIdentityStore.ListGroupMemberships', {
    IdentityStoreId: STORE_ID,
    GroupId: GROUP,
  });
  const memberships = list['GroupMemberships'] as { MembershipId: string; MemberId: { UserId: string } }[];
  for (const number of numbers) {
    const found = memberships.find(({ MemberId }) => MemberId.UserId === user(number));
    await operator.call('AWSIdentityStore.DeleteGroupMembership', {
      IdentityStoreId: STORE_ID,
      MembershipId: found?.MembershipId,
    });
  }
}

const summary = async () => linesOf((await operator.run('seats', '--json')).out)[0];

// The tests build on each other, in this order.
describe('usher seats, why, held, release and adopt', () => {
  it('count seats up to the cap, waitlisted users and unmanaged assignments', async () => {
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    expect(await summary()).toMatchObject({
      entitlement: ENTITLEMENT,
      seats: 10,
      max: 10,
      waitlisted: 1,
      held: 0,
      unmanaged: 2,
      budget: { allowed: 2, used: 0, left: 2, byHour: [] },
    });
    const { out } = await operator.child('seats');
    expect(out.split('\n')[0]).toBe('ENTITLEMENT\tSEATS\tMAX\tWAITLISTED\tLEAVING\tHELD\tFAILED\tUNMANAGED');
    expect(out).toContain(`${ENTITLEMENT}\t10\t10\t1\t0\t0\t0\t2`);
  });

  it('list users in the order of the waitlist, without names unless asked', async () => {
    const { out } = await operator.run('seats', '--people', '--status', 'waitlisted', '--json');
    expect(linesOf(out)).toEqual([expect.objectContaining({ userId: user(12), status: 'waitlisted' })]);
    expect((await operator.run('seats', '--people')).out).not.toContain(SECRET);
    const named = await operator.run('seats', '--people', '--names');
    expect(named.out).toContain(SECRET);
    expect(named.out).not.toContain('\u001b');
  });

  it('write a spreadsheet in which no name is a formula', async () => {
    const { code, out } = await operator.child('seats', '--csv', '--names');
    expect(code).toBe(0);
    expect(out.split('\n')[0]).toBe('name,userId,entitlement,status,since,dueAt,reason');
    expect(out).toMatch(/^'=cmd\(\)\\u001b\[31m,/m);
  });

  it.each([
    ['an unknown status', ['--status', 'gone'], /--status: expected one of waitlisted/],
    ['an unknown entitlement', ['--entitlement', 'q'], /No entitlement has the name q/],
  ])('end with 2 for %s', async (_what, args, message) => {
    const { code, error } = await operator.run('seats', ...args);
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });

  it.each([
    [
      'a seat',
      3,
      /has a seat \(confirmed .*entitled: they are in one of its groups/,
      { entitled: true, assigned: true, next: { do: 'nothing' } },
    ],
    [
      'the waitlist',
      12,
      /on the waitlist, position 1 of 1, since .*: all 10 slots are taken/,
      { entitled: true, waitlist: { position: 1, of: 1 } },
    ],
    ['an unmanaged assignment', 1, /assigned, but not by Usher/, { entitled: true, assigned: true }],
  ])('explain the status of a user: %s', async (_what, number, words, facts) => {
    const { code, out } = await operator.run('why', user(number));
    expect(code).toBe(0);
    expect(out).toMatch(words);
    const [shown] = linesOf((await operator.child('why', user(number), '--json')).out);
    expect(shown).toMatchObject({
      userId: user(number),
      type: 'user',
      status: 'enabled',
      groups: [{ groupId: GROUP }],
      entitlements: [facts],
    });
  });

  it('explain an assignment of a user who is not entitled', async () => {
    const { out } = await operator.run('why', user(13));
    expect(out).toMatch(/assigned, but not by Usher[\s\S]*Entitled: no, they are in none of its groups/);
  });

  it('explain a user who is in no configured group', async () => {
    const { code, out } = await operator.run('why', user(14));
    expect(code).toBe(0);
    expect(out).toMatch(/Member of none of the configured groups/);
  });

  it('show the last audit events of a user', async () => {
    const { out } = await operator.run('why', user(3));
    expect(out).toMatch(/Seat Assigned\t.*amazon-q-developer\tmanual/);
  });

  it('show what the brake holds, user by user', async () => {
    await leaves(...people(3, 8));
    await operator.run('start', '--all', '--wait');
    const { code, out } = await operator.child('held', '--json');
    expect(code).toBe(0);
    const [hold] = linesOf(out);
    expect(hold).toMatchObject({
      entitlement: ENTITLEMENT,
      reason: 'brake',
      released: false,
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const held = hold?.['users'] as { userId: string; reason: string }[];
    expect(held.length).toBeGreaterThan(0);
    expect(new Set(held.map(({ reason }) => reason))).toEqual(new Set(['group-leave']));
    expect((await operator.run('why', held[0]?.userId ?? '')).out).toMatch(/the brake holds it[\s\S]*usher release/);
  });

  it('name the group that fell, the budget, and both ways out with their commands', async () => {
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    expect(hold).toMatchObject({
      cause: [{ groupId: GROUP, before: 12, after: 6 }],
      budget: { allowed: 2, used: 2, left: 0 },
      undo: { commands: expect.arrayContaining([expect.objectContaining({ command: 'usher start --all --wait' })]) },
      release: { commands: [{ command: `usher release ${String(hold?.['digest']).slice(0, 12)}` }] },
    });
    const { out } = await operator.child('held', '--names');
    expect(out).toMatch(new RegExp(`Group ${GROUP} fell from 12 to 6 members \\(first .*, last .*\\)\\.`));
    expect(out).toContain('The brake allows 2 revocations in 24 hours: 2 used, 0 left');
    expect(out).toContain(`Put 6 users back into group ${GROUP}`);
    expect(out).toMatch(/^ {4}usher history amazon-q-developer --at \S+Z {2}# who had a seat before$/m);
    expect(out).toMatch(/^ {4}aws cloudtrail lookup-events .*identitystore-scim\.amazonaws\.com/m);
    expect(out).toMatch(
      /If this is a mistake, undo it:[\s\S]*If this is intended, release it:[\s\S]*usher release [0-9a-f]{12} /m,
    );
    expect(out).toContain(SECRET);
    expect((await operator.run('held')).out).not.toContain(SECRET);
  });

  it('stand in the audit stream with their number and digest, also after the hold has grown', async () => {
    const { out } = await operator.child('audit', '--type', 'held', '--since', '1d');
    const held = out.split('\n').filter((row) => row.includes('Revocations Held'));
    expect(held.length).toBeGreaterThan(1);
    expect(held.at(-1)).toMatch(/brake: [234] held, digest [0-9a-f]{12}/);
  });

  it.each([
    ['an invalid digest', 'xyz', /expected 8 to 64 hex digits/],
    [
      'a digest that no hold has, and name the present one',
      'deadbeef'.repeat(8),
      /No hold has this digest\. Held now: amazon-q-developer [0-9a-f]{12} \(\d revocations\)\. Show them: usher held/,
    ],
  ])('end with 2 for %s', async (_what, digest, message) => {
    const { code, error } = await operator.run('release', digest, '--yes');
    expect(error).toMatch(message);
    expect(code).toBe(2);
  });

  it('change nothing without a terminal to ask in', async () => {
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    const { code, error } = await operator.child('release', String(hold?.['digest']));
    expect(code).toBe(2);
    expect(error).toMatch(/this releases \d+ revocations[\s\S]*add --yes/);
    expect(error).not.toContain(SECRET);
    const named = await operator.run('release', String(hold?.['digest']), '--names', '--json');
    expect(named).toMatchObject({ code: 2, error: expect.stringContaining(SECRET) });
    expect(linesOf(named.out)).toMatchObject([
      { type: 'release', digest: hold?.['digest'], later: 0 },
      { type: 'error', exitCode: 2 },
    ]);
    expect(linesOf((await operator.run('held', '--json')).out)[0]).toMatchObject({ released: false });
  });

  it('say whose calls may have caused a hold, as far as CloudTrail names the group', async () => {
    const { code, out } = await operator.run('held', '--by', '--json');
    expect(code).toBe(0);
    const [hold, ...changes] = linesOf(out);
    expect(hold).toMatchObject({ type: 'hold' });
    expect(changes).toEqual([
      {
        type: 'directory-change',
        entitlement: ENTITLEMENT,
        application: APPLICATION,
        call: 'DeleteGroupMembership',
        source: 'identitystore',
        by: expect.stringContaining(':assumed-role/Administrator/'),
        count: expect.any(Number),
        since: expect.any(String),
        until: expect.any(String),
      },
    ]);
    expect((await operator.run('held', '--by')).out).toMatch(
      /^Calls that may have caused it:\nCALLS\t.*\n\d+\tDeleteGroupMembership of identitystore\tarn:.*\tnot recorded\t/m,
    );
  });

  it('show a hold also if AWS refuses to say whose calls caused it', async () => {
    await operator.fault({ operation: 'CloudTrail.LookupEvents', kind: 'refuse' });
    const { code, out } = await operator.run('held', '--by', '--json');
    expect(code).toBe(1);
    expect(linesOf(out).map(({ type }) => type)).toEqual(['hold', 'unread', 'error']);
  });

  it('start nothing for an application that is neither configured nor retired, and say what comes first', async () => {
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    const file = join(operator.folder, 'without.yml');
    const { entitlements, ...rest } = JSON.parse(readFileSync(join(operator.folder, 'entitlements.yml'), 'utf8'));
    writeFileSync(file, JSON.stringify({ ...rest, entitlements: entitlements.slice(1) }));
    const held = await operator.run('held', '--entitlements', file);
    expect(held.out).toMatch(/list arn:\S+ under retired in entitlements\.yml/);
    expect(held.out).not.toContain('usher release');
    const starts = (await operator.calls())['SFN.StartExecution'];
    const { code, error } = await operator.run('release', String(hold?.['digest']), '--yes', '--entitlements', file);
    expect(error).toMatch(/is no longer configured: list arn:\S+ under retired/);
    expect(code).toBe(2);
    expect((await operator.calls())['SFN.StartExecution']).toBe(starts);
  });

  it('show an application that is no longer configured, by its last name and by its ARN', async () => {
    const file = join(operator.folder, 'without.yml');
    const people = async (only: string) =>
      linesOf((await operator.run('seats', '--people', '--json', '--entitlement', only, '--entitlements', file)).out);
    const shown = await people(ENTITLEMENT);
    expect(shown.length).toBeGreaterThan(5);
    expect(new Set(shown.map((line) => line['application']))).toEqual(new Set([APPLICATION]));
    expect(await people(APPLICATION)).toEqual(shown);
    expect(await people('kiro')).toEqual([{ type: 'none', of: 'seat' }]);
    expect(await people(APPLICATION.replace(/1$/, '9'))).toMatchObject([{ type: 'error', exitCode: 2 }]);
  });

  it('release exactly what was held', async () => {
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    const { code } = await operator.run('release', String(hold?.['digest']).slice(0, 12), '--yes', '--wait');
    expect(code).toBe(0);
    expect((await operator.run('held')).out).toBe('Nothing is held.\n');
    expect(linesOf((await operator.run('held', '--json')).out)).toEqual([{ type: 'none', of: 'hold' }]);
    // From a shell history: nothing is started.
    const starts = (await operator.calls())['SFN.StartExecution'];
    const again = await operator.child('release', String(hold?.['digest']), '--yes');
    expect(again).toMatchObject({
      code: 2,
      error: expect.stringContaining('No hold has this digest. Nothing is held'),
    });
    expect((await operator.calls())['SFN.StartExecution']).toBe(starts);
  });

  it('list with names whom a backfill concerns, if asked', async () => {
    await leaves(12);
    const { entitlements, ...rest } = configuration(10);
    const file = join(operator.folder, 'wider.yml');
    writeFileSync(
      file,
      JSON.stringify({ ...rest, entitlements: entitlements.map((one) => ({ ...one, groups: [GROUP] })) }),
    );
    const wider = ['--entitlements', file, '--dry-run'];
    const { out } = await operator.run('backfill', ...wider, '--names');
    expect(out).toMatch(/^NAME\tUSER\tENTITLEMENT\tCHANGE\tREASON\tDUE\tPOSITION$/m);
    expect(out).toContain(SECRET);
    expect((await operator.run('backfill', ...wider)).out).not.toContain(SECRET);
  });

  it('adopt what others assigned to entitled users', async () => {
    await operator.run('start', '--all', '--wait');
    expect(await summary()).toMatchObject({ unmanaged: 2 });
    const { code, error } = await operator.child('adopt', ENTITLEMENT, '--yes', '--wait');
    expect(error).toMatch(/2 assignments not made by Usher, 1 of entitled users/);
    expect(code).toBe(0);
    expect(await summary()).toMatchObject({ unmanaged: 1 });
    expect((await operator.run('adopt')).error).toMatch(/There is nothing to adopt/);
  });

  it('say of an entitlement that is only observed what would happen, and promise nothing', async () => {
    const { entitlements, ...rest } = configuration(10);
    const observed = entitlements.map((one) => ({ ...one, mode: 'observe' }));
    const file = join(operator.folder, 'observing.yml');
    writeFileSync(file, JSON.stringify({ ...rest, entitlements: observed }));
    const { out } = await operator.run('why', user(2), '--entitlements', file);
    expect(out).toContain('observe, so Usher changes nothing');
    expect(out).toContain('With mode: enforce, this would come next');
    expect(out).not.toMatch(/^ *Next:/m);
    const backfill = await operator.run('backfill', '--dry-run', '--entitlements', file);
    expect(backfill.error).toContain('mode observe, which assigns nothing');
    expect(backfill.error).not.toContain('nothing to do');
  });

  it('adopt nothing for an entitlement that is only observed, and say why', async () => {
    const { entitlements, ...rest } = configuration(10);
    const observed = entitlements.map((one) => (one.name === ENTITLEMENT ? { ...one, mode: 'observe' } : one));
    const file = join(operator.folder, 'observed.yml');
    writeFileSync(file, JSON.stringify({ ...rest, entitlements: observed }));
    const one = await operator.run('adopt', ENTITLEMENT, '--yes', '--entitlements', file);
    expect(one).toMatchObject({ code: 2, out: '', error: expect.stringContaining('mode: observe') });
    const all = await operator.run('adopt', '--yes', '--entitlements', file);
    expect(all).toMatchObject({ code: 0, error: expect.stringMatching(/mode: observe[\s\S]*nothing to adopt/) });
  });

  it.each([
    ['adopt', 'nothing'],
    ['why', 'nobody'],
  ])('end with 2: usher %s %s', async (command, name) => {
    const { code } = await operator.run(command, name);
    expect(code).toBe(2);
  });
});
