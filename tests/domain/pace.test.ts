import { describe, expect, it } from 'vitest';
import {
  DIRECTORY_PER_SECOND,
  LIST_SECONDS,
  MOST_PER_SECOND,
  mostEntries,
  secondsToList,
  smallestPace,
} from '../../domain/pace.ts';
import { READ_SECONDS } from '../../reconcile/plan/snapshot.ts';

describe('the time for a list', () => {
  it.each([
    [0, 10, 0.1],
    [100, 10, 0.1],
    [101, 10, 0.2],
    [60_000, 1, 600],
  ])('of %d entries at %d requests per second is %d s', (entries, pace, seconds) => {
    expect(secondsToList(entries, pace)).toBe(seconds);
  });

  it('leaves room in a plan for what is read before it and for the status of 200,000 users', () => {
    expect(60 + LIST_SECONDS + secondsToList(200_000, DIRECTORY_PER_SECOND)).toBeLessThanOrEqual(READ_SECONDS);
  });

  it('is enough for the groups of an application, one list each, and for 200,000 members', () => {
    expect((100 + 2000) / DIRECTORY_PER_SECOND).toBeLessThan(LIST_SECONDS);
  });
});

describe('the smallest pace', () => {
  it.each(Array.from({ length: 171 }, (_, tenth) => (tenth + 10) / 10))('reads what fits at %d', (pace) => {
    const most = mostEntries(pace);
    expect(secondsToList(most, pace)).toBeLessThanOrEqual(LIST_SECONDS);
    expect(smallestPace(most)).toBe(pace);
    expect(smallestPace(most + 1)).toBe(pace === MOST_PER_SECOND ? undefined : (10 * pace + 1) / 10);
  });

  it('is never below what the schema allows', () => {
    expect(smallestPace(0)).toBe(1);
  });
});
