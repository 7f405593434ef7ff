import { Buffer } from 'node:buffer';
import type { AdmittedRequest } from '../http/server.ts';

/** Asks a page of the emulator itself. */
export type AskEmulator = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: string,
) => Promise<{ status: number; text: string }>;

/** What the lab of the page reaches, by its route: pages of the emulator, and none of the operations of AWS. */
const ROUTES: Readonly<Record<string, { method: 'GET' | 'POST' | 'DELETE'; path: string }>> = {
  'GET /api/lab/clock': { method: 'GET', path: '/clock' },
  'GET /api/lab/directory': { method: 'GET', path: '/directory' },
  'GET /api/lab/calls': { method: 'GET', path: '/calls' },
  'GET /api/lab/outbox': { method: 'GET', path: '/outbox' },
  'GET /api/lab/faults': { method: 'GET', path: '/faults' },
  'POST /api/lab/speed': { method: 'POST', path: '/speed' },
  'POST /api/lab/step': { method: 'POST', path: '/step' },
  'POST /api/lab/trigger': { method: 'POST', path: '/trigger' },
  'POST /api/lab/faults': { method: 'POST', path: '/faults' },
  'POST /api/lab/clear-faults': { method: 'DELETE', path: '/faults' },
};

/** Passes a request of the lab on. Undefined if there is no such route. */
export async function passOn(
  { method, path, body }: Pick<AdmittedRequest, 'method' | 'path' | 'body'>,
  ask: AskEmulator,
): Promise<{ status: number; text: string } | undefined> {
  const name = `${method} ${path.split('?', 1).join('')}`;
  const route = Object.hasOwn(ROUTES, name) ? ROUTES[name] : undefined;
  return (
    route && ask(route.method, route.path, route.method === 'POST' ? Buffer.from(body).toString('utf8') : undefined)
  );
}
