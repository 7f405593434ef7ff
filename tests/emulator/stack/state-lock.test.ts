import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { FolderInUseError, lockFolder } from '../../../emulator/stack/state-lock.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'usher-lock-')), 'state');
  file = join(folder, 'lock');
});
afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

/** Processes that live until the end of the file, and one that has ended. */
let [living, ended] = [0, 0];
const child = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)']);
beforeAll(async () => {
  living = child.pid ?? 0;
  const short = spawn(process.execPath, ['-e', '']);
  ended = short.pid ?? 0;
  await once(short, 'close');
});
afterAll(() => child.kill('SIGKILL'));

/** Makes the folder as another process left it. */
function left(content: string): void {
  lockFolder(folder).release();
  writeFileSync(file, content);
}

const holder = () => JSON.parse(readFileSync(file, 'utf8'));

describe('the lock of a state folder', () => {
  it('says which process uses the folder, and at which port', () => {
    const lock = lockFolder(folder);
    expect(holder()).toEqual({ pid: process.pid, port: 0 });
    lock.listensAt(4599);
    expect(holder()).toEqual({ pid: process.pid, port: 4599 });
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('is for the owner only, like the folder', () => {
    lockFolder(folder).listensAt(4599);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('is gone after its release', () => {
    lockFolder(folder).release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused while another process has it, with its port', () => {
    left(JSON.stringify({ pid: living, port: 4711 }));
    const attempt = () => lockFolder(folder);
    expect(attempt).toThrow(FolderInUseError);
    expect(attempt).toThrow(expect.objectContaining({ holder: { pid: living, port: 4711 }, file }));
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it.each([
    ['of a process that has ended', () => ({ pid: ended, port: 4711 })],
    ['of an earlier process with the same id, as in a container', () => ({ pid: process.pid, port: 4711 })],
    ['that is broken', () => ''],
    ['that names no process', () => ({ pid: 0 })],
  ])('is taken over from one %s', (_fact, contentOf) => {
    const content = contentOf();
    left(typeof content === 'string' ? content : JSON.stringify(content));
    lockFolder(folder).listensAt(4599);
    expect(holder()).toEqual({ pid: process.pid, port: 4599 });
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  it('that another process took from this one is not taken back, and not released', () => {
    const lock = lockFolder(folder);
    writeFileSync(file, JSON.stringify({ pid: living, port: 4711 }));
    expect(() => lock.listensAt(4599)).toThrow(FolderInUseError);
    lock.release();
    expect(existsSync(file)).toBe(true);
    expect(holder()).toEqual({ pid: living, port: 4711 });
  });
});
