import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { choiceOption, oneOf } from '../../../cli/command/choices.ts';

const SHAPES = ['circle', 'square', 'triangle'] as const;

describe('an option with a fixed set of values', () => {
  it('takes each of them', () => {
    for (const shape of SHAPES) expect(oneOf(SHAPES).parse(shape)).toBe(shape);
  });

  it.each([
    ['cirle', 'expected one of circle, square, triangle. Did you mean circle?'],
    ['pentagon', 'expected one of circle, square, triangle'],
    ['', 'expected one of circle, square, triangle'],
    [7, 'expected one of circle, square, triangle'],
  ])('refuses %j and says which are near', (given, message) => {
    expect(z.safeParse(oneOf(SHAPES), given).error?.issues).toEqual([expect.objectContaining({ message })]);
  });

  it('shows them in its help, and leaves it to the schema to refuse others', () => {
    const option = choiceOption('--shape <SHAPE>', 'what is drawn', SHAPES);
    expect(option.argChoices).toEqual(SHAPES);
    expect(option.parseArg).toBeUndefined();
  });
});
