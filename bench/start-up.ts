import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { bundle } from '../build/bundle.ts';
import { count, table } from './report.ts';
import { entitlementsOf } from './world.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = '.serverless/bench';
const ENTITLEMENTS = join(ROOT, FOLDER, 'entitlements.json');
const FUNCTIONS = ['normalize-request', 'check-propagation', 'plan-changes', 'apply-changes', 'record-audit'];
const RUNS = 9;

/**
 * Imports a module and calls its handler once, with nothing: environment and configuration are read, clients are built, the
 * input is refused. Prints how long both took.
 */
const MEASURE = `
  const start = performance.now();
  const { handler } = await import(process.argv[1]);
  await handler({}, { awsRequestId: 'r', functionName: 'f', memoryLimitInMB: '512', invokedFunctionArn: 'a' }).catch(() => undefined);
  process.stderr.write('took ' + (performance.now() - start));
`;

/** What one function has to load, beside its SDK clients alone and beside nothing. */
export interface StartUp {
  name: string;
  /** Of all that its package brings, and of what is loaded at its start. */
  bytes: number;
  eagerBytes: number;
  milliseconds: number;
  /** The SDK clients that it uses, made once; undefined where it has none. */
  sdkMilliseconds: number | undefined;
  emptyMilliseconds: number;
}

interface Import {
  names: string[];
  client: string;
}

/** What the adapters in a bundle import of the SDK. */
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

/** A handler of the SDK clients alone: what adapters import of them is kept, and each client is made. */
function sdkAlone(imports: readonly Import[]): string {
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

async function bundled(entry: string, name: string) {
  const { metafile } = await bundle(ROOT, entry, join(ROOT, FOLDER, name));
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

async function written(name: string, text: string): Promise<string> {
  const path = `${FOLDER}/${name}`;
  mkdirSync(dirname(join(ROOT, path)), { recursive: true });
  writeFileSync(join(ROOT, `${path}.ts`), text);
  return (await bundled(path, name)).file;
}

function startMilliseconds(file: string): number {
  const env = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    ENTITLEMENTS_FILE: ENTITLEMENTS,
    LEDGER_TABLE: 'ledger',
    AUDIT_BUS: 'audit',
    USHER_VERSION: '0',
  };
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', MEASURE, file], {
    encoding: 'utf8',
    env,
  });
  const [, took] = /took ([\d.]+)$/.exec(stderr) ?? [];
  if (took === undefined) throw new Error(stderr);
  return Number(took);
}

/** Starts each function again and again in processes of their own, in turn with what it is compared with; the fastest counts. */
export async function startUps(): Promise<StartUp[]> {
  rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
  mkdirSync(join(ROOT, FOLDER), { recursive: true });
  writeFileSync(ENTITLEMENTS, JSON.stringify(entitlementsOf(10)));
  const empty = await written('empty', 'export const handler = async () => ({});');
  const found: StartUp[] = [];
  for (const name of FUNCTIONS) {
    const { file, sources, bytes, eagerBytes } = await bundled(`functions/${name}`, name);
    const imports = importsOf(sources);
    const sdk = imports.length > 0 ? [await written(`${name}-sdk`, sdkAlone(imports))] : [];
    const files = [file, empty, ...sdk];
    const fastest = files.map(() => Number.POSITIVE_INFINITY);
    for (let run = 0; run < RUNS; run += 1) {
      for (const [index, one] of files.entries()) {
        fastest[index] = Math.min(fastest[index] ?? 0, startMilliseconds(one));
      }
    }
    const [milliseconds = Number.NaN, emptyMilliseconds = Number.NaN, sdkMilliseconds] = fastest;
    found.push({ name, bytes, eagerBytes, milliseconds, emptyMilliseconds, sdkMilliseconds });
  }
  return found;
}

/** Bytes, and times as ratios only. */
export function renderStartUps(all: readonly StartUp[]): string {
  return table(
    [
      'function',
      'bundle, bytes',
      'of which loaded at the start',
      'import and first call, to its SDK clients alone',
      'to an empty handler',
    ],
    all.map(({ name, bytes, eagerBytes, milliseconds, sdkMilliseconds, emptyMilliseconds }) => [
      name,
      count(bytes),
      count(eagerBytes),
      sdkMilliseconds === undefined ? 'has none' : count(milliseconds / sdkMilliseconds, 2),
      count(milliseconds / emptyMilliseconds, 1),
    ]),
  );
}
