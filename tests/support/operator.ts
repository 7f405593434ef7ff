import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { WriteStream } from 'node:tty';
import { afterAll, beforeAll } from 'vitest';
import { runCommandLine } from '../../cli/program.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { aPerson } from './directory.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, STORE_ID, user } from './ids.ts';

const USHER = join(import.meta.dirname, '../../cli/usher.mjs');

/** What a command wrote, and how it ended. */
export interface Ended {
  code: number | null;
  out: string;
  error: string;
}

/** The environment of a shell that nobody looks at; without AWS credentials. */
export function environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _, AWS_PROFILE: _profile, AWS_ACCESS_KEY_ID: _key, ...env } = process.env;
  return {
    ...env,
    CI: 'true',
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/nonexistent',
    AWS_SHARED_CREDENTIALS_FILE: '/nonexistent',
    NODE_COMPILE_CACHE: join(tmpdir(), 'usher-compile-cache'),
    ...more,
  };
}

/** The operator's command as a child process. */
export function spawnUsher(args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) {
  const { cwd, env } = options;
  return spawn(process.execPath, [USHER, ...args], { ...(cwd ? { cwd } : {}), env: environment(env) });
}

/** Runs a command to its end. */
export async function runUsher(
  args: readonly string[],
  { input = '', ...options }: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<Ended> {
  const child = spawnUsher(args, options);
  child.stdin.end(input);
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, error };
}

/**
 * The same in this process, which takes a tenth of the time: for tests of what is done and said. That a command is a
 * process with its streams and its exit code is tested by {@link runUsher}, for each once.
 */
export async function runHere(
  args: readonly string[],
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<Ended> {
  const [out, error] = [aStream(), aStream()];
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const interruption = { onInterrupt: () => undefined, onEnd: () => undefined };
    const streams = { stdout: out.stream, stderr: error.stream, stdin: {}, env: environment(env) };
    const code = await runCommandLine(args, streams, interruption);
    return { code, out: out.text(), error: error.text() };
  } finally {
    process.chdir(before);
  }
}

/** A stream that is no terminal, and what was written to it. */
function aStream() {
  const chunks: string[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      done();
    },
  });
  return { stream: stream as WriteStream, text: () => chunks.join('') };
}

/** The lines of a program's output, parsed. */
export function linesOf(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** A local stack, long-running, in a process of its own, and commands that ask it. */
export interface Operator {
  /** A folder with `entitlements.yml`, in which commands run. */
  folder: string;
  endpoint: string;
  /** A command in this process: see {@link runHere}. */
  run(...args: readonly string[]): Promise<Ended>;
  /** A command as a child process. */
  child(...args: readonly string[]): Promise<Ended>;
  /** One that is still running. */
  start(...args: readonly string[]): ReturnType<typeof spawnUsher>;
  /** An operation of AWS, by its `X-Amz-Target`. */
  call(target: string, input: object): Promise<Record<string, unknown>>;
  /** Faults to come, for whoever calls next. */
  fault(...rules: readonly object[]): Promise<void>;
  /** Drops all faults that are left. */
  mend(): Promise<void>;
  /** Calls of the operator's commands, by `<Service>.<Operation>`. */
  calls(): Promise<Record<string, number>>;
  /** All calls, those of the functions, too. */
  allCalls(): Promise<Record<string, number>>;
  /** Stops the stack. @returns its exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface OperatorOptions {
  /** People who exist; the first `members` are in GROUP, the second group is empty unless `others` says who is in it. */
  people?: number;
  members?: number;
  others?: readonly number[];
  max?: number;
  assigned?: readonly number[];
  assignedGroups?: readonly string[];
  /** Changes what the directory file says. */
  directory?(seed: DirectorySeed): DirectorySeed;
  /** Changes what the entitlements file says. */
  entitlements?(entitlements: Entitlements): Entitlements;
  speed?: number;
  /** Keep its state in the folder. */
  keep?: boolean;
  folder?: string;
}

/** Two entitlements: one of GROUP for APPLICATION, one of OTHER_GROUP for OTHER_APPLICATION. */
export function configuration(max = 200): Entitlements {
  return exampleEntitlements({
    entitlements: [
      { seats: { max } },
      { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max } },
    ],
    brake: { percent: 20, atLeast: 2 },
  });
}

/** Starts a local stack; whoever starts it stops it. */
export async function startOperator(options: OperatorOptions = {}): Promise<Operator> {
  const { people: many = 10, members = many, others = [], max = 200, speed = 500 } = options;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), 'usher-operator-'));
  const seed: DirectorySeed = {
    identityStoreId: STORE_ID,
    users: people(1, many).map(aPerson),
    groups: [
      { groupId: GROUP, displayName: 'developers', members: people(1, members).map(user) },
      { groupId: OTHER_GROUP, displayName: 'designers', members: others.map(user) },
    ],
    applications: [
      {
        applicationArn: APPLICATION,
        name: 'QDevProfile-us-east-1',
        provider: 'codewhisperer',
        assigned: (options.assigned ?? []).map(user),
        assignedGroups: [...(options.assignedGroups ?? [])],
      },
      { applicationArn: OTHER_APPLICATION, name: 'KiroProfile-us-east-1', provider: 'codewhisperer' },
    ],
  };
  writeFileSync(
    join(folder, 'entitlements.yml'),
    JSON.stringify(options.entitlements?.(configuration(max)) ?? configuration(max)),
  );
  writeFileSync(join(folder, 'directory.yml'), JSON.stringify(options.directory?.(seed) ?? seed));
  const args = ['local', '--port', '0', '--json', '--speed', String(speed), '--directory', 'directory.yml'];
  const child = spawnUsher([...args, ...(options.keep ? ['--state', 'state'] : [])], { cwd: folder });
  child.stderr.pipe(process.stderr);
  const [line] = await once(createInterface(child.stdout), 'line');
  const { endpoint } = JSON.parse(line);
  const env = { AWS_ENDPOINT_URL: endpoint };
  const page = async (path: string) =>
    (await (await fetch(endpoint + path)).json()) as Record<string, Record<string, number>>;
  return {
    folder,
    endpoint,
    run: (...command) => runHere(['--local', ...command], { cwd: folder, env }),
    child: (...command) => runUsher(['--local', ...command], { cwd: folder, env }),
    start: (...command) => spawnUsher(['--local', ...command], { cwd: folder, env }),
    async call(target, input) {
      const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' };
      const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
      return (await answer.json()) as Record<string, unknown>;
    },
    async fault(...rules) {
      const { status } = await fetch(`${endpoint}/faults`, { method: 'POST', body: JSON.stringify(rules) });
      if (status !== 200) throw new Error('The local stack takes no such fault');
    },
    async mend() {
      await fetch(`${endpoint}/faults`, { method: 'DELETE' });
    },
    calls: async () => (await page('/calls'))['fromOutside'] ?? {},
    allCalls: async () => (await page('/calls'))['all'] ?? {},
    stop: (signal = 'SIGTERM') => stopped(child, signal),
  };
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill(signal);
  const [code] = await closed;
  return code;
}

/** One local stack for the tests of a file, in whose order it lives on. */
export function anOperator(options: OperatorOptions = {}): Operator {
  let operator: Operator | undefined;
  const started = () => {
    if (!operator) throw new Error('The local stack has not been started');
    return operator;
  };
  beforeAll(async () => {
    operator = await startOperator(options);
  });
  afterAll(async () => {
    await operator?.stop();
    if (operator) rmSync(operator.folder, { recursive: true });
  });
  return {
    get folder() {
      return started().folder;
    },
    get endpoint() {
      return started().endpoint;
    },
    run: (...args) => started().run(...args),
    child: (...args) => started().child(...args),
    start: (...args) => started().start(...args),
    call: (...args) => started().call(...args),
    fault: (...rules) => started().fault(...rules),
    mend: () => started().mend(),
    calls: () => started().calls(),
    allCalls: () => started().allCalls(),
    stop: (signal) => started().stop(signal),
  };
}
