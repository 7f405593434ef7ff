// @module-tag long
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { NOTICE_KINDS } from '../../domain/notices/schema.ts';
import { user } from '../support/ids.ts';
import { anOperator, linesOf, runHere } from '../support/operator.ts';

const SIGN_IN = { startUrl: 'https://acme.awsapps.com/start', helpUrl: 'https://wiki.example.com/kiro' };
const settings = {
  ...{ from: 'usher@example.com', fromName: 'Acme IT', replyTo: 'it-help@example.com', signIn: SIGN_IN },
  ...{ language: 'en', dailyLimit: 200, perSecond: 1, backfill: false },
};
const operator = anOperator({
  people: 4,
  members: 2,
  directory: (seed) => ({
    ...seed,
    users: seed.users.map((one, index) =>
      index === 0 ? { ...one, displayName: 'Zoë', email: 'zoe@example.com' } : one,
    ),
  }),
  entitlements: ({ entitlements: [first, ...others], ...rest }) => ({
    ...rest,
    notices: settings,
    entitlements: first
      ? [
          {
            ...first,
            notices: { product: 'Amazon Q', send: ['assigned', 'leaving'], texts: { assigned: 'Ours <b>.' } },
          },
          ...others,
        ]
      : [],
  }),
});
const preview = (...args: readonly string[]) => operator.run('notices', 'preview', ...args);
const test = (...args: readonly string[]) => operator.run('notices', 'test', ...args);

/** Writes a file below the folder in which the commands run, until the test has ended. */
function place(path: string, text: string): string {
  const file = join(operator.folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  onTestFinished(() => rmSync(file, { force: true }));
  return file;
}

describe('usher notices preview', () => {
  it('shows the text part with its subject, and asks AWS nothing', async () => {
    const before = await operator.allCalls();
    const { code, out, error } = await preview('assigned');
    expect({ code, error }).toEqual({ code: 0, error: '' });
    expect(out).toMatch(/^Subject: You can now use Amazon Q\n\nHello Ana Silva,\n/);
    for (const fact of ['Ours <b>.', SIGN_IN.startUrl, 'us-east-1', SIGN_IN.helpUrl, 'it-help@example.com'])
      expect(out).toContain(fact);
    expect(await operator.allCalls()).toEqual(before);
  });

  it('works without AWS and without the emulator', async () => {
    const ended = await runHere(['notices', 'preview', 'leaving'], { cwd: operator.folder, env: {} });
    expect(ended.code).toBe(0);
    expect(ended.out).toMatch(/^Subject: Your seat in Amazon Q ends on \d+ \w+ \d{4}\n/);
  });

  it.each(NOTICE_KINDS)('shows the HTML part of %s as it is', async (kind) => {
    const { code, out } = await preview(kind, '--html');
    expect(code).toBe(0);
    expect(out).toMatch(/^<!doctype html>\n<html lang="en">[\s\S]*<\/html>\n$/);
  });

  it('says if the entitlement does not send the notice', async () => {
    const { code, error } = await preview('kept');
    expect(code).toBe(0);
    expect(error).toMatch(/does not send this notice: its notices\.send has no kept/);
  });

  it('greets a user, and says where it would go', async () => {
    const { code, out, error } = await preview('assigned', '--user', user(1));
    expect(code).toBe(0);
    expect(out).toContain('Hello Zoë,');
    expect(error).toBe('It would go to zoe@example.com\n');
    const [line] = linesOf((await preview('assigned', '--user', user(1), '--json')).out);
    expect(line).toMatchObject({ type: 'notice-preview', userId: user(1), to: 'zoe@example.com', language: 'en' });
  });

  it('says that it would go to no one', async () => {
    await operator.run('local', 'trigger', 'disable', user(4));
    const { code, error } = await preview('assigned', '--user', user(4));
    expect({ code, error }).toEqual({
      code: 0,
      error: expect.stringContaining('It would go to no one: user-disabled'),
    });
  });

  it("takes templates of one's own next to the entitlements", async () => {
    place('notices/own/en/greeting.txt.liquid', 'Dear {{ name }},\n');
    place(
      'notices/own/de/leaving.txt.liquid',
      "Subject: {{ product }} endet am {{ revokeOn | date: '%d.%m.%Y' }}\n\nHallo\n",
    );
    place('notices/own/de/leaving.html.liquid', '<p>Hallo</p>');
    expect((await preview('assigned')).out).toContain('Dear Ana Silva,');
    expect((await preview('leaving', '--language', 'de-AT')).out).toMatch(
      /^Subject: Amazon Q endet am \d\d\.\d\d\.\d{4}\n/,
    );
    const { out, error } = await preview('assigned', '--language', 'de');
    expect(out).toContain('Subject: You can now use Amazon Q');
    expect(error).toContain('There are no templates of it in de: users get it in en');
    const fromElsewhere = await runHere(
      ['notices', 'preview', 'assigned', '--entitlements', join(operator.folder, 'entitlements.yml')],
      { cwd: dirname(operator.folder), env: {} },
    );
    expect(fromElsewhere.out).toContain('Dear Ana Silva,');
  });

  it('refuses a broken template with file and line', async () => {
    place('notices/own/en/ask.txt.liquid', 'a\n{{ contakt }}\n');
    const { code, out, error } = await preview('assigned');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(/notices\/own\/en\/ask\.txt\.liquid:2: no such variable: contakt/);
  });

  it('writes a file that only the operator can read', async () => {
    for (const [args, begin] of [
      [[], 'Subject: '],
      [['--html'], '<!doctype html>'],
    ] as const) {
      const file = place('out.txt', 'before');
      const { code, out } = await preview('assigned', '--out', 'out.txt', ...args);
      expect({ code, out }).toEqual({ code: 0, out: 'out.txt\n' });
      expect(readFileSync(file, 'utf8').startsWith(begin)).toBe(true);
      expect(statSync(file).mode & 0o777).toBe(0o600);
    }
    expect(await preview('assigned', '--out', 'no/such/folder')).toMatchObject({ code: 2, out: '' });
  });

  it('opens the HTML part from a file that only the operator can read', async () => {
    const opened: string[] = [];
    const open = (openFile: (path: string) => Promise<unknown>, ...more: readonly string[]) =>
      runHere(['notices', 'preview', 'assigned', '--open', ...more], { cwd: operator.folder, env: {}, openFile });
    const { code, out } = await open(async (path) => opened.push(path));
    expect(code).toBe(0);
    const [file = ''] = opened;
    onTestFinished(() => rmSync(dirname(file), { recursive: true }));
    expect(out).toBe(`${file}\n`);
    expect(file).toMatch(/assigned\.html$/);
    expect(readFileSync(file, 'utf8')).toMatch(/^<!doctype html>/);
    expect([file, dirname(file)].map((path) => statSync(path).mode & 0o777)).toEqual([0o600, 0o700]);
    place('page.html', '');
    await open(async (path) => opened.push(path), '--out', 'page.html');
    expect(opened[1]).toBe('page.html');
    const failed = await open(() => Promise.reject(new Error('spawn xdg-open ENOENT')), '--out', 'page.html');
    expect(failed).toMatchObject({
      code: 1,
      error: expect.stringContaining('No program was found that opens page.html'),
    });
  });

  it.each([
    [[], /missing required argument 'KIND'/],
    [['asigned'], /KIND: expected one of assigned, .*Did you mean assigned\?/],
    [['assigned', '--language', 'de_DE'], /--language: expected a language tag/],
    [['assigned', '--html', '--open'], /--open opens the HTML part/],
    [['assigned', '--issuer', 'x'], /--issuer goes with --user/],
    [['assigned', '--user', 'nosuch'], /has no user nosuch/],
    [['assigned', '--entitlement', 'nosuch'], /No entitlement has the name nosuch/],
    [['assigned', '--entitlement', 'kiro'], /kiro has no notices in entitlements\.yml\. Those that have: /],
    [['assigned', '--since', '1d'], /usher notices preview has no option --since|unknown option/],
  ])('refuses %j with 2', async (args, message) => {
    const { code, out, error } = await preview(...args);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
  });

  it('says how to turn notices on if they are off', async () => {
    const text = readFileSync(join(operator.folder, 'entitlements.yml'), 'utf8');
    const { notices: _, ...off } = JSON.parse(text);
    off.entitlements[0].notices = undefined;
    place('off.yml', JSON.stringify(off));
    const { code, error } = await preview('assigned', '--entitlements', 'off.yml');
    expect({ code, error }).toEqual({ code: 3, error: expect.stringContaining('Notices are off') });
  });
});

describe('usher notices test', () => {
  it('sends a sample of each notice that the entitlement sends, once', async () => {
    const { code, out, error } = await test('--to', 'me@example.com', '--yes');
    expect(code).toBe(0);
    expect(error).toMatch(/assigned, in en: You can now use Amazon Q\nleaving, in en: Your seat in Amazon Q ends on/);
    expect(out).toMatch(/^assigned: sent \(\S+\)\nleaving: sent \(\S+\)\nSent is not arrived/);
  });

  it('asks before it sends', async () => {
    const { code, error } = await test('--to', 'me@example.com');
    expect(code).toBe(2);
    expect(error).toMatch(/needs confirmation.*--yes/);
  });

  it.each([[{ kind: 'throttle' }, 'throttled', /the quota of Amazon SES is used up/]])(
    'says what Amazon SES answered, and what to do: %j',
    async (rule, outcome, remedy) => {
      const before = (await operator.calls())['SESv2.SendEmail'] ?? 0;
      await operator.fault({ operation: 'SESv2.SendEmail', ...rule });
      const args = ['--to', 'me@example.com', '--kind', 'kept', '--yes'];
      const { code, out, error } = await test(...args);
      await operator.clearFaults();
      expect(code).toBe(1);
      expect(out).toMatch(new RegExp(`^kept: ${outcome} \\(`));
      expect(out).toMatch(remedy);
      expect(error).toContain('1 sample was not sent');
      expect(await operator.calls()).toMatchObject({ 'SESv2.SendEmail': before + 1 });
    },
  );

  it.each([
    [[], /required option '--to <ADDRESS>'/],
    [['--to', 'Me <me@example.com>'], /--to: expected an e-mail address in ASCII/],
    [['--to', 'me@example.com\nBcc: x@example.com'], /--to: expected an e-mail address in ASCII/],
    [['--to', 'me@example.com', '--kind', 'left'], /--kind: expected one of assigned, /],
    [['--to', 'me@example.com', '--entitlement', 'nosuch'], /No entitlement has the name nosuch/],
  ])('refuses %j with 2', async (args, message) => {
    const { code, out, error } = await test(...args, '--yes');
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
  });
});
