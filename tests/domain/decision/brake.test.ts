import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyBrake,
  type BrakeInput,
  budgetOf,
  countSeats,
  type Revocation,
  revocationsByHour,
} from '../../../domain/decision/brake.ts';
import { beginHold, growHold, type Hold, releaseHold } from '../../../domain/decision/hold.ts';
import type { Seat, SeatStatus } from '../../../domain/seat/seat.ts';
import { aGrantedSeat, iso } from '../../support/builders.ts';
import { APPLICATION, ME, START, user } from '../../support/ids.ts';

function revocations(count: number, parts: Partial<Revocation> = {}): Revocation[] {
  return Array.from({ length: count }, (_, index) => ({
    userId: user(index),
    reason: 'group-leave',
    status: 'confirmed',
    ...parts,
  }));
}

const counts = (parts: Partial<BrakeInput['counts']> = {}) => ({
  inUse: 100,
  atWindowStart: 100,
  revokedInWindow: 0,
  ...parts,
});

function restraints(parts: Partial<BrakeInput> = {}): BrakeInput {
  return {
    brake: { percent: 20, atLeast: 10 },
    counts: counts(),
    hold: undefined,
    emptyGroup: false,
    nobodyEntitled: false,
    whole: true,
    ...parts,
  };
}

const aHold = (userIds: readonly string[] = [user(0)]): Hold =>
  beginHold(
    undefined,
    { applicationArn: APPLICATION, entitlement: 'e', userIds },
    { now: START, execution: ME, reason: 'brake' },
  );

describe('the brake', () => {
  it.each<[string, number, Partial<BrakeInput['counts']>, string | undefined]>([
    ['a percentage of the seats of yesterday', 20, {}, undefined],
    ['not one more', 21, {}, 'brake'],
    ['rounded down', 22, { atWindowStart: 109 }, 'brake'],
    ['what was revoked in the last 24 h counted in', 11, { revokedInWindow: 10 }, 'brake'],
    ['up to the last one', 10, { revokedInWindow: 10 }, undefined],
    ['at least this number, even of few seats', 10, { inUse: 12, atWindowStart: 12 }, undefined],
    ['not more than that', 11, { inUse: 12, atWindowStart: 12 }, 'brake'],
    ['not more because of the seats of today', 11, { inUse: 1000, atWindowStart: 10 }, 'brake'],
  ])('allows %s', (_fact, count, parts, begin) => {
    expect(applyBrake(revocations(count), restraints({ counts: counts(parts) })).begin).toBe(begin);
  });

  it('calculates in whole numbers: 29 % of 100 are 29', () => {
    const brake = { percent: 29, atLeast: 0 };
    expect(applyBrake(revocations(29), restraints({ brake })).begin).toBeUndefined();
    expect(applyBrake(revocations(30), restraints({ brake })).begin).toBe('brake');
  });

  it('allows nothing when it is set to 0', () => {
    expect(applyBrake(revocations(1), restraints({ brake: { percent: 0, atLeast: 0 } })).begin).toBe('brake');
  });

  it('neither counts nor holds revocations in progress, because they were counted when they began', () => {
    const settled = revocations(50, { status: 'revoking' });
    const { allowed, held, begin } = applyBrake([...settled, ...revocations(20)], restraints());
    expect([allowed.length, held.length, begin]).toEqual([70, 0, undefined]);
    const full = applyBrake([...settled, ...revocations(21)], restraints());
    expect([full.allowed.length, full.held.length, full.begin]).toEqual([50, 21, 'brake']);
  });

  it.each(['group-leave', 'user-disabled', 'user-deleted', 'entitlement-removed'] as const)(
    'counts a revocation whatever its reason: %s',
    (reason) => {
      expect(applyBrake(revocations(20, { reason }), restraints()).begin).toBeUndefined();
      expect(applyBrake(revocations(21, { reason }), restraints()).begin).toBe('brake');
    },
  );

  it.each<[string, Partial<BrakeInput>, string | undefined]>([
    ['a group is empty', { emptyGroup: true }, 'group-empty'],
    ['no user is entitled', { nobodyEntitled: true }, 'nobody-entitled'],
    ['a group is empty, but this is the last seat', { emptyGroup: true, counts: counts({ inUse: 1 }) }, undefined],
    ['no user is entitled to the last seat', { nobodyEntitled: true, counts: counts({ inUse: 1 }) }, undefined],
  ])('holds even one revocation if %s', (_fact, parts, begin) => {
    expect(applyBrake(revocations(1), restraints(parts)).begin).toBe(begin);
  });

  it('holds all new revocations, or none', () => {
    const cases = fc.record({
      count: fc.nat(30),
      revokedInWindow: fc.nat(15),
      atWindowStart: fc.nat(100),
      emptyGroup: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ count, revokedInWindow, atWindowStart, emptyGroup }) => {
        const limits = restraints({ counts: { inUse: 100, revokedInWindow, atWindowStart }, emptyGroup });
        const { allowed, held } = applyBrake(revocations(count), limits);
        expect([allowed.length, held.length].sort()).toEqual([0, count].sort());
        const budget = Math.max(10, Math.floor(atWindowStart / 5));
        if (allowed.length > 0) expect(revokedInWindow + allowed.length).toBeLessThanOrEqual(budget);
      }),
    );
  });
});

describe('while a hold is in force', () => {
  const member = revocations(1, { status: 'held', hold: 1 });
  const [newcomer] = revocations(1, { userId: user(7) });
  if (!newcomer) throw new Error('there is one');

  it('no new user is revoked, and users who leave join the hold', () => {
    const result = applyBrake([...member, newcomer], restraints({ hold: aHold() }));
    expect(result).toEqual({ allowed: [], held: [...member, newcomer], lift: false, join: [newcomer] });
  });

  it('a seat of an earlier hold joins the hold as well', () => {
    const later = { ...aHold(), first: 3, digests: [{ digest: 'd', generation: 3, count: 1 }] };
    expect(applyBrake(member, restraints({ hold: later, whole: false })).join).toEqual(member);
  });

  it('a full sweep that no longer revokes any of its users lifts the hold, and plans the rest', () => {
    expect(applyBrake([newcomer], restraints({ hold: aHold() }))).toMatchObject({ allowed: [newcomer], lift: true });
    expect(applyBrake([newcomer], restraints({ hold: aHold(), whole: false }))).toMatchObject({
      allowed: [],
      lift: false,
    });
    expect(applyBrake([newcomer], restraints({ hold: aHold(), emptyGroup: true }))).toMatchObject({
      allowed: [],
      lift: true,
      begin: 'group-empty',
      join: [newcomer],
    });
  });

  it('a release allows what its digest covers and no more, regardless of the budget', () => {
    const hold = growHold(aHold(), [newcomer.userId]);
    const later = { ...newcomer, status: 'held' as const, hold: 2 };
    const [first] = hold.digests;
    const let1 = releaseHold(hold, { digest: first?.digest ?? '', execution: ME });
    const limits = { counts: counts({ revokedInWindow: 100 }), emptyGroup: true, hold: let1 };
    expect(applyBrake([...member, later], restraints(limits))).toEqual({
      allowed: member,
      held: [later],
      lift: false,
      join: [],
    });
    expect(applyBrake([later], restraints(limits))).toMatchObject({ allowed: [], lift: true, begin: 'group-empty' });
    const all = releaseHold(hold, { digest: hold.digests.at(-1)?.digest ?? '', execution: ME });
    expect(applyBrake([...member, later], restraints({ ...limits, hold: all })).allowed).toEqual([...member, later]);
  });

  it('a lifted hold holds no revocation', () => {
    const hold = { ...aHold(), status: 'lifted' as const };
    expect(applyBrake(member, restraints({ hold }))).toEqual({ allowed: member, held: [], lift: false, join: [] });
  });
});

describe('countSeats', () => {
  it.each<[SeatStatus, number]>([
    ['waitlisted', 0],
    ['creating', 1],
    ['assigned', 1],
    ['confirmed', 1],
    ['leaving', 1],
    ['held', 1],
    ['revoking', 1],
    ['revoked', 0],
    ['failed', 0],
  ])('counts a seat that is %s as %d in use', (status, inUse) => {
    expect(countSeats([aGrantedSeat({ status })], START).inUse).toBe(inUse);
  });

  const DAY = 86_400;
  it.each<[string, Partial<Seat>, Partial<ReturnType<typeof countSeats>>]>([
    [
      'a revocation of a minute ago',
      { status: 'revoked', revocations: [iso(-60)] },
      { revokedInWindow: 1, atWindowStart: 1 },
    ],
    [
      'no revocation of 24 h ago',
      { status: 'revoked', revocations: [iso(-DAY)] },
      { revokedInWindow: 0, atWindowStart: 0 },
    ],
    [
      'two revocations that a new grant followed',
      { status: 'confirmed', revocations: [iso(-60), iso(-50)], grantedAt: iso(-30) },
      { inUse: 1, revokedInWindow: 2, atWindowStart: 0 },
    ],
    ['a revocation under way', { status: 'revoking' }, { inUse: 1, revokedInWindow: 1, atWindowStart: 1 }],
    ['no slot of a user on the waitlist', { status: 'waitlisted' }, { inUse: 0, atWindowStart: 0 }],
    ['no revocation of a deleted user', { status: 'revoked' }, { revokedInWindow: 0, atWindowStart: 0 }],
    ['no seat of an hour ago as one of yesterday', { grantedAt: iso(-3600) }, { inUse: 1, atWindowStart: 0 }],
    ['a seat of 24 h ago as one of yesterday', { grantedAt: iso(-DAY) }, { inUse: 1, atWindowStart: 1 }],
  ])('counts %s', (_fact, parts, expected) => {
    expect(countSeats([aGrantedSeat(parts)], START)).toMatchObject(expected);
  });

  it('adds up all seats, and is 0 without seats', () => {
    expect(countSeats([], START)).toEqual({ inUse: 0, atWindowStart: 0, revokedInWindow: 0 });
    expect(
      countSeats([aGrantedSeat(), aGrantedSeat(), aGrantedSeat({ status: 'revoked', revocations: [iso(-1)] })], START),
    ).toEqual({
      inUse: 2,
      atWindowStart: 3,
      revokedInWindow: 1,
    });
  });
});

describe('budgetOf', () => {
  const HOUR = 3600;
  const brake = { percent: 10, atLeast: 2 };

  it('is a percentage of the seats 24 hours ago, or the least that is allowed', () => {
    const seats = (number: number) => Array.from({ length: number }, () => aGrantedSeat());
    expect(budgetOf(seats(50), brake, START)).toEqual({ allowed: 5, used: 0, left: 5 });
    expect(budgetOf(seats(3), brake, START)).toEqual({ allowed: 2, used: 0, left: 2 });
    expect(budgetOf([], brake, START)).toEqual({ allowed: 2, used: 0, left: 2 });
  });

  it('frees what was used 24 hours after each revocation', () => {
    const revoked = [-20, -2, -30].map((hours) =>
      aGrantedSeat({ status: 'revoked', revocations: [iso(hours * HOUR)] }),
    );
    expect(budgetOf(revoked, brake, START)).toEqual({
      allowed: 2,
      used: 2,
      left: 0,
      nextFreeAt: iso(4 * HOUR),
      allFreeAt: iso(22 * HOUR),
    });
  });

  it('counts revocations in progress, and is never less than nothing', () => {
    const revoking = [1, 2, 3].map(() => aGrantedSeat({ status: 'revoking' }));
    expect(budgetOf(revoking, brake, START)).toEqual({ allowed: 2, used: 3, left: 0 });
  });
});

describe('revocationsByHour', () => {
  it('counts the revocations of the last 24 hours by the hour in which they were made, the earliest first', () => {
    const now = new Date('2026-03-10T12:30:00.000Z');
    const revoked = (...revocations: string[]) => aGrantedSeat({ status: 'revoked', revocations });
    const seats = [
      revoked('2026-03-10T12:10:00.000Z', '2026-03-09T12:30:00.000Z'),
      revoked('2026-03-09T12:30:01.000Z'),
      revoked('2026-03-10T12:00:00.000Z'),
      aGrantedSeat(),
    ];
    expect(revocationsByHour(seats, now)).toEqual([
      { since: '2026-03-09T12:00:00.000Z', count: 1 },
      { since: '2026-03-10T12:00:00.000Z', count: 2 },
    ]);
  });
});
