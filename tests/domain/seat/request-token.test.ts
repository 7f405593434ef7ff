import { describe, expect, it } from 'vitest';
import { requestTokenOf } from '../../../domain/seat/request-token.ts';
import { aSeat } from '../../support/builders.ts';
import { OTHER_APPLICATION } from '../../support/ids.ts';

const seat = aSeat(1);
const token = requestTokenOf(seat, 'Q_LITE');

describe('the token of a request for a subscription', () => {
  it('is the same for the same change, however often it is tried, and has a length that AWS takes', () => {
    expect(requestTokenOf({ ...seat, revision: seat.revision + 1, status: 'creating' }, 'Q_LITE')).toBe(token);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each([
    ['user', aSeat(2), 'Q_LITE'],
    ['application', { ...seat, applicationArn: OTHER_APPLICATION }, 'Q_LITE'],
    ['change', { ...seat, changeSeq: seat.changeSeq + 1 }, 'Q_LITE'],
    ['plan', seat, 'Q_BUSINESS'],
    ['answer that had no effect', { ...seat, repeats: 1 }, 'Q_LITE'],
  ] as const)('is another one for another %s', (_what, other, plan) => {
    expect(requestTokenOf(other, plan)).not.toBe(token);
  });
});
