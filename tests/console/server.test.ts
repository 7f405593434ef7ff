// @module-tag long
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { askConsole } from '../support/console.ts';
import { anOperator, environment, runHere } from '../support/operator.ts';
import { aPause } from '../support/pauses.ts';
import { aServedConsole } from '../support/served.ts';

const USHER = join(import.meta.dirname, '../../cli/usher.mjs');
/** Makes a promise that no one awaits fail, when something comes on standard input. */
const STRAY = "process.stdin.once('data', () => { Promise.reject(new Error('a stray bug')); });";

const operator = anOperator({ people: 3 });

/** `usher console` as a process. */
async function aProcess(...more: readonly string[]) {
  const args = ['--import', `data:text/javascript,${encodeURIComponent(STRAY)}`, USHER, '--local', 'console', '--json'];
  const child = spawn(process.execPath, [...args, ...more], {
    cwd: operator.folder,
    env: environment({ AWS_ENDPOINT_URL: operator.endpoint }),
  });
  let error = '';
  child.stderr.on('data', (chunk) => {
    error += String(chunk);
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  return { child, line: JSON.parse(line), error: () => error };
}

describe('usher console', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('ends with 0 on %s, also while a page follows it', async (signal) => {
    const { child, line } = await aProcess('--no-open');
    expect(line).toEqual({ type: 'console', url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#[\w-]{43}$/) });
    const { origin, hash } = new URL(line.url);
    const headers = { authorization: `Bearer ${hash.slice(1)}` };
    const stream = await fetch(`${origin}/api/live?ask=status`, { headers });
    await stream.body?.getReader().read();
    child.kill(signal);
    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it('survives a promise that no one awaits, and says so in its terminal', async () => {
    const { child, line, error } = await aProcess('--no-open');
    child.stdin.write('now\n');
    while (!error().includes('a stray bug')) await once(child.stderr, 'data');
    expect((await askConsole(line.url, '/api/about')).status).toBe(200);
    expect(error()).not.toContain(new URL(line.url).hash.slice(1));
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(0);
  });

  it('fails with 3 where no emulator answers at the address that someone has given', async () => {
    const env = { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    const { code, error } = await runHere(['--local', 'console', '--no-open'], { cwd: operator.folder, env });
    expect({ code, error }).toEqual({ code: 3, error: expect.stringContaining('No emulator answers') });
  });

  it('offers no address to listen at', async () => {
    const { out } = await runHere(['console', '--help'], { cwd: operator.folder, env: {} });
    expect(out).not.toMatch(/--(?:port|host|listen)/);
  });
});

describe('a served console', () => {
  it('notices that no page has been there for 30 minutes: only requests with the token count', async () => {
    const pauses = aPause();
    let isIdle = false;
    const served = await aServedConsole({
      pause: pauses.pause,
      onIdle() {
        isIdle = true;
      },
    });
    const { host, token, ask } = served;
    const waiting = () => pauses.waiting().filter((seconds) => seconds === 1800);
    await ask('GET', '/', { host });
    await ask('GET', '/api/about', { host });
    expect(waiting()).toEqual([1800]);
    await ask('GET', '/api/about', { host, authorization: `Bearer ${token}` });
    await setImmediate();
    expect(isIdle).toBe(false);
    pauses.end(1800);
    await setImmediate();
    expect(isIdle).toBe(true);
  });

  it('ends with all of its connections', async () => {
    const served = await aServedConsole();
    const { host, token, ask, close } = served;
    const stream = ask('GET', '/api/live?ask=status', { host, authorization: `Bearer ${token}` });
    await setImmediate();
    await Promise.all([close(), expect(stream).rejects.toThrow()]);
  });
});
