import { describe, expect, it } from 'vitest';
import { createGuard, type RequestHead } from '../../http/guard.ts';

const PORT = 4599;
const JSON_TYPES = ['application/json', 'application/x-amz-json-1.1'];
const guardAt = (port: number) =>
  createGuard({ hosts: ['127.0.0.1', 'localhost', '[::1]'], port, mediaTypesOf: () => JSON_TYPES });
const guard = guardAt(PORT);

/** A request of a program on this machine, changed. */
function aRequest({ method = 'POST', path = '/', ...headers }: Record<string, string | undefined>): RequestHead {
  const usual = { host: '127.0.0.1:4599', 'content-type': 'application/json', 'content-length': '2' };
  return { method, path, headers: { ...usual, ...headers } };
}

type Parts = readonly [value: string | undefined, status: number | undefined][];

const HOSTS: Parts = [
  ['127.0.0.1:4599', undefined],
  ['localhost:4599', undefined],
  ['[::1]:4599', undefined],
  ['LocalHost:4599', undefined],
  [undefined, 421],
  ['', 421],
  ['127.0.0.1', 421],
  ['127.0.0.1:80', 421],
  ['127.0.0.1:45990', 421],
  ['127.0.0.2:4599', 421],
  ['0.0.0.0:4599', 421],
  ['localhost.:4599', 421],
  ['localhost.page.example:4599', 421],
  ['page.example:4599', 421],
  ['127.0.0.1:4599@page.example', 421],
];
const ORIGINS: Parts = [
  [undefined, undefined],
  ['own', undefined],
  ['null', 403],
  ['', 403],
  ['https://127.0.0.1:4599', 403],
  ['http://127.0.0.1', 403],
  ['http://127.0.0.1:3000', 403],
  ['http://page.example', 403],
  ['http://page.example:4599', 403],
  ['http://127.0.0.1:4599.page.example', 403],
];
const SITES: Parts = [
  [undefined, undefined],
  ['same-origin', undefined],
  ['none', undefined],
  ['same-site', 403],
  ['cross-site', 403],
  ['', 403],
  ['anything', 403],
];
/** With a body, or with a method that may have one. */
const MEDIA_TYPES: Parts = [
  ['application/json', undefined],
  ['application/x-amz-json-1.1', undefined],
  ['Application/JSON; charset=utf-8', undefined],
  [undefined, 415],
  ['', 415],
  ['text/plain', 415],
  ['text/plain;application/json', 415],
  ['application/x-www-form-urlencoded', 415],
  ['multipart/form-data; boundary=x', 415],
  ['application/jsonp', 415],
];
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'];
const BODILESS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE']);

/** Every combination of one element per list. */
function product<T>([first, ...rest]: readonly (readonly T[])[]): T[][] {
  if (!first) return [[]];
  const others = product(rest);
  return first.flatMap((one) => others.map((other) => [one, ...other]));
}

/** Every host with every origin, site, media type and method: some 70,000 requests, and how each is answered. */
function everyRequest(): { request: RequestHead; status: number | undefined }[] {
  const methods: Parts = METHODS.map((method) => [method, undefined]);
  return product<Parts[number]>([methods, HOSTS, ORIGINS, SITES, MEDIA_TYPES]).map((parts) => {
    const [method, host, given, site, type] = parts.map(([value]) => value);
    const [, misdirected, foreignOrigin, foreignSite, wrongType] = parts.map(([, status]) => status);
    const origin = given === 'own' ? `http://${host?.toLowerCase()}` : given;
    const hasBody = !BODILESS.has(method ?? '');
    const length = hasBody ? '2' : undefined;
    const headers = { host, origin, 'sec-fetch-site': site, 'content-type': type, 'content-length': length };
    // What a page cannot choose comes first.
    const status = misdirected ?? foreignOrigin ?? foreignSite ?? (hasBody ? wrongType : undefined);
    return { request: aRequest({ method, ...headers }), status };
  });
}

describe('the guard', () => {
  it('admits a request by all of host, origin, site and media type, whatever its method', () => {
    const requests = everyRequest();
    const wrong = requests.filter(({ request, status }) => guard(request)?.statusCode !== status);
    expect(wrong.slice(0, 5)).toEqual([]);
    expect(requests).toHaveLength(HOSTS.length * ORIGINS.length * SITES.length * MEDIA_TYPES.length * METHODS.length);
  });

  it.each([
    ['GET', { 'content-length': '2' }, 415],
    ['DELETE', { 'content-length': '2' }, 415],
    ['GET', { 'transfer-encoding': 'chunked', 'content-length': undefined }, 415],
    ['POST', { 'content-length': '0' }, 415],
    ['GET', { 'content-length': '0' }, undefined],
  ])('asks for a media type where %s has %j', (method, headers, status) => {
    expect(guard(aRequest({ method, 'content-type': 'text/plain', ...headers }))?.statusCode).toBe(status);
  });

  it('takes pages of its other names for foreign ones', () => {
    const origin = 'http://localhost:4599';
    const statuses = ['localhost:4599', 'LOCALHOST:4599', '127.0.0.1:4599'].map(
      (host) => guard(aRequest({ host, origin }))?.statusCode,
    );
    expect(statuses).toEqual([undefined, undefined, 403]);
  });

  it('takes a host without a port for port 80', () => {
    const statuses = ['localhost', 'localhost:80', 'localhost:4599'].map(
      (host) => guardAt(80)(aRequest({ host }))?.statusCode,
    );
    expect(statuses).toEqual([undefined, undefined, 421]);
  });

  it.each([
    [{ host: 'page.example' }, 'This server answers at 127.0.0.1:4599, localhost:4599, [::1]:4599 only'],
    [{ origin: 'http://page.example' }, 'The request comes from a page of another origin'],
    [{ 'sec-fetch-site': 'cross-site' }, 'The request comes from a page of another site'],
    [{ 'content-type': 'text/plain' }, 'Expected content-type application/json or application/x-amz-json-1.1'],
  ])('says why it refuses %j, and repeats nothing of it', (headers, message) => {
    expect(guard(aRequest(headers))?.message).toBe(message);
  });
});
