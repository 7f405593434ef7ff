import { describe, expect, it } from 'vitest';
import { nearest } from '../../operator/nearest.ts';

const NAMES = ['alice', 'alina', 'bob', 'q-developers', 'kiro-pilots', 'Q-Designers', 'alice'];

describe('the nearest names', () => {
  it.each([
    ['alise', ['alice']],
    ['alcie', ['alice']],
    ['ALICE', ['alice']],
    ['alin', ['alina']],
    ['al', ['alice', 'alina']],
    ['bbo', ['bob']],
    ['q-develpoer', ['q-developers']],
    ['q-designers', ['Q-Designers']],
    ['kiro', ['kiro-pilots']],
    ['zed', []],
    ['', []],
  ])('of %j are %j', (wanted, expected) => {
    expect(nearest(wanted, NAMES)).toEqual(expected);
  });

  it('are three at most, the nearest first, and those as near by name', () => {
    const names = Array.from({ length: 9 }, (_, index) => `person-000${9 - index}`);
    expect(nearest('person-0012', [...names, 'person-00123'])).toEqual(['person-00123', 'person-0002', 'person-0001']);
  });

  it('of ten thousand long names are found without comparing all letters', () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `${'x'.repeat(400)}${index}`);
    expect(nearest(`${'y'.repeat(401)}`, names)).toEqual([]);
  });
});
