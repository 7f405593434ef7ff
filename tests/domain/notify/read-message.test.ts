import { describe, expect, it } from 'vitest';
import { readMessage } from '../../../domain/notify/read-message.ts';
import { InvalidRequestError } from '../../../domain/shared/errors.ts';
import { at, iso } from '../../support/builders.ts';
import { APPLICATION, START, user } from '../../support/ids.ts';
import { aDeliveredEvent } from '../../support/notice-events.ts';
import { noticeUid } from '../../support/notices.ts';

const read = (value: unknown) => readMessage(JSON.stringify(value), START);
const hintOf = (value: unknown) => {
  const asked = read(value);
  return 'hint' in asked ? asked.hint : asked;
};

describe('a message of the queue', () => {
  it('is a hint with the ids of the event', () => {
    const event = aDeliveredEvent({ changeSeq: 7, at: iso(-60) });
    expect(read(event)).toEqual({
      hint: {
        uid: event.detail.metadata.uid,
        kind: 'assigned',
        applicationArn: APPLICATION,
        userId: user(1),
        changeSeq: 7,
        at: iso(-60),
        isAdopted: false,
      },
    });
  });

  it.each([
    ['assigned', 'assigned'],
    ['adopted', 'assigned'],
    ['waitlisted', 'waitlisted'],
    ['leaving', 'leaving'],
    ['revoked', 'revoked'],
    ['kept', 'kept'],
  ] as const)('of a seat that is %s is about a notice "%s", with the id of the event', (kind, expected) => {
    const event = aDeliveredEvent({ kind });
    expect(hintOf(event)).toMatchObject({
      kind: expected,
      uid: event.detail.metadata.uid,
      isAdopted: kind === 'adopted',
    });
  });

  it('says that its user has waited for the seat', () => {
    expect(hintOf(aDeliveredEvent({ reason: 'place-freed' }))).toMatchObject({ kind: 'assigned', hasWaited: true });
  });

  it('has its id computed anew: another one in the event makes no second notice', () => {
    const event = aDeliveredEvent();
    const metadata = { ...event.detail.metadata, uid: noticeUid(7) };
    expect(hintOf({ ...event, detail: { ...event.detail, metadata } })).toEqual(hintOf(event));
  });

  it('takes a time in the future as now', () => {
    const event = aDeliveredEvent();
    const time = 8_640_000_000_000_001;
    expect(hintOf({ ...event, detail: { ...event.detail, time } })).toMatchObject({ at: START.toISOString() });
  });

  it.each([
    ['a replayed event', { ...aDeliveredEvent(), 'replay-name': 'all-of-it' }, 'replayed'],
    ['a refusal', aDeliveredEvent({ kind: 'refused', refused: 'grant' }), 'other-event'],
    ['a seat that was made again after a removal by hand', aDeliveredEvent({ reason: 'drift-healed' }), 'other-event'],
    ['another plan of a seat', aDeliveredEvent({ reason: 'plan-changed' }), 'other-event'],
    ['an observation', aDeliveredEvent({ kind: 'observed' }), 'other-event'],
  ])('about %s leads to no notice', (_fact, event, skip) => {
    expect(read(event)).toEqual({ skip });
  });

  it('may ask for a notice again', () => {
    expect(read({ resend: noticeUid(1) })).toEqual({ resend: noticeUid(1) });
  });

  const event = aDeliveredEvent();
  it.each([
    ['no JSON', 'jane.doe@example.com'],
    ['nothing', ''],
    ['a list', '[]'],
    ['null', 'null'],
    ['no id to resend', JSON.stringify({ resend: 'jane.doe@example.com' })],
    ['the day of a counter to resend', JSON.stringify({ resend: 'day#2026-11-01' })],
    ['more than an id to resend', JSON.stringify({ resend: noticeUid(1), to: 'jane.doe@example.com' })],
    ['an event of another source', JSON.stringify({ ...event, source: 'aws.sso' })],
    ['an event with a name in it', JSON.stringify({ ...event, detail: { ...event.detail, name: 'jane.doe' } })],
    ['an event of another type', JSON.stringify({ ...event, 'detail-type': 'Jane Doe' })],
  ])('is refused if it has %s, and not quoted', (_fact, body) => {
    expect(() => readMessage(body, at(0))).toThrow(
      new InvalidRequestError('body', 'expected an event of the audit bus'),
    );
  });
});
