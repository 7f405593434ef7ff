import { describe, expect, it } from 'vitest';
import { isDue, latest, plusSeconds, secondsBetween, secondsUntil } from '../../../domain/shared/time.ts';
import { at, iso } from '../../support/builders.ts';
import { START } from '../../support/ids.ts';

describe('plusSeconds', () => {
  it.each([
    ['a date', START],
    ['a text', iso()],
  ])('adds seconds to %s, and subtracts them', (_fact, time) => {
    expect(plusSeconds(time, 90)).toBe('2026-11-01T10:01:30.000Z');
    expect(plusSeconds(time, -0.5)).toBe('2026-11-01T09:59:59.500Z');
  });
});

describe('secondsBetween', () => {
  it('is negative when the second time is the earlier one', () => {
    expect(secondsBetween(START, iso(1.5))).toBe(1.5);
    expect(secondsBetween(iso(1.5), START)).toBe(-1.5);
  });
});

describe('isDue', () => {
  it.each([
    ['is due at its millisecond', iso(), true],
    ['is due a millisecond later', iso(-0.001), true],
    ['is not due a millisecond earlier', iso(0.001), false],
    ['is never due if it is not set', undefined, false],
  ])('returns whether a time %s', (_fact, time, due) => {
    expect(isDue(time, START)).toBe(due);
  });
});

describe('latest', () => {
  it.each([
    [iso(1), iso(2), iso(2)],
    [iso(2), iso(1), iso(2)],
    // Not the same text: `Z` sorts after every digit.
    ['2026-11-25T09:30:00Z', '2026-11-25T09:30:00.500Z', '2026-11-25T09:30:00.500Z'],
    [undefined, iso(1), iso(1)],
    [iso(1), undefined, iso(1)],
    [undefined, undefined, undefined],
  ])('of %s and %s is %s', (a, b, expected) => {
    expect(latest(a, b)).toBe(expected);
  });
});

describe('secondsUntil', () => {
  it.each([
    ['rounds up, so that no wait ends too early', 29.001, 30],
    ['leaves whole seconds as they are', 30, 30],
    ['is 0 once the time has come', -5, 0],
  ])('%s', (_fact, seconds, expected) => {
    expect(secondsUntil(iso(seconds), at(0))).toBe(expected);
  });
});
