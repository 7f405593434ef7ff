import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';

const HolderSchema = z.object({ pid: z.int().check(z.minimum(1)), port: z.int() });
/** The process that uses a folder, and the port at which it listens; 0 before it does. */
type Holder = z.infer<typeof HolderSchema>;

const FILE = 'lock';

/** Another process uses the folder. */
export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly file: string;
  readonly holder: Holder;

  constructor(file: string, holder: Holder) {
    super(`Process ${holder.pid} uses the folder`);
    this.file = file;
    this.holder = holder;
  }
}

/** The right to use a folder. */
export interface StateLock {
  /** Records the port of this process. @throws FolderInUseError if the folder has been taken from it */
  listensAt(port: number): void;
  release(): void;
}

/**
 * Takes a folder for this process. A process that has ended does not keep it.
 *
 * @throws FolderInUseError
 */
export function lockFolder(folder: string): StateLock {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, FILE);
  const own = `${file}.${process.pid}`;
  const write = (port: number) => writeFileSync(own, JSON.stringify({ pid: process.pid, port }), { mode: 0o600 });
  const requireOwn = () => {
    const holder = holderIn(file);
    if (holder && holder.pid !== process.pid) throw new FolderInUseError(file, holder);
  };
  write(0);
  try {
    // A link appears with its whole content, or not at all because there is one.
    while (!isLinked(own, file)) {
      const holder = holderIn(file);
      if (holder && isAlive(holder.pid)) throw new FolderInUseError(file, holder);
      removeStale(file, `${own}.stale`);
    }
  } finally {
    rmSync(own, { force: true });
  }
  return {
    listensAt(port) {
      requireOwn();
      write(port);
      renameSync(own, file);
    },
    release() {
      if (holderIn(file)?.pid === process.pid) rmSync(file);
    },
  };
}

function isLinked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/** Returns who holds a folder. No one holds it by a file that is broken: those of this program are complete. */
function holderIn(file: string): Holder | undefined {
  try {
    return HolderSchema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch (error) {
    if (error instanceof SyntaxError || hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** In a container, the process from before a restart may have had the same id as this one. */
function isAlive(pid: number): boolean {
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is alive, and another user's.
    return !hasCode(error, 'ESRCH');
  }
}

/** Moves a stale lock away. If another process has replaced it meanwhile, puts that one back. */
function removeStale(file: string, aside: string): void {
  try {
    renameSync(file, aside);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return;
    throw error;
  }
  const moved = holderIn(aside);
  if (moved && isAlive(moved.pid)) isLinked(aside, file);
  rmSync(aside);
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
