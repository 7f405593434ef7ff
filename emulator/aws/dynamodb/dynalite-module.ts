import { createRequire } from 'node:module';
import { commonJs } from '../../engine/common-js.ts';

const require = createRequire(import.meta.url);
const file = require.resolve('dynalite/db');

/** Loads a module of `dynalite`, such as `dynalite/actions/query`. The bundle has it in another way (build/command-bundle.ts). */
export const requireDynalite = require;

/** Evaluates `dynalite/db` with its own `require` and `setImmediate`. */
export const evaluateDatabase = commonJs(file, ['setImmediate']);
/** Loads what `dynalite/db` depends on. */
export const requireForDatabase = createRequire(file);
