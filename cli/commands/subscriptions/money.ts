import { COST_KINDS, type Cost, type Costs, type Prices } from '../../../domain/subscription/prices.ts';
import { labelOf, readText } from '../../../input/files.ts';
import { readPrices } from '../../../input/prices-file.ts';
import { moneyOf, numberOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';

/** Reads the file of `--price`, if there is one. @throws InputError */
export async function pricesIn(
  file: string | undefined,
  { stdin }: Pick<Context, 'stdin'>,
): Promise<Prices | undefined> {
  return file === undefined ? undefined : readPrices(await readText(file, stdin), labelOf(file));
}

/** Returns `57.00`, or `57.00 and 2 of unknown price`; with a currency, `57.00 USD`. */
export function costInWords({ hundredths, unknown }: Cost, currency?: string): string {
  const amount = [moneyOf(hundredths / 100), ...(currency === undefined ? [] : [currency])].join(' ');
  if (unknown === 0) return amount;
  const rest = `${numberOf(unknown)} of unknown price`;
  return hundredths === 0 ? rest : `${amount} and ${rest}`;
}

/** The fields of one price in a row; none if it is not known. */
export function priceFields(hundredths: number | undefined, { currency }: Prices) {
  return hundredths === undefined ? {} : { pricePerMonth: hundredths / 100, currency };
}

/** The fields of the costs of a profile, or of all. */
export function costFields(costs: Partial<Costs>, { currency }: Prices) {
  const known = COST_KINDS.flatMap((kind) => {
    const cost = costs[kind];
    return cost ? [{ kind, cost }] : [];
  });
  const each = known.map(({ kind, cost }) => [`${kind}PerMonth`, cost.hundredths / 100] as const);
  const unknown = known.map(({ kind, cost }) => [kind, cost.unknown] as const);
  return { currency, ...Object.fromEntries(each), ofUnknownPrice: Object.fromEntries(unknown) };
}
