import { createHash, timingSafeEqual } from 'node:crypto';
import { createGuard, type RequestHead } from '../http/guard.ts';
import { type AdmittedRequest, type Answer, type StreamedAnswer, serveLoopback } from '../http/server.ts';
import { file, problem } from './answers.ts';
import type { Asset } from './assets.ts';
import { Idleness } from './idleness.ts';
import { Live } from './live.ts';
import { type RouteOptions, routesOf } from './routes.ts';
import { Runs } from './runs.ts';

export interface ConsoleOptions extends Omit<RouteOptions, 'live' | 'runs'> {
  /** 256 random bits, as text. */
  token: string;
  /** The files of the page, by their path. */
  assets: ReadonlyMap<string, Asset>;
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Called once no page has been there for 30 minutes. */
  onIdle(): void;
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
/** Who has closed the last page needs no process with their credentials. */
const IDLE_SECONDS = 30 * 60;
const LOCAL_SECONDS = { running: 1, idle: 1 };

/** Serves the console on loopback, at a free port, to those who have the token. */
export async function serveConsole(options: ConsoleOptions): Promise<ListeningConsole> {
  const { token, assets, command, about, pause, onIdle, onProblem } = options;
  const runs = new Runs({ command, pause, onProblem });
  const live = new Live({ now: command.now, runs, pause, onProblem, seconds: about.local ? LOCAL_SECONDS : SECONDS });
  const idleness = new Idleness({ seconds: IDLE_SECONDS, pause, onIdle });
  const isAuthorized = tokenCheck(token);
  const routes = routesOf({ ...options, runs, live });
  const answerApi = (
    request: AdmittedRequest,
    url: URL,
  ): Answer | StreamedAnswer | Promise<Answer | StreamedAnswer> => {
    if (!isAuthorized(request)) return problem(401, 'This needs the token of the address that usher console printed');
    idleness.count(request.ended);
    if (request.body.byteLength > BODY_LIMIT_BYTES)
      return problem(413, `The body has more than ${BODY_LIMIT_BYTES} bytes`);
    const [, , name = '', ...rest] = url.pathname.split('/');
    const route = routes.get(`${request.method} ${name}`);
    return route ? route({ request, url, rest: rest.join('/') }) : problem(404, 'There is no such route');
  };
  const { endpoint, close } = await serveLoopback({
    port: 0,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    guardAt: (port) => createGuard({ hosts: [HOST], port, mediaTypesOf: () => ['application/json'] }),
    refuse: ({ statusCode, message }) => problem(statusCode, message),
    async answer(request) {
      const url = URL.parse(request.path, `http://${HOST}`);
      if (!url) return problem(400, 'The path is no path');
      return url.pathname.startsWith('/api/') ? answerApi(request, url) : page(request, url, assets);
    },
    recover(error) {
      onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
      return problem(500, 'The console has a bug: its terminal says more');
    },
  });
  return {
    url: `${endpoint}/#${token}`,
    async close() {
      idleness.stop();
      await close();
    },
  };
}

/** Compares digests, which have one length: how long it takes says nothing about the token. */
function tokenCheck(token: string): (head: Pick<RequestHead, 'headers'>) => boolean {
  const digestOf = (text: string) => createHash('sha256').update(text).digest();
  const expected = digestOf(`Bearer ${token}`);
  return ({ headers }) => timingSafeEqual(digestOf(headers.authorization ?? ''), expected);
}

/** No page of the console has such a path: it may be a file of an earlier version. */
const LIKE_A_FILE = /^\/[^/]+\.\w+$/;

/** Every path that is no file is a page of the one document. */
function page({ method }: RequestHead, { pathname }: URL, assets: ReadonlyMap<string, Asset>): Answer {
  if (method !== 'GET') return problem(405, 'Pages are only read');
  const asset = assets.get(pathname) ?? (LIKE_A_FILE.test(pathname) ? undefined : assets.get('/'));
  if (!asset) return problem(404, 'There is no such file');
  return file(asset.type, asset.body);
}
