// @module-tag long
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { conformance } from '../../conformance/main.ts';
import { APPLICATION, GROUP, STORE_ID, user } from '../support/ids.ts';
import { anOperator } from '../support/operator.ts';

/** Runs it, and keeps what it printed. */
async function run(...args: string[]) {
  const [out, error]: string[][] = [[], []];
  const terminal = {
    line: (text: string) => out?.push(text),
    note: (text: string) => error?.push(text),
    stop: new AbortController().signal,
  };
  const code = await conformance(args, terminal);
  return { code, out: out?.join('\n') ?? '', error: error?.join('\n') ?? '' };
}

describe('npm run conformance', () => {
  it('asks the emulator all it can, and finds nothing false', async () => {
    const { code, out, error } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/^BELIEF +EXPECTED +SEEN +VERDICT\n/);
    expect(out).not.toContain('Usher depends on it');
    expect(error).toContain('docs/assumptions.md');
    expect(error).not.toContain('not asked');
  });

  it('says what it would ask, and asks nothing', async () => {
    const { code, out } = await run(
      '--profile',
      'nobody',
      '--dry-run',
      '--user',
      user(1),
      '--application',
      APPLICATION,
    );
    expect(code).toBe(0);
    expect(out).toContain('application: Reads the named application');
    expect(out).toContain('would not run: it needs --write');
  });

  it.each([
    ['an unknown flag', ['--wriet'], 2],
    ['a recording without a file', ['record', '--profile', 'x', '--region', 'us-east-1', '--machine', 'arn'], 2],
    ['a profile without a Region', ['--profile', 'nobody'], 2],
  ])('ends with its exit code for %s', async (_what, args, code) => {
    expect((await run(...args)).code).toBe(code);
  });
});

describe('npm run conformance --profile', () => {
  const operator = anOperator({ people: 6, members: 5 });
  const folder = mkdtempSync(join(tmpdir(), 'usher-conformance-'));

  beforeAll(() => {
    writeFileSync(join(folder, 'config'), '[profile sandbox]\nregion = us-east-1\n');
    writeFileSync(
      join(folder, 'credentials'),
      '[sandbox]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = secret\n',
    );
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
    vi.stubEnv('AWS_ENDPOINT_URL', operator.endpoint);
  });
  afterAll(() => {
    vi.unstubAllEnvs();
    rmSync(folder, { recursive: true });
  });

  const aws = ['--profile', 'sandbox', '--region', 'us-east-1'];
  const targets = ['--application', APPLICATION, '--user', user(6), '--group', GROUP];

  it('only reads what is named, with the credentials of the profile', async () => {
    const before = await operator.allCalls();
    const out = join(folder, 'result.json');
    const { code, error } = await run(...aws, ...targets, '--out', out);
    expect(code).toBe(0);
    expect(error).toContain('not asked: assignment: it needs --write');
    const after = Object.keys(await operator.allCalls()).filter((call) => before[call] === undefined);
    expect(after.filter((call) => /Create|Delete|Update/.test(call))).toEqual([]);
    const { rows } = JSON.parse(readFileSync(out, 'utf8'));
    expect(rows).toContainEqual(expect.objectContaining({ belief: 'store-user-status', verdict: 'holds' }));
    expect(readFileSync(out, 'utf8')).not.toMatch(/\d{12}|[0-9a-f]{8}-[0-9a-f]{4}|d-[0-9a-f]{10}/);
  });

  it.each<[string, readonly string[], RegExp]>([
    ['a user that is not there', ['--user', user(99), '--group', GROUP], /directory: AWS answered ResourceNotFound/],
    ['an id that is none', ['--user', 'Jane', '--group', GROUP], /directory: AWS answered ValidationException/],
    [
      'an application that is not there, with --write',
      ['--user', user(6), '--application', APPLICATION.replace(/.$/, '0'), '--write'],
      /assignment: AWS answered ResourceNotFound/,
    ],
  ])('ends as if AWS could not be asked for %s', async (_what, args, said) => {
    const { code, error } = await run(...aws, ...args);
    expect(error).toMatch(said);
    expect(error).not.toContain('is left');
    expect(code).toBe(3);
  });

  it('lists the subscriptions of the Region of Identity Center if no other is named', async () => {
    const { out, error } = await run(...aws, '--application', APPLICATION, '--subscriptions');
    expect(error).not.toContain('not asked: subscription-list');
    expect(out).toMatch(/subscription-calls +ok +ok/);
  });

  it('asks nothing if the result cannot be written', async () => {
    const before = await operator.allCalls();
    const { code, error } = await run(...aws, ...targets, '--write', '--out', join(folder, 'no/such/file'));
    expect(code).toBe(3);
    expect(error).toContain('ENOENT');
    expect(await operator.allCalls()).toEqual(before);
  });

  it('leaves a membership that was there', async () => {
    const { code, out, error } = await run(...aws, '--user', user(1), '--group', GROUP, '--write');
    expect(error).toContain('it needs --application');
    expect(out).toMatch(/store-repeated-membership +ConflictException +ConflictException/);
    expect(code).toBe(0);
    const answer = await operator.call('AWSIdentityStore.IsMemberInGroups', {
      IdentityStoreId: STORE_ID,
      MemberId: { UserId: user(1) },
      GroupIds: [GROUP],
    });
    expect(answer['Results']).toMatchObject([{ MembershipExists: true }]);
  });

  it('says that there is no such profile', async () => {
    const { code, error } = await run('--profile', 'nobody', '--region', 'us-east-1');
    expect(code).toBe(3);
    expect(error).toMatch(/profile nobody/);
  });
});
