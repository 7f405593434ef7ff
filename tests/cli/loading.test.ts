// @module-tag long
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { environment } from '../support/operator.ts';

const ROOT = join(import.meta.dirname, '../..');
const NOTE_LOADED = join(import.meta.dirname, '../support/note-loaded.mjs');

/** The files that a command loads, from the root of the project; a package counts once, by its name. */
function loadedBy(...args: readonly string[]): Set<string> {
  const { stderr } = spawnSync(process.execPath, ['--import', NOTE_LOADED, 'cli/usher.mjs', ...args], {
    cwd: ROOT,
    env: environment(),
    encoding: 'utf8',
  });
  const paths = [...stderr.matchAll(/^loaded (.+)$/gm)].map(([, path = '']) => path);
  return new Set(paths.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path));
}

describe('what a command line loads', () => {
  it('usher --version loads no command, and no package but the one that parses command lines', () => {
    const loaded = loadedBy('--version');
    expect([...loaded].filter((path) => !path.includes('/'))).toEqual(['commander']);
    expect([...loaded].filter((path) => path.startsWith('cli/comman'))).toEqual([]);
    expect(loaded.size).toBeLessThan(15);
  });

  it.each([
    ['held', ['held', '--help']],
    ['seats', ['--local', 'seats', '--nosuch']],
    ['audit', ['help', 'audit']],
  ])('a command line that names %s loads no other command', (name, args) => {
    const commands = [...loadedBy(...args)].filter((path) => path.startsWith('cli/commands/'));
    expect(commands).toEqual([`cli/commands/${name}.ts`]);
  });

  it('no help loads a client of AWS or the emulator', () => {
    const loaded = loadedBy('--help');
    expect(loaded).toContain('cli/commands/local.ts');
    expect([...loaded].filter((path) => /^@aws-sdk\/client-|^emulator\/(?:aws|engine|stack)\//.test(path))).toEqual([]);
  });
});
