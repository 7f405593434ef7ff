import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { WriteStream } from 'node:tty';
import { afterAll, beforeAll } from 'vitest';
import * as z from 'zod/mini';
import { runCommandLine } from '../../cli/program.ts';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { openVirtualEmulator, type VirtualEmulator } from '../../emulator/virtual-server.ts';
import { LINES } from '../../operator/lines/all.ts';
import { aPerson } from './directory.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, STORE_ID, user } from './ids.ts';
import { problemsWithLine } from './line-schemas.ts';

const USHER = join(import.meta.dirname, '../../cli/usher.mjs');

/** What a command wrote, and how it ended. */
export interface Ended {
  code: number | null;
  out: string;
  error: string;
}

/** The environment of a shell without a user and without AWS credentials. */
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
  const ended = { code, out, error };
  checkLines(args, ended);
  return ended;
}

/**
 * The same in this process, which takes a tenth of the time: for tests of what is done and said. That a command is a
 * process with its streams and its exit code is tested by {@link runUsher}, for each once.
 */
export async function runHere(
  args: readonly string[],
  { cwd, env, openFile }: { cwd: string; env: NodeJS.ProcessEnv; openFile?: (path: string) => Promise<unknown> },
): Promise<Ended> {
  const [out, error] = [aStream(), aStream()];
  const before = process.cwd();
  process.chdir(cwd);
  try {
    const interruption = { onInterrupt: () => undefined, onStray: () => undefined, onEnd: () => undefined };
    const streams = {
      stdout: out.stream,
      stderr: error.stream,
      stdin: {},
      env: environment(env),
      ...(openFile && { openFile }),
    };
    const code = await runCommandLine(args, streams, interruption);
    const ended = { code, out: out.text(), error: error.text() };
    checkLines(args, ended);
    return ended;
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

/**
 * Checks each line that `--json` printed against the schema of its type, if it has one.
 *
 * @throws Error if a line is not of its type
 */
function checkLines(args: readonly string[], { out }: Ended): void {
  if (!args.includes('--json')) return;
  for (const line of linesOf(out)) {
    const problems = problemsWithLine(line);
    if (problems.length > 0)
      throw new Error(`usher ${args.join(' ')}: ${JSON.stringify(line)}: ${problems.join('; ')}`);
  }
}

/** The lines of a program's output, parsed. */
export function linesOf(out: string): Record<string, unknown>[] {
  return out
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** The lines of results: without what was not read, what was not found, and how the command failed. */
export function resultsOf(out: string): Record<string, unknown>[] {
  return linesOf(out).filter(({ type }) => !['unread', 'none', 'error'].includes(String(type)));
}

/** A local stack, long-running, and commands that ask it. */
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
  /** A command that runs until it is ended, in this process. @returns its first line, and what ends it */
  serve(...args: readonly string[]): Promise<{ line: Record<string, unknown>; end(): Promise<number> }>;
  /** An operation of AWS, by its `X-Amz-Target`. */
  call(target: string, input: object): Promise<Record<string, unknown>>;
  /** Adds faults, for the next callers. */
  fault(...rules: readonly object[]): Promise<void>;
  /** Drops all faults that are left. */
  clearFaults(): Promise<void>;
  /** Calls of the operator's commands, by `<Service>.<Operation>`. */
  calls(): Promise<Record<string, number>>;
  /** All calls, those of the functions, too. */
  allCalls(): Promise<Record<string, number>>;
  /** Stops the stack. @returns its exit code */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface OperatorOptions {
  /** The number of users; the first `members` are in GROUP, the second group is empty unless `others` says who is in it. */
  people?: number;
  members?: number;
  others?: readonly number[];
  max?: number;
  assigned?: readonly number[];
  assignedGroups?: readonly string[];
  /** Of the first entitlement, besides what it has. */
  entitlement?: Partial<Entitlement>;
  /** Of the first application, besides what it has. */
  application?: Partial<DirectorySeed['applications'][number]>;
  /** Changes what the directory file says. */
  directory?(seed: DirectorySeed): DirectorySeed;
  /** Changes what the entitlements file says. */
  entitlements?(entitlements: Entitlements): Entitlements;
  /** Who calls, and what AWS answers where it documents nothing; not with `speed`. */
  account?: Parameters<typeof openVirtualEmulator>[2];
  speed?: number;
  /** Keep its state in the folder. */
  keep?: boolean;
  folder?: string;
}

/** Two entitlements: one of GROUP for APPLICATION, one of OTHER_GROUP for OTHER_APPLICATION. */
export function configuration(max = 200, first: Partial<Entitlement> = {}): Entitlements {
  return exampleEntitlements({
    entitlements: [
      { seats: { max }, ...first },
      { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max } },
    ],
    brake: { percent: 20, atLeast: 2 },
  });
}

/** Writes what a local stack reads. @returns the folder, and what is in it */
function prepare(options: OperatorOptions) {
  const { people: many = 10, members = many, others = [], max = 200 } = options;
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
        ...options.application,
      },
      { applicationArn: OTHER_APPLICATION, name: 'KiroProfile-us-east-1', provider: 'codewhisperer' },
    ],
  };
  const configured = configuration(max, options.entitlement);
  const entitlements = options.entitlements?.(configured) ?? configured;
  const directory = options.directory?.(seed) ?? seed;
  writeFileSync(join(folder, 'entitlements.yml'), JSON.stringify(entitlements));
  writeFileSync(join(folder, 'directory.yml'), JSON.stringify(directory));
  return { folder, entitlements, directory };
}

const JSON_TYPE = { 'content-type': 'application/x-amz-json-1.1' };

/** @throws Error if the input is one that AWS refuses: a test that changes something with it would change nothing */
async function callOver(endpoint: string, target: string, input: object): Promise<Record<string, unknown>> {
  const headers = { 'x-amz-target': target, ...JSON_TYPE };
  const answer = await fetch(endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
  const content = (await answer.json()) as Record<string, unknown>;
  if (/validation errors? detected/.test(String(content['message'])))
    throw new Error(`${target}: ${content['message']}`);
  return content;
}

/** Operations that the emulator refuses over HTTP. */
const OF_TABLES = /^DynamoDB_20120810\.(?:Create|Delete|Update)Table$/;

/** Commands that ask the stack at an endpoint. @param virtual the stack whose time passes only while a command runs */
function commandsFor(
  { folder, endpoint }: Pick<Operator, 'folder' | 'endpoint'>,
  virtual: Pick<VirtualEmulator, 'during' | 'callInProcess'> = {
    during: (command) => command,
    callInProcess: (target, input) => callOver(endpoint, target, input),
  },
): Omit<Operator, 'stop'> {
  const { during } = virtual;
  const options = { cwd: folder, env: { AWS_ENDPOINT_URL: endpoint } };
  const page = async (path: string) =>
    (await (await fetch(endpoint + path)).json()) as Record<string, Record<string, number>>;
  return {
    folder,
    endpoint,
    run: (...command) => during(runHere(['--local', ...command], options)),
    child: (...command) => during(runUsher(['--local', ...command], options)),
    async serve(...command) {
      const out = new PassThrough();
      let end = () => undefined as unknown;
      const streams = { stdout: out, stderr: process.stderr, stdin: {}, env: environment(options.env) };
      const before = process.cwd();
      process.chdir(folder);
      const code = during(
        runCommandLine(['--local', ...command, '--json'], streams, {
          onInterrupt: () => undefined,
          onStray: () => undefined,
          onEnd(ending) {
            end = ending;
          },
        }),
      );
      const [line] = await once(createInterface(out), 'line');
      return {
        line: JSON.parse(line),
        async end() {
          end();
          const ended = await code;
          process.chdir(before);
          return ended;
        },
      };
    },
    start(...command) {
      const child = spawnUsher(['--local', ...command], options);
      during(once(child, 'close')).catch((error: unknown) => child.emit('error', error));
      return child;
    },
    call: (target, input) =>
      during(OF_TABLES.test(target) ? virtual.callInProcess(target, input) : callOver(endpoint, target, input)),
    async fault(...rules) {
      const { status } = await fetch(`${endpoint}/faults`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: JSON.stringify(rules),
      });
      if (status !== 200) throw new Error('The local stack takes no such fault');
    },
    async clearFaults() {
      await fetch(`${endpoint}/faults`, { method: 'DELETE' });
    },
    calls: async () => (await page('/calls'))['fromOutside'] ?? {},
    allCalls: async () => (await page('/calls'))['all'] ?? {},
  };
}

/** `usher local` in a process of its own. */
export interface StartedOperator extends Operator {
  /** What it printed when it listened. */
  listening: Record<string, unknown>;
  /** Returns the next line that it prints. */
  nextLine(): Promise<Record<string, unknown>>;
  /** Ends it without a chance to do anything. */
  kill(): Promise<void>;
}

/** Starts `usher local`, whose time follows real time; its caller stops it. */
export async function startOperator(options: OperatorOptions = {}): Promise<StartedOperator> {
  const { speed = 500, keep = false } = options;
  const { folder } = prepare(options);
  const args = ['local', '--port', '0', '--json', '--speed', String(speed), '--directory', 'directory.yml'];
  const child = spawnUsher([...args, ...(keep ? ['--state', 'state'] : [])], { cwd: folder });
  child.stderr.pipe(process.stderr);
  const printed = createInterface(child.stdout);
  const [line] = await once(printed, 'line');
  const listening: Record<string, unknown> = z.parse(LINES.local, JSON.parse(line));
  return {
    ...commandsFor({ folder, endpoint: String(listening['endpoint']) }),
    listening,
    nextLine: async () => JSON.parse((await once(printed, 'line'))[0]),
    stop: (signal = 'SIGTERM') => stopped(child, signal),
    async kill() {
      await stopped(child, 'SIGKILL');
    },
  };
}

/** Starts a stack in this process, whose time is virtual. */
async function startVirtualOperator(options: OperatorOptions): Promise<Operator> {
  const { folder, entitlements, directory } = prepare(options);
  const emulator = await openVirtualEmulator(entitlements, directory, options.account);
  const stop = async () => {
    await emulator.close();
    return null;
  };
  return { ...commandsFor({ folder, endpoint: emulator.endpoint }, emulator), stop };
}

async function stopped(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const closed = once(child, 'close');
  child.kill(signal);
  const [code] = await closed;
  return code;
}

/**
 * One local stack for the tests of a file, in whose order it lives on. With `speed`, it is `usher local`, with ticks: for
 * tests of what takes time. Else its time is virtual, and no tick comes.
 */
export function anOperator(options: OperatorOptions = {}): Operator {
  let operator: Operator | undefined;
  const started = () => {
    if (!operator) throw new Error('The local stack has not been started');
    return operator;
  };
  beforeAll(async () => {
    operator = await (options.speed === undefined ? startVirtualOperator : startOperator)(options);
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
    serve: (...args) => started().serve(...args),
    call: (...args) => started().call(...args),
    fault: (...rules) => started().fault(...rules),
    clearFaults: () => started().clearFaults(),
    calls: () => started().calls(),
    allCalls: () => started().allCalls(),
    stop: (signal) => started().stop(signal),
  };
}
