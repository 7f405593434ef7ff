import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { compileFunction } from 'node:vm';

/**
 * Loads a CommonJS module that gets its own values for some global names. Compiles it once and evaluates it at each call.
 *
 * @param names global names that the caller provides, e.g. `setTimeout`
 * @returns a function that takes the module's `require` and the values of the names, in their order, and returns the
 *   module's exports
 */
export function commonJs(
  file: string,
  names: readonly string[],
): (require: (id: string) => unknown, ...values: unknown[]) => Record<string, unknown> {
  const wrapperNames = ['exports', 'require', 'module', '__filename', '__dirname'];
  const run = compileFunction(readFileSync(file, 'utf8'), [...wrapperNames, ...names], { filename: file });
  return (require, ...values) => {
    const module = { exports: {} };
    run(module.exports, require, module, file, dirname(file), ...values);
    return module.exports;
  };
}
