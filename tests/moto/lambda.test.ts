// @module-tag long
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { INVOCATION_HEADER } from '../../emulator/aws/gateway.ts';
import { AccountTime } from './account-time.ts';
import { Lambda, type LambdaFunction } from './lambda.ts';

const ACCOUNT = '200000000001';
const START = Date.UTC(2026, 10, 1);
const SOURCE = `
  import { request } from 'node:http';
  const ask = (url) => new Promise((resolve) => {
    request(url, (response) => response.resume().on('end', resolve)).end();
  });
  let count = 0;
  export async function handler(event, context) {
    count += 1;
    if (event.fail) throw Object.assign(new Error('no'), { name: 'RefusedError' });
    if (event.sleeps) {
      const began = Date.now();
      for (const seconds of event.sleeps) {
        if (event.ask) await ask(event.ask);
        await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      }
      return { began, now: Date.now(), date: new Date().toISOString(), epoch: new Date(0).toISOString() };
    }
    if (event.cancel) return new Promise((resolve) => {
      const late = setTimeout(() => resolve('late'), 1000);
      setTimeout(() => { clearTimeout(late); setTimeout(() => resolve('cancelled'), 2000); }, 500);
    });
    if (event.both) {
      const early = new Promise((resolve) => setTimeout(resolve, 1000)).then(() => Date.now());
      return [await ask(event.both), Date.now(), await early];
    }
    if (event.leave) setTimeout(() => { count = 1000; }, 1000);
    if (event.exit) process.exit(0);
    if (event.crash) setImmediate(() => { throw new Error('crash'); });
    if (event.crash) await new Promise(() => {});
    if (event.call) return new Promise((resolve) => {
      request(event.call, (response) => { resolve(response.headers['x-got']); response.resume(); }).end();
    });
    return { event, count, table: process.env.TABLE, home: process.env.HOME, name: context.functionName };
  }
`;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'usher-'));
  writeFileSync(join(directory, 'code.mjs'), SOURCE);
});
afterAll(() => rmSync(directory, { recursive: true }));

/** The Lambda service with one function; it is closed after the test. */
async function aLambda(changes: Partial<LambdaFunction> = {}) {
  const one: LambdaFunction = {
    arn: `arn:aws:lambda:us-east-1:${ACCOUNT}:function:usher-plan`,
    file: join(directory, 'code.mjs'),
    handler: 'handler',
    memoryMegabytes: 512,
    timeoutSeconds: 60,
    environment: { TABLE: 'ledger' },
    ...changes,
  };
  const lambda = new Lambda();
  const time = new AccountTime(new Date(START));
  lambda.open(ACCOUNT, time);
  const { port, close } = await lambda.listen();
  onTestFinished(close);
  await lambda.register(one);
  const invoke = async (payload: object) => {
    const { payload: told, failed } = await lambda.invoke(one.arn, JSON.stringify(payload));
    return { told: JSON.parse(told), failed };
  };
  /** Invokes it, and lets the time of the account pass. */
  const play = async (payload: object) => {
    const invoked = invoke(payload);
    await time.runUntilIdle(60);
    return { ...(await invoked), now: time.time.now().getTime() };
  };
  return { lambda, one, port, invoke, play, time };
}

const post = (port: number, path: string, body: string) =>
  fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });

describe('an invocation', () => {
  it('runs the handler with its environment and nothing of this machine', async () => {
    const { invoke } = await aLambda();
    expect(await invoke({ a: 1 })).toEqual({
      told: { event: { a: 1 }, count: 1, table: 'ledger', name: 'usher-plan' },
      failed: false,
    });
  });

  it('uses a warm sandbox again, and another while that one is busy', async () => {
    const { invoke } = await aLambda();
    const [one, other] = await Promise.all([invoke({}), invoke({})]);
    expect([one.told.count, other.told.count]).toEqual([1, 1]);
    expect((await invoke({})).told.count).toBe(2);
  });

  it("tells a handler's error by name and message", async () => {
    const { invoke } = await aLambda();
    const told = { errorType: 'RefusedError', errorMessage: 'no' };
    expect(await invoke({ fail: true })).toEqual({ told, failed: true });
    expect((await invoke({})).told.count).toBe(2);
  });

  it.each([
    ['ends its process', { exit: true }],
    ['throws where nobody catches it', { crash: true }],
  ])('is told of as unknown when the function %s, and the next has a new sandbox', async (_what, event) => {
    const { invoke } = await aLambda();
    expect(await invoke(event)).toMatchObject({ told: { errorType: 'Lambda.Unknown' }, failed: true });
    expect((await invoke({})).told.count).toBe(1);
  });

  it('ends at the time limit of its function', async () => {
    const { play } = await aLambda({ timeoutSeconds: 900 });
    expect(await play({ sleeps: [600, 600] })).toMatchObject({
      told: { errorType: 'Sandbox.Timedout' },
      failed: true,
      now: START + 900_000,
    });
    expect(await play({ sleeps: [899] })).toMatchObject({ failed: false, now: START + 1_799_000 });
  });

  it('ends when it is killed in the middle of a request, which bears its id', async () => {
    const { lambda, invoke } = await aLambda();
    const server = createServer((request, response) => {
      const id = String(request.headers[INVOCATION_HEADER]);
      if (request.url === '/kill') lambda.kill(id, 'crash');
      response.writeHead(200, { 'x-got': id }).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const address = server.address() as AddressInfo;
    const call = `http://127.0.0.1:${address.port}`;
    expect((await invoke({ call })).told).toMatch(/function:usher-plan:1$/);
    expect(await invoke({ call: `${call}/kill` })).toMatchObject({ told: { errorType: 'Lambda.Unknown' } });
    expect((await invoke({ call })).told).toMatch(/function:usher-plan:3$/);
  });

  it('of a function that nobody deployed is refused', async () => {
    const { lambda } = await aLambda();
    const { payload, failed } = await lambda.invoke('arn:aws:lambda:us-east-1:1:function:other', '{}');
    expect([JSON.parse(payload).errorType, failed]).toEqual(['ResourceNotFoundException', true]);
  });
});

describe('over HTTP', () => {
  it('is invoked by the ARN, and says in a header when the function failed', async () => {
    const { port, one } = await aLambda();
    const path = `/2015-03-31/functions/${encodeURIComponent(one.arn)}/invocations`;
    const good = await post(port, path, '{"a":1}');
    expect([good.status, good.headers.get('x-amz-function-error'), JSON.parse(await good.text()).event]).toEqual([
      200,
      null,
      { a: 1 },
    ]);
    const bad = await post(port, path, '{"fail":true}');
    expect([bad.status, bad.headers.get('x-amz-function-error')]).toEqual([200, 'Unhandled']);
  });

  it.each(['/', '/2015-03-31/functions/', '/2015-03-31/functions/a/b/invocations'])(
    'knows nothing at %s',
    async (path) => {
      const { port } = await aLambda();
      expect((await post(port, path, '{}')).status).toBe(404);
    },
  );

  it('tells of a body that is not JSON as of a failed invocation', async () => {
    const { port, one } = await aLambda();
    const path = `/2015-03-31/functions/${encodeURIComponent(one.arn)}/invocations`;
    const answer = await post(port, path, '{');
    expect([answer.headers.get('x-amz-function-error'), JSON.parse(await answer.text()).errorType]).toEqual([
      'Unhandled',
      'SyntaxError',
    ]);
  });
});

/** A server whose answer takes real time. @returns its address */
async function aSlowServer(): Promise<string> {
  const server = createServer((_, response) => setTimeout(() => response.end('late'), 50));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('the time of a function', () => {
  it('stands still while it runs, also while it waits for answers', async () => {
    const { play } = await aLambda();
    const ask = await aSlowServer();
    expect((await play({ sleeps: [1, 2], ask })).told).toEqual({
      began: START,
      now: START + 3000,
      date: new Date(START + 3000).toISOString(),
      epoch: '1970-01-01T00:00:00.000Z',
    });
  });

  it('passes for none of its timers before the answers that it waits for', async () => {
    const { play } = await aLambda();
    expect((await play({ both: await aSlowServer() })).told).toEqual([null, START, START + 1000]);
  });

  it('takes no account of a timer that was cleared', async () => {
    const { play } = await aLambda();
    expect(await play({ cancel: true })).toMatchObject({ told: 'cancelled', now: START + 2500 });
  });

  it('passes by whole milliseconds, at least one for each timer', async () => {
    const { play } = await aLambda();
    expect((await play({ sleeps: [0, 0.0004, 0.0026] })).now).toBe(START + 4);
  });

  it('ends with the invocation: what that has left behind never happens', async () => {
    const { play } = await aLambda();
    expect(await play({ leave: true })).toMatchObject({ told: { count: 1 }, now: START });
    expect((await play({ sleeps: [5] })).now).toBe(START + 5000);
    expect((await play({})).told.count).toBe(3);
  });

  it('passes for functions that run at the same time in the order of their timers', async () => {
    const { invoke, time } = await aLambda();
    const both = [invoke({ sleeps: [10, 10] }), invoke({ sleeps: [5, 10] })];
    await time.runUntilIdle(60);
    const ends = (await Promise.all(both)).map(({ told }) => told.now - START);
    expect(ends).toEqual([20_000, 15_000]);
  });
});

describe('the time of an account', () => {
  const ask = async (port: number, question: object) => {
    const answer = await post(port, `/time/${ACCOUNT}`, JSON.stringify(question));
    return { status: answer.status, told: JSON.parse(await answer.text()) };
  };

  it('passes while the work that moto has begun sleeps, and stands still until that ends', async () => {
    const { port, time } = await aLambda();
    const { told } = await ask(port, { do: 'begin' });
    const played = time.runUntilIdle(60);
    const { work } = told;
    const slept = await ask(port, { do: 'sleep', work, seconds: 3600 });
    expect(slept.told.now).toBe(new Date(START + 3_600_000).toISOString());
    const asked = await ask(port, { do: 'sleep', work, seconds: 0 });
    expect(asked.told.now).toBe(slept.told.now);
    await ask(port, { do: 'end', work });
    await played;
  });

  it('passes while a function sleeps that the work has invoked', async () => {
    const { port, time, one } = await aLambda();
    const { told } = await ask(port, { do: 'begin' });
    const played = time.runUntilIdle(60);
    await fetch(`http://127.0.0.1:${port}/2015-03-31/functions/${encodeURIComponent(one.arn)}/invocations`, {
      method: 'POST',
      body: '{"sleeps":[30]}',
      headers: { 'x-amz-client-context': told.work },
    });
    expect((await ask(port, { do: 'sleep', work: told.work, seconds: 0 })).told.now).toBe(
      new Date(START + 30_000).toISOString(),
    );
    await ask(port, { do: 'end', work: told.work });
    await played;
  });

  it('does not pass when a sleep ends because it was stopped', async () => {
    const { time } = await aLambda();
    const { work } = await time.answer({ do: 'begin' });
    const sleep = time.answer({ do: 'sleep', work, seconds: 3600 });
    await time.answer({ do: 'wake', work });
    expect((await sleep).now).toBe(new Date(START).toISOString());
    await time.answer({ do: 'end', work });
    await time.runUntilIdle(60);
    expect(time.time.now().getTime()).toBe(START);
  });

  it('is given up when nothing happens although something runs', async () => {
    const { port, time } = await aLambda();
    await ask(port, { do: 'begin' });
    await expect(time.runUntilIdle(1)).rejects.toThrow('nothing has happened for 1 s, at 2026-11-01T00:00:00.000Z');
  });

  it.each([
    ['of another account', `/time/200000000002`, { do: 'begin' }],
    ['for work that has not begun', `/time/${ACCOUNT}`, { do: 'end', work: '7' }],
    ['for anything else', `/time/${ACCOUNT}`, { do: 'stop' }],
  ])('is not asked %s', async (_what, path, question) => {
    const { port } = await aLambda();
    expect((await post(port, path, JSON.stringify(question))).status).toBe(500);
  });
});

describe('a function that cannot be loaded', () => {
  it.each([
    ['has no such file', { file: 'missing.mjs' }],
    ['has no such handler', { handler: 'missing' }],
  ])('is not taken in: it %s', async (_what, changes) => {
    await expect(aLambda(changes)).rejects.toThrow();
  });
});
