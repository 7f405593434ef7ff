import { describe, expect, it } from 'vitest';
import { averageOf, monthsUpTo, trendOf } from '../../../console/page/data/months.ts';

const aMonth = (more: { seatDays: number; month?: string; since?: string; until?: string }) => ({
  ...{ type: 'month' as const, month: '2026-11', entitlement: 'kiro', application: 'arn' },
  ...{ peak: 0, joins: 0, leaves: 0, waitlisted: 0 },
  ...more,
});

describe('the months of the report', () => {
  it('end with the present one, also across a year', () => {
    expect(monthsUpTo(new Date('2026-02-28T23:59:59Z'), 4)).toEqual(['2026-02', '2026-01', '2025-12', '2025-11']);
  });

  it.each([
    ['a whole month', aMonth({ seatDays: 60 }), 2],
    ['a month that is not over', aMonth({ seatDays: 20, until: '2026-11-11T00:00:00Z' }), 2],
    ['a month whose records begin later', aMonth({ seatDays: 20, since: '2026-11-21T00:00:00Z' }), 2],
    ['a month that has just begun', aMonth({ seatDays: 0, until: '2026-11-01T00:00:00Z' }), 0],
  ])('have an average of seats: %s', (_what, month, average) => {
    expect(averageOf(month)).toBe(average);
  });

  it('are compared with the one before', () => {
    expect([trendOf(12, 10), trendOf(9, 10), trendOf(10, 10), trendOf(1, 0), trendOf(1, undefined)]).toEqual([
      '+20 %',
      '-10 %',
      '0 %',
      undefined,
      undefined,
    ]);
  });
});
