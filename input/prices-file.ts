import { type Prices, parsePrices } from '../domain/subscription/prices.ts';
import { readYaml } from './entitlements-file.ts';
import { InputError } from './input-error.ts';

/**
 * Reads a file of prices, such as `examples/prices.yml`.
 *
 * @throws InputError with all errors of the file at once
 */
export function readPrices(text: string, file: string): Prices {
  const result = parsePrices(readYaml(text, file));
  if ('issues' in result) throw new InputError(file, result.issues);
  return result.prices;
}
