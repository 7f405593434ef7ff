import { readFile } from 'node:fs/promises';
import type { Plugin } from 'esbuild';
import { parse } from 'yaml';
import { layoutOf } from './graph.ts';

/** Makes a module of the file of a state machine, for esbuild: its layout. What lays it out is larger than the page. */
export const stateMachines: Plugin = {
  name: 'state-machines',
  setup({ onLoad }) {
    onLoad({ filter: /\.asl\.yaml$/ }, async ({ path }) => ({
      contents: `export const graph = ${JSON.stringify(layoutOf(parse(await readFile(path, 'utf8'))))};`,
    }));
  },
};
