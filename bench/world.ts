import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import type { BatchRef } from '../domain/queue/rounds.ts';
import { secondsBetween } from '../domain/shared/time.ts';
import { type RecordedChange, recordOf, type Via } from '../emulator/aws/cloudtrail/cloudtrail.ts';
import type { GatewayRequest } from '../emulator/aws/gateway.ts';
import type { DirectorySeed } from '../emulator/aws/identity-center/directory-seed.ts';
import type { IdentityCenter } from '../emulator/aws/identity-center/identity-center.ts';
import type { Answer } from '../emulator/aws/json-service.ts';
import { exampleDirectory } from '../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { GROUP, people, REGION, STORE_ID } from '../emulator/scenario/example-ids.ts';
import type { Latency } from '../emulator/stack/invocations.ts';
import { type ExecutionEnd, openStack, type Stack } from '../emulator/stack/stack.ts';
import { latency as usualLatency } from './latencies.ts';
import { priceOf, type Used } from './prices.ts';
import { ReadAges } from './read-ages.ts';

/** The call that assigns a user. */
export const CREATE_ASSIGNMENT = 'SSOAdmin.CreateApplicationAssignment';
export const HOUR_SECONDS = 3600;
export const DAY_SECONDS = 24 * HOUR_SECONDS;
/** From one tick to the next. */
export const TICK_SECONDS = 300;
const START = new Date('2026-11-02T08:00:00Z');

/** The directory and the pace of a world. */
export interface WorldOptions {
  /** Number of users; they are numbered from 1. */
  people: number;
  /** Number of them who are members of GROUP before anything runs. */
  members?: number;
  requestsPerSecond?: number;
  latency?: Latency;
  /** Called when a batch of a stored round begins. */
  onBatch?(ref: BatchRef): void;
}

/** What was used since the previous call of `usage`. */
export interface Usage extends Used {
  /** Requests by `<Service>.<Operation>`, refused ones too. */
  calls: Record<string, number>;
  /** Requests to SSO Admin, whose quota all callers of an organization share. */
  ssoAdmin: number;
  identityStore: number;
  /** Virtual seconds in which functions ran, together and by function. */
  lambdaSeconds: number;
  secondsOf: Readonly<Record<string, number>>;
  /** The largest input or output of a state, in bytes. */
  payload: number;
  /** History events of the execution with the most. */
  history: number;
  /** The longest time from the beginning of a plan's reads to a change of an assignment that was decided from them. */
  oldestReadSeconds: number;
  dollars: number;
}

/** The whole service in virtual time, with a meter. */
export interface World {
  stack: Stack;
  center: IdentityCenter;
  ends: ExecutionEnd[];
  /** Seconds from the beginning until now, or until another time. */
  seconds(at?: Date): number;
  /** Runs an action this number of seconds from now. */
  after(seconds: number, action: () => unknown): void;
  /** Advances the time until nothing is left to run. */
  runUntilIdle(): Promise<void>;
  /** Changes the directory and starts an execution with the event of the change. */
  change(change: RecordedChange, via: Via): Promise<string>;
  usage(): Usage;
  /** Seconds from the beginning at which each user's assignment was made first, by user id. */
  seatedAt: ReadonlyMap<string, number>;
  entitlements: Entitlements;
  close(): Promise<void>;
}

const Functions = z.object({
  provider: z.object({ memorySize: z.int() }),
  functions: z.tuple([z.record(z.string(), z.object({ memorySize: z.optional(z.int()) }))], z.string()),
});

/** Reads the memory of the deployed functions, in gigabytes. */
function readMemories(): (name: string) => number {
  const text = readFileSync(new URL('../serverless.yml', import.meta.url), 'utf8');
  const {
    provider,
    functions: [functions],
  } = Functions.parse(parse(text, { logLevel: 'error' }));
  return (name) => (functions[name]?.memorySize ?? provider.memorySize) / 1024;
}

/** Returns the units of a request to DynamoDB: one per KB written, one per 4 KB read. JSON has more bytes than DynamoDB counts. */
function unitsOf(call: string, body: Uint8Array, answer: Answer): Pick<Used, 'writeUnit' | 'readUnit'> {
  const read = Math.ceil(Buffer.byteLength(answer.body) / 4096);
  switch (call) {
    // The item, and its entry in the index.
    case 'DynamoDB.PutItem':
      return { writeUnit: 2 * Math.ceil(body.byteLength / 1024), readUnit: 0 };
    case 'DynamoDB.BatchGetItem':
      return { writeUnit: 0, readUnit: Math.max(read, Buffer.from(body).toString().split('"sk"').length - 1) };
    case 'DynamoDB.GetItem':
    case 'DynamoDB.Query':
      return { writeUnit: 0, readUnit: Math.max(1, read) };
    default:
      return { writeUnit: 0, readUnit: 0 };
  }
}

const NO_USAGE: Omit<Used, 'logGigabyte'> & { logBytes: number; lambdaSeconds: number } = {
  transition: 0,
  gigabyteSecond: 0,
  invocation: 0,
  writeUnit: 0,
  readUnit: 0,
  busEvent: 0,
  logBytes: 0,
  lambdaSeconds: 0,
};

/** Opens a {@link World}. Its brake allows all revocations. */
export async function openWorld(options: WorldOptions): Promise<World> {
  const { members = 0, requestsPerSecond = 10, latency = usualLatency } = options;
  const entitlements = entitlementsOf(requestsPerSecond);
  const memoryOf = readMemories();
  const ends: ExecutionEnd[] = [];
  const seatedAt = new Map<string, number>();
  const seconds = (at = stack.clock.now()) => secondsBetween(START, at);
  let meter = { ...NO_USAGE };
  let secondsOf: Record<string, number> = {};
  let counted: Record<string, number> = {};
  const ages = new ReadAges();
  let sequence = 0;

  const request = (made: GatewayRequest) => {
    ages.note(made, stack.clock.now());
    const { call, body } = made;
    return (answer: Answer) => {
      const units = unitsOf(call, body, answer);
      meter.writeUnit += units.writeUnit;
      meter.readUnit += units.readUnit;
      if (call !== CREATE_ASSIGNMENT || answer.statusCode !== 200) return;
      const { PrincipalId: userId }: { PrincipalId: string } = JSON.parse(Buffer.from(body).toString());
      if (!seatedAt.has(userId)) seatedAt.set(userId, seconds());
    };
  };
  const stack: Stack = await openStack({
    entitlements,
    directory: directoryOf(entitlements, options.people, members),
    start: START,
    transport: 'in-process',
    latency,
    listener: {
      ended: (end) => ends.push(end),
      audit: () => {
        meter.busEvent += 1;
      },
      log: (line) => {
        meter.logBytes += Buffer.byteLength(line);
      },
      invoked: ({ id, function: name, payload }) => {
        meter.invocation += 1;
        if (name === 'applyChanges') {
          const ref: BatchRef = JSON.parse(payload);
          ages.begin(id, ref);
          options.onBatch?.(ref);
        }
        const begun = seconds();
        return () => {
          const ran = seconds() - begun;
          meter.lambdaSeconds += ran;
          secondsOf[name] = (secondsOf[name] ?? 0) + ran;
          meter.gigabyteSecond += ran * memoryOf(name);
        };
      },
      request,
    },
  });
  let countedEnds = 0;

  return {
    stack,
    center: stack.identityCenter,
    ends,
    seatedAt,
    entitlements,
    seconds,
    after: stack.after,
    runUntilIdle: () => stack.runUntilIdle(),
    change(change, via) {
      applyToDirectory(stack.identityCenter, change);
      sequence += 1;
      const at = stack.clock.now();
      return stack.start(recordOf(change, { via, at, sequence, identityStoreId: STORE_ID, region: REGION }));
    },
    usage() {
      const calls = stack.calls();
      const newCalls = Object.entries(calls).map(([call, count]) => [call, count - (counted[call] ?? 0)] as const);
      counted = calls;
      const { logBytes, ...used } = meter;
      meter = { ...NO_USAGE };
      const ran = secondsOf;
      secondsOf = {};
      const ended = ends.slice(countedEnds).flatMap(({ execution }) => stack.execution(execution) ?? []);
      countedEnds = ends.length;
      for (const { log } of ended) {
        used.transition += log.filter(({ type }) => type === 'StateEntered' || type === 'StateRetried').length;
      }
      const all: Used = { ...used, logGigabyte: logBytes / 1e9 };
      return {
        ...all,
        lambdaSeconds: used.lambdaSeconds,
        secondsOf: ran,
        calls: Object.fromEntries(newCalls.filter(([call, count]) => count > 0 && !call.startsWith('SFN.'))),
        ssoAdmin: callsTo(newCalls, 'SSOAdmin.'),
        identityStore: callsTo(newCalls, 'IdentityStore.'),
        payload: Math.max(0, ...ended.map(({ log }) => Math.max(...log.map(payloadOf)))),
        history: Math.max(0, ...ended.map(({ historyEvents }) => historyEvents)),
        oldestReadSeconds: ages.takeOldest(),
        dollars: priceOf(all),
      };
    },
    close: () => stack.close(),
  };
}

/** Counts all calls of Identity Center. */
export function callsIn({ ssoAdmin, identityStore }: Usage): number {
  return ssoAdmin + identityStore;
}

function callsTo(calls: readonly (readonly [string, number])[], service: string): number {
  return calls.reduce((sum, [call, count]) => sum + (call.startsWith(service) ? count : 0), 0);
}

/** Returns the bytes of a state's input or output, whichever has more. */
function payloadOf(event: object): number {
  if (!('state' in event) || typeof event.state !== 'object' || event.state === null) return 0;
  const { state } = event;
  const parts = ['input' in state ? state.input : null, 'output' in state ? state.output : null];
  return Math.max(...parts.map((part) => Buffer.byteLength(JSON.stringify(part ?? null))));
}

function applyToDirectory(center: IdentityCenter, change: RecordedChange): void {
  if (change.change === 'join') center.join(change.groupId, change.userId);
  if (change.change === 'leave') center.leave(change.groupId, change.userId);
}

/** Makes entitlements: members of GROUP get APPLICATION, and the brake holds nothing. */
export function entitlementsOf(requestsPerSecond: number): Entitlements {
  return exampleEntitlements({
    entitlements: [{ seats: { max: 200_000 } }],
    brake: { percent: 100, atLeast: 200_000 },
    requestsPerSecond,
  });
}

/** Makes a directory of this number of users, of whom the first are members of GROUP. */
export function directoryOf(entitlements: Entitlements, count: number, members: number): DirectorySeed {
  return exampleDirectory(entitlements, count, { [GROUP]: people(1, members) });
}
