import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecisionContext, UserState } from '../../../domain/decision/application-state.ts';
import { BATCH_SIZE, type Batch, ROUND_BYTES, toBatches } from '../../../domain/decision/batches.ts';
import { countSeats } from '../../../domain/decision/brake.ts';
import { decide, isAdoptable } from '../../../domain/decision/decide.ts';
import { type Seat, type SeatStatus, SeatStatusSchema } from '../../../domain/seat/seat.ts';
import {
  anApplication,
  anExecution,
  aSeat,
  aStanding,
  aUserId,
  circumstances,
  iso,
  NOW,
} from '../../support/builders.ts';

const ABSENT = { entitled: false, ineligibility: 'group-leave' } as const;

describe('decide', () => {
  // Of each pair the first is decided from settled reads, the second from reads that began 29 s after the last write.
  const TABLE: Record<SeatStatus, [string, string, string, string, string, string, string, string]> = {
    //           entitled: assigned     entitled: not assigned  absent: assigned    absent: not assigned
    waitlisted: ['drop', 'drop', 'grant', 'grant', 'drop', 'drop', 'drop', 'drop'],
    creating: ['grant', 'grant', 'grant', 'grant', 'revoke', 'revoke', 'revoke', 'revoke'],
    assigned: ['confirm', 'wait', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    confirmed: ['nothing', 'nothing', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
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
          seat: aSeat({ status, changedAt: iso(Number(changed)), ...(status === 'leaving' ? { dueAt: iso(1) } : {}) }),
        },
        what: TABLE[status][2 * pair + index],
      })),
    ),
  );

  it.each(ROWS)('with a seat $status, $who, $has, $reads: $what', ({ standing, what }) => {
    expect(decide(aStanding(standing), circumstances()).do).toBe(what);
  });

  it.each<[string, Partial<UserState>, string]>([
    ['grants an entitled user without assignment', {}, 'grant'],
    ['leaves an assignment of an entitled user to whoever made it', { assigned: true }, 'nothing'],
    ['never revokes an assignment that somebody else made', { ...ABSENT, assigned: true }, 'nothing'],
    ['has nothing to do for a stranger', ABSENT, 'nothing'],
  ])('%s', (_fact, standing, expected) => {
    expect(decide(aStanding(standing), circumstances()).do).toBe(expected);
  });

  it.each(SeatStatusSchema.options)('does nothing with a seat %s while reads contradict each other', (status) => {
    for (const assigned of [true, false]) {
      const standing = aStanding({ entitled: false, assigned, seat: aSeat({ status }) });
      expect(decide(standing, circumstances()).do).toBe('nothing');
    }
  });

  describe('of a user who is deleted', () => {
    const DELETED = { entitled: false, ineligibility: 'user-deleted' } as const;
    const decided = (parts: Partial<UserState>) => decide(aStanding({ ...DELETED, ...parts }), circumstances());

    it.each<SeatStatus>(['creating', 'assigned', 'confirmed', 'leaving', 'held', 'revoking'])(
      'takes an assignment that is gone for removed by AWS, once that is certain, with a seat %s',
      (status) => {
        expect(decided({ seat: aSeat({ status }) })).toEqual({ do: 'record-removal', reason: 'user-deleted' });
        const young = aSeat({ status, changedAt: iso(-10) });
        expect(decided({ seat: young })).toEqual({ do: 'wait', until: iso(20) });
        expect(decided({ assigned: true, seat: young })).toEqual({ do: 'revoke', reason: 'user-deleted' });
      },
    );

    it.each<SeatStatus>(['creating', 'revoking'])('forgets a create that came to nothing, with a seat %s', (status) => {
      const { grantedAt: _, ...open } = aSeat({ status });
      expect(decided({ seat: open }).do).toBe('drop');
    });

    it.each<[SeatStatus, string]>([
      ['waitlisted', 'drop'],
      ['failed', 'drop'],
      ['revoked', 'nothing'],
    ])('has nothing to take back with a seat %s', (status, what) => {
      expect(decided({ seat: aSeat({ status }) }).do).toBe(what);
    });
  });

  it.each([
    [true, 'grant'],
    [false, 'drop'],
  ])(
    'tells of no end where no beginning was told: taking back a create without an answer, assigned %s',
    (assigned, what) => {
      const { grantedAt: _, ...open } = aSeat({ status: 'revoking' });
      expect(decide(aStanding({ assigned, seat: open }), circumstances()).do).toBe(what);
    },
  );

  it('takes back once more what was granted so lately that no look proves its end, when a look can', () => {
    const seat = aSeat({ status: 'revoking', grantedAt: iso(-89) });
    const decided = (readAt: Date, assigned = false) =>
      decide(aStanding({ ...ABSENT, assigned, seat }), circumstances({ readAt }));
    expect(decided(NOW)).toEqual({ do: 'wait', until: iso(1) });
    expect(decided(new Date(iso(1)))).toEqual({ do: 'revoke', reason: 'group-leave' });
    expect(decided(NOW, true)).toEqual({ do: 'revoke', reason: 'group-leave' });
  });

  it.each<[string, Partial<UserState>, string]>([
    ['a seat in use', { seat: aSeat() }, 'begin-grace'],
    ['a seat that was just given', { seat: aSeat({ status: 'assigned' }) }, 'begin-grace'],
    ['a seat whose create has no answer', { seat: aSeat({ status: 'creating' }) }, 'begin-grace'],
    [
      'no answer before it is sure whether a create came to anything',
      { assigned: false, seat: aSeat({ status: 'creating', changedAt: iso(-29) }) },
      'wait',
    ],
    ['nothing to a create that came to nothing', { assigned: false, seat: aSeat({ status: 'creating' }) }, 'revoke'],
    ['nobody who is disabled', { ineligibility: 'user-disabled', seat: aSeat() }, 'revoke'],
    ['nobody who is deleted', { ineligibility: 'user-deleted', seat: aSeat() }, 'revoke'],
    ['no seat of a removed entitlement', { ineligibility: 'entitlement-removed', seat: aSeat() }, 'revoke'],
    ['nothing to whose seat is held', { seat: aSeat({ status: 'held' }) }, 'revoke'],
    ['no second day to a revocation that has begun', { seat: aSeat({ status: 'revoking' }) }, 'revoke'],
    ['nothing more until it is over', { seat: aSeat({ status: 'leaving', dueAt: iso(1) }) }, 'nothing'],
    ['a revocation when it is over', { seat: aSeat({ status: 'leaving', dueAt: iso() }) }, 'revoke'],
    [
      'no day to who is disabled meanwhile',
      { ineligibility: 'user-disabled', seat: aSeat({ status: 'leaving', dueAt: iso(1) }) },
      'revoke',
    ],
  ])('with days of grace gives %s', (_fact, standing, expected) => {
    const decision = decide(aStanding({ ...ABSENT, assigned: true, ...standing }), circumstances({ graceDays: 2 }));
    expect(decision.do).toBe(expected);
    if (decision.do === 'begin-grace') expect(decision.dueAt).toBe(iso(2 * 86_400));
  });

  it('keeps the date of a leave, however much grace is given now', () => {
    const seat = aSeat({ status: 'leaving', dueAt: iso(1) });
    for (const graceDays of [0, 30]) {
      const decision = (readAt: Date) =>
        decide(aStanding({ ...ABSENT, assigned: true, seat }), circumstances({ graceDays, readAt })).do;
      expect([decision(NOW), decision(new Date(iso(1)))]).toEqual(['nothing', 'revoke']);
    }
  });

  it('waits until the last write is 30 s old', () => {
    const seat = aSeat({ status: 'assigned', changedAt: iso(-10) });
    expect(decide(aStanding({ assigned: true, seat }), circumstances())).toEqual({ do: 'wait', until: iso(20) });
  });

  it.each<[string, Partial<UserState>, Partial<DecisionContext>, string]>([
    ['a join for an event', {}, { trigger: 'event' }, 'group-join'],
    ['what the regular sweep found', {}, { trigger: 'tick' }, 'reconciled'],
    ['what a person asked for', {}, { trigger: 'manual' }, 'manual'],
    [
      'an assignment that somebody took away',
      { seat: aSeat({ status: 'confirmed' }) },
      { trigger: 'tick' },
      'drift-healed',
    ],
    [
      'one that was taken away while its owner was leaving',
      { seat: aSeat({ status: 'leaving' }) },
      { trigger: 'manual' },
      'drift-healed',
    ],
    ['one that was taken away while it was held', { seat: aSeat({ status: 'held' }) }, {}, 'drift-healed'],
    [
      'a place for somebody who waited',
      { seat: aSeat({ status: 'waitlisted' }) },
      { trigger: 'manual' },
      'place-freed',
    ],
    ['a join after a leave', { seat: aSeat({ status: 'revoked' }) }, {}, 'group-join'],
    ['a leave', { ...ABSENT, seat: aSeat() }, { trigger: 'tick' }, 'group-leave'],
    ['a user who was disabled', { ...ABSENT, ineligibility: 'user-disabled', seat: aSeat() }, {}, 'user-disabled'],
    ['a user who was deleted', { ...ABSENT, ineligibility: 'user-deleted', seat: aSeat() }, {}, 'user-deleted'],
    ['a leave that was completed', { seat: aSeat({ status: 'revoking' }) }, {}, 'group-leave'],
    [
      'an entitlement that was removed',
      { ...ABSENT, ineligibility: 'entitlement-removed', seat: aSeat() },
      { trigger: 'manual' },
      'entitlement-removed',
    ],
  ])('gives as reason %s', (_fact, standing, parts, reason) => {
    expect(decide(aStanding(standing), circumstances(parts))).toMatchObject({ reason });
  });

  describe('after a refusal', () => {
    const refusal = {
      reason: 'access-denied',
      since: iso(-60),
      execution: anExecution('refused'),
      reported: true,
      failed: true,
    };
    const REFUSED: [string, UserState, 'grant' | 'revoke'][] = [
      ['grant', aStanding({ seat: aSeat({ status: 'failed', refusal, nextAttemptAt: iso(1) }) }), 'grant'],
      [
        'revocation',
        aStanding({ ...ABSENT, assigned: true, seat: aSeat({ status: 'revoking', refusal, nextAttemptAt: iso(1) }) }),
        'revoke',
      ],
    ];
    const TRIES: [string, Partial<DecisionContext>, boolean][] = [
      ['not before its time', {}, false],
      ['not for a tick before its time', { trigger: 'tick' }, false],
      ['when its time has come', { readAt: new Date(iso(1)) }, true],
      ['when a person asks for it', { trigger: 'manual' }, true],
      ['when the execution that failed for it is redriven', { execution: anExecution('refused') }, true],
    ];

    it.each(
      REFUSED.flatMap(([what, ...rest]) => TRIES.map(([when, ...more]) => [what, when, ...rest, ...more] as const)),
    )('tries a %s again: %s', (_what, _when, standing, kind, parts, tries) => {
      expect(decide(standing, circumstances(parts)).do).toBe(tries ? kind : 'nothing');
    });

    it('is not tried again by the execution that has yet to fail for it', () => {
      const seat = aSeat({
        status: 'failed',
        refusal: { ...refusal, reported: false, failed: false },
        nextAttemptAt: iso(1),
      });
      expect(decide(aStanding({ seat }), circumstances({ execution: refusal.execution })).do).toBe('nothing');
    });
  });

  it('changes an assignment only with a ground for it', () => {
    const standings = fc.record({
      entitled: fc.boolean(),
      ineligibility: fc.constantFrom('group-leave', 'user-disabled', 'user-deleted', undefined),
      assigned: fc.boolean(),
      status: fc.option(fc.constantFrom(...SeatStatusSchema.options), { nil: undefined }),
      age: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(standings, ({ entitled, ineligibility, assigned, status, age }) => {
        const seat = status && aSeat({ status, changedAt: iso(-age) });
        const why = entitled || !ineligibility ? {} : { ineligibility };
        const { do: what } = decide({ userId: aUserId(), entitled, assigned, seat, ...why }, circumstances());
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

describe('an assignment of somebody else', () => {
  it.each<[string, Partial<UserState>, boolean]>([
    ['of a person who is entitled can be adopted', {}, true],
    ['can be adopted after a seat has ended', { seat: aSeat({ status: 'revoked' }) }, true],
    ['is none when it is ours', { seat: aSeat() }, false],
    ['is none when there is no assignment', { assigned: false }, false],
    ['of a person who is not entitled stays somebody else’s', ABSENT, false],
  ])('%s', (_fact, parts, adoptable) => {
    const standing = aStanding({ assigned: true, ...parts });
    expect(isAdoptable(standing, decide(standing, circumstances()))).toBe(adoptable);
  });
});

describe('tally', () => {
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
    expect(countSeats([aSeat({ status })], NOW).inUse).toBe(inUse);
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
      'two that a new grant followed',
      { status: 'confirmed', revocations: [iso(-60), iso(-50)], grantedAt: iso(-30) },
      { inUse: 1, revokedInWindow: 2, atWindowStart: 0 },
    ],
    ['a revocation under way', { status: 'revoking' }, { inUse: 1, revokedInWindow: 1, atWindowStart: 1 }],
    ['no place of somebody who waits', { status: 'waitlisted' }, { inUse: 0, atWindowStart: 0 }],
    ['no revocation of a deleted user', { status: 'revoked' }, { revokedInWindow: 0, atWindowStart: 0 }],
    ['no seat of an hour ago as one of yesterday', { grantedAt: iso(-3600) }, { inUse: 1, atWindowStart: 0 }],
    ['a seat of 24 h ago as one of yesterday', { grantedAt: iso(-DAY) }, { inUse: 1, atWindowStart: 1 }],
  ])('counts %s', (_fact, parts, expected) => {
    expect(countSeats([aSeat(parts)], NOW)).toMatchObject(expected);
  });

  it('adds up, and is 0 without seats', () => {
    expect(countSeats([], NOW)).toEqual({ inUse: 0, atWindowStart: 0, revokedInWindow: 0 });
    expect(countSeats([aSeat(), aSeat(), aSeat({ status: 'revoked', revocations: [iso(-1)] })], NOW)).toEqual({
      inUse: 2,
      atWindowStart: 3,
      revokedInWindow: 1,
    });
  });
});

describe('cut', () => {
  /** Requests a second: a batch has 100 users then. */
  const PACE = 1;
  type Planned = Parameters<typeof toBatches>[0][number];

  function planned(count: number, parts: Partial<Planned> = {}): Planned[] {
    return Array.from({ length: count }, (_, index) => ({
      applicationArn: anApplication(),
      kind: 'grant',
      reason: 'group-join',
      userId: aUserId(index),
      ...parts,
    }));
  }

  it('makes nothing of nothing', () => {
    expect(toBatches([], PACE)).toEqual({ batches: [], more: false });
  });

  it.each([
    [1, [1]],
    [50, [50]],
    [101, [66, 35]],
    [220, [66, 66, 66, 22]],
  ])('cuts %d users into batches of %j', (users, sizes) => {
    expect(toBatches(planned(users), PACE).batches.map(({ userIds }) => userIds.length)).toEqual(sizes);
  });

  it.each([
    [1, 66],
    [1.5, 100],
    [7.5, BATCH_SIZE],
    [20, BATCH_SIZE],
  ])('makes a batch, at %d requests a second, as large as its time allows: %d users', (requestsPerSecond, size) => {
    const [batch] = toBatches(planned(600), requestsPerSecond).batches;
    expect(batch?.userIds).toHaveLength(size);
  });

  it('puts revocations first, since they free places, and what is only to be told last', () => {
    const { batches } = toBatches(
      [
        ...planned(1, { kind: 'record', reason: 'reconciled' }),
        ...planned(1),
        ...planned(1, { kind: 'revoke', reason: 'group-leave' }),
      ],
      PACE,
    );
    expect(batches.map(({ kind }) => kind)).toEqual(['revoke', 'grant', 'record']);
  });

  it('keeps application, kind and reason apart, and the order within', () => {
    const { batches } = toBatches(
      [
        ...planned(2),
        ...planned(1, { applicationArn: anApplication(2) }),
        ...planned(1, { reason: 'drift-healed' }),
        ...planned(1, { userId: aUserId(7) }),
      ],
      PACE,
    );
    const grant = { kind: 'grant', applicationArn: anApplication(), reason: 'group-join' };
    expect(batches).toEqual([
      { ...grant, userIds: [aUserId(0), aUserId(1), aUserId(7)] },
      { ...grant, applicationArn: anApplication(2), userIds: [aUserId(0)] },
      { ...grant, reason: 'drift-healed', userIds: [aUserId(0)] },
    ]);
  });

  it.each([
    ['the usual ids', (index: number) => aUserId(index), 3100],
    ['the longest ids', (index: number) => `0123456789-${aUserId(index)}`, 2450],
  ])('fills a round of %s to its bound, and says that some are left', (_fact, idOf, least) => {
    const many = planned(5000).map((change, index) => ({ ...change, userId: idOf(index) }));
    const { batches, more } = toBatches(many, PACE);
    const users = batches.flatMap(({ userIds }) => userIds);
    expect(users).toEqual(many.slice(0, users.length).map(({ userId }) => userId));
    expect(users.length).toBeGreaterThan(least);
    expect(JSON.stringify(batches).length).toBeLessThanOrEqual(ROUND_BYTES + 1);
    expect(JSON.stringify(batches).length).toBeGreaterThan(ROUND_BYTES - 100);
    expect(more).toBe(true);
    expect(toBatches(many.slice(0, users.length), PACE).more).toBe(false);
    expect(toBatches(many.slice(0, users.length + 1), PACE).more).toBe(true);
  });

  it('loses nobody, and keeps every batch small and of one kind', () => {
    const change: fc.Arbitrary<Planned> = fc.record({
      applicationArn: fc.constantFrom(anApplication(1), anApplication(2)),
      kind: fc.constantFrom('grant', 'revoke', 'record', 'hold'),
      reason: fc.constantFrom('group-join', 'group-leave'),
      userId: fc.nat(500).map(aUserId),
    });
    const keys = ({ userIds, ...what }: Batch) =>
      userIds.map((userId) => [what.applicationArn, what.kind, what.reason, userId].join());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (all) => {
        const { batches } = toBatches(all, PACE);
        expect(batches.every(({ userIds }) => userIds.length > 0 && userIds.length <= 100)).toBe(true);
        expect(batches.flatMap(keys).sort()).toEqual(
          all.flatMap(({ userId, ...what }) => keys({ ...what, userIds: [userId] })).sort(),
        );
      }),
      { numRuns: 50 },
    );
  });
});
