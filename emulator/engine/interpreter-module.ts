import { createRequire } from 'node:module';
import { commonJs } from './common-js.ts';

const file = createRequire(import.meta.url).resolve('aws-local-stepfunctions');

/**
 * Evaluates the interpreter with its own `require` and, in this order, time and chance. The bundle has it in another way
 * (build/command-bundle.ts).
 */
export const evaluateInterpreter = commonJs(file, ['setTimeout', 'clearTimeout', 'Date', 'Math']);
/** Loads what the interpreter depends on. */
export const requireForInterpreter = createRequire(file);
