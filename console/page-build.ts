import { readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { parse } from 'yaml';
import { layoutOf } from './graph.ts';

/** A file of the page. */
export interface Asset {
  /** Its media type. */
  type: string;
  body: Uint8Array;
}

const PAGE = join(import.meta.dirname, 'page');

/** Bundles the page. @returns its files, by their path; `/` is the document */
export async function buildPage(): Promise<Map<string, Asset>> {
  const { outputFiles } = await build({ ...PAGE_BUILD, plugins: [stateMachines], write: false });
  const built = outputFiles.map(({ path, contents }): [string, Asset] => [
    `/${relative(join(PAGE, PAGE_BUILD.outdir), path)}`,
    { type: TYPES[extname(path)] ?? 'application/octet-stream', body: contents },
  ]);
  return new Map([
    ['/', { type: 'text/html; charset=utf-8', body: await readFile(join(PAGE, 'index.html')) }],
    ...built,
  ]);
}

/** Makes a module of a state machine: its layout. What lays it out is larger than the page. */
const stateMachines: Plugin = {
  name: 'state-machines',
  setup({ onLoad }) {
    onLoad({ filter: /\.asl\.yaml$/ }, async ({ path }) => ({
      contents: `export const graph = ${JSON.stringify(layoutOf(parse(await readFile(path, 'utf8'))))};`,
    }));
  },
};

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** How esbuild makes the page. */
const PAGE_BUILD = {
  absWorkingDir: PAGE,
  entryPoints: { app: 'main.tsx' },
  outdir: 'out',
  // What a page loads only when it shows it is a file of its own.
  splitting: true,
  chunkNames: 'chunk-[hash]',
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2023',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'silent',
} as const;
