import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..');

/** What a file of a folder imports or uses, and whether the lint rules let it. */
const cases: [fact: string, file: string, source: string, allowed: boolean][] = [
  ['domain/ imports itself', 'domain/a.ts', "import './plan.ts';", true],
  ['domain/ imports zod/mini', 'domain/b.ts', "import * as z from 'zod/mini';", true],
  ['domain/ imports node:crypto', 'domain/c.ts', "import { createHash } from 'node:crypto';", true],
  ['domain/ imports no adapter', 'domain/d.ts', "import '../adapters/ledger.ts';", false],
  ['domain/ imports no type of an adapter', 'domain/e.ts', "import type { A } from '../adapters/ledger.ts';", false],
  ['domain/ imports no adapter by a detour', 'domain/f.ts', "import './../adapters/ledger.ts';", false],
  ['domain/ imports no adapter late', 'domain/g.ts', "await import('../adapters/ledger.ts');", false],
  ['domain/ passes no adapter on', 'domain/h.ts', "export * from '../adapters/ledger.ts';", false],
  ['domain/ imports no SDK', 'domain/i.ts', "import '@aws-sdk/client-dynamodb';", false],
  ['domain/ imports no logger', 'domain/j.ts', "import '@aws-lambda-powertools/logger';", false],
  ['domain/ imports no file system', 'domain/k.ts', "import 'node:fs';", false],
  ['domain/ has no clock', 'domain/l.ts', 'Date.now();', false],
  ['domain/ has no dice', 'domain/m.ts', 'Math.random();', false],
  ['domain/ has no environment', 'domain/n.ts', 'process.env.HOME;', false],
  ['domain/ does not wait', 'domain/o.ts', 'setTimeout(() => 1);', false],
  ['adapters/ imports the SDK', 'adapters/a.ts', "import '@aws-sdk/client-dynamodb';", true],
  ['adapters/ imports domain/', 'adapters/b.ts', "import '../domain/errors.ts';", true],
  ['adapters/ imports no function', 'adapters/c.ts', "import '../functions/step.ts';", false],
  ['adapters/ imports no logger', 'adapters/d.ts', "import '@aws-lambda-powertools/logger';", false],
  ['adapters/ has no environment', 'adapters/e.ts', 'process.env.HOME;', false],
  ['functions/ imports adapters/', 'functions/a.ts', "import '../adapters/ledger.ts';", true],
  ['functions/ imports domain/', 'functions/b.ts', "import '../domain/errors.ts';", true],
  ['functions/ imports middy', 'functions/c.ts', "import '@middy/core';", true],
  ['functions/ imports Powertools', 'functions/d.ts', "import '@aws-lambda-powertools/logger';", true],
  ['functions/ imports no SDK', 'functions/e.ts', "import '@aws-sdk/client-dynamodb';", false],
  ['functions/ imports nothing of local/', 'functions/f.ts', "import '../local/stack.ts';", false],
  ['cli/ imports no SDK', 'cli/a.ts', "import '@aws-sdk/client-sfn';", false],
  ['build/ imports no SDK', 'build/a.ts', "import '@aws-sdk/client-sfn';", false],
  ['local/ imports the SDK', 'local/a.ts', "import '@aws-sdk/client-sfn';", true],
  ['bench/ imports the SDK', 'bench/a.ts', "import '@aws-sdk/client-sfn';", true],
  ['tests/ imports the SDK', 'tests/a.ts', "import '@aws-sdk/client-sfn';", true],
];

const RULES = [
  'lint/style/noRestrictedImports',
  'lint/style/noRestrictedGlobals',
  'lint/style/noProcessEnv',
  'lint/nursery/noJsRestrictedProperties',
];

describe('the arrows between the folders point inward', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'usher-architecture-'));
  let refused: string[] = [];

  beforeAll(() => {
    copyFileSync(join(root, 'biome.json'), join(scratch, 'biome.json'));
    for (const [, file, source] of cases) {
      mkdirSync(join(scratch, dirname(file)), { recursive: true });
      writeFileSync(join(scratch, file), `${source}\n`);
    }
    refused = lint(scratch);
  });
  afterAll(() => rmSync(scratch, { recursive: true }));

  it.each(cases)('%s', (_fact, file, _source, allowed) => {
    expect(refused.includes(file)).toBe(!allowed);
  });

  it('domain/ takes the time as an argument', () => {
    const folder = join(root, 'domain');
    const impure = readdirSync(folder).filter((file) => /new Date\(\)/.test(readFileSync(join(folder, file), 'utf8')));
    expect(impure).toEqual([]);
  });
});

interface Diagnostic {
  category: string;
  location: { path: string };
}

/** The files in a folder that one of the rules refuses. Biome exits with 1 when there are any. */
function lint(folder: string): string[] {
  const biome = join(root, 'node_modules', '.bin', 'biome');
  const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics }: { diagnostics: Diagnostic[] } = JSON.parse(stdout);
  return diagnostics.filter(({ category }) => RULES.includes(category)).map(({ location }) => location.path);
}
