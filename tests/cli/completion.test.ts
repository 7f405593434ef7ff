// @module-tag long
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ENTITLEMENT, GROUP, people, STORE_ID, user } from '../support/ids.ts';
import { anOperator, configuration, type Ended, environment, linesOf, runHere, runUsher } from '../support/operator.ts';

const operator = anOperator({ people: 12, max: 12 });

/** What a shell gets: the values, and whether it completes files. */
function answerIn({ code, out, error }: Ended) {
  expect({ code, error }).toEqual({ code: 0, error: '' });
  const lines = out.trimEnd().split('\n');
  const directive = lines.pop();
  expect([':0', ':4']).toContain(directive);
  return { values: lines.map((line) => line.split('\t')[0] ?? ''), files: directive === ':0' };
}

/** Completes a command line in a folder. */
async function complete(words: string, { cwd = '/', env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  return answerIn(await runHere(['complete', '--', ...words.split(' ')], { cwd, env }));
}

/** The same with `--local`. */
async function completeLocal(words: string) {
  return answerIn(await operator.run('complete', '--', ...words.split(' ')));
}

describe('completion', () => {
  it.each([
    ['wh', ['why']],
    ['s', ['start', 'status', 'seats', 'subscriptions']],
    ['--local s', ['start', 'status', 'seats', 'subscriptions']],
    ['--stage x s', ['start', 'status', 'seats', 'subscriptions']],
    ['help re', ['release', 'report', 'redrive', 'replay', 'restore']],
    ['nosuch s', []],
  ])('of %j has the commands', async (words, values) => {
    expect(await complete(words)).toEqual({ values, files: false });
  });

  it.each([
    ['seats --n', ['--names']],
    ['seats --na --l', ['--local']],
    ['-l seats -n', ['-n']],
    ['--stage --lo', []],
    ['held --he', ['--help']],
  ])('of %j has the flags', async (words, values) => {
    expect(await complete(words)).toEqual({ values, files: false });
  });

  it.each([
    ['seats --status w', ['waitlisted']],
    ['seats --status=w', ['waitlisted']],
    ['--local seats --names --status un', ['unmanaged']],
    ['subscriptions --finding or', ['orphan']],
    ['audit -t re', ['revoked', 'refused']],
    ['init --mode ', ['enforce', 'observe']],
    ['completion ', ['bash', 'zsh', 'fish', 'powershell']],
    ['--stage ', ['prod', 'try']],
    ['seats --status waitlisted ', []],
    ['start --user ', []],
    ['plan --format m', ['markdown']],
    ['local trigger l', ['leave']],
  ])('of %j has the fixed values', async (words, values) => {
    expect(await complete(words)).toEqual({ values, files: false });
  });

  it.each(['explain ', 'play a b', '--entitlements ', 'seats -e ', 'subscriptions --price=x', 'local --state '])(
    'of %j is for the shell, which knows the files',
    async (words) => {
      expect(await complete(words)).toEqual({ values: [], files: true });
    },
  );

  it('has the entitlements of the file, also of one that is named, and its groups', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'usher-completion-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    writeFileSync(join(cwd, 'entitlements.yml'), JSON.stringify(configuration()));
    writeFileSync(join(cwd, 'config'), '[default]\nregion = us-east-1\n[profile admin]\n[sso-session x y]\n');
    expect((await complete('adopt ', { cwd })).values).toEqual([ENTITLEMENT, 'kiro']);
    expect((await complete('seats --entitlement ki', { cwd })).values).toEqual(['kiro']);
    expect((await complete(`-e ${join(cwd, 'entitlements.yml')} adopt k`)).values).toEqual(['kiro']);
    expect((await complete('start --group ', { cwd })).values).toContain(GROUP);
    const env = { AWS_CONFIG_FILE: join(cwd, 'config') };
    expect((await complete('-p ', { env })).values).toEqual(['default', 'admin']);
  });

  it('has the entitlements of the emulator, the digest of a hold, and the newest executions', async () => {
    await operator.run('start', '--all', '--wait');
    const list = await operator.call('AWSIdentityStore.ListGroupMemberships', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
    });
    const leaving = new Set(people(1, 8).map(user));
    for (const one of list['GroupMemberships'] as { MembershipId: string; MemberId: { UserId: string } }[]) {
      if (leaving.has(one.MemberId.UserId))
        await operator.call('AWSIdentityStore.DeleteGroupMembership', {
          IdentityStoreId: STORE_ID,
          MembershipId: one.MembershipId,
        });
    }
    await operator.run('start', '--all', '--wait');
    const [hold] = linesOf((await operator.run('held', '--json')).out);
    expect(await completeLocal('release ')).toEqual({ values: [String(hold?.['digest']).slice(0, 12)], files: false });
    expect(await completeLocal('adopt k')).toEqual({ values: ['kiro'], files: false });
    const listed = linesOf((await operator.run('status', '--executions', '--json')).out);
    const executions = listed.map(({ execution }) => String(execution).split(':').at(-1) ?? '');
    expect(executions.length).toBeGreaterThan(1);
    expect((await completeLocal('status ')).values.toSorted()).toEqual(executions.toSorted());
    expect((await completeLocal('redrive x ')).values).toHaveLength(executions.length);
  });

  it.each([
    ['there are no entitlements', 'adopt ', {}],
    ['no emulator answers', '--local release ', { AWS_ENDPOINT_URL: 'http://127.0.0.1:9' }],
    ['the file is none', '-e /etc/hostname adopt ', {}],
    ['a global option has no value that is right', '--stage a/b adopt ', {}],
    ['there is no AWS configuration', '--profile ', { AWS_CONFIG_FILE: '/nonexistent' }],
  ])('is silent if %s', async (_what, words, env) => {
    expect(await complete(words, { env })).toEqual({ values: [], files: false });
  });

  it('is silent without credentials', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'usher-completion-'));
    onTestFinished(() => rmSync(cwd, { recursive: true }));
    writeFileSync(join(cwd, 'entitlements.yml'), JSON.stringify(configuration()));
    expect(answerIn(await runUsher(['complete', '--', 'release', ''], { cwd }))).toEqual({ values: [], files: false });
  });

  it('ends by itself without an answer', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      server.closeAllConnections();
      await server[Symbol.asyncDispose]();
    });
    const address = server.address();
    if (typeof address !== 'object' || !address) throw new Error('the server has no port');
    const env = { AWS_ENDPOINT_URL: `http://127.0.0.1:${address.port}` };
    const ended = await runUsher(['complete', '--', '--local', 'status', ''], { env });
    expect(answerIn(ended)).toEqual({ values: [], files: false });
  });

  it('of bash offers values, and files where a file is meant', async () => {
    const { out } = await runUsher(['completion', 'bash']);
    const words = (line: string) =>
      `COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); __usher_complete; echo "\${COMPREPLY[*]}"`;
    const lines = [words("usher seats --status ''"), words("usher explain ''"), 'complete -p usher'];
    const script = `eval "$1"; compopt() { echo "compopt $*"; }; ${lines.join('; ')}`;
    const bash = spawnSync('bash', ['--norc', '-c', script, 'bash', out], { env: environment(), encoding: 'utf8' });
    expect(bash.stderr).toBe('');
    const [noFiles, values, nothing, registered] = bash.stdout.trimEnd().split('\n');
    expect(noFiles).toBe('compopt +o default');
    expect(values).toContain('waitlisted');
    expect(nothing).toBe('');
    expect(registered).toBe('complete -o default -F __usher_complete usher');
  });
});
