import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { buildPage } from '../console/assets.ts';
import { readTemplate } from '../emulator/engine/template.ts';

const ROOT = join(import.meta.dirname, '..');

/** A CommonJS module that the emulator evaluates with its own values for some global names (`emulator/engine/common-js.ts`). */
interface Evaluated {
  /** Names of the functions that evaluate it and that load what it requires. */
  exports: readonly [evaluate: string, require: string];
  id: string;
  names: readonly string[];
  requires: readonly string[];
  /** Names of functions of the same loader that load other modules, each with their ids. */
  loads?: Readonly<Record<string, readonly string[]>>;
}

const DYNALITE_OPERATIONS = [
  ...['batchGetItem', 'batchWriteItem', 'createTable', 'deleteItem', 'deleteTable', 'describeTable', 'getItem'],
  ...['listTables', 'listTagsOfResource', 'putItem', 'query', 'scan', 'tagResource', 'untagResource', 'updateItem'],
  'updateTable',
];

/** The modules of ours that load one of them, by the end of their path. */
const LOADERS: Readonly<Record<string, Evaluated>> = {
  'emulator/engine/interpreter-module.ts': {
    exports: ['evaluateInterpreter', 'requireForInterpreter'],
    id: 'aws-local-stepfunctions',
    names: ['setTimeout', 'clearTimeout', 'Date', 'Math'],
    requires: ['jsonpath-plus', 'p-limit', 'wildcard-match'],
  },
  'emulator/aws/dynamodb/dynalite-module.ts': {
    exports: ['evaluateDatabase', 'requireForDatabase'],
    id: 'dynalite/db',
    names: ['setImmediate'],
    requires: ['crypto', 'events', 'stream', 'async', 'lazy', 'level', 'lock', 'big.js', 'once', './lifecycle'],
    loads: {
      requireDynalite: [
        'dynalite/validations',
        ...DYNALITE_OPERATIONS.flatMap((name) => [`dynalite/validations/${name}`, `dynalite/actions/${name}`]),
      ],
    },
  },
};

/** What a bundle cannot do as the checkout does: find a module in `node_modules`, or a file of the deployment. */
const selfContained: Plugin = {
  name: 'self-contained',
  setup({ onResolve, onLoad }) {
    for (const [loader, evaluated] of Object.entries(LOADERS)) {
      const file = createRequire(join(ROOT, loader)).resolve(evaluated.id);
      onLoad({ filter: endingIn(loader) }, () => ({ contents: loaderOf(evaluated), resolveDir: dirname(file) }));
      onResolve({ filter: new RegExp(`^evaluated:${evaluated.id}$`) }, () => ({ path: file, suffix: '?evaluated' }));
      onLoad({ filter: endingIn(file) }, ({ suffix }) =>
        suffix === '?evaluated' ? { contents: asFunction(readFileSync(file, 'utf8'), evaluated.names) } : undefined,
      );
    }
    onLoad({ filter: endingIn('emulator/engine/template.ts') }, () => ({ contents: templateModule() }));
    onLoad({ filter: endingIn('console/assets.ts') }, async () => ({ contents: await assetsModule() }));
    // A database in files, with native code. The emulator has its database in memory.
    onResolve({ filter: /^level$/ }, ({ path }) => ({ path, namespace: 'absent' }));
    onLoad({ filter: /./, namespace: 'absent' }, () => ({ contents: 'module.exports = {};' }));
  },
};

function endingIn(end: string): RegExp {
  return new RegExp(`${end.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('/', String.raw`[\\/]`)}$`);
}

/** Writes the module that stands for a loader: as `emulator/engine/common-js.ts` and `createRequire` do, without files. */
function loaderOf({ exports: [evaluate, load], id, requires, loads = {} }: Evaluated): string {
  const requiring = (name: string, ids: readonly string[]) => {
    const cases = ids.map((one) => `${JSON.stringify(one)}: () => require(${JSON.stringify(one)})`);
    return `const of_${name} = { ${cases.join(', ')} };\nexport const ${name} = (id) => of_${name}[id]();`;
  };
  return [
    `import evaluated from 'evaluated:${id}';`,
    `export const ${evaluate} = (require, ...values) => {`,
    "  const module = { exports: {} };\n  evaluated(module.exports, require, module, '', '', ...values);",
    '  return module.exports;\n};',
    requiring(load, requires),
    ...Object.entries(loads).map(([name, ids]) => requiring(name, ids)),
  ].join('\n');
}

function asFunction(source: string, names: readonly string[]): string {
  const parameters = ['exports', 'require', 'module', '__filename', '__dirname', ...names];
  return `module.exports = function (${parameters.join(', ')}) {\n${source}\n};`;
}

/** Writes what `emulator/engine/template.ts` reads from the files of a deployment. */
function templateModule(): string {
  const { functions, ...template } = readTemplate();
  return [
    `const template = ${JSON.stringify(template)};`,
    `template.functions = new Map(${JSON.stringify([...functions])});`,
    'export const readTemplate = () => template;',
  ].join('\n');
}

/** Writes what `console/assets.ts` makes of the sources of the page. */
async function assetsModule(): Promise<string> {
  const { assets } = await buildPage();
  const texts = [...assets].map(([path, { type, body }]) => [path, type, new TextDecoder().decode(body)]);
  return [
    `const texts = ${JSON.stringify(texts)};`,
    'const encoder = new TextEncoder();',
    'export const readAssets = async () =>',
    '  new Map(texts.map(([path, type, text]) => [path, { type, body: encoder.encode(text) }]));',
  ].join('\n');
}

const COMMON = {
  absWorkingDir: ROOT,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  mainFields: ['module', 'main'],
  preserveSymlinks: true,
  // Names stay, for the stack traces of --debug.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
} satisfies BuildOptions;

/**
 * Bundles the command with all packages that it uses.
 *
 * Each entry and each chunk is two folders below `outdir`, as the sources are below the root: both find the files next to them
 * (`package.json`, `examples/`, the launcher one folder above) by the same relative path.
 */
export function bundleCommand(outdir: string) {
  return build({
    ...COMMON,
    entryPoints: { 'lib/cli/main': 'cli/main.ts' },
    outdir,
    chunkNames: 'lib/chunks/[hash]',
    splitting: true,
    // Modules that are not ESM require those of Node.
    banner: {
      js: "import { createRequire as createRequire_ } from 'node:module';\nconst require = createRequire_(import.meta.url);",
    },
    plugins: [selfContained],
  });
}

/** Bundles what reads audit events, as one file for programs of others. */
export function bundleEvents(outdir: string) {
  return build({ ...COMMON, entryPoints: { 'lib/events/index': 'domain/audit/parse.ts' }, outdir });
}
