import { once } from 'node:events';
import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { type Answer, type ServerOptions, serveLoopback } from '../../http/server.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

const text = (statusCode: number, body: string, headers = {}): Answer => ({ statusCode, headers, body });

/** A server that answers with the length of the body. */
async function serving(options: Partial<ServerOptions> = {}): Promise<string> {
  const server = await serveLoopback({
    port: 0,
    bodyLimitBytes: 10,
    guardAt: () => () => undefined,
    refuse: ({ statusCode, message }) => text(statusCode, message),
    answer: async ({ body }) => text(200, String(body.byteLength)),
    recover: (error) => text(500, String(error)),
    ...options,
  });
  open.push(server);
  return server.endpoint;
}

async function ask(endpoint: string, body = '') {
  const response = await fetch(endpoint, { method: 'POST', body });
  return [response.status, await response.text()];
}

describe('a server on loopback', () => {
  it('listens at 127.0.0.1 only', async () => {
    expect(await serving()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });

  it('gives its guard the port at which it listens', async () => {
    const ports: number[] = [];
    const guardAt = (port: number) => {
      ports.push(port);
      return () => undefined;
    };
    const endpoint = await serving({ guardAt });
    expect(ports).toEqual([Number(new URL(endpoint).port)]);
  });

  it('hands on no request that its guard refuses', async () => {
    const answered: string[] = [];
    const endpoint = await serving({
      guardAt: () => () => ({ statusCode: 403, message: 'not you' }),
      answer: async ({ path }) => {
        answered.push(path);
        return text(200, '');
      },
    });
    expect(await ask(endpoint)).toEqual([403, 'not you']);
    expect(answered).toEqual([]);
  });

  it('gives no answer to a client that has left, and takes that for no bug', async () => {
    const bugs: unknown[] = [];
    const leaving = new AbortController();
    const settled = Promise.withResolvers<void>();
    const endpoint = await serving({
      async answer({ ended }) {
        leaving.abort();
        await once(ended, 'abort');
        setImmediate(settled.resolve);
        return { statusCode: 200, headers: {}, body: Readable.from(['too late']) };
      },
      recover(error) {
        bugs.push(error);
        return text(500, '');
      },
    });
    await expect(fetch(endpoint, { signal: leaving.signal })).rejects.toThrow(/abort/);
    await settled.promise;
    expect(bugs).toEqual([]);
  });

  it('cuts a body past the limit, so that it is still seen to be too long', async () => {
    const endpoint = await serving();
    expect(await ask(endpoint, 'x'.repeat(10))).toEqual([200, '10']);
    const [status, length] = await ask(endpoint, 'x'.repeat(5_000_000));
    expect(status).toBe(200);
    expect(Number(length)).toBeGreaterThan(10);
    expect(Number(length)).toBeLessThan(1_000_000);
  });

  it.each<[string, ServerOptions['answer'], RegExp]>([
    ['fails', () => Promise.reject(new TypeError('a bug')), /TypeError: a bug/],
    [
      'has a header that HTTP does not allow',
      async () => text(200, '', { bad: 'two\nlines' }),
      /ERR_INVALID_CHAR|Invalid/,
    ],
  ])('recovers if an answer %s', async (_fact, answer, message) => {
    const endpoint = await serving({ answer });
    for (let again = 0; again < 2; again += 1) {
      const [status, body] = await ask(endpoint);
      expect(status).toBe(500);
      expect(body).toMatch(message);
    }
  });
});
