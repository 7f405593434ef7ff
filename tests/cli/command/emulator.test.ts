import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { connectEmulator } from '../../../cli/command/emulator.ts';
import { MissingPrecondition, UsageError } from '../../../operator/failures.ts';

const open: Server[] = [];
afterEach(() => {
  for (const server of open.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** A server that is there and is another. @returns its endpoint */
async function serving(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  open.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const CLOCK = { now: '2026-11-30T10:00:00.000Z', speed: 60, region: 'eu-west-1' };

describe('an emulator', () => {
  it('says its Region, and its time, which runs at its speed', async () => {
    const endpoint = await serving((_request, response) => response.end(JSON.stringify(CLOCK)));
    const { region, clock } = await connectEmulator(endpoint);
    expect(region).toBe('eu-west-1');
    expect(clock.now().getTime()).toBeGreaterThanOrEqual(Date.parse(CLOCK.now));
  });

  it.each<[string, RequestListener]>([
    ['HTML', (_request, response) => response.end('<!DOCTYPE html><p>Hello')],
    ['other JSON', (_request, response) => response.end('{"services":{"s3":"running"}}')],
    ['JSON with other fields as well', (_request, response) => response.end(JSON.stringify({ ...CLOCK, more: 1 }))],
    ['a JSON array', (_request, response) => response.end('[]')],
    ['no such page', (_request, response) => response.writeHead(404).end(JSON.stringify(CLOCK))],
    ['an error', (_request, response) => response.writeHead(500).end()],
    ['a redirect', (_request, response) => response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['an empty page', (_request, response) => response.end()],
    ['nothing, and closes', (_request, response) => response.destroy()],
    ['half a page, and closes', (_request, response) => response.write('{', () => response.destroy())],
    ['no HTTP', (request) => request.socket.end('SSH-2.0-OpenSSH_9.6\r\n')],
  ])('is not what answers with %s', async (_fact, listener) => {
    const endpoint = await serving(listener);
    const error: unknown = await connectEmulator(endpoint).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error).toHaveProperty(
      'message',
      `What answers at ${endpoint} is no local stack of Usher. Start one with usher local, and set AWS_ENDPOINT_URL to the address that it prints`,
    );
  });

  it.each([
    ['nothing at all', () => undefined],
    [
      'the beginning of a page, and no more',
      (response: Parameters<RequestListener>[1]) => {
        response.write('{');
      },
    ],
  ])('is not what answers with %s, once patience ends', async (_fact, answer) => {
    const patience = new AbortController();
    const endpoint = await serving((_request, response) => {
      answer(response);
      patience.abort(new DOMException('The operation timed out', 'TimeoutError'));
    });
    await expect(connectEmulator(endpoint, () => patience.signal)).rejects.toThrow(/is no local stack of Usher/);
  });

  it('does not answer where no one listens', async () => {
    const endpoint = await serving(() => undefined);
    const [server] = open.splice(0);
    server?.close();
    const error: unknown = await connectEmulator(endpoint).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MissingPrecondition);
    expect(error).toHaveProperty('message', `No emulator answers at ${endpoint}. Start one: usher local`);
  });

  it.each(['localhost:4566', 'file:///etc/passwd', 'http://', '4599'])('is not at %s', async (endpoint) => {
    await expect(connectEmulator(endpoint)).rejects.toThrow(UsageError);
  });
});
