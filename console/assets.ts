import { readFile } from 'node:fs/promises';
import { extname, join, relative } from 'node:path';

/** A file of the page. */
export interface Asset {
  /** Its media type. */
  type: string;
  body: Uint8Array;
}

const ROOT = join(import.meta.dirname, '..');
const PAGE = join(import.meta.dirname, 'page');

/**
 * Returns the files of the page, by their path; `/` is the document. A checkout bundles them here. The package has them built:
 * there, `build/command-bundle.ts` puts another module in the place of this one.
 */
export async function readAssets(): Promise<ReadonlyMap<string, Asset>> {
  return (await buildPage()).assets;
}

/** Bundles the page. */
export async function buildPage() {
  const [{ build }, { stateMachines }] = await Promise.all([import('esbuild'), import('./state-machines.ts')]);
  const { outputFiles, metafile } = await build({ ...PAGE_BUILD, plugins: [stateMachines] });
  const assets = new Map<string, Asset>([
    ['/', { type: 'text/html; charset=utf-8', body: await readFile(join(PAGE, 'index.html')) }],
  ]);
  for (const { path, contents } of outputFiles) {
    const type = TYPES[extname(path)] ?? 'application/octet-stream';
    assets.set(`/${relative(join(ROOT, PAGE_BUILD.outdir), path)}`, { type, body: contents });
  }
  return { assets, metafile };
}

const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** How esbuild makes the page. */
const PAGE_BUILD = {
  absWorkingDir: ROOT,
  entryPoints: { app: 'console/page/main.tsx' },
  outdir: 'page',
  write: false,
  metafile: true,
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
