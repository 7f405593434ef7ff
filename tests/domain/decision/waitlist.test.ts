import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateSeats, type Candidate, seatCandidate } from '../../../domain/decision/waitlist.ts';
import type { SeatStatus } from '../../../domain/seat/seat.ts';
import { aGrantedSeat, iso } from '../../support/builders.ts';
import { user } from '../../support/ids.ts';

const candidate = (number: number, parts: Partial<Candidate> = {}): Candidate => ({
  userId: user(number),
  requestedAt: iso(number),
  hasSlot: false,
  ...parts,
});
const ids = (...numbers: number[]) => new Set(numbers.map(user));
const seated = (number: number) => aGrantedSeat({ userId: user(number) });
const waiting = (number: number) =>
  aGrantedSeat({ userId: user(number), status: 'waitlisted', requestedAt: iso(number) });

describe('allocateSeats', () => {
  it('gives free slots by the time of the first request, and by id if the times are equal', () => {
    expect(allocateSeats([], [candidate(3), candidate(1), candidate(2)], 2).seated).toEqual(ids(1, 2));
    const at = { requestedAt: iso() };
    expect(allocateSeats([], [candidate(3, at), candidate(1, at), candidate(2, at)], 2).seated).toEqual(ids(1, 2));
  });

  it('gives nothing if no slot is free, and takes none away if more are in use than the cap allows', () => {
    expect(allocateSeats([seated(8), seated(9)], [candidate(1)], 2)).toEqual({ seated: new Set(), owed: false });
    expect(allocateSeats([seated(8), seated(9)], [candidate(1)], 1)).toEqual({ seated: new Set(), owed: false });
  });

  it('owes a slot to a user who waits longer than the users of this check', () => {
    expect(allocateSeats([waiting(1)], [candidate(2)], 1)).toEqual({ seated: new Set(), owed: true });
    expect(allocateSeats([waiting(3)], [candidate(2)], 1)).toEqual({ seated: ids(2), owed: false });
    expect(allocateSeats([waiting(1), waiting(3)], [candidate(2)], 3)).toEqual({ seated: ids(2), owed: true });
  });

  it('counts a waiting user of this check once', () => {
    expect(allocateSeats([waiting(1), waiting(2)], [candidate(1), candidate(2)], 1)).toEqual({
      seated: ids(1),
      owed: false,
    });
  });

  it('leaves a slot with its user before it serves the waitlist, within the cap', () => {
    const drifted = [seated(5), seated(6)];
    const owners = [candidate(5, { hasSlot: true }), candidate(6, { hasSlot: true })];
    expect(allocateSeats([...drifted, waiting(1)], owners, 2)).toEqual({ seated: ids(5, 6), owed: false });
    expect(allocateSeats([...drifted, waiting(1)], owners, 1)).toEqual({ seated: ids(5), owed: false });
  });

  it('never gives more slots than there are, and never skips a waiting user', () => {
    const cases = fc.record({
      max: fc.nat(8),
      inUse: fc.nat(6),
      waiting: fc.uniqueArray(fc.integer({ min: 20, max: 40 }), { maxLength: 6 }),
      looked: fc.uniqueArray(fc.integer({ min: 10, max: 40 }), { maxLength: 8 }),
    });
    fc.assert(
      fc.property(cases, ({ max, inUse, waiting: line, looked }) => {
        const seats = [...Array.from({ length: inUse }, (_, index) => seated(100 + index)), ...line.map(waiting)];
        const result = allocateSeats(
          seats,
          looked.map((number) => candidate(number)),
          max,
        );
        expect(inUse + result.seated.size).toBeLessThanOrEqual(Math.max(max, inUse));
        const passed = [...line, ...looked].filter((number) => !result.seated.has(user(number)));
        const last = Math.max(0, ...looked.filter((number) => result.seated.has(user(number))));
        const free = Math.max(0, max - inUse);
        for (const number of passed.filter((one) => one < last)) {
          // A user before one who got a slot gets a slot, too: by a check of their own.
          expect(line).toContain(number);
          expect(looked).not.toContain(number);
          expect(result.owed).toBe(true);
        }
        if (result.owed) expect(result.seated.size).toBeLessThan(free);
      }),
    );
  });
});

describe('seatCandidate', () => {
  it.each<[SeatStatus | undefined, string, boolean]>([
    [undefined, iso(), false],
    ['waitlisted', iso(-60), false],
    ['failed', iso(-60), false],
    ['creating', iso(-60), true],
    ['confirmed', iso(-60), true],
    ['revoked', iso(), false],
  ])('for a seat %s returns the request time %s and whether it takes a slot: %s', (status, requestedAt, hasSlot) => {
    const seat = status && aGrantedSeat({ status, requestedAt: iso(-60) });
    expect(seatCandidate(user(1), seat, iso())).toEqual({ userId: user(1), requestedAt, hasSlot });
  });
});
