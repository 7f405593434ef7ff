import { describe, expect, it } from 'vitest';
import {
  type AccessLine,
  type ChangeLine,
  durationTicks,
  joinsIn,
  percentile,
  seatsOver,
  thinned,
  ticksTo,
} from '../../../console/page/data/series.ts';
import { APPLICATION, ENTITLEMENT, execution, START, user } from '../../support/ids.ts';

const HOUR = 3_600_000;
const iso = (hours: number) => new Date(START.getTime() + hours * HOUR).toISOString();
const span = { from: new Date(iso(0)), to: new Date(iso(10)) };

const access = (more: Partial<AccessLine>): AccessLine => ({
  type: 'access',
  entitlement: ENTITLEMENT,
  application: APPLICATION,
  userId: user(1),
  status: 'seat',
  ...more,
});
/** The numbers of seats, by the hour. */
const levels = (lines: readonly AccessLine[]) =>
  seatsOver(lines, span).map(({ at, count }) => [(at - START.getTime()) / HOUR, count]);

describe('seats over a time', () => {
  it('begin with those that were there before, and change with each beginning and end', () => {
    const lines = [
      access({ since: iso(-5) }),
      access({ since: iso(2), until: iso(6) }),
      access({ since: iso(2), until: iso(4) }),
    ];
    expect(levels(lines)).toEqual([
      [0, 1],
      [2, 3],
      [4, 2],
      [6, 1],
    ]);
  });

  it.each([
    ['none', [], [[0, 0]]],
    ['a seat that began before the records', [access({ sinceBefore: iso(3) })], [[0, 1]]],
    [
      'a seat whose end no record says',
      [access({ since: iso(1), untilAfter: iso(5) })],
      [
        [0, 0],
        [1, 1],
        [5, 0],
      ],
    ],
    ['a time of which the records do not say', [access({ status: 'unknown', since: iso(1) })], [[0, 0]]],
    ['a seat that ended before', [access({ since: iso(-5), until: iso(-1) })], [[0, 0]]],
    ['a seat that begins later', [access({ since: iso(11) })], [[0, 0]]],
  ])('count %s', (_what, lines, expected) => {
    expect(levels(lines)).toEqual(expected);
  });

  it('keep the lowest, the highest and the last number of what is too narrow to be seen', () => {
    const many = Array.from({ length: 10_000 }, (_, index) => ({
      at: START.getTime() + index * 3600,
      count: index === 5000 ? 99 : index === 7000 ? 1 : 50,
    }));
    const few = thinned(many, span, 100);
    expect(few.length).toBeLessThanOrEqual(300);
    expect(few.map(({ count }) => count)).toEqual(expect.arrayContaining([99, 1, 50]));
    expect(few.map(({ at }) => at)).toEqual(few.map(({ at }) => at).sort((a, b) => a - b));
    expect(few.at(-1)).toEqual(many.at(-1));
  });

  it('stay as they are if there are few', () => {
    const few = seatsOver([access({ since: iso(2) })], span);
    expect(thinned(few, span, 100)).toEqual(few);
  });
});

describe('joins', () => {
  it('are the changes that say how long they took and what asked for them', () => {
    const change = (more: Partial<ChangeLine>): ChangeLine => ({
      type: 'audited-change',
      at: iso(1),
      event: 'Seat Assigned',
      entitlement: ENTITLEMENT,
      application: APPLICATION,
      userId: user(1),
      reason: 'group-join',
      execution: execution('me'),
      ...more,
    });
    expect(joinsIn([change({ joinToSeatSeconds: 40, source: 'event' }), change({})])).toEqual([
      { at: START.getTime() + HOUR, seconds: 40, source: 'event' },
    ]);
  });

  it.each([
    [[], 0.5, undefined],
    [[3], 0.95, 3],
    [[4, 1, 3, 2], 0.5, 2],
    [[4, 1, 3, 2], 0, 1],
    [[4, 1, 3, 2], 1, 4],
    [Array.from({ length: 100 }, (_, index) => index + 1), 0.95, 95],
  ])('of %j have a percentile %d', (numbers, part, expected) => {
    expect(percentile(numbers, part)).toBe(expected);
  });
});

describe('the lines of a chart', () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [4, [0, 1, 2, 3, 4]],
    [30, [0, 10, 20, 30]],
    [200, [0, 50, 100, 150, 200]],
    [50_000, [0, 20_000, 40_000, 60_000]],
  ])('for numbers to %d are round', (highest, expected) => {
    expect(ticksTo(highest)).toEqual(expected);
  });

  it.each([
    [1, 1, [1, 10]],
    [35, 150, [10, 60, 600]],
    [3, 90_000, [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800]],
    [0.5, 2, [1, 10]],
    [5_000_000, 9_000_000, [2_592_000, 31_536_000]],
  ])('for durations from %d to %d s are round', (lowest, highest, expected) => {
    expect(durationTicks(lowest, highest)).toEqual(expected);
  });
});
