import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../../input/input-error.ts';
import type { DirectorySeed } from '../aws/identity-center/directory-seed.ts';
import type { QueueContents } from '../aws/sqs/queues.ts';
import type { Execution } from '../engine/executions.ts';

/** The whole state of an emulator, from which another one can continue. */
export interface SavedState {
  version: 1;
  /** Virtual time. */
  now: string;
  identityStoreId: string;
  directory: DirectorySeed;
  /** Items in the form of DynamoDB's JSON. */
  ledger: object[];
  executions: Execution[];
  audit: { at: number; event: Record<string, unknown> }[];
  queues: QueueContents;
}

/** The newest executions only: the log of an execution is the largest part of the state. */
const MOST_SAVED_EXECUTIONS = 500;
const FILE = 'state.json';

/** Reads the state in a folder; returns undefined if there is none. @throws InputError if the file is not a usable state */
export function readState(folder: string, identityStoreId: string): SavedState | undefined {
  const file = join(folder, FILE);
  const saved = textIn(file);
  if (saved === undefined) return undefined;
  const refuse = (problem: string) => new InputError(file, [{ path: '', problem }]);
  try {
    const state: SavedState = JSON.parse(saved, revived);
    if (state.version !== 1) throw refuse('expected the state of an emulator of this version');
    if (state.identityStoreId === identityStoreId) return state;
    throw refuse('the state of another identity store: expected that of the entitlements');
  } catch (error) {
    if (error instanceof SyntaxError) throw refuse('not JSON');
    throw error;
  }
}

function textIn(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const DATES: ReadonlySet<string> = new Set(['startedAt', 'endedAt', 'redrivenAt']);

function revived(key: string, value: unknown): unknown {
  return DATES.has(key) && typeof value === 'string' ? new Date(value) : value;
}

/** Writes the state to a folder: completely, or not at all. */
export function writeState(folder: string, state: SavedState): void {
  mkdirSync(folder, { recursive: true });
  const next = join(folder, `${FILE}.next`);
  const executions = state.executions.slice(-MOST_SAVED_EXECUTIONS);
  writeFileSync(next, JSON.stringify({ ...state, executions }));
  renameSync(next, join(folder, FILE));
}
