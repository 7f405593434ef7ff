import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { ClientSettings } from '../../adapters/clients.ts';
import type { RequestHandler } from '../../emulator/stack/invocations.ts';

const LAUNCHER = fileURLToPath(new URL('launcher.py', import.meta.url));
/** What the launcher ends with when Python has no moto. */
const MISSING = 3;
const STARTED_WITHIN_SECONDS = 60;
/** The account that moto takes a caller for who doesn't say. */
export const DEFAULT_ACCOUNT = '123456789012';
/** The header by which a caller says which account is meant. */
export const ACCOUNT_HEADER = 'x-moto-account-id';

/** The version of moto that `python3` has, or what it misses to run it. */
export function findMoto(): { version: string } | { missing: string } {
  const { status, stdout, stderr, error } = spawnSync('python3', [LAUNCHER, '--version'], { encoding: 'utf8' });
  if (error) return { missing: 'there is no python3' };
  if (status === 0) return { version: stdout.trim() };
  if (status === MISSING) return { missing: stderr.trim() };
  throw new Error(`moto can't be asked for its version: ${stderr}`);
}

/** A moto that runs. */
export interface Moto {
  endpoint: string;
  /** Types of resources of which it makes nothing, with how often it was asked to. */
  unsupported(): Map<string, number>;
  /** The end of what it wrote. */
  log(): string;
  close(): Promise<void>;
}

/**
 * Starts moto with the repairs of the launcher, executing state machines.
 *
 * @param functions the port at which it invokes functions; `skip`: repairs to leave out
 */
export async function startMoto({ functions, skip }: { functions: number; skip: readonly string[] }): Promise<Moto> {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const skipped = skip.flatMap((name) => ['--skip', name]);
  const child = spawn('python3', [LAUNCHER, ...skipped, '-p', String(port)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // The code of the functions is in a bucket of the account that the command deploys to, and only there.
    env: { ...process.env, MOTO_PORT: String(functions), VALIDATE_LAMBDA_S3: 'false' },
  });
  let written = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      written += chunk;
    });
  }
  const lines = () => written.split('\n');
  const log = () =>
    lines()
      .filter((line) => !/" 20\d -$/.test(line))
      .slice(-40)
      .join('\n');
  process.once('exit', () => child.kill());
  const close = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  if (!(await answers(endpoint, child))) {
    await close();
    throw new Error(`moto doesn't start:\n${log()}`);
  }
  return { endpoint, unsupported: () => unsupportedIn(lines()), log, close };
}

/** Waits for moto, and has it execute state machines, which it does not by itself. */
async function answers(endpoint: string, child: ChildProcess): Promise<boolean> {
  const body = JSON.stringify({ stepfunctions: { execute_state_machine: true } });
  for (const deadline = Date.now() + STARTED_WITHIN_SECONDS * 1000; Date.now() < deadline; ) {
    if (child.exitCode !== null) return false;
    const answer = await fetch(`${endpoint}/moto-api/config`, { method: 'POST', body }).catch(() => undefined);
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}

function unsupportedIn(lines: readonly string[]): Map<string, number> {
  const types = new Map<string, number>();
  for (const line of lines) {
    const [, type] = /^No Moto CloudFormation support for (\S+)$/.exec(line) ?? [];
    if (type) types.set(type, (types.get(type) ?? 0) + 1);
  }
  return types;
}

/** What the SDK's clients take to speak to one account of moto. */
export function settingsOf(endpoint: string, account: string, region: string): ClientSettings {
  const http: RequestHandler = new NodeHttpHandler();
  return {
    region,
    maxAttempts: 1,
    endpoint,
    credentials: { accessKeyId: 'moto', secretAccessKey: 'moto' },
    requestHandler: {
      metadata: { handlerProtocol: 'http/1.1' },
      httpHandlerConfigs: () => ({}),
      updateHttpClientConfig: () => undefined,
      handle: (request: { headers: Record<string, string> }, options?: object) => {
        request.headers[ACCOUNT_HEADER] = account;
        return http.handle(request, options);
      },
    },
  };
}
