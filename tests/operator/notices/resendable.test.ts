import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../domain/notices/delivery.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { resendOf } from '../../../operator/notices/resendable.ts';
import { aSeat } from '../../support/builders.ts';
import { APPLICATION, START, user } from '../../support/ids.ts';
import { aDelivery } from '../../support/notices.ts';

const SEAT = aSeat(1);

function resend(
  delivery: Partial<Delivery>,
  seat: Seat | 'unread' | undefined = SEAT,
  notices: object | undefined = {},
) {
  return resendOf(aDelivery({ number: 1, ...delivery }), {
    entitlements: exampleEntitlements({ notices }),
    seats: seat === 'unread' ? undefined : new Map(seat ? [[`${APPLICATION} ${user(1)}`, seat]] : []),
    now: START,
  });
}

describe('a notice', () => {
  it.each(['in-doubt', 'refused', 'limited', 'skipped'] as const)('that is %s can be sent again', (status) => {
    expect(resend({ status })).toEqual({ possible: true });
  });

  it.each<[string, Partial<Delivery>, RegExp]>([
    ['was sent', { status: 'sent', messageId: 'm1' }, /^it was sent at 2026-11-01 10:00:00, message m1$/],
    ['was sent, without an id', { status: 'sent' }, /^it was sent at 2026-11-01 10:00:00$/],
    ['is being sent', { status: 'sending' }, /being sent/],
    ['is throttled', { status: 'throttled' }, /tried again by itself/],
    ['is of another change of the seat', { changeSeq: 2 }, /no longer true/],
    ['is of another status than the seat', { kind: 'waitlisted' }, /no longer true/],
  ])('that %s is not', (_name, delivery, reason) => {
    expect(resend(delivery)).toEqual({ possible: false, reason: expect.stringMatching(reason) });
  });

  it('without a seat is not', () => {
    expect(
      resendOf(aDelivery(), { entitlements: exampleEntitlements({ notices: {} }), seats: new Map(), now: START }),
    ).toEqual({ possible: false, reason: 'it is no longer true of the seat' });
  });

  it('of an entitlement that sends no such notice is not', () => {
    const context = { entitlements: exampleEntitlements(), seats: new Map(), now: START };
    expect(resendOf(aDelivery(), context)).toEqual({
      possible: false,
      reason: 'the configuration does not send this kind',
    });
  });

  it('whose seat could not be read may be one or the other, unless it was sent', () => {
    expect(resend({}, 'unread')).toBeUndefined();
    expect(resend({ status: 'sent' }, 'unread')).toMatchObject({ possible: false });
  });
});
