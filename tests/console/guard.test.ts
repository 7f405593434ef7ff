// @module-tag long
import { describe, expect, it } from 'vitest';
import { type Answered, aServedConsole, type RequestHeaders } from '../support/served.ts';

type Served = Awaited<ReturnType<typeof aServedConsole>>;
/** The value of a header, and the status with which it is refused. */
type Parts = readonly (readonly [value: string | readonly string[] | undefined, status: number | undefined])[];

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

const hosts = ({ host }: Served): Parts => [
  [host, undefined],
  [`localhost:${host.split(':')[1]}`, 421],
  [`127.0.0.1`, 421],
  ['127.0.0.1:80', 421],
  [`page.example:${host.split(':')[1]}`, 421],
  [[host, 'page.example'], 421],
];
const origins = ({ origin }: Served): Parts => [
  [undefined, undefined],
  [origin, undefined],
  ['null', 403],
  ['http://127.0.0.1:3000', 403],
  [[origin, 'http://page.example'], 403],
];
const SITES: Parts = [
  [undefined, undefined],
  ['same-origin', undefined],
  ['none', undefined],
  ['same-site', 403],
  ['cross-site', 403],
];
const tokens = ({ token }: Served): Parts => [
  [`Bearer ${token}`, undefined],
  [undefined, 401],
  ['', 401],
  [token, 401],
  [`Basic ${token}`, 401],
  [`Bearer ${token}x`, 401],
  [`Bearer ${token.slice(1)}`, 401],
  [[`Bearer ${token}`, 'Bearer x'], 401],
  [['Bearer x', `Bearer ${token}`], 401],
];
/** What the route is to each method, and what a page of the document is. */
const METHODS: readonly (readonly [method: string, api: number, page: number])[] = [
  ['GET', 200, 200],
  ['HEAD', 404, 405],
  ['OPTIONS', 404, 405],
  ['POST', 404, 405],
  ['PUT', 404, 405],
  ['PATCH', 404, 405],
  ['DELETE', 404, 405],
];
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

interface Asked {
  method: string;
  path: string;
  headers: RequestHeaders;
  status: number;
}

/** What every request has of each page, and how the guard refuses it. */
function heads(served: Served): { head: RequestHeaders; refused: number | undefined }[] {
  return hosts(served).flatMap(([host, wrongHost]) =>
    origins(served).flatMap(([origin, wrongOrigin]) =>
      SITES.map(([site, wrongSite]) => ({
        head: { host, origin, 'sec-fetch-site': site },
        refused: wrongHost ?? wrongOrigin ?? wrongSite,
      })),
    ),
  );
}

function requests(served: Served): Asked[] {
  return METHODS.flatMap(([method, api, page]) =>
    heads(served).flatMap(({ head, refused }): Asked[] => {
      const headers = { ...head, ...(WITH_BODY.has(method) ? { 'content-type': 'application/json' } : {}) };
      return [
        { method, path: '/', headers, status: refused ?? page },
        ...tokens(served).map(([authorization, wrong]) => ({
          method,
          path: '/api/about',
          headers: { ...headers, authorization },
          status: refused ?? wrong ?? api,
        })),
      ];
    }),
  );
}

describe('a console', () => {
  it('answers by host, origin, site, token and method, always with the same headers and never with a cookie', async () => {
    const served = await aServedConsole();
    const wrong: unknown[] = [];
    const all = requests(served);
    for (const { method, path, headers, status } of all) {
      const answer = await served.ask(method, path, headers);
      const isWrong = answer.status !== status || 'set-cookie' in answer.headers || !hasHeaders(answer);
      if (isWrong) wrong.push({ method, path, headers, status, answer });
    }
    expect(wrong.slice(0, 3)).toEqual([]);
    expect(all.length).toBeGreaterThan(10_000);
    expect(served.problems).toEqual([]);
  });

  it.each<[string, number, (served: Served) => Promise<Answered>]>([
    ['a file of the page', 200, ({ ask, host }) => ask('GET', '/app.js', { host })],
    ['a page of the document', 200, ({ ask, host }) => ask('GET', '/entitlements/a.b', { host })],
    ['a file that does not exist', 404, ({ ask, host }) => ask('GET', '/favicon.ico', { host })],
    ['a path that is no path', 400, ({ ask, host }) => ask('GET', '//', { host })],
    ['a body that is no JSON', 400, (served) => post(served, '/api/names', '{')],
    ['a body that is too long', 413, (served) => post(served, '/api/names', ' '.repeat(3_000_000))],
    ['a form', 415, ({ ask, host }) => ask('POST', '/api/names', { host, 'content-type': 'text/plain' }, '{}')],
    ['a question that does not exist', 400, (served) => get(served, '/api/ask/nothing')],
    ['a parameter that does not exist', 400, (served) => get(served, '/api/ask/status?local=true')],
    ['a route that does not exist', 404, (served) => get(served, '/api/nothing')],
    ['an answer', 200, (served) => get(served, '/api/ask/status')],
  ])('sends the headers with %s', async (_what, status, asking) => {
    const answer = await asking(await aServedConsole());
    expect(answer.status).toBe(status);
    expect(answer.headers).toMatchObject(HEADERS);
  });

  it('sends the headers with a bug, whose text only its terminal gets', async () => {
    const served = await aServedConsole({ names: () => Promise.reject(new Error('a bug with a name in it')) });
    const answer = await post(served, '/api/names', '{}');
    expect(answer).toMatchObject({ status: 500, headers: HEADERS });
    expect(answer.text).not.toContain('with a name');
    expect(served.problems.join()).toContain('a bug with a name in it');
    expect((await get(served, '/api/about')).status).toBe(200);
  });

  it('has its token in the fragment of its address only, which a browser sends to no one', async () => {
    const { url, token, ask, host } = await aServedConsole();
    expect(url.split('#')).toEqual([`http://${host}/`, token]);
    const page = await ask('GET', '/', { host });
    expect(JSON.stringify(page)).not.toContain(token);
  });
});

function get({ ask, host, token }: Served, path: string): Promise<Answered> {
  return ask('GET', path, { host, authorization: `Bearer ${token}` });
}

function post({ ask, host, token }: Served, path: string, body: string): Promise<Answered> {
  return ask('POST', path, { host, authorization: `Bearer ${token}`, 'content-type': 'application/json' }, body);
}

function hasHeaders({ headers }: Answered): boolean {
  return Object.entries(HEADERS).every(([name, value]) => headers[name] === value);
}
