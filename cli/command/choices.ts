import { Option } from 'commander';
import * as z from 'zod/mini';
import { nearest } from '../../operator/nearest.ts';

/** Parses one of a fixed set of values. The error lists them, and names the nearest one first. */
export function oneOf<const Values extends readonly string[]>(values: Values) {
  return z.enum(values, {
    error: ({ input }) => {
      const near = typeof input === 'string' ? nearest(input, values) : [];
      const hint = near.length > 0 ? `. Did you mean ${near.join(' or ')}?` : '';
      return `expected one of ${values.join(', ')}${hint}`;
    },
  });
}

/** Makes an option with a fixed set of values, which help and completion list. {@link oneOf} parses it. */
export function choiceOption(flags: string, description: string, values: readonly string[]): Option {
  const option = new Option(flags, description);
  option.argChoices = [...values];
  return option;
}
