// @module-tag long
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { environment, startOperator } from '../support/operator.ts';

const ROOT = join(import.meta.dirname, '../..');
const NOTE_LOADED = join(import.meta.dirname, '../support/note-loaded.mjs');

/** The files that a command loads, from the root of the project; a package counts once, by its name. */
async function loadedBy(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Set<string>> {
  const child = spawn(process.execPath, ['--import', NOTE_LOADED, 'cli/usher.mjs', ...args], {
    cwd: ROOT,
    env: environment(env),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const paths = [...(await text(child.stderr)).matchAll(/^loaded (.+)$/gm)].map(([, path = '']) => path);
  return new Set(paths.map((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? path));
}

describe('what a command line loads', () => {
  it('usher --version loads no command, and no package but the one that parses command lines', async () => {
    const loaded = await loadedBy(['--version']);
    expect([...loaded].filter((path) => !path.includes('/'))).toEqual(['commander']);
    expect([...loaded].filter((path) => path.startsWith('cli/commands/'))).toEqual([]);
    expect(loaded.size).toBeLessThan(15);
  });

  it.each([
    ['held', ['held', '--help']],
    ['seats', ['--local', 'seats', '--nosuch']],
    ['audit', ['help', 'audit']],
  ])('a command line that names %s loads no other command', async (name, args) => {
    const commands = [...(await loadedBy(args))].filter((path) => path.startsWith('cli/commands/'));
    expect(commands).toEqual([`cli/commands/${name}.ts`]);
  });

  it('no help loads a client of AWS or the emulator', async () => {
    const loaded = await loadedBy(['--help']);
    expect(loaded).toContain('cli/commands/local.ts');
    expect([...loaded].filter((path) => /^@aws-sdk\/client-|^emulator\/(?:aws|engine|stack)\//.test(path))).toEqual([]);
  });

  it('a question loads the clients that it asks, and with --local no parser of YAML', async () => {
    const operator = await startOperator();
    onTestFinished(async () => {
      await operator.stop();
      rmSync(operator.folder, { recursive: true });
    });
    const loadedLocally = async (command: string) =>
      [...(await loadedBy(['--local', command], { AWS_ENDPOINT_URL: operator.endpoint }))].filter((path) =>
        /^@aws-sdk\/client-|^yaml$/.test(path),
      );
    expect(await loadedLocally('held')).toEqual(['@aws-sdk/client-dynamodb']);
    expect((await loadedLocally('seats')).toSorted()).toEqual([
      '@aws-sdk/client-dynamodb',
      '@aws-sdk/client-sso-admin',
    ]);
    expect((await loadedLocally('status')).toSorted()).toEqual([
      ...['dynamodb', 'eventbridge', 'scheduler', 'sfn', 'sqs', 'sts'].map((service) => `@aws-sdk/client-${service}`),
    ]);
  });
});
