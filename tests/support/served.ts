import { request as open } from 'node:http';
import { onTestFinished } from 'vitest';
import { type ConsoleOptions, serveConsole } from '../../console/server.ts';

const TOKEN = 'a'.repeat(43);
const DOCUMENT = { type: 'text/html; charset=utf-8', body: new TextEncoder().encode('<!doctype html>') };
const SCRIPT = { type: 'text/javascript; charset=utf-8', body: new TextEncoder().encode('0') };

/** The headers of a request, each with one value or several. */
export type RequestHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What a server has answered. */
export interface Answered {
  status: number;
  headers: Readonly<Record<string, string | undefined>>;
  text: string;
}

/** A console that runs no command of Usher: it is about how it is asked. */
export async function aServedConsole(options: Partial<ConsoleOptions> = {}) {
  const problems: string[] = [];
  const { url, close } = await serveConsole({
    token: TOKEN,
    about: {
      stage: 'try',
      region: 'us-east-1',
      local: false,
      allowChanges: false,
      has: { subscriptions: false, notices: false },
    },
    command: { run: printing(), prefix: ['usher'], now: async () => new Date('2026-11-30T10:00:00Z') },
    names: async () => ({ users: {}, groups: {} }),
    assets: new Map([
      ['/', DOCUMENT],
      ['/app.js', SCRIPT],
    ]),
    pause: untilSignal,
    onIdle: () => undefined,
    onProblem: (problem) => problems.push(problem),
    ...options,
  });
  const { host, port, origin } = new URL(url);
  onTestFinished(close);
  return {
    url,
    close,
    host,
    origin,
    token: TOKEN,
    problems,
    /** Sends these headers, and no others. */
    ask: (method: string, path: string, headers: RequestHeaders, body?: string) =>
      send({ port, method, path }, headers, body),
  };
}

/** Prints one line, as every command does. */
function printing(): ConsoleOptions['command']['run'] {
  return async function* (args) {
    yield JSON.stringify({ type: 'none', of: args.join(' ') });
  };
}

/** No time passes. */
function untilSignal(_seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

function send(
  { port, method, path }: { port: string; method: string; path: string },
  headers: RequestHeaders,
  body?: string,
): Promise<Answered> {
  const given = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one]),
  );
  return new Promise((resolve, reject) => {
    const request = open({ host: '127.0.0.1', port, method, path, setHost: false }, (response) => {
      const chunks: string[] = [];
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => chunks.push(chunk));
      response.on('end', () => {
        const received = Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [name, value?.toString()]),
        );
        resolve({ status: response.statusCode ?? 0, headers: received, text: chunks.join('') });
      });
    });
    request.on('error', reject);
    for (const [name] of given) {
      const values = given.filter(([other]) => other === name).map(([, value]) => value);
      request.setHeader(name, values.length === 1 ? String(values[0]) : values);
    }
    request.end(body);
  });
}
