import { expect, it } from 'vitest';
import { fitLines } from '../../../cli/ui/fit-lines.ts';

const lines = (number: number, length = 5) =>
  Array.from({ length: number }, (_, index) => `${index}`.padEnd(length, '.'));

it.each<[string, string[], { rows: number; columns: number }, number, string | undefined]>([
  ['all lines that a screen has room for', lines(8), { rows: 10, columns: 80 }, 8, undefined],
  ['the first lines of more, and how many are left out', lines(9), { rows: 10, columns: 80 }, 9, '… 1 more line'],
  ['a line that is too long as the rows that it takes', lines(8, 81), { rows: 10, columns: 80 }, 5, '… 4 more lines'],
  [
    'a line in color as wide as it looks',
    lines(8).map((line) => `\u001b[31m${line}\u001b[39m`),
    { rows: 10, columns: 6 },
    8,
    undefined,
  ],
  ['an empty line as a row', Array.from({ length: 9 }, () => ''), { rows: 10, columns: 80 }, 9, '… 1 more line'],
  ['nothing on a screen without rows', lines(1), { rows: 2, columns: 80 }, 1, '… 1 more line'],
])('fitLines shows %s', (_fact, given, screen, number, last) => {
  const fitting = fitLines(given, screen);
  expect(fitting).toHaveLength(number);
  expect(fitting.at(-1)).toBe(last ?? given.at(-1));
});
