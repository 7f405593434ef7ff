// @module-tag long
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { INVOCATION_HEADER } from '../../emulator/aws/gateway.ts';
import { Lambda, type LambdaFunction } from './lambda.ts';

const ACCOUNT = '200000000001';
const SOURCE = `
  import { request } from 'node:http';
  let count = 0;
  export async function handler(event, context) {
    count += 1;
    if (event.fail) throw Object.assign(new Error('no'), { name: 'RefusedError' });
    if (event.hang) await new Promise(() => {});
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
  const { port, close } = await lambda.listen();
  onTestFinished(close);
  await lambda.register(one);
  const invoke = async (payload: object) => {
    const { payload: told, failed } = await lambda.invoke(one.arn, JSON.stringify(payload));
    return { told: JSON.parse(told), failed };
  };
  return { lambda, one, port, invoke };
}

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
    const { invoke } = await aLambda({ timeoutSeconds: 1 });
    expect(await invoke({ hang: true })).toMatchObject({ told: { errorType: 'Sandbox.Timedout' }, failed: true });
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
  const post = (port: number, path: string, body: string) =>
    fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', body });

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

describe('an account', () => {
  it('is quiet when none of its functions runs', async () => {
    const { lambda, invoke } = await aLambda();
    const running = invoke({});
    expect(lambda.quietSince(ACCOUNT)).toBeUndefined();
    expect(lambda.quietSince('200000000002')).toBe(0);
    await running;
    expect(lambda.quietSince(ACCOUNT)).toBeGreaterThan(0);
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
