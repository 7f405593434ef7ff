import { describe, expect, it } from 'vitest';
import type { ApplicationState } from '../../../domain/decision/application-state.ts';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import type { Seat, SeatStatus } from '../../../domain/seat/seat.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  deleted,
  failuresOf,
  holdingsAfter,
  joiner,
  leaver,
  MOMENT,
  seated,
  statusesAfter,
  sweptUsers,
  unmanaged,
  waitingSeat,
  writtenSeat,
} from '../../support/application-states.ts';
import { aSeat, at, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, ME, user } from '../../support/ids.ts';

/** An item that a user's request of this many seconds ago has put in the queue. */
const askedBefore = (seconds: number) => ({ item: { askedAt: iso(-seconds) } });

describe('the cap', () => {
  it.each<[string, ApplicationState, string[], Record<number, string>]>([
    ['gives a seat to a user while a slot is free', sweptUsers([joiner(1)], { max: 2 }), ['grant 1 group-join'], {}],
    [
      'puts one user who joins on the waitlist if all slots are taken',
      checkedUsers([joiner(3)], { max: 2, others: [aSeat(1), aSeat(2)] }),
      ['record 3'],
      { 1: 'confirmed', 2: 'confirmed', 3: 'waitlisted' },
    ],
    [
      'puts users whom a sweep finds beyond it on the waitlist',
      sweptUsers([seated(1), joiner(2), joiner(3), joiner(4)], { max: 2 }),
      ['grant 2 group-join', 'record 3', 'record 4'],
      { 1: 'confirmed', 3: 'waitlisted', 4: 'waitlisted' },
    ],
    [
      'counts a seat in grace, a held one and one that is being revoked',
      checkedUsers([joiner(4)], {
        max: 3,
        others: [
          aSeat(1, { status: 'leaving', dueAt: iso(60) }),
          aSeat(2, { status: 'held' }),
          aSeat(3, { status: 'revoking', changedAt: iso() }),
        ],
      }),
      ['record 4'],
      { 1: 'leaving', 2: 'held', 3: 'revoking', 4: 'waitlisted' },
    ],
    [
      'counts a slot that a revocation of the same plan frees as taken',
      sweptUsers([seated(1), leaver(2), joiner(3)], { max: 2 }),
      ['revoke 2 group-leave', 'record 3'],
      { 1: 'confirmed', 2: 'confirmed', 3: 'waitlisted' },
    ],
    [
      'takes no second slot for a user who has one already',
      sweptUsers([joiner(1, { status: 'creating' })], { max: 1 }),
      ['grant 1 group-join'],
      { 1: 'creating' },
    ],
    [
      'of 0 gives no user a seat',
      checkedUsers([joiner(1), joiner(2)], { max: 0 }),
      ['record 1', 'record 2'],
      { 1: 'waitlisted', 2: 'waitlisted' },
    ],
  ])('%s', (_fact, state, changes, statuses) => {
    const decision = decisionOf(state);
    expect([changesOf(decision), failuresOf(decision)]).toEqual([changes, []]);
    expect(statusesAfter(state, decision)).toEqual(statuses);
  });

  it('audits once per user that the user waits', () => {
    const seat = writtenSeat(decisionOf(checkedUsers([joiner(1)], { max: 0 })), 1);
    expect(seat?.audit).toMatchObject([{ kind: 'waitlisted', reason: 'cap-reached', execution: ME, cause: 'event-1' }]);
    for (const again of [checkedUsers, sweptUsers]) {
      expect(decisionOf(again([joiner(1, seat)], { max: 0 })).seats).toEqual([]);
    }
  });
});

describe('the waitlist', () => {
  it('gives slots in the order of first requests, not in the order of checks', () => {
    const waiting = [joiner(2, waitingSeat(2, 70)), joiner(3, waitingSeat(3, 80))];
    const state = sweptUsers([joiner(1), ...waiting], { max: 2 });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['grant 2 place-freed', 'grant 3 place-freed', 'record 1']);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'waitlisted', 2: 'waitlisted', 3: 'waitlisted' });
  });

  it('lets no user pass by a check of their own: the user waits, and the application is swept', () => {
    const state = checkedUsers([joiner(1)], { max: 1, others: [waitingSeat(2, 10)], ...askedBefore(5) });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['record 1']);
    expect(decision).toMatchObject({ sweepNeeded: { withStatus: false }, waitlist: true });
    expect(statusesAfter(state, decision)).toEqual({ 1: 'waitlisted', 2: 'waitlisted' });
  });

  it('gives one user the slot if no other user has waited longer', () => {
    const decision = decisionOf(
      checkedUsers([joiner(1)], { max: 1, others: [waitingSeat(2, 10)], ...askedBefore(11) }),
    );
    expect(changesOf(decision)).toEqual(['grant 1 group-join']);
    expect(decision.sweepNeeded).toBeUndefined();
  });

  it('needs a sweep for the slot that a deleted user leaves, which only a check of that user shows', () => {
    const decision = decisionOf(checkedUsers([deleted(1)], { max: 1, others: [waitingSeat(2, 10)] }));
    expect(changesOf(decision)).toEqual(['record 1']);
    expect(decision.sweepNeeded).toEqual({ withStatus: false });
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'revoked' });
  });

  it.each<[string, ApplicationState]>([
    ['which has given the slots', sweptUsers([joiner(1), joiner(2, waitingSeat(2, 10))], { max: 1 })],
    [
      'even if a slot is left for a waiting user whose reads contradict each other',
      sweptUsers([{ ...joiner(1, waitingSeat(1, 70)), entitled: false }, joiner(2)], { max: 2 }),
    ],
  ])('needs no sweep after a sweep, %s', (_fact, state) => {
    expect(decisionOf(state).sweepNeeded).toBeUndefined();
  });

  it.each<[string, ApplicationState, boolean | undefined]>([
    ['is empty after a sweep that leaves no user waiting', sweptUsers([joiner(1)], { max: 1 }), false],
    ['is not known to be empty after a check of one user', checkedUsers([joiner(1)], { max: 1 }), undefined],
    ['is not empty after a sweep that leaves a user waiting', sweptUsers([joiner(1), seated(2)], { max: 1 }), true],
    [
      'is not empty after a check that leaves its user waiting',
      checkedUsers([joiner(1)], { max: 1, others: [aSeat(2)] }),
      true,
    ],
  ])('%s', (_fact, state, waitlist) => {
    expect(decisionOf(state).waitlist).toBe(waitlist);
  });

  it('forgets the first request of a user who had a seat and left: joining again is another request', () => {
    const before = { status: 'revoked', requestedAt: '2020-01-01T00:00:00.000Z' } as const;
    const decision = decisionOf(checkedUsers([joiner(1, before)], { max: 0, ...askedBefore(5) }));
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'waitlisted', requestedAt: iso(-5) });
  });
});

describe('a cap below the number of seats in use', () => {
  it('takes no seat away, and the report counts the seats above it', () => {
    const state = sweptUsers([seated(1), seated(2)], { max: 1 });
    const decision = decisionOf(state);
    expect(decision.changes).toEqual([]);
    expect(decision.report).toEqual({ entitlement: ENTITLEMENT, seats: 2, waiting: 0, unmanaged: 0, overCap: 1 });
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });

  it('has a user of a sweep checked alone whose assignment seems gone', () => {
    const decision = decisionOf(sweptUsers([seated(1), joiner(2, {})], { max: 1 }));
    expect([changesOf(decision), decision.seats, decision.alone]).toEqual([[], [], [user(2)]]);
  });

  it('asks for the assignment of a user beyond it whose assignment seems gone', () => {
    const { evidence, ...state } = checkedUsers([joiner(2, {})], { max: 1, others: [aSeat(1)] });
    const { assigned: _, ...known } = evidence;
    expect(decideApplication({ ...state, evidence: known }, brakeOf(10), MOMENT)).toEqual({
      needs: [{ read: 'assigned', userIds: [user(2)] }],
    });
  });

  it.each<[string, number, string, string[]]>([
    ['records', 1, 'assigned', ['record 2']],
    ['lets the function record, within the cap,', 2, 'creating', ['grant 2 group-join']],
  ])('%s a grant whose answer was lost and that a read shows', (_fact, max, status, changes) => {
    const lost = { entitled: true, assigned: true, seat: aSeat(2, { status: 'creating', changedAt: iso(-600) }) };
    const state = checkedUsers([{ userId: user(2), ...lost }], { max, others: [aSeat(1)] });
    const decision = decisionOf(state);
    expect([changesOf(decision), statusesAfter(state, decision)]).toEqual([changes, { 1: 'confirmed', 2: status }]);
    expect(decision.unverified).toBe(false);
  });

  it('puts such a user on the waitlist, with the first request, once a fresh read shows no assignment', () => {
    const decision = decisionOf(checkedUsers([joiner(2, {})], { max: 1, others: [aSeat(1)] }));
    expect(changesOf(decision)).toEqual(['record 2']);
    expect(writtenSeat(decision, 2)).toMatchObject({ status: 'waitlisted', requestedAt: aSeat(2).requestedAt });
  });

  it.each<[string, Partial<Seat>, Map<string, boolean>, string]>([
    ['the list only lags behind the fresh read', {}, new Map([[user(2), true]]), iso(30)],
    [
      'a write is too young for any read to show it, and none is made',
      { status: 'creating', changedAt: iso(-10) },
      new Map(),
      iso(20),
    ],
  ])('leaves the seat for a later check if %s', (_fact, seat, assigned, until) => {
    const state = checkedUsers([joiner(2, seat)], { max: 1, others: [aSeat(1)], evidence: { assigned } });
    const decision = decisionOf(state);
    expect(decision).toMatchObject({ changes: [], unverified: true, recheck: new Map([[user(2), until]]) });
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 2: seat.status ?? 'confirmed' });
  });

  it.each<[string, Partial<Seat>, SeatStatus]>([
    ['keeps the seat within the hour after its grant', { grantedAt: iso(-3599), changedAt: iso(-600) }, 'confirmed'],
    ['keeps a create that failed within the hour', { status: 'creating', changedAt: iso(-3599) }, 'creating'],
    ['does not keep it later', { grantedAt: iso(-3600), changedAt: iso(-600) }, 'waitlisted'],
  ])('%s, although a fresh read shows no assignment, and waits for nothing', (_fact, seat, status) => {
    const state = checkedUsers([joiner(2, seat)], { max: 1, others: [aSeat(1)] });
    const decision = decisionOf(state);
    expect([statusesAfter(state, decision), decision.recheck.size]).toEqual([{ 1: 'confirmed', 2: status }, 0]);
  });

  it('records a grant that no one has audited, although its revocation had begun, once a read shows it', () => {
    const { grantedAt: _, ...seat } = aSeat(2, { status: 'revoking', changedAt: iso(-600) });
    const state = checkedUsers([{ userId: user(2), entitled: true, assigned: true, seat }], {
      max: 1,
      others: [aSeat(1)],
    });
    const decision = decisionOf(state);
    expect([changesOf(decision), statusesAfter(state, decision)]).toEqual([
      ['record 2'],
      { 1: 'confirmed', 2: 'assigned' },
    ]);
  });
});

describe('an adoption', () => {
  const item = { trigger: 'manual', adopt: true, cause: ME } as const;

  it('takes over the unmanaged assignments of entitled users, and no others', () => {
    const state = sweptUsers([unmanaged(1), joiner(2), seated(3)], { item, whole: { unmanaged: 2 } });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['grant 2 manual', 'record 1']);
    expect(writtenSeat(decision, 1)).toMatchObject({
      status: 'confirmed',
      requestedAt: iso(),
      grantedAt: iso(),
      audit: [{ kind: 'adopted', reason: 'manual', execution: ME, cause: ME }],
    });
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 3: 'confirmed' });
    expect(decision.report?.unmanaged).toBe(1);
  });

  it('happens only if an operator asks for it', () => {
    const state = sweptUsers([unmanaged(1)], { item: { trigger: 'manual' }, whole: { unmanaged: 2 } });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual([]);
    expect(statusesAfter(state, decision)).toEqual({});
    expect(decision.report).toEqual({ entitlement: ENTITLEMENT, seats: 0, waiting: 0, unmanaged: 2 });
  });

  it('may run twice', () => {
    const adopted = writtenSeat(decisionOf(sweptUsers([unmanaged(1)], { item })), 1);
    const again = decisionOf(sweptUsers([seated(1, adopted)], { item }));
    expect(changesOf(again)).toEqual(['record 1']);
    expect(again.seats).toEqual([]);
  });

  it('takes over no more assignments than slots are free, after the grants', () => {
    const state = sweptUsers([unmanaged(1), unmanaged(2), joiner(3), seated(4)], { max: 3, item });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['grant 3 manual', 'record 1']);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'confirmed', 4: 'confirmed' });
  });

  it('leaves a disabled user alone', () => {
    const disabled = { ...unmanaged(1), entitled: false, ineligibility: 'user-disabled' } as const;
    const state = sweptUsers([disabled], { item });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual([]);
    expect(statusesAfter(state, decision)).toEqual({});
  });

  it('covers a user who had a seat before or waits, once it is certain that Usher did not make the assignment', () => {
    const users = [seated(1, { status: 'revoked', changeSeq: 4 }), seated(2, waitingSeat(2, 5))];
    const state = sweptUsers(users, { item });
    const decision = decisionOf(state);
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'confirmed', changeSeq: 5 });
    expect(writtenSeat(decision, 2)?.status).toBe('revoked');
    expect(decision.recheck.get(APPLICATION)).toBe(iso(30));
    const later = sweptUsers([seated(1, writtenSeat(decision, 1)), seated(2, writtenSeat(decision, 2))], { item });
    expect(writtenSeat(decisionOf(later, undefined, { readAt: at(30) }), 2)).toMatchObject({
      status: 'confirmed',
      audit: [{ kind: 'adopted' }],
    });
  });

  it('makes leaves apply', () => {
    const state = sweptUsers([unmanaged(1), unmanaged(2)], { item });
    const [first, ...others] = holdingsAfter(state, decisionOf(state)).seats;
    const left = checkedUsers([leaver(1, first)], { others });
    expect(changesOf(decisionOf(left, undefined, { readAt: at(60) }))).toEqual(['revoke 1 group-leave']);
  });
});
