import * as z from 'zod/mini';

/** Parses a whole number of the command line, within bounds. */
export function wholeNumber(least: number, most: number) {
  const problem = `expected a whole number from ${least} to ${most}`;
  return z.pipe(
    z.string().check(z.regex(/^\d{1,9}$/, problem)),
    z.pipe(
      z.transform((text: string) => Number(text)),
      z.number().check(z.minimum(least, problem), z.maximum(most, problem)),
    ),
  );
}
