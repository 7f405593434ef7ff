import { Buffer } from 'node:buffer';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import type { Refusal, RequestHead } from './guard.ts';

/** An HTTP answer. */
export interface Answer {
  statusCode: number;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** An HTTP answer whose body comes piece by piece, no faster than the client reads. */
export interface StreamedAnswer extends Omit<Answer, 'body'> {
  body: AsyncIterable<string>;
}

/** A request that the guard admitted. */
export interface AdmittedRequest extends RequestHead {
  /** Cut where it exceeds the limit, so that it is longer than the limit then. */
  body: Uint8Array;
  /** Aborted when the client has its answer, or has gone away. */
  ended: AbortSignal;
}

export interface ServerOptions {
  /** 0 for a free one. */
  port: number;
  /** A longer body is cut. */
  bodyLimitBytes: number;
  /** Returns the guard of a server that listens at this port. */
  guardAt(port: number): (head: RequestHead) => Refusal | undefined;
  /** Returns the answer to a request that the guard refused. */
  refuse(refusal: Refusal, head: RequestHead): Answer;
  answer(request: AdmittedRequest): Promise<Answer | StreamedAnswer>;
  /** Returns the answer where `answer` has thrown: a bug, which ends one request and not the server, unless this throws, too. */
  recover(error: unknown, request: AdmittedRequest): Answer;
}

/** Longer than any pause of real time between two calls, so that no client uses a connection that closes. */
const KEEP_ALIVE_MILLISECONDS = 60_000;

/**
 * Listens on the loopback interface, at this port or at a free one.
 *
 * @throws Error `EADDRINUSE` if another process uses the port
 */
export async function serveLoopback(
  options: ServerOptions,
): Promise<{ endpoint: string; port: number; close(): Promise<void> }> {
  // Of a header that comes twice, Node would drop the second one: a check of the first would say nothing about it.
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MILLISECONDS, joinDuplicateHeaders: true });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const { port } = address;
  const guard = options.guardAt(port);
  let closed: Promise<unknown> | undefined;
  server.on('request', (request, response) => serve(request, response, { ...options, guard }));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    port,
    close: async () => {
      if (!closed) {
        closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
      }
      await closed;
    },
  };
}

interface Serving extends Omit<ServerOptions, 'guardAt'> {
  guard: ReturnType<ServerOptions['guardAt']>;
}

function serve(request: IncomingMessage, response: ServerResponse, serving: Serving): void {
  const { bodyLimitBytes, guard, refuse, answer, recover } = serving;
  const { method = '', url: path = '', headers } = request;
  const head = { method, path, headers };
  const refusal = guard(head);
  const chunks: Buffer[] = [];
  let length = 0;
  request.on('data', (chunk: Buffer) => {
    // One chunk past the limit is enough. The rest is drained, so that the client reads its answer.
    if (!refusal && length <= bodyLimitBytes) chunks.push(chunk);
    length += chunk.length;
  });
  // A client that closed its connection gets no answer.
  request.on('error', () => response.destroy());
  request.on('end', async () => {
    if (refusal) return send(response, refuse(refusal, head));
    const ending = new AbortController();
    response.on('close', () => ending.abort());
    const admitted = { ...head, body: Buffer.concat(chunks), ended: ending.signal };
    try {
      send(response, await answer(admitted));
    } catch (error) {
      send(response, recover(error, admitted));
    }
  });
}

function send(response: ServerResponse, { statusCode, headers, body }: Answer | StreamedAnswer): void {
  // Who has left gets no answer, and nothing could be piped to them.
  if (response.destroyed) return;
  if (typeof body === 'string' || body instanceof Uint8Array) {
    response.writeHead(statusCode, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
    return;
  }
  response.writeHead(statusCode, headers);
  // The head is there before the first piece, which may take long.
  response.flushHeaders();
  // A client that went away needs nothing more; one whose answer broke off sees that it has no end.
  pipeline(Readable.from(body), response, () => undefined);
}
