import { spawnSync } from 'node:child_process';
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** The rooms of what is deployed or packaged. */
const SHIPPED = [
  ...[
    'domain',
    'adapters',
    'reconcile',
    'notices',
    'operator',
    'functions',
    'input',
    'http',
    'emulator',
    'console',
    'cli',
  ],
];

/** Which rooms the files of a room may import, beside their own; `sdk`: they may import `@aws-sdk`; `flat`: it has no folders. */
const ROOMS: Readonly<Record<string, { may: readonly string[]; sdk?: true; flat?: true }>> = {
  domain: { may: [] },
  adapters: { may: ['domain'], sdk: true },
  reconcile: { may: ['domain', 'adapters'] },
  notices: { may: ['domain'], flat: true },
  functions: { may: ['reconcile', 'notices', 'adapters', 'domain'], flat: true },
  operator: { may: ['reconcile', 'notices', 'adapters', 'domain'] },
  input: { may: ['notices', 'domain'] },
  http: { may: [], flat: true },
  emulator: { may: ['functions', 'notices', 'adapters', 'domain', 'input', 'http'], sdk: true },
  console: { may: ['operator', 'http', 'domain'] },
  cli: { may: ['operator', 'console', 'adapters', 'reconcile', 'notices', 'input', 'emulator', 'domain'] },
  conformance: { may: ['adapters', 'domain', 'emulator'], sdk: true },
  build: { may: [...SHIPPED, 'conformance'] },
  bench: { may: [...SHIPPED, 'build', 'conformance'], sdk: true },
  tests: { may: [...SHIPPED, 'build', 'bench', 'conformance'], sdk: true },
};

const names = Object.keys(ROOMS);

type Case = [fact: string, file: string, source: string, allowed: boolean];

/** Every room against every other, from its own folder and from one below it. */
const rooms: Case[] = Object.entries(ROOMS).flatMap(([room, { may, sdk = false, flat = false }]) =>
  [{ folder: room, up: '..' }, ...(flat ? [] : [{ folder: `${room}/inner`, up: '../..' }])].flatMap(
    ({ folder, up }): Case[] => [
      ...names
        .filter((other) => other !== room)
        .map((other): Case => {
          const allowed = may.includes(other);
          const fact = `${folder}/ ${allowed ? 'may import' : 'may not import'} ${other}/`;
          return [fact, `${folder}/to-${other}.ts`, `import '${up}/${other}/a.ts';`, allowed];
        }),
      [
        `${folder}/ ${sdk ? 'may import' : 'may not import'} the SDK`,
        `${folder}/to-sdk.ts`,
        "import '@aws-sdk/client-sfn';",
        sdk,
      ],
    ],
  ),
);

const others: Case[] = [
  ['domain/ imports its own folders', 'domain/a.ts', "import './shared/time.ts';", true],
  ['a folder of domain/ imports another', 'domain/decision/a.ts', "import '../shared/time.ts';", true],
  ['a folder of domain/ imports the file above it', 'domain/decision/b.ts', "import '../entitlements.ts';", true],
  ['domain/ imports zod/mini', 'domain/b.ts', "import * as z from 'zod/mini';", true],
  ['domain/ imports node:crypto', 'domain/c.ts', "import { createHash } from 'node:crypto';", true],
  ['domain/ imports no type of an adapter', 'domain/e.ts', "import type { A } from '../adapters/ledger.ts';", false],
  ['domain/ imports no adapter by a detour', 'domain/f.ts', "import './../adapters/ledger.ts';", false],
  ['domain/ imports no adapter late', 'domain/g.ts', "await import('../adapters/ledger.ts');", false],
  ['domain/ re-exports no adapter', 'domain/h.ts', "export * from '../adapters/ledger.ts';", false],
  ['domain/ imports no logger', 'domain/j.ts', "import '@aws-lambda-powertools/logger';", false],
  ['domain/ imports no file system', 'domain/k.ts', "import 'node:fs';", false],
  ['domain/ has no clock', 'domain/l.ts', 'Date.now();', false],
  ['domain/ has no random numbers', 'domain/m.ts', 'Math.random();', false],
  ['domain/ has no environment', 'domain/n.ts', 'process.env.HOME;', false],
  ['domain/ does not wait', 'domain/o.ts', 'setTimeout(() => 1);', false],
  ['a function of domain/ takes four parameters', 'domain/decision/p.ts', 'export const f = (a, b, c, d) => 1;', true],
  ['a function of domain/ takes no fifth', 'domain/decision/q.ts', 'export const f = (a, b, c, d, e) => 1;', false],
  ['a function of reconcile/ takes no fifth', 'reconcile/plan/q.ts', 'export const f = (a, b, c, d, e) => 1;', false],
  ['adapters/ imports no logger', 'adapters/d.ts', "import '@aws-lambda-powertools/logger';", false],
  ['adapters/ imports no domain by a detour', 'adapters/f.ts', "import './../functions/handler.ts';", false],
  ['adapters/ has no environment', 'adapters/e.ts', 'process.env.HOME;', false],
  ['reconcile/ has no environment', 'reconcile/e.ts', 'process.env.HOME;', false],
  ['reconcile/ imports no logger', 'reconcile/d.ts', "import '@aws-lambda-powertools/logger';", false],
  [
    'adapters/subscriptions/ imports its parent and domain/',
    'adapters/subscriptions/a.ts',
    "import '../requests.ts';\nimport '../../domain/pace.ts';",
    true,
  ],
  [
    'adapters/subscriptions/ imports the core of the SDK',
    'adapters/subscriptions/b.ts',
    "import '@smithy/core/client';",
    true,
  ],
  [
    'adapters/subscriptions/ imports no emulator',
    'adapters/subscriptions/c.ts',
    "import '../../emulator/server.ts';",
    false,
  ],
  ['adapters/operator/ imports no core of the SDK', 'adapters/operator/c.ts', "import '@smithy/core/client';", false],
  ["http/ imports Node's own modules", 'http/a.ts', "import { createServer } from 'node:http';", true],
  ['http/ imports no package', 'http/b.ts', "import * as z from 'zod/mini';", false],
  ['http/ imports no domain by a detour', 'http/c.ts', "import './../domain/entitlements.ts';", false],
  ['the page of the console imports Preact', 'console/page/a.tsx', "import 'preact';", true],
  ['the page of the console imports no http', 'console/page/b.tsx', "import '../../http/guard.ts';", false],
  ['the page of the console imports no zod', 'console/page/c.tsx', "import 'zod/mini';", false],
  ["the page of the console imports none of Node's modules", 'console/page/d.tsx', "import 'node:fs';", false],
  ['functions/ imports middy', 'functions/c.ts', "import '@middy/core';", true],
  ['functions/ imports Powertools', 'functions/d.ts', "import '@aws-lambda-powertools/logger';", true],
];

const cases = [...rooms, ...others];

const RULES = [
  'lint/complexity/useMaxParams',
  'lint/style/noRestrictedImports',
  'lint/style/noRestrictedGlobals',
  'lint/style/noProcessEnv',
  'lint/nursery/noJsRestrictedProperties',
];

const sources = globSync('*/**/*.{ts,tsx,mjs,cjs}', { cwd: ROOT, exclude: ['node_modules/**', 'coverage/**'] }).filter(
  (file) => !file.startsWith('.'),
);
const imports = new Map(sources.map((file) => [file, importsOf(file)]));

describe('the linter refuses what a room may not import or do', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'usher-architecture-'));
  let refused: string[] = [];

  beforeAll(() => {
    copyFileSync(join(ROOT, 'biome.json'), join(scratch, 'biome.json'));
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
});

describe('the layout', () => {
  it('has a rule for every folder with code', () => {
    expect([...new Set(sources.map((file) => file.split('/')[0]))].sort()).toEqual([...names].sort());
  });

  it('keeps reconcile/ to the types of adapters/', () => {
    const values = sources
      .filter((file) => file.startsWith('reconcile/'))
      .filter((file) => /^(?:import|export) (?!type )[^;]*'(?:\.\.\/)+adapters\//m.test(readSource(file)));
    expect(values).toEqual([]);
  });

  it('has no circle of files, types included', () => {
    expect(circlesOf(imports)).toEqual([]);
  });

  it('has no circle of folders, types included', () => {
    const folders = new Map<string, string[]>();
    for (const [file, imported] of imports) {
      const folder = dirname(file);
      const found = imported.map((one) => dirname(one)).filter((one) => one !== folder);
      folders.set(folder, [...(folders.get(folder) ?? []), ...found]);
    }
    expect(circlesOf(folders)).toEqual([]);
  });

  it('holds one file per Lambda function and their handler in functions/', () => {
    const deployed = ['serverless.yml', 'deploy/notify-user.yml'].map(readSource).join('\n');
    const functions = [...deployed.matchAll(/handler: functions\/([a-z-]+)\.handler/g)];
    const files = sources.filter((file) => file.startsWith('functions/'));
    expect(files.sort()).toEqual(
      [...functions.map(([, name]) => `functions/${name}.ts`), 'functions/handler.ts'].sort(),
    );
  });

  it('takes the time as an argument everywhere in domain/', () => {
    const impure = sources.filter((file) => file.startsWith('domain/') && /new Date\(\)/.test(readSource(file)));
    expect(impure).toEqual([]);
  });
});

function readSource(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** The files of the project that a file imports or re-exports, at once or late, types included. */
function importsOf(file: string): string[] {
  const specifiers = readSource(file).matchAll(/(?:\bfrom |\bimport |\bimport\(|\brequire\()'(\.{1,2}\/[^']+)'/g);
  return [...specifiers].map(([, path = '']) => normalize(join(dirname(file), path)));
}

/** Each circle of a graph, as the names along it. */
function circlesOf(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (name: string, path: readonly string[]): void => {
    if (path.includes(name)) circles.push([...path.slice(path.indexOf(name)), name].join(' → '));
    if (done.has(name) || path.includes(name)) return;
    for (const next of graph.get(name) ?? []) visit(next, [...path, name]);
    done.add(name);
  };
  for (const name of graph.keys()) visit(name, []);
  return circles;
}

interface Diagnostic {
  category: string;
  location: { path: string };
}

/** The files in a folder that one of the rules refuses. Biome exits with 1 when there are any. */
function lint(folder: string): string[] {
  const biome = join(ROOT, 'node_modules', '.bin', 'biome');
  const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
  const { diagnostics }: { diagnostics: Diagnostic[] } = JSON.parse(stdout);
  return diagnostics.filter(({ category }) => RULES.includes(category)).map(({ location }) => location.path);
}
