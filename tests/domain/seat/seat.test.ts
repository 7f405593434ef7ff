import { describe, expect, it } from 'vitest';
import { clearAudit } from '../../../domain/seat/audit-records.ts';
import { type SeatStatus, SeatStatusSchema, seatAttentionAt, takesSlot } from '../../../domain/seat/seat.ts';
import {
  dropSeat,
  markConfirmed,
  markLeaving,
  markRefused,
  markRevoked,
  restoreSeat,
} from '../../../domain/seat/transitions.ts';
import { aChangeContext, aGrantedSeat, anAuditRecord, iso } from '../../support/builders.ts';
import { OTHER, START } from '../../support/ids.ts';

const LATER = aChangeContext({ now: new Date(iso(60)), execution: OTHER, cause: 'event-2' });

describe('takesSlot', () => {
  it.each<[SeatStatus, boolean]>([
    ['waitlisted', false],
    ['creating', true],
    ['assigned', true],
    ['confirmed', true],
    ['leaving', true],
    ['held', true],
    ['revoking', true],
    ['revoked', false],
    ['failed', false],
  ])('says whether an assignment may exist for a seat that is %s: %s', (status, place) => {
    expect(takesSlot({ status })).toBe(place);
  });
});

describe('seatAttentionAt', () => {
  const MINUTES_15 = iso(-86_400 + 900);
  const MINUTES_45 = iso(-86_400 + 2700);

  it.each<[SeatStatus, string | undefined]>([
    ['waitlisted', undefined],
    ['creating', MINUTES_15],
    ['assigned', MINUTES_45],
    ['confirmed', undefined],
    ['leaving', undefined],
    ['held', undefined],
    ['revoking', MINUTES_15],
    ['revoked', undefined],
    ['failed', undefined],
  ])('of a seat that is %s and has nothing else to do is %s', (status, expected) => {
    expect(seatAttentionAt(aGrantedSeat({ status }))).toBe(expected);
  });

  it.each(SeatStatusSchema.options)(
    'is 15 min after a change that is not on the bus, for a seat that is %s',
    (status) => {
      expect(seatAttentionAt(aGrantedSeat({ status, audit: [anAuditRecord()] }))).toBe(MINUTES_15);
    },
  );

  it('is the end of the grace period of a leaving seat', () => {
    const seat = markLeaving(aGrantedSeat(), iso(86_400), aChangeContext());
    expect(seatAttentionAt(seat)).toBe(iso(900));
    expect(seatAttentionAt(clearAudit(seat, () => true))).toBe(iso(86_400));
    expect(seatAttentionAt(clearAudit(restoreSeat(seat, LATER), () => true))).toBeUndefined();
  });

  it.each<SeatStatus>(['failed', 'revoking'])('is the next attempt of a seat that is %s', (status) => {
    expect(seatAttentionAt(aGrantedSeat({ status, nextAttemptAt: iso(3600) }))).toBe(iso(3600));
  });

  it('comes before the next attempt while a refusal is not on the bus', () => {
    const seat = markRefused(aGrantedSeat({ status: 'creating' }), 'access-denied', {
      ...aChangeContext(),
      reportAgain: false,
      ambiguous: false,
    });
    expect(seatAttentionAt(seat)).toBe(iso(900));
    expect(seatAttentionAt(clearAudit(seat, () => true))).toBe(iso(3600));
  });

  it('is undefined once a seat is settled and audited', () => {
    const refusedOnce = markRefused(aGrantedSeat({ status: 'revoking' }), 'access-denied', {
      ...aChangeContext(),
      reportAgain: false,
      ambiguous: false,
    });
    for (const settled of [
      markConfirmed(refusedOnce, START),
      dropSeat(refusedOnce, START),
      markRevoked(refusedOnce, aChangeContext()),
    ]) {
      expect(seatAttentionAt(clearAudit(settled, () => true))).toBeUndefined();
    }
  });
});
