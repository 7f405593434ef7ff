import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { Timestamp } from '../../domain/shared/timestamp.ts';
import { validate } from '../../domain/shared/validation.ts';
import { InputError } from '../../input/input-error.ts';
import { DirectorySeedSchema } from '../aws/identity-center/directory-seed.ts';
import { OutboxContentsSchema } from '../aws/ses/outbox.ts';
import { QueueContentsSchema } from '../aws/sqs/queues.ts';
import type { LogEvent } from '../engine/executions.ts';

const Moment = z.pipe(
  Timestamp,
  z.transform((text) => new Date(text)),
);
const Count = z.int().check(z.minimum(0));
const Fields = z.record(z.string(), z.unknown());

/** The interpreter's own, which only it reads. */
const LogEventSchema = z.custom<LogEvent>(
  (value) => typeof value === 'object' && value !== null && 'type' in value && 'timestamp' in value,
  'expected an event of an execution',
);

const ExecutionSchema = z.object({
  arn: z.string(),
  name: z.string(),
  input: z.string(),
  status: z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']),
  startedAt: Moment,
  endedAt: z.exactOptional(Moment),
  redrivenAt: z.exactOptional(Moment),
  output: z.exactOptional(z.string()),
  error: z.exactOptional(z.string()),
  cause: z.exactOptional(z.string()),
  redrives: Count,
  log: z.array(LogEventSchema),
  historyEvents: Count,
});

const PendingEventSchema = z.object({ target: z.string(), event: z.string(), dueAt: z.number(), tries: Count });

/** The whole state of an emulator, from which another one can continue. */
const SavedStateSchema = z.object({
  version: z.literal(1, 'expected the state of an emulator of this version'),
  /** Virtual time. */
  now: Timestamp,
  identityStoreId: z.string(),
  directory: DirectorySeedSchema,
  /** Items in the form of DynamoDB's JSON. */
  ledger: z.array(Fields),
  executions: z.array(ExecutionSchema),
  audit: z.array(z.object({ at: z.number(), event: Fields })),
  queues: QueueContentsSchema,
  /** Items of the table of notices. */
  notices: z._default(z.array(Fields), []),
  /** What Amazon SES accepted. */
  outbox: z._default(OutboxContentsSchema, { mails: [], count: 0, sent: [] }),
  pendingEvents: z._default(z.array(PendingEventSchema), []),
  /** Number of CloudTrail's records so far. */
  records: z._default(Count, 0),
});
/** See {@link SavedStateSchema}. */
export type SavedState = z.output<typeof SavedStateSchema>;

/** The newest executions only: the log of an execution is the largest part of the state. */
const MOST_SAVED_EXECUTIONS = 500;
const FILE = 'state.json';
const WAY_OUT = 'Move it away to begin anew, or name another folder';

/** Returns an error that says what is wrong with the state in a folder, and what to do. */
export function unusableState(folder: string, problem: string, options?: ErrorOptions): InputError {
  return new InputError(join(folder, FILE), [{ path: '', problem: `${problem}. ${WAY_OUT}` }], options);
}

/** Reads the state in a folder; returns undefined if there is none. @throws InputError if the file is not a usable state */
export async function readState(folder: string, identityStoreId: string): Promise<SavedState | undefined> {
  const refuse = (problem: string) => unusableState(folder, problem);
  const text = await textIn(join(folder, FILE), refuse);
  if (text === undefined) return undefined;
  const result = validate(SavedStateSchema, jsonIn(text, refuse));
  if ('issues' in result) {
    const [issue] = result.issues;
    throw refuse([issue?.path, issue?.problem].filter(Boolean).join(': '));
  }
  if (result.value.identityStoreId === identityStoreId) return result.value;
  throw refuse('the state of another identity store: expected that of the entitlements');
}

async function textIn(file: string, refuse: (problem: string) => Error): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'ENOENT') return undefined;
    throw refuse(`cannot be read (${error.code})`);
  }
}

function jsonIn(text: string, refuse: (problem: string) => Error): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse('not JSON');
    throw error;
  }
}

/** Writes the state to a folder, for its owner only: completely, or not at all, also if the computer stops. */
export async function writeState(folder: string, state: SavedState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const next = join(folder, `${FILE}.next`);
  const executions = state.executions.slice(-MOST_SAVED_EXECUTIONS);
  // One that is left may have another mode.
  await rm(next, { force: true });
  try {
    await synced(next, 'wx', (file) => file.writeFile(JSON.stringify({ ...state, executions })));
    await rename(next, join(folder, FILE));
  } catch (error) {
    // Half a state would take the room that a full disk does not have.
    await rm(next, { force: true });
    throw error;
  }
  await synced(folder, 'r');
}

async function synced(
  path: string,
  flags: string,
  write: (file: Awaited<ReturnType<typeof open>>) => Promise<void> = async () => undefined,
): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await write(file);
    await file.sync();
  } finally {
    await file.close();
  }
}
