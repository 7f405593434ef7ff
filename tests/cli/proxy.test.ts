// @module-tag long
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { filesOf } from '../support/folder.ts';
import { aProxy } from '../support/proxy.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** Runs a command line with credentials and this proxy. */
async function commandLine(arguments_: readonly string[], proxy: string) {
  const env = {
    PATH: process.env['PATH'],
    HOME: filesOf({}),
    AWS_ACCESS_KEY_ID: 'AKIA',
    AWS_SECRET_ACCESS_KEY: 'secret',
    HTTPS_PROXY: proxy,
  };
  return run(process.execPath, arguments_, { cwd: ROOT, env }).then(
    () => ({ code: 0, stderr: '' }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, stderr }),
  );
}

describe('a proxy', () => {
  it.each([
    [['cli/usher.mjs', 'status', '--executions'], 'sts'],
    [['cli/usher.mjs', 'doctor'], 'sts'],
    [['cli/usher.mjs', 'why', 'ana'], 'identitystore'],
    [['cli/usher.mjs', 'audit'], 'logs'],
    [['build/stage.ts', 'deploy', '--dry-run'], 'cloudformation'],
    [['build/stage.ts', 'remove', '--stage', 'prod', '--dry-run'], 'cloudformation'],
  ])('is asked by %s, and named if it refuses', async (arguments_, service) => {
    const proxy = await aProxy({ answer: '503 no way out' });
    const { code, stderr } = await commandLine(arguments_, `http://${proxy.host}`);
    expect(code).toBe(3);
    expect(stderr).toContain(`The proxy ${proxy.host} of HTTPS_PROXY does not connect to`);
    expect(proxy.asked[0]).toBe(`CONNECT ${service}.us-east-1.amazonaws.com:443`);
  });

  it.each([[['cli/usher.mjs', 'status']], [['build/stage.ts', 'deploy', '--dry-run']]])(
    'is wrong use of %s if it is no address',
    async (arguments_) => {
      const { code, stderr } = await commandLine(arguments_, 'http://');
      expect(code).toBe(2);
      expect(stderr).toContain('HTTPS_PROXY is no address of a proxy');
    },
  );
});
