import { Buffer } from 'node:buffer';
import { createHash, timingSafeEqual } from 'node:crypto';
import { createGuard, type RequestHead } from '../http/guard.ts';
import { type AdmittedRequest, type Answer, type StreamedAnswer, serveLoopback } from '../http/server.ts';
import { answerTo, type Command } from './ask.ts';
import { Live } from './live.ts';
import type { Asset } from './page-build.ts';

/** What the page says of itself: whose account, which deployment, and what it may do. */
export interface About {
  account?: string;
  stage: string;
  region: string;
  /** It shows the emulator. */
  local: boolean;
  /** It was started with `--allow-changes`. */
  allowChanges: boolean;
}

export interface ConsoleOptions {
  /** 256 random bits, as text. */
  token: string;
  about: About;
  command: Command;
  /** The files of the page, by their path. */
  assets: ReadonlyMap<string, Asset>;
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Called with what went wrong and did not end the console. */
  onProblem(problem: string): void;
}

/** A console that listens. */
export interface ListeningConsole {
  /** Where the page is, with the token. */
  url: string;
  close(): Promise<void>;
}

/** More than the largest configuration that the schema accepts. */
const BODY_LIMIT_BYTES = 2 * 1024 * 1024;
const HOST = '127.0.0.1';
/** Between two rounds of what the pages follow. */
const SECONDS = { running: 1, idle: 15 };
const LOCAL_SECONDS = { running: 1, idle: 1 };

const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/** Serves the console on loopback, at a free port, to those who have the token. */
export async function serveConsole(options: ConsoleOptions): Promise<ListeningConsole> {
  const { token, about, command, pause, onProblem } = options;
  const live = new Live({ command, pause, seconds: about.local ? LOCAL_SECONDS : SECONDS });
  const isAuthorized = tokenCheck(token);
  const routes: Readonly<Record<string, (request: AdmittedRequest, url: URL) => Answer | StreamedAnswer>> = {
    'GET /api/about': () => json(about),
    'GET /api/live': ({ ended }, url) => events(live.follow(url.searchParams.getAll('ask'), ended)),
  };
  const { endpoint, close } = await serveLoopback({
    port: 0,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    guardAt: (port) => createGuard({ hosts: [HOST], port, mediaTypesOf: () => ['application/json'] }),
    refuse: ({ statusCode, message }) => problem(statusCode, message),
    async answer(request) {
      const url = new URL(request.path, `http://${HOST}`);
      if (!url.pathname.startsWith('/api/')) return page(request, url, options.assets);
      if (!isAuthorized(request)) return problem(401, 'This needs the token of the address that usher console printed');
      const route = routes[`${request.method} ${url.pathname}`];
      if (route) return route(request, url);
      if (request.method === 'GET' && url.pathname.startsWith('/api/ask/')) return ask(url, command);
      return problem(404, 'There is no such route');
    },
    recover(error) {
      onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return problem(500, 'The console has a bug: its terminal says more');
    },
  });
  return { url: `${endpoint}/#${token}`, close };
}

/** Compares digests, which have one length: how long it takes says nothing about the token. */
function tokenCheck(token: string): (head: Pick<RequestHead, 'headers'>) => boolean {
  const digestOf = (text: string) => createHash('sha256').update(text).digest();
  const expected = digestOf(`Bearer ${token}`);
  return ({ headers }) => timingSafeEqual(digestOf(headers.authorization ?? ''), expected);
}

/** Every path that is no file is a page of the one document. */
function page({ method }: RequestHead, { pathname }: URL, assets: ReadonlyMap<string, Asset>): Answer {
  if (method !== 'GET') return problem(405, 'Pages are only read');
  const asset = assets.get(pathname) ?? assets.get('/');
  if (!asset) throw new Error('the page has no document');
  return { statusCode: 200, headers: { ...HEADERS, 'content-type': asset.type }, body: asset.body };
}

/** Answers with the lines of a command, as it prints them. */
async function ask({ pathname, search }: URL, command: Command): Promise<Answer | StreamedAnswer> {
  const answered = answerTo(pathname.slice('/api/ask/'.length) + search, command);
  if (!answered) return problem(404, 'There is no such question, or it has no such parameter');
  const headers = {
    ...HEADERS,
    'content-type': 'application/jsonl',
    'x-usher-command': encodeURIComponent(answered.command),
    'x-usher-now': (await command.now()).toISOString(),
  };
  return { statusCode: 200, headers, body: ended(answered.lines) };
}

async function* ended(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

async function* asEvents(answers: AsyncIterable<object>): AsyncGenerator<string> {
  for await (const answer of answers) yield `data: ${JSON.stringify(answer)}\n\n`;
}

function events(answers: AsyncIterable<object>): StreamedAnswer {
  return { statusCode: 200, headers: { ...HEADERS, 'content-type': 'text/event-stream' }, body: asEvents(answers) };
}

function json(value: object, statusCode = 200): Answer {
  const headers = { ...HEADERS, 'content-type': 'application/json' };
  return { statusCode, headers, body: Buffer.from(JSON.stringify(value)) };
}

function problem(statusCode: number, message: string): Answer {
  return json({ message }, statusCode);
}
