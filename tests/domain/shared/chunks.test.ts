import { expect, it } from 'vitest';
import { chunksOf } from '../../../domain/shared/chunks.ts';

it.each<[string, number[], number[][]]>([
  ['returns no part of an empty list', [], []],
  [
    'returns full parts of a list that divides evenly',
    [1, 2, 3, 4],
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['keeps the order and ends with a shorter part', [1, 2, 3], [[1, 2], [3]]],
])('chunksOf %s', (_fact, list, parts) => {
  expect(chunksOf(list, 2)).toEqual(parts);
});
