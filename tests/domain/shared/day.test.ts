import { describe, expect, it } from 'vitest';
import { dayOf, daysBetween, daysFrom, isDay, plusDays, rangesOf } from '../../../domain/shared/day.ts';

describe('a day', () => {
  it('is that of UTC', () => {
    expect(dayOf('2026-11-25T01:30:00+02:00')).toBe('2026-11-24');
    expect(dayOf(new Date('2026-11-25T23:59:59.999Z'))).toBe('2026-11-25');
  });

  it.each([
    ['2026-11-25', true],
    ['2028-02-29', true],
    ['2026-02-29', false],
    ['2026-13-01', false],
    ['2026-11-25T00:00:00Z', false],
    ['26-11-25', false],
    ['', false],
  ])('%s is one of the calendar: %s', (text, expected) => {
    expect(isDay(text)).toBe(expected);
  });

  it('is counted over the end of a month and of a year', () => {
    expect([plusDays('2026-12-31', 1), plusDays('2028-03-01', -1)]).toEqual(['2027-01-01', '2028-02-29']);
    expect([daysBetween('2026-12-30', '2027-01-02'), daysBetween('2027-01-02', '2026-12-30')]).toEqual([3, -3]);
    expect(daysFrom('2026-02-27', '2026-03-01')).toEqual(['2026-02-27', '2026-02-28', '2026-03-01']);
    expect(daysFrom('2026-03-01', '2026-02-27')).toEqual([]);
  });

  it('joins the days after it to a range', () => {
    const days = ['2026-12-01', '2026-11-29', '2026-11-30', '2026-12-03', '2026-11-30'];
    expect(rangesOf(days)).toEqual([
      { from: '2026-11-29', to: '2026-12-01' },
      { from: '2026-12-03', to: '2026-12-03' },
    ]);
    expect(rangesOf([])).toEqual([]);
  });
});
