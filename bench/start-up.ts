import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Plugin } from 'esbuild';
import { bundle } from '../build/bundle.ts';
import { packagedTemplates } from '../build/notice-templates.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { atMost, count, rows, table } from './report.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = '.serverless/bench';
const ENTITLEMENTS_PATH = join(ROOT, FOLDER, 'entitlements.json');
const TEMPLATES_PATH = join(ROOT, FOLDER, 'notices.json');
const FUNCTIONS = [
  'normalize-request',
  'check-propagation',
  'plan-changes',
  'apply-changes',
  'record-audit',
  'notify-user',
];
const RUNS = 15;

/**
 * Imports a module and calls its handler once with an empty input: it reads environment and configuration, creates the
 * clients and refuses the input. Prints how long the import took, and how long both took.
 */
const MEASURE = `
  import { createRequire } from 'node:module';
  // Some modules of the SDK for other environments than Lambda are not ESM.
  globalThis.require = createRequire(process.argv[1]);
  const start = performance.now();
  const { handler } = await import(process.argv[1]);
  const imported = performance.now() - start;
  await handler({}, { awsRequestId: 'r', functionName: 'f', memoryLimitInMB: '512', invokedFunctionArn: 'a' }).catch(() => undefined);
  process.stderr.write('took ' + imported + ' ' + (performance.now() - start));
`;

/** Milliseconds. */
interface Took {
  imported: number;
  called: number;
}

/** What one function loads, next to its SDK clients alone and to an empty handler. */
export interface StartUp {
  name: string;
  /** Size of all modules in its package, and of those that are loaded at its start. */
  bytes: number;
  eagerBytes: number;
  took: Took;
  /** A bundle of its whole SDK clients, and one of what it uses of them; undefined if it has none. */
  clients: { whole: Took; used: Took } | undefined;
  empty: Took;
}

interface Import {
  names: string[];
  client: string;
}

/** Returns what the adapters in a bundle import from the SDK. */
function importsOf(sources: readonly string[]): Import[] {
  return sources
    .filter((file) => file.startsWith('adapters/'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^import \{([^}]+)\} from '(@aws-sdk\/client-[^']+)';/gm)])
    .map(([, names = '', client = '']) => ({
      client,
      names: names
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== '' && !name.startsWith('type ')),
    }));
}

/** Writes a handler that keeps what the adapters use of the SDK, and creates each client. */
function clientsAsUsed(imports: readonly Import[]): string {
  const lines = imports.map(
    ({ names, client }, index) =>
      `import { ${names.map((name) => `${name} as ${name}${index}`).join(', ')} } from '${client}';`,
  );
  const kept = imports.flatMap(({ names }, index) => names.map((name) => `${name}${index}`));
  const clients = kept.filter((name) => /Client\d+$/.test(name)).map((name) => `new ${name}({ region: 'us-east-1' })`);
  return [
    ...lines,
    `export const kept = [${kept.join(', ')}];`,
    `export const handler = async () => [${clients.join(', ')}];`,
  ].join('\n');
}

/** Writes a handler with the whole SDK clients of a function. */
function wholeClients(imports: readonly Import[]): string {
  const clients = [...new Set(imports.map(({ client }) => client))];
  return [
    ...clients.map((client, index) => `export * as client${index} from '${client}';`),
    'export const handler = async () => ({});',
  ].join('\n');
}

async function bundleEntry(entry: string, name: string, plugins?: Plugin[]) {
  const { metafile } = await bundle(ROOT, entry, join(ROOT, FOLDER, name), plugins);
  const outputs = new Map(Object.entries(metafile.outputs));
  const main = [...outputs.keys()].find(
    (path) => outputs.get(path)?.entryPoint !== undefined && basename(path) === `${basename(entry)}.mjs`,
  );
  const eager = new Set<string>();
  const visit = (path: string) => {
    if (eager.has(path)) return;
    eager.add(path);
    for (const { kind, path: next } of outputs.get(path)?.imports ?? []) if (kind === 'import-statement') visit(next);
  };
  if (main) visit(main);
  const sizeOf = (paths: Iterable<string>) =>
    [...paths].reduce((sum, path) => sum + (outputs.get(path)?.bytes ?? 0), 0);
  return {
    file: join(ROOT, FOLDER, name, `${entry}.mjs`),
    sources: Object.keys(metafile.inputs),
    bytes: sizeOf(outputs.keys()),
    eagerBytes: sizeOf(eager),
  };
}

async function bundleText(name: string, text: string, plugins?: Plugin[]): Promise<string> {
  const path = `${FOLDER}/${name}`;
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, `${path}.ts`), text);
  return (await bundleEntry(path, name, plugins)).file;
}

function startOnce(file: string): Took {
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    ENTITLEMENTS_FILE: ENTITLEMENTS_PATH,
    LEDGER_TABLE: 'ledger',
    AUDIT_BUS: 'audit',
    STATE_MACHINE: 'onboarding',
    USHER_VERSION: '0',
    NOTICES_TABLE: 'notices',
    NOTICES_TEMPLATES: TEMPLATES_PATH,
  };
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', MEASURE, file], {
    encoding: 'utf8',
    env,
  });
  const [, imported, called] = /took ([\d.]+) ([\d.]+)$/.exec(stderr) ?? [];
  if (imported === undefined) throw new Error(stderr);
  return { imported: Number(imported), called: Number(called) };
}

/** Starts each function repeatedly in processes of their own, in turn with its baselines; the fastest of each counts. */
export async function startUps(): Promise<StartUp[]> {
  rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  const entitlements = exampleEntitlements({ notices: {} });
  writeFileSync(ENTITLEMENTS_PATH, JSON.stringify(entitlements));
  writeFileSync(TEMPLATES_PATH, JSON.stringify(packagedTemplates(ROOT, entitlements)));
  const empty = await bundleText('empty', 'export const handler = async () => ({});');
  const found: StartUp[] = [];
  for (const name of FUNCTIONS) {
    const { file, sources, bytes, eagerBytes } = await bundleEntry(`functions/${name}`, name);
    const imports = importsOf(sources);
    const alone =
      imports.length > 0
        ? [
            await bundleText(`${name}-whole`, wholeClients(imports), []),
            await bundleText(`${name}-used`, clientsAsUsed(imports)),
          ]
        : [];
    const [took = NEVER, nothing = NEVER, whole, used] = fastest([file, empty, ...alone]);
    found.push({ name, bytes, eagerBytes, took, empty: nothing, clients: whole && used && { whole, used } });
  }
  return found;
}

const NEVER: Took = { imported: Number.POSITIVE_INFINITY, called: Number.POSITIVE_INFINITY };

function fastest(files: readonly string[]): Took[] {
  const best = files.map(() => NEVER);
  for (let run = 0; run < RUNS; run += 1) {
    for (const [index, file] of files.entries()) {
      const { imported, called } = startOnce(file);
      const before = best[index] ?? NEVER;
      best[index] = { imported: Math.min(before.imported, imported), called: Math.min(before.called, called) };
    }
  }
  return best;
}

const BUNDLE_LIMIT_BYTES = 400_000;
const IMPORT_LIMIT = 1.1;

/** Renders bytes, and times only as ratios. */
export function renderStartUps(all: readonly StartUp[]): string {
  const targets = rows(
    all.flatMap(({ name, bytes, took, clients }) => [
      atMost(`${name}: bundle`, bytes, BUNDLE_LIMIT_BYTES, { unit: 'bytes' }),
      ...(clients
        ? [
            atMost(
              `${name}: import, as a multiple of the import of its SDK clients`,
              took.imported / clients.whole.imported,
              IMPORT_LIMIT,
              { digits: 2 },
            ),
          ]
        : []),
    ]),
  );
  const calls = table(
    [
      'function',
      'loaded at the start, bytes',
      'relative to what it uses of its SDK clients',
      'relative to an empty handler',
    ],
    all.map(({ name, eagerBytes, took, clients, empty }) => [
      name,
      count(eagerBytes),
      clients ? count(took.called / clients.used.called, 2) : 'has none',
      count(took.called / empty.called, 1),
    ]),
  );
  return `${targets}

Import and first call, which creates the clients:

${calls}`;
}
