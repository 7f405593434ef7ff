// @module-tag long
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { environment, linesOf, runHere, runUsher, spawnUsher } from '../support/operator.ts';

const ROOT = join(import.meta.dirname, '../..');

const COMMANDS = [
  ...['doctor', 'plan', 'init', 'start', 'status', 'seats', 'subscriptions', 'why', 'held', 'release', 'adopt'],
  ...['backfill', 'audit', 'history', 'report', 'notices', 'redrive', 'replay', 'restore', 'explain', 'play', 'local'],
  'console',
  'completion',
];

describe('usher', () => {
  it('names every command in its help', async () => {
    const { code, out } = await runUsher(['--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/^Usage: usher /);
    expect([...out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name)).toEqual([...COMMANDS, 'help']);
  });

  it.each([
    ['a wrong option', ['seats', '--nmaes'], 2, /unknown option/],
    ['an unknown command', ['strat'], 2, /unknown command/],
    ['a file that is not there', ['explain', 'no-such-file.json'], 2, /no-such-file/],
    ['an emulator that does not run', ['--local', 'held'], 3, /local/],
  ])(
    'prints an error of %s as its last line under --json, and in words on standard error',
    async (_what, args, code, message) => {
      const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
      const ended = await runHere([...args, '--json'], { cwd: ROOT, env });
      expect(ended.code).toBe(code);
      expect(linesOf(ended.out)).toEqual([
        expect.objectContaining({ type: 'error', exitCode: code, message: expect.stringMatching(message) }),
      ]);
      expect(ended.error).toMatch(message);
    },
  );

  it('shows examples and permissions of every command', async () => {
    for (const command of COMMANDS) {
      const help = await runHere([command, '--help'], { cwd: ROOT, env: {} });
      expect(help.code).toBe(0);
      expect(help.out).toMatch(new RegExp(`Examples:\n {2}.*usher ${command}[\\s\\S]*Permissions: `));
    }
  });

  it.each([
    ['an unknown command', ['strat'], /unknown command 'strat'[\s\S]*Did you mean start/],
    ['an unknown option', ['seats', '--nmaes'], /unknown option '--nmaes'/],
    ['a missing argument', ['why'], /missing required argument 'USER'/],
    ['one argument too many', ['held', 'x'], /too many arguments/],
    ['an invalid value', ['status', '--limit', 'many'], /--limit: expected a whole number from 1 to 1000/],
    ['a stage with a slash', ['held', '--stage', 'a/b'], /--stage: expected lower-case letters, digits and hyphens/],
  ])('ends with 2 for %s, and prints it on standard error', async (_what, args, message) => {
    const { code, out, error } = await runHere(args, { cwd: ROOT, env: {} });
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(error).toMatch(message);
    expect(error).not.toMatch(/ {4}at /);
  });

  it('ends as a process with the exit code of its command, and nothing on standard output', async () => {
    expect(await runUsher(['strat'])).toMatchObject({ code: 2, out: '' });
    expect(await runUsher(['held'], { cwd: '/' })).toMatchObject({ code: 3, out: '' });
  });

  it.each([
    ['no emulator answers', ['held', '--local'], { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }, /Start one: usher local/],
    ['there is no entitlements.yml', ['held'], {}, /There is no entitlements.yml here/],
    [
      'there are no credentials',
      ['status', '--entitlements', join(ROOT, 'entitlements.yml')],
      {},
      /Credentials are missing/,
    ],
    [
      'there is no such profile',
      ['status', '--entitlements', join(ROOT, 'entitlements.yml'), '--profile', 'nosuch'],
      {},
      /^error: --profile: there is no profile nosuch in \/nonexistent or \/nonexistent\n$/,
    ],
  ])('ends with 3 if %s', async (_what, args, env, message) => {
    const { code, error } = await runHere(args, { cwd: '/', env });
    expect(error).toMatch(message);
    expect(code).toBe(3);
  });

  it('names the profile that has no Region', async () => {
    const env = { AWS_REGION: '', AWS_DEFAULT_REGION: '' };
    const { code, error } = await runUsher(['init'], { cwd: '/', env });
    expect(error).toContain('No Region is configured: profile default has no region');
    expect(code).toBe(3);
  });

  it('prints a stack trace only with --debug', async () => {
    const { error } = await runUsher(['held', '--debug'], { cwd: '/' });
    expect(error).toMatch(/ {4}at /);
  });

  it('prints colors on demand', async () => {
    const { out } = await runUsher(['explain', '-'], {
      cwd: ROOT,
      input: '{"scope":"tick"}',
      env: { FORCE_COLOR: '1' },
    });
    expect(out).toContain('\u001b[32mstart');
    const plain = { FORCE_COLOR: '1', NO_COLOR: '1' };
    expect((await runUsher(['explain', '-'], { cwd: ROOT, input: '{"scope":"tick"}', env: plain })).out).not.toContain(
      '\u001b',
    );
  });

  it('ends quietly if the reader of its output goes away', async () => {
    const child = spawnUsher(['explain', '-', '--json'], { cwd: ROOT });
    child.stdin.end(JSON.stringify(Array(20_000).fill({ scope: 'tick' })));
    child.stdout.once('data', () => child.stdout.destroy());
    const [error, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
    expect({ code, error }).toEqual({ code: 0, error: '' });
  });

  it.runIf(existsSync('/usr/bin/node'))(
    'runs with the Node version of the lockfile, whatever Node the shell has',
    () => {
      const env = environment({ PATH: '/usr/bin:/bin' });
      const answer = spawnSync('/usr/bin/node', [join(ROOT, 'cli/usher.mjs'), '--version'], { env, encoding: 'utf8' });
      expect({ status: answer.status, stderr: answer.stderr }).toEqual({ status: 0, stderr: '' });
      const failing = spawnSync('/usr/bin/node', [join(ROOT, 'cli/usher.mjs'), 'strat'], { env, encoding: 'utf8' });
      expect(failing.status).toBe(2);
    },
  );

  it('completes commands, options and values in bash, without bash-completion and if sourced twice', async () => {
    const { out } = await runUsher(['completion', 'bash']);
    const line = (words: string) =>
      `COMP_WORDS=(${words}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); __usher_complete; echo "\${COMPREPLY[*]}"`;
    const script = `eval "$1"; eval "$1"; compopt() { :; }; ${[line('usher sea'), line('usher seats --nam'), line("usher completion ''")].join('; ')}`;
    const bash = spawnSync('bash', ['--norc', '-c', script, 'bash', out], { env: environment(), encoding: 'utf8' });
    expect({ out: bash.stdout, error: bash.stderr }).toEqual({
      out: 'seats\n--names\nbash zsh fish powershell\n',
      error: '',
    });
  });

  it.each(['zsh', 'fish'])('has a completion script for %s', async (shell) => {
    const { code, out } = await runUsher(['completion', shell]);
    expect(code).toBe(0);
    expect(out).toMatch(/usher complete/);
    expect(out).toMatch(/usher\.mjs/);
  });
});
