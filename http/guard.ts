import type { IncomingHttpHeaders } from 'node:http';

/** The part of a request that says where it comes from. */
export interface RequestHead {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
}

/** Why a request is refused before its body is read. */
export interface Refusal {
  statusCode: 403 | 415 | 421;
  message: string;
}

export interface GuardOptions {
  /** Names under which the server answers, as in an URL: `127.0.0.1`, `localhost`, `[::1]`. */
  hosts: readonly string[];
  port: number;
  /** Media types that the body of this request may have. */
  mediaTypesOf(head: RequestHead): readonly string[];
}

/** What `Sec-Fetch-Site` says of a script of this server's own page, and of an address that the user has typed. */
const OWN_SITES: ReadonlySet<string> = new Set(['same-origin', 'none']);
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * Returns what refuses requests that a web page of another site could make to a server on loopback.
 *
 * - `Host` is one of the server's names with its port, or else another name led here (DNS rebinding): 421.
 * - `Origin`, which browsers add to what scripts and forms send, is that host, and `Sec-Fetch-Site`, which says the same of
 *   all requests of a page, is `same-origin` or `none`: 403.
 * - A body has one of the media types. A page sends `text/plain` and forms to other sites without asking first: 415.
 *
 * Programs send neither `Origin` nor `Sec-Fetch-Site`. The guard authenticates no one: other users of the machine pass it.
 *
 * @see https://fetch.spec.whatwg.org/#origin-header
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export function createGuard({ hosts, port, mediaTypesOf }: GuardOptions): (head: RequestHead) => Refusal | undefined {
  const names = new Set(hosts.flatMap((host) => (port === 80 ? [host, `${host}:80`] : [`${host}:${port}`])));
  return (head) => {
    const { host = '', origin, 'sec-fetch-site': site } = head.headers;
    const name = host.toLowerCase();
    if (!names.has(name)) {
      return { statusCode: 421, message: `This server answers at ${[...names].join(', ')} only` };
    }
    if (origin !== undefined && origin !== `http://${name}`) {
      return { statusCode: 403, message: 'The request comes from a page of another origin' };
    }
    if (site !== undefined && !OWN_SITES.has(String(site))) {
      return { statusCode: 403, message: 'The request comes from a page of another site' };
    }
    const mediaTypes = mediaTypesOf(head);
    if (hasBody(head) && !mediaTypes.includes(mediaTypeOf(head))) {
      return { statusCode: 415, message: `Expected content-type ${mediaTypes.join(' or ')}` };
    }
    return undefined;
  };
}

/** Whether a request may have a body. The method alone may say so: an empty body can ask for something, too. */
function hasBody({ method, headers }: RequestHead): boolean {
  return (
    METHODS_WITH_BODY.has(method) ||
    headers['transfer-encoding'] !== undefined ||
    Number(headers['content-length'] ?? 0) > 0
  );
}

function mediaTypeOf({ headers }: RequestHead): string {
  return (headers['content-type'] ?? '').split(';', 1).join('').trim().toLowerCase();
}
