import { Argument, Option } from 'commander';
import * as z from 'zod/mini';
import { UsageError } from '../../operator/failures.ts';
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

/** Makes an argument with a fixed set of values, which help and completion list. Its error is that of {@link oneOf}. */
export function choiceArgument(name: string, description: string, values: readonly string[]): Argument {
  const argument = new Argument(name, description);
  argument.argChoices = [...values];
  return argument.argParser((value) => {
    const { error } = oneOf(values).safeParse(value);
    if (error) throw new UsageError(`${argument.name()}: ${error.issues.map(({ message }) => message).join('\n')}`);
    return value;
  });
}
