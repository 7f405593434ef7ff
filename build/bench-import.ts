/**
 * `npm run bench:import [RUNS]`: how long Node takes to import each function, against its SDK clients alone, bundled the same
 * way: once what the adapters use of them, once all of them. Each import is a process of its own, in turn; the fastest
 * counts, since what else the machine does only adds to it.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Table from 'cli-table3';
import { bundle } from './bundle.ts';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = '.serverless/bench';
const FUNCTIONS = ['normalize-request', 'check-propagation', 'plan-changes', 'apply-changes', 'record-audit'];
const RUNS = Number(process.argv[2] ?? 15);

const MEASURE = `
  const start = performance.now();
  await import(process.argv[1]);
  process.stdout.write(String(performance.now() - start));
`;

interface Import {
  names: string;
  client: string;
}

/** What the adapters in a bundle import of the SDK. */
function importsOf(sources: readonly string[]): Import[] {
  return sources
    .filter((file) => file.startsWith('adapters/'))
    .map((file) => readFileSync(join(ROOT, file), 'utf8'))
    .flatMap((text) => [...text.matchAll(/^import (\{[^}]+\}) from '(@aws-sdk\/[^']+)';/gm)])
    .map(([, names = '', client = '']) => ({ names, client }));
}

/** Writes modules and one that exports them all. @returns its path without its suffix */
function moduleOf(name: string, texts: readonly string[]): string {
  for (const [index, text] of texts.entries()) writeFileSync(join(ROOT, FOLDER, `${name}-${index}.ts`), text);
  const all = texts.map((_, index) => `export * as part${index} from './${name}-${index}.ts';`);
  writeFileSync(join(ROOT, FOLDER, `${name}.ts`), all.join('\n'));
  return `${FOLDER}/${name}`;
}

async function bundled(entry: string, name: string): Promise<{ file: string; sources: string[] }> {
  const { metafile } = await bundle(ROOT, entry, join(ROOT, FOLDER, name));
  return { file: join(ROOT, FOLDER, name, `${entry}.mjs`), sources: Object.keys(metafile.inputs) };
}

function importMilliseconds(file: string): number {
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', MEASURE, file], {
    encoding: 'utf8',
  });
  if (!stdout) throw new Error(stderr);
  return Number(stdout);
}

rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
mkdirSync(join(ROOT, FOLDER), { recursive: true });
const table = new Table({
  head: ['function', 'ms', 'SDK, as used', 'ratio', 'SDK, whole', 'ratio'],
  colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
});
for (const name of FUNCTIONS) {
  const { file, sources } = await bundled(`functions/${name}`, name);
  const imports = importsOf(sources);
  const files = [file];
  if (imports.length > 0) {
    const used = imports.map(({ names, client }) => `export ${names} from '${client}';`);
    const whole = [...new Set(imports.map(({ client }) => `export * from '${client}';`))];
    for (const [kind, texts] of Object.entries({ used, whole })) {
      files.push((await bundled(moduleOf(`${name}-${kind}`, texts), `${name}-${kind}`)).file);
    }
  }
  const fastest = files.map(() => Number.POSITIVE_INFINITY);
  for (let count = 0; count < RUNS; count += 1) {
    for (const [index, one] of files.entries()) {
      fastest[index] = Math.min(fastest[index] ?? 0, importMilliseconds(one));
    }
  }
  const [own = Number.NaN, ...sdk] = fastest;
  table.push([name, own.toFixed(1), ...sdk.flatMap((one) => [one.toFixed(1), (own / one).toFixed(2)])]);
}
console.log(table.toString());
