import { describe, expect, it } from 'vitest';
import { DeliverySchema, type DeliveryStatus } from '../../../domain/notices/delivery.ts';
import { deliveryAfter, hintOf, noticeIdsOf, standingOf } from '../../../domain/notify/transitions.ts';
import { at, iso } from '../../support/builders.ts';
import { START } from '../../support/ids.ts';
import { aDelivery } from '../../support/notices.ts';

const MESSAGE = 'message-1';

describe('the standing of a notice', () => {
  it('is open without a marker', () => {
    expect(standingOf(undefined, START)).toBe('open');
  });

  it.each<[DeliveryStatus, string, string]>([
    ['throttled', 'open', 'open'],
    ['sent', 'decided', 'decided'],
    ['in-doubt', 'decided', 'open'],
    ['refused', 'decided', 'open'],
    ['limited', 'decided', 'open'],
    ['skipped', 'decided', 'open'],
  ])('%s is %s for its event, and %s if an operator asks', (status, forEvent, forOperator) => {
    const marker = aDelivery({ status });
    expect(standingOf(marker, START)).toBe(forEvent);
    expect(standingOf(marker, START, MESSAGE)).toBe(forOperator);
  });

  it.each([
    [0, 'busy'],
    [180, 'busy'],
    [181, 'left-behind'],
  ])('of what is being sent since %s seconds is %s, also if an operator asks', (seconds, standing) => {
    const marker = aDelivery({ status: 'sending', at: iso(-seconds) });
    expect(standingOf(marker, START)).toBe(standing);
    expect(standingOf(marker, START, MESSAGE)).toBe(standing);
  });

  it('is decided for a second copy of the message with which an operator asked', () => {
    const marker = aDelivery({ status: 'in-doubt', askedBy: MESSAGE });
    expect(standingOf(marker, START, MESSAGE)).toBe('decided');
    expect(standingOf(marker, START, 'message-2')).toBe('open');
  });

  it('is open for that message if Amazon SES refused it only for now', () => {
    expect(standingOf(aDelivery({ status: 'throttled', askedBy: MESSAGE }), START, MESSAGE)).toBe('open');
  });
});

describe('a marker', () => {
  const ids = noticeIdsOf({ ...hintOf(aDelivery()), isAdopted: false }, 'an-entitlement');

  it('begins with its first revision, and has ids only', () => {
    const begun = deliveryAfter(undefined, ids, { status: 'sending' }, { now: at(5) });
    expect(DeliverySchema.parse(begun)).toEqual(
      aDelivery({ entitlement: 'an-entitlement', status: 'sending', at: iso(5) }),
    );
  });

  it('has nothing of what it said before', () => {
    const before = aDelivery({ revision: 4, status: 'refused', reason: 'access-denied' });
    const sending = deliveryAfter(before, before, { status: 'sending' }, { now: at(9), askedBy: MESSAGE });
    expect(sending).toEqual(aDelivery({ revision: 5, status: 'sending', at: iso(9), askedBy: MESSAGE }));
    const sent = deliveryAfter(sending, sending, { status: 'sent', messageId: 'ses-1' }, { now: at(10) });
    expect(sent).toEqual(aDelivery({ revision: 6, status: 'sent', at: iso(10), messageId: 'ses-1', askedBy: MESSAGE }));
  });

  it('says why a notice was not sent', () => {
    const throttled = deliveryAfter(
      aDelivery({ status: 'sending' }),
      ids,
      { status: 'throttled', reason: 'SlowDown' },
      { now: at(1) },
    );
    expect(throttled).toMatchObject({ revision: 2, status: 'throttled', reason: 'SlowDown' });
  });
});
