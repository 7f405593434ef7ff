import { describe, expect, it } from 'vitest';
import type { Changes } from '../../../domain/decision/batches.ts';
import {
  countBatch,
  countPlan,
  INITIAL_PROGRESS,
  isSpent,
  isStalled,
  type Progress,
} from '../../../domain/decision/progress.ts';
import { aBatch } from '../../support/builders.ts';

function batches(...numbers: number[]): Changes[][] {
  return numbers.map((number) => [aBatch('grant', [number])]);
}

function following(...plans: Changes[][][]): Progress {
  return plans.reduce(countPlan, INITIAL_PROGRESS);
}

describe('progressed', () => {
  it('counts plans, and batches when they are made', () => {
    const planned = following(batches(1, 2), batches(), batches(3));
    expect(planned).toMatchObject({ round: 3, batches: 0, stalled: 0 });
    expect(countBatch(planned).batches).toBe(1);
  });

  it('counts how often in a row the same changes were planned', () => {
    expect(following(batches(1), batches(1), batches(1)).stalled).toBe(2);
  });

  it.each([
    ['another user', batches(2)],
    ['one user more', batches(1, 2)],
    ['another kind', [[aBatch('revoke', [1])]]],
  ])('restarts the count with %s', (_fact, other) => {
    expect(following(batches(1), batches(1), other).stalled).toBe(0);
  });

  it('sees no progress in an empty plan: it may only be too soon to see', () => {
    expect(following(batches(1), batches(1), [], batches(1)).stalled).toBe(2);
  });

  it('keeps which entitlements were checked', () => {
    expect(countPlan({ ...INITIAL_PROGRESS, checked: ['entitlement-1'] }, []).checked).toEqual(['entitlement-1']);
  });
});

describe('isStalled', () => {
  it('is so with the fifth plan that repeats the first', () => {
    const same = Array.from({ length: 5 }, () => batches(1));
    expect(isStalled(following(...same))).toBe(false);
    expect(isStalled(following(...same, batches(1)))).toBe(true);
  });
});

describe('isSpent', () => {
  it('is not so for a group of 50,000 in rounds half as large as they are', () => {
    expect(isSpent({ ...INITIAL_PROGRESS, round: 27, batches: 1000 })).toBe(false);
  });

  it.each([
    ['rounds', { round: 834, batches: 0 }],
    ['batches', { round: 0, batches: 2001 }],
    ['rounds and batches together', { round: 500, batches: 801 }],
  ])('is so before %s reach the 25,000 history events of AWS', (_fact, parts) => {
    expect(isSpent({ ...INITIAL_PROGRESS, ...parts })).toBe(true);
  });
});
