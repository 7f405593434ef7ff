import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext, UserState } from '../../../domain/decision/application-state.ts';
import { decide, isAdoptable } from '../../../domain/decision/decide.ts';
import { type Seat, type SeatStatus, SeatStatusSchema } from '../../../domain/seat/seat.ts';
import { aDecisionContext, aGrantedSeat, aSeat, at, aUserState, iso } from '../../support/builders.ts';
import { execution, START, user } from '../../support/ids.ts';

const ABSENT = { entitled: false, ineligibility: 'group-leave' } as const;

describe('decide', () => {
  // Of each pair the first is decided from settled reads, the second from reads that began 29 s after the last write.
  const TABLE: Record<SeatStatus, [string, string, string, string, string, string, string, string]> = {
    //           entitled: assigned     entitled: not assigned  absent: assigned    absent: not assigned
    waitlisted: ['drop', 'drop', 'grant', 'grant', 'drop', 'drop', 'drop', 'drop'],
    creating: ['grant', 'grant', 'grant', 'grant', 'revoke', 'revoke', 'revoke', 'revoke'],
    // AWS has accepted the create: it is repeated later.
    assigned: ['confirm', 'wait', 'wait', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    confirmed: ['nothing', 'nothing', 'wait', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    leaving: ['restore', 'restore', 'grant', 'wait', 'nothing', 'wait', 'nothing', 'wait'],
    held: ['restore', 'restore', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    revoking: ['restore', 'wait', 'record-removal', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    revoked: ['nothing', 'wait', 'grant', 'grant', 'nothing', 'wait', 'nothing', 'wait'],
    failed: ['drop', 'drop', 'grant', 'grant', 'drop', 'drop', 'drop', 'drop'],
  };
  const ROWS = SeatStatusSchema.options.flatMap((status) =>
    [
      ['entitled', true, true],
      ['entitled', true, false],
      ['not entitled', false, true],
      ['not entitled', false, false],
    ].flatMap(([who, entitled, assigned], pair) =>
      [
        ['settled', -30],
        ['unsettled', -29],
      ].map(([reads, changed], index) => ({
        status,
        who,
        has: assigned ? 'assigned' : 'not assigned',
        reads,
        standing: {
          ...(entitled ? { entitled: true } : ABSENT),
          assigned: assigned === true,
          seat: aGrantedSeat({
            status,
            changedAt: iso(Number(changed)),
            ...(status === 'leaving' ? { dueAt: iso(1) } : {}),
          }),
        },
        what: TABLE[status][2 * pair + index],
      })),
    ),
  );

  it.each(ROWS)('with a seat $status, $who, $has, $reads: $what', ({ standing, what }) => {
    expect(decide(aUserState(standing), aDecisionContext()).do).toBe(what);
  });

  it.each<[string, Partial<Seat>, number, string]>([
    ['waits two minutes', {}, 60, 'wait until 180'],
    ['waits until five minutes have passed', {}, 200, 'wait until 300'],
    ['repeats it then', {}, 300, 'grant'],
    ['waits again', { repeats: 1 }, 1000, 'wait until 1120'],
    ['repeats it after twenty minutes more', { repeats: 1 }, 1200, 'grant'],
    ['waits no longer after more repeats', { repeats: 2 }, 1200, 'grant'],
    ['leaves it while the user is put aside', { repeats: 3, nextAttemptAt: iso(2000) }, 1200, 'nothing'],
  ])('%s if no read shows a create that AWS has accepted', (_fact, parts, seconds, expected) => {
    const seat = aGrantedSeat({ status: 'assigned', changedAt: iso(), ...parts });
    const decision = decide(aUserState({ entitled: true, seat }), aDecisionContext({ readAt: at(seconds) }));
    const { do: what, ...rest } = decision;
    const until = 'until' in rest ? (Date.parse(rest.until) - Date.parse(iso())) / 1000 : undefined;
    expect([what, ...(until === undefined ? [] : ['until', until])].join(' ')).toBe(expected);
  });

  it.each([
    [299, 'wait'],
    [300, 'grant'],
  ])(
    'heals drift of a seat that was confirmed %s seconds ago: %s, because reads may contradict each other',
    (seconds, what) => {
      const seat = aGrantedSeat({ status: 'confirmed', changedAt: iso() });
      expect(decide(aUserState({ entitled: true, seat }), aDecisionContext({ readAt: at(seconds) })).do).toBe(what);
    },
  );

  it('has a user of a sweep checked alone if the list does not show a create that AWS has accepted', () => {
    const seat = aGrantedSeat({ status: 'assigned', changedAt: iso(-60) });
    const context = aDecisionContext({ named: false });
    expect(decide(aUserState({ entitled: true, seat }), context)).toMatchObject({ do: 'wait', alone: true });
  });

  it.each<[string, Partial<UserState>, string]>([
    ['grants an entitled user without assignment', {}, 'grant'],
    ['does nothing if an entitled user has a foreign assignment', { assigned: true }, 'nothing'],
    ['never revokes an assignment that Usher did not make', { ...ABSENT, assigned: true }, 'nothing'],
    ['does nothing for a user without entitlement and assignment', ABSENT, 'nothing'],
  ])('%s', (_fact, standing, expected) => {
    expect(decide(aUserState(standing), aDecisionContext()).do).toBe(expected);
  });

  it.each(SeatStatusSchema.options)('does nothing to a seat %s while reads contradict each other', (status) => {
    for (const assigned of [true, false]) {
      const standing = aUserState({ entitled: false, assigned, seat: aGrantedSeat({ status }) });
      expect(decide(standing, aDecisionContext()).do).toBe('nothing');
    }
  });

  it.each<[string, Partial<Seat>, boolean, string]>([
    ['keeps it within the hour after its grant', { grantedAt: iso(-3599) }, false, 'restore'],
    [
      'keeps it within the hour after it was made again',
      { grantedAt: iso(-86_400), madeAgainAt: iso(-3599) },
      false,
      'restore',
    ],
    [
      'records its end an hour later, when a read would show the assignment',
      { grantedAt: iso(-3600) },
      false,
      'record-removal',
    ],
    ['keeps what a read shows', { grantedAt: iso(-86_400) }, true, 'restore'],
    [
      'records its end if AWS has accepted the removal',
      { grantedAt: iso(-600), removedAt: iso(-60) },
      false,
      'record-removal',
    ],
    [
      'waits if a read may be too early to show the accepted removal',
      { grantedAt: iso(-600), removedAt: iso(-89) },
      true,
      'wait',
    ],
    ['keeps it if a later read shows it all the same', { grantedAt: iso(-600), removedAt: iso(-90) }, true, 'restore'],
  ])('of a seat whose revocation was interrupted, %s', (_fact, times, assigned, expected) => {
    const seat = aGrantedSeat({ status: 'revoking', changedAt: iso(-60), ...times });
    expect(decide(aUserState({ assigned, seat }), aDecisionContext()).do).toBe(expected);
  });

  describe('for a deleted user', () => {
    const DELETED = { entitled: false, ineligibility: 'user-deleted' } as const;
    const decided = (parts: Partial<UserState>) => decide(aUserState({ ...DELETED, ...parts }), aDecisionContext());

    it.each<SeatStatus>(['creating', 'assigned', 'confirmed', 'leaving', 'held', 'revoking'])(
      'records that AWS removed the assignment, once that is certain, for a seat %s',
      (status) => {
        expect(decided({ seat: aGrantedSeat({ status }) })).toEqual({ do: 'record-removal', reason: 'user-deleted' });
        const young = aGrantedSeat({ status, changedAt: iso(-10) });
        expect(decided({ seat: young })).toEqual({ do: 'wait', until: iso(20) });
        expect(decided({ assigned: true, seat: young })).toEqual({ do: 'revoke', reason: 'user-deleted' });
        // Reads that lag may not show a grant of the last hour, and a user of Active Directory leaves it behind.
        const late = aGrantedSeat({ status, changedAt: iso(-3599), grantedAt: iso(-3599) });
        expect(decided({ seat: late })).toEqual({ do: 'revoke', reason: 'user-deleted' });
      },
    );

    it.each<SeatStatus>(['creating', 'revoking'])('drops a create that had no effect, for a seat %s', (status) => {
      const { grantedAt: _, ...open } = aGrantedSeat({ status });
      expect(decided({ seat: open }).do).toBe('drop');
    });

    it.each<[SeatStatus, string]>([
      ['waitlisted', 'drop'],
      ['failed', 'drop'],
      ['revoked', 'nothing'],
    ])('revokes nothing for a seat %s', (status, what) => {
      expect(decided({ seat: aGrantedSeat({ status }) }).do).toBe(what);
    });
  });

  it.each([true, false])('grants again what may never have been granted or revoked, assigned %s', (assigned) => {
    const { grantedAt: _, ...open } = aGrantedSeat({ status: 'revoking' });
    expect(decide(aUserState({ assigned, seat: open }), aDecisionContext()).do).toBe('grant');
  });

  it('revokes again a grant so recent that the first read could not verify its end', () => {
    const seat = aGrantedSeat({ status: 'revoking', grantedAt: iso(-89) });
    const decided = (readAt: Date, assigned = false) =>
      decide(aUserState({ ...ABSENT, assigned, seat }), aDecisionContext({ readAt }));
    expect(decided(START)).toEqual({ do: 'wait', until: iso(1) });
    expect(decided(new Date(iso(1)))).toEqual({ do: 'revoke', reason: 'group-leave' });
    expect(decided(START, true)).toEqual({ do: 'revoke', reason: 'group-leave' });
  });

  it.each<[string, Partial<UserState>, string]>([
    ['a seat in use', { seat: aGrantedSeat() }, 'begin-grace'],
    ['a seat that was just given', { seat: aGrantedSeat({ status: 'assigned' }) }, 'begin-grace'],
    ['a seat whose create has no answer', { seat: aGrantedSeat({ status: 'creating' }) }, 'begin-grace'],
    [
      'no answer while reads settle',
      { assigned: false, seat: aGrantedSeat({ status: 'creating', changedAt: iso(-29) }) },
      'wait',
    ],
    [
      'no answer before it is certain whether a create had an effect, which a tick finds out',
      { assigned: false, seat: aGrantedSeat({ status: 'creating', changedAt: iso(-4499) }) },
      'nothing',
    ],
    [
      'a seat whose create is repeated: AWS has accepted it before',
      { assigned: false, seat: aGrantedSeat({ status: 'creating', repeats: 1, changedAt: iso(-60) }) },
      'begin-grace',
    ],
    [
      'nothing to a create that had no effect',
      { assigned: false, seat: aGrantedSeat({ status: 'creating' }) },
      'record-removal',
    ],
    ['no disabled user', { ineligibility: 'user-disabled', seat: aGrantedSeat() }, 'revoke'],
    ['no deleted user', { ineligibility: 'user-deleted', seat: aGrantedSeat() }, 'revoke'],
    ['no seat of a removed entitlement', { ineligibility: 'entitlement-removed', seat: aGrantedSeat() }, 'revoke'],
    ['no user whose seat is held', { seat: aGrantedSeat({ status: 'held' }) }, 'revoke'],
    ['no further day to a revocation that has begun', { seat: aGrantedSeat({ status: 'revoking' }) }, 'revoke'],
    ['nothing more until it is over', { seat: aGrantedSeat({ status: 'leaving', dueAt: iso(1) }) }, 'nothing'],
    ['a revocation when it is over', { seat: aGrantedSeat({ status: 'leaving', dueAt: iso() }) }, 'revoke'],
    [
      'no day to a user who is disabled meanwhile',
      { ineligibility: 'user-disabled', seat: aGrantedSeat({ status: 'leaving', dueAt: iso(1) }) },
      'revoke',
    ],
  ])('with a grace period gives %s', (_fact, standing, expected) => {
    const decision = decide(aUserState({ ...ABSENT, assigned: true, ...standing }), aDecisionContext({ graceDays: 2 }));
    expect(decision.do).toBe(expected);
    if (decision.do === 'begin-grace') expect(decision.dueAt).toBe(iso(2 * 86_400));
  });

  /** A call follows its intention within 15 minutes, and reads lag an hour. */
  const RULED_OUT = 75 * 60;

  it.each<[string, Partial<Seat>, string]>([
    ['without a call and an event, if no grant of it was ever told', { changedAt: iso(-RULED_OUT) }, 'drop'],
    [
      'without a call, which is told as its grant was',
      { changedAt: iso(-RULED_OUT), grantedAt: iso(-86_400) },
      'record-removal',
    ],
    [
      'without a call, although the next attempt is not due',
      { changedAt: iso(-RULED_OUT), nextAttemptAt: iso(60) },
      'drop',
    ],
    ['by a call, as long as reads may be too early to show it', { changedAt: iso(1 - RULED_OUT) }, 'revoke'],
  ])('ends a seat that was never made %s', (_fact, seat, expected) => {
    const absent = aUserState({ ...ABSENT, assigned: false, seat: aSeat(1, { status: 'creating', ...seat }) });
    expect(decide(absent, aDecisionContext()).do).toBe(expected);
    const disabled = { ...absent, ineligibility: 'user-disabled' as const };
    expect(decide(disabled, aDecisionContext({ graceDays: 2 })).do).toBe(expected);
  });

  it.each<[SeatStatus, number, string]>([
    ['revoking', -10, 'wait'],
    ['revoking', -30, 'nothing'],
    ['creating', -10, 'wait'],
    // It takes no slot: nothing was made.
    ['failed', -10, 'nothing'],
  ])('verifies what a refused attempt may have made: %s, %s s ago', (status, ago, expected) => {
    const refusal = { reason: 'access-denied', since: iso(-3600), execution: 'another', reported: true };
    const seat = aGrantedSeat({ status, changedAt: iso(ago), refusal, nextAttemptAt: iso(3600 + ago) });
    const user = status === 'revoking' ? { ...ABSENT, assigned: false } : { assigned: false };
    expect(decide(aUserState({ ...user, seat }), aDecisionContext()).do).toBe(expected);
  });

  it('keeps the due date of a leave when the grace period changes', () => {
    const seat = aGrantedSeat({ status: 'leaving', dueAt: iso(1) });
    for (const graceDays of [0, 30]) {
      const decision = (readAt: Date) =>
        decide(aUserState({ ...ABSENT, assigned: true, seat }), aDecisionContext({ graceDays, readAt })).do;
      expect([decision(START), decision(new Date(iso(1)))]).toEqual(['nothing', 'revoke']);
    }
  });

  it('waits until the last write is 30 s old', () => {
    const seat = aGrantedSeat({ status: 'assigned', changedAt: iso(-10) });
    expect(decide(aUserState({ assigned: true, seat }), aDecisionContext())).toEqual({ do: 'wait', until: iso(20) });
  });

  it.each<[string, Partial<UserState>, Partial<DecisionContext>, string]>([
    ['a join for an event', {}, { trigger: 'event' }, 'group-join'],
    ['what the regular sweep found', {}, { trigger: 'tick' }, 'reconciled'],
    ['what an operator asked for', {}, { trigger: 'manual' }, 'manual'],
    [
      'an assignment that was removed by hand',
      { seat: aGrantedSeat({ status: 'confirmed' }) },
      { trigger: 'tick' },
      'drift-healed',
    ],
    [
      'one that was removed while its user was leaving',
      { seat: aGrantedSeat({ status: 'leaving' }) },
      { trigger: 'manual' },
      'drift-healed',
    ],
    ['one that was removed while it was held', { seat: aGrantedSeat({ status: 'held' }) }, {}, 'drift-healed'],
    [
      'a slot for a user on the waitlist',
      { seat: aGrantedSeat({ status: 'waitlisted' }) },
      { trigger: 'manual' },
      'place-freed',
    ],
    ['a join after a leave', { seat: aGrantedSeat({ status: 'revoked' }) }, {}, 'group-join'],
    ['a leave', { ...ABSENT, seat: aGrantedSeat() }, { trigger: 'tick' }, 'group-leave'],
    [
      'a user who was disabled',
      { ...ABSENT, ineligibility: 'user-disabled', seat: aGrantedSeat() },
      {},
      'user-disabled',
    ],
    ['a user who was deleted', { ...ABSENT, ineligibility: 'user-deleted', seat: aGrantedSeat() }, {}, 'user-deleted'],
    ['a leave that was completed', { seat: aGrantedSeat({ status: 'revoking' }) }, {}, 'group-leave'],
    [
      'an entitlement that was removed',
      { ...ABSENT, ineligibility: 'entitlement-removed', seat: aGrantedSeat() },
      { trigger: 'manual' },
      'entitlement-removed',
    ],
  ])('names as reason %s', (_fact, standing, parts, reason) => {
    expect(decide(aUserState(standing), aDecisionContext(parts))).toMatchObject({ reason });
  });

  describe('after a refusal', () => {
    const refusal = {
      reason: 'access-denied',
      since: iso(-60),
      execution: execution('refused'),
      reported: true,
      failed: true,
    };
    const REFUSED: [string, UserState, 'grant' | 'revoke'][] = [
      ['grant', aUserState({ seat: aGrantedSeat({ status: 'failed', refusal, nextAttemptAt: iso(1) }) }), 'grant'],
      [
        'revocation',
        aUserState({
          ...ABSENT,
          assigned: true,
          seat: aGrantedSeat({ status: 'revoking', refusal, nextAttemptAt: iso(1) }),
        }),
        'revoke',
      ],
    ];
    const TRIES: [string, Partial<DecisionContext>, boolean][] = [
      ['not before its time', {}, false],
      ['not for a tick before its time', { trigger: 'tick' }, false],
      ['when its time has come', { readAt: new Date(iso(1)) }, true],
      ['when an operator asks for it', { trigger: 'manual' }, true],
      ['when the execution that failed for it is redriven', { execution: execution('refused') }, true],
    ];

    it.each(
      REFUSED.flatMap(([what, ...rest]) => TRIES.map(([when, ...more]) => [what, when, ...rest, ...more] as const)),
    )('tries a %s again: %s', (_what, _when, standing, kind, parts, tries) => {
      expect(decide(standing, aDecisionContext(parts)).do).toBe(tries ? kind : 'nothing');
    });

    it('is not tried again by the execution that has yet to fail for it', () => {
      const seat = aGrantedSeat({
        status: 'failed',
        refusal: { ...refusal, reported: false, failed: false },
        nextAttemptAt: iso(1),
      });
      expect(decide(aUserState({ seat }), aDecisionContext({ execution: refusal.execution })).do).toBe('nothing');
    });
  });

  it('changes an assignment only for a reason', () => {
    const standings = fc.record({
      entitled: fc.boolean(),
      ineligibility: fc.constantFrom('group-leave', 'user-disabled', 'user-deleted', undefined),
      assigned: fc.boolean(),
      status: fc.option(fc.constantFrom(...SeatStatusSchema.options), { nil: undefined }),
      age: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(standings, ({ entitled, ineligibility, assigned, status, age }) => {
        const seat = status && aGrantedSeat({ status, changedAt: iso(-age) });
        const why = entitled || !ineligibility ? {} : { ineligibility };
        const { do: what } = decide({ userId: user(1), entitled, assigned, seat, ...why }, aDecisionContext());
        if (what === 'revoke')
          expect({ entitled, absent: ineligibility !== undefined, seat: !!seat }).toMatchObject({
            entitled: false,
            absent: true,
            seat: true,
          });
        if (what === 'grant') expect(entitled).toBe(true);
        if (what === 'grant' && assigned) expect(status).toBe('creating');
      }),
    );
  });
});

describe('isAdoptable', () => {
  it.each<[string, Partial<UserState>, boolean]>([
    ['is true for an entitled user', {}, true],
    ['is true after a seat has ended', { seat: aGrantedSeat({ status: 'revoked' }) }, true],
    ['is false if the assignment is ours', { seat: aGrantedSeat() }, false],
    ['is false without an assignment', { assigned: false }, false],
    ['is false for a user who is not entitled', ABSENT, false],
  ])('%s', (_fact, parts, adoptable) => {
    const standing = aUserState({ assigned: true, ...parts });
    expect(isAdoptable(standing, decide(standing, aDecisionContext()))).toBe(adoptable);
  });
});
