import { describe, expect, it } from 'vitest';
import { hoursOf } from '../../../console/page/data/brake.ts';
import { type EntitlementLine, numbersOf, partsOf } from '../../../console/page/data/entitlement.ts';
import { APPLICATION, application, OTHER_APPLICATION } from '../../support/ids.ts';

const STATUS = {
  type: 'status' as const,
  attention: 0,
  unread: 0,
  entitlements: [
    { entitlement: 'kiro', application: APPLICATION, max: 20, seats: 7, waitlisted: 0, held: 0 },
    { entitlement: 'quick', application: OTHER_APPLICATION, max: 5 },
  ],
};
const line = (entitlement: string, of: string, more: object = {}): EntitlementLine => ({
  type: 'entitlement',
  entitlement,
  application: of,
  ...more,
});

describe('the numbers of entitlements', () => {
  it('are those of the last sweep until they are counted', () => {
    const { configured, retired } = numbersOf(STATUS, []);
    expect(configured).toMatchObject([{ entitlement: 'kiro', seats: 7, max: 20 }, { entitlement: 'quick' }]);
    expect(retired).toEqual([]);
  });

  it('are those that were counted, and what is not configured is apart', () => {
    const gone = line('old', application(3), { seats: 2 });
    const counted = [line('kiro', APPLICATION, { seats: 8, max: 20, failed: 1 }), gone];
    const { configured, retired } = numbersOf(STATUS, counted);
    expect(configured[0]).toMatchObject({ seats: 8, failed: 1, waitlisted: 0 });
    expect(retired).toEqual([gone]);
  });

  it('are none while nothing is known', () => {
    expect(numbersOf(undefined, [line('kiro', APPLICATION)])).toEqual({ configured: [], retired: [] });
  });

  it.each([
    ['seats and what is free', { seats: 7, max: 20 }, 'seated 7, free 13'],
    [
      'leaving and held seats as parts of all',
      { seats: 7, max: 7, leaving: 2, held: 1 },
      'seated 4, leaving 2, held 1',
    ],
    ['who waits, beyond the cap', { seats: 5, max: 5, waitlisted: 4 }, 'seated 5, waitlisted 4'],
    ['more seats than a lowered cap', { seats: 9, max: 5 }, 'seated 9'],
    ['an application without a cap', { seats: 3 }, 'seated 3'],
    ['nothing, while nothing is known', {}, ''],
  ])('are shown as %s', (_what, numbers, expected) => {
    const parts = partsOf({ entitlement: 'kiro', ...numbers });
    expect(parts.map(({ kind, count }) => `${kind} ${count}`).join(', ')).toBe(expected);
  });
});

describe('the strip of the brake', () => {
  it('has the hours of a day by the clock, the present one last', () => {
    const byHour = [
      { since: '2026-03-09T12:00:00.000Z', count: 1 },
      { since: '2026-03-10T12:00:00.000Z', count: 2 },
    ];
    const hours = hoursOf({ byHour }, new Date('2026-03-10T12:30:00.000Z'));
    expect(hours).toHaveLength(25);
    expect(hours[0]).toEqual({ since: new Date('2026-03-09T12:00:00.000Z'), count: 1 });
    expect(hours.at(-1)).toEqual({ since: new Date('2026-03-10T12:00:00.000Z'), count: 2 });
    expect(hours.reduce((sum, { count }) => sum + count, 0)).toBe(3);
  });
});
