import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';

/**
 * A CommonJS module that is given other things than everybody under some global names. Compiled once, made anew at each
 * call.
 *
 * @param names e.g. `setTimeout`
 * @returns takes the module's `require` and what it finds under the names, in their order; returns what it exports
 */
export function commonJs(
  file: string,
  names: readonly string[],
): (require: (id: string) => unknown, ...found: unknown[]) => Record<string, unknown> {
  const usual = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(readFileSync(file, 'utf8'), [...usual, ...names], { filename: file });
  return (require, ...found) => {
    const module = { exports: {} };
    run(module.exports, require, module, file, dirname(file), ...found);
    return module.exports;
  };
}
