import { describe, expect, it } from 'vitest';
import { figuresIn, renderReport } from '../../bench/performance.ts';
import { PRICES, priceOf } from '../../bench/prices.ts';
import { atMost, count, dollars, duration, rows } from '../../bench/report.ts';

describe('a number', () => {
  it.each([
    [999, 0, '999'],
    [1000, 0, '1,000'],
    [1234.5678, 2, '1,234.57'],
    [25_000, 0, '25,000'],
  ])('of four digits and more has commas: %d', (value, digits, text) => {
    expect(count(value, digits)).toBe(text);
  });

  it.each([
    [0.000353, '$0.000353'],
    [0.0225, '$0.0225'],
    [1234.5, '$1,234.50'],
  ])('of dollars has as many digits as it takes: %d', (value, text) => {
    expect(dollars(value)).toBe(text);
  });

  it.each([
    [12.34, '12.3 s'],
    [300, '5.0 min'],
    [86_000, '23.89 h'],
  ])('of seconds has the unit that is easiest to read: %d', (value, text) => {
    expect(duration(value)).toBe(text);
  });
});

describe('a row with a target', () => {
  it.each([
    [14, '| transitions | 14 | ≤ 14 | met |'],
    [15, '| transitions | 15 | ≤ 14 | not met |'],
  ])('ends with the verdict: %d', (value, line) => {
    expect(
      rows([atMost('transitions', value, 14)])
        .split('\n')
        .at(-1),
    ).toBe(line);
  });

  it('has its baseline, and has no verdict without a target', () => {
    const all = [atMost('calls', 1000, 2000, { baseline: '3,000', unit: 'calls' }), { what: 'price', usher: '$1' }];
    expect(rows(all, 'a script').split('\n')).toEqual([
      '| figure | Usher | a script | target | verdict |',
      '| --- | --: | --: | --: | --: |',
      '| calls | 1,000 calls | 3,000 | ≤ 2,000 calls | met |',
      '| price | $1 |  |  |  |',
    ]);
  });
});

describe('a price', () => {
  it('adds up what each unit costs', () => {
    expect(priceOf({ transition: 1000, invocation: 1_000_000, busEvent: 1_000_000 })).toBeCloseTo(0.025 + 0.2 + 1, 10);
    expect(priceOf({})).toBe(0);
    for (const [unit, { dollars: price }] of Object.entries(PRICES))
      expect(priceOf({ [unit]: 2 })).toBeCloseTo(2 * price, 12);
  });
});

describe('the report', () => {
  it('gives back the figures that are the same in every run, and not those that are not', () => {
    expect(figuresIn(renderReport('## 1\n\n| a | 1 |', '## 7\n\n| b | 2 |'))).toBe('## 1\n\n| a | 1 |');
  });
});
