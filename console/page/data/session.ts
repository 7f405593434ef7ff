import { signal } from '@preact/signals';
import type { About } from '../../routes.ts';

const KEY = 'usher-token';

/** The token of this tab; empty if it was opened without one. */
export const token = takeToken();
/** What this console shows. Undefined until it has answered. */
export const about = signal<About | undefined>(undefined);

/** Takes the token out of the address, so that it is neither in the history nor in a link that someone copies. */
function takeToken(): string {
  const given = location.hash.slice(1);
  if (/^[\w-]{43}$/.test(given)) {
    sessionStorage.setItem(KEY, given);
    history.replaceState(undefined, '', location.pathname + location.search);
  }
  return sessionStorage.getItem(KEY) ?? '';
}

/** Asks the console. @throws TypeError if it does not answer: it has ended, or this machine was asleep */
export function request(path: string, options: RequestInit = {}): Promise<Response> {
  return fetch(path, { ...options, headers: { ...options.headers, authorization: `Bearer ${token}` } });
}

/** Sends JSON. */
export function post(path: string, body: object): Promise<Response> {
  return request(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}
