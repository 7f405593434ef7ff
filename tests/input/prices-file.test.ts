import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readPrices } from '../../input/prices-file.ts';

it('reads the example of this repository', () => {
  const example = readFileSync(new URL('../../examples/prices.yml', import.meta.url), 'utf8');
  expect(readPrices(example, 'prices.yml').currency).toBe('USD');
});

it('refuses a file with all errors, a line each with file and path', () => {
  expect(() => readPrices('currency: $\nplans:\n  Q_LITE: free\n  KIRO: 1\n', 'p.yml')).toThrow(
    /^p\.yml: currency: .*\np\.yml: plans\.Q_LITE: expected a number\np\.yml: plans\.KIRO: expected a plan/,
  );
});

it('refuses what is no YAML, with the line', () => {
  expect(() => readPrices('currency: USD\ncurrency: EUR', 'p.yml')).toThrow('p.yml: line 2, column 1: a duplicate key');
});
