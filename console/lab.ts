import { Buffer } from 'node:buffer';
import type { AdmittedRequest } from '../http/server.ts';

/** Asks a page of the emulator itself. */
export type AskEmulator = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: string,
) => Promise<{ status: number; text: string }>;

/** What the lab of the page reaches, by method and name: pages of the emulator, and none of the operations of AWS. */
const PAGES: Readonly<Record<string, { method: 'GET' | 'POST' | 'DELETE'; path: string }>> = {
  'GET clock': { method: 'GET', path: '/clock' },
  'GET story': { method: 'GET', path: '/story' },
  'GET directory': { method: 'GET', path: '/directory' },
  'GET calls': { method: 'GET', path: '/calls' },
  'GET outbox': { method: 'GET', path: '/outbox' },
  'GET faults': { method: 'GET', path: '/faults' },
  'POST speed': { method: 'POST', path: '/speed' },
  'POST step': { method: 'POST', path: '/step' },
  'POST trigger': { method: 'POST', path: '/trigger' },
  'POST faults': { method: 'POST', path: '/faults' },
  'POST clear-faults': { method: 'DELETE', path: '/faults' },
};

/** Passes a request of the lab on. Undefined if the lab has no such page. */
export async function passOn(
  name: string,
  { method, body }: Pick<AdmittedRequest, 'method' | 'body'>,
  ask: AskEmulator,
): Promise<{ status: number; text: string } | undefined> {
  const key = `${method} ${name}`;
  const page = Object.hasOwn(PAGES, key) ? PAGES[key] : undefined;
  return page && ask(page.method, page.path, page.method === 'POST' ? Buffer.from(body).toString() : undefined);
}
