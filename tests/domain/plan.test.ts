import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RefusedError } from '../../domain/errors.ts';
import {
  BATCH_SIZE,
  type Batch,
  type Change,
  type Circumstances,
  cut,
  decide,
  type Limits,
  ROUND_SIZE,
  type Standing,
  tally,
  withinLimits,
} from '../../domain/plan.ts';
import { type Seat, type SeatStatus, SeatStatusSchema } from '../../domain/seat.ts';
import {
  aGroupId,
  anApplication,
  anEntitlement,
  anExecution,
  aSeat,
  aStanding,
  aUserId,
  circumstances,
  iso,
  NOW,
} from '../fixtures/builders.ts';

const ABSENT = { entitled: false, absence: 'group-leave' } as const;

describe('decide', () => {
  // Of each pair the first is decided from settled reads, the second from reads that began 29 s after the last write.
  const TABLE: Record<SeatStatus, [string, string, string, string, string, string, string, string]> = {
    //           entitled: assigned     entitled: not assigned  absent: assigned    absent: not assigned
    waitlisted: ['nothing', 'nothing', 'grant', 'grant', 'forget', 'forget', 'forget', 'forget'],
    creating: ['grant', 'grant', 'grant', 'grant', 'revoke', 'revoke', 'revoke', 'revoke'],
    assigned: ['confirm', 'wait', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    confirmed: ['nothing', 'nothing', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    leaving: ['nothing', 'nothing', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    held: ['nothing', 'nothing', 'grant', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    revoking: ['keep', 'wait', 'gone', 'wait', 'revoke', 'revoke', 'revoke', 'revoke'],
    revoked: ['nothing', 'wait', 'grant', 'grant', 'nothing', 'wait', 'nothing', 'nothing'],
    failed: ['forget', 'forget', 'grant', 'grant', 'forget', 'forget', 'forget', 'forget'],
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
          seat: aSeat({ status, changedAt: iso(Number(changed)) }),
        },
        what: TABLE[status][2 * pair + index],
      })),
    ),
  );

  it.each(ROWS)('with a seat $status, $who, $has, $reads: $what', ({ standing, what }) => {
    expect(decide(aStanding(standing), circumstances()).do).toBe(what);
  });

  it.each<[string, Partial<Standing>, string]>([
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

  it('waits until the last write is 30 s old', () => {
    const seat = aSeat({ status: 'assigned', changedAt: iso(-10) });
    expect(decide(aStanding({ assigned: true, seat }), circumstances())).toEqual({ do: 'wait', until: iso(20) });
  });

  it.each<[string, Partial<Standing>, Partial<Circumstances>, string]>([
    ['a join for an event', {}, { trigger: 'event' }, 'group-join'],
    ['what the regular sweep found', {}, { trigger: 'tick' }, 'reconciled'],
    ['what a person asked for', {}, { trigger: 'manual' }, 'manual'],
    [
      'an assignment that somebody took away',
      { seat: aSeat({ status: 'confirmed' }) },
      { trigger: 'tick' },
      'drift-healed',
    ],
    ['a join after a leave', { seat: aSeat({ status: 'revoked' }) }, {}, 'group-join'],
    ['a leave', { ...ABSENT, seat: aSeat() }, { trigger: 'tick' }, 'group-leave'],
    ['a user who was disabled', { ...ABSENT, absence: 'user-disabled', seat: aSeat() }, {}, 'user-disabled'],
    ['a user who was deleted', { ...ABSENT, absence: 'user-deleted', seat: aSeat() }, {}, 'user-deleted'],
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
    const REFUSED: [string, Standing, 'grant' | 'revoke'][] = [
      ['grant', aStanding({ seat: aSeat({ status: 'failed', refusal, nextAttemptAt: iso(1) }) }), 'grant'],
      [
        'revocation',
        aStanding({ ...ABSENT, assigned: true, seat: aSeat({ status: 'revoking', refusal, nextAttemptAt: iso(1) }) }),
        'revoke',
      ],
    ];
    const TRIES: [string, Partial<Circumstances>, boolean][] = [
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
      absence: fc.constantFrom('group-leave', 'user-disabled', 'user-deleted', undefined),
      assigned: fc.boolean(),
      status: fc.option(fc.constantFrom(...SeatStatusSchema.options), { nil: undefined }),
      age: fc.integer({ min: 0, max: 60 }),
    });
    fc.assert(
      fc.property(standings, ({ entitled, absence, assigned, status, age }) => {
        const seat = status && aSeat({ status, changedAt: iso(-age) });
        const why = entitled || !absence ? {} : { absence };
        const { do: what } = decide({ userId: aUserId(), entitled, assigned, seat, ...why }, circumstances());
        if (what === 'revoke')
          expect({ entitled, absent: absence !== undefined, seat: !!seat }).toMatchObject({
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
    expect(tally([aSeat({ status })], NOW).inUse).toBe(inUse);
  });

  const DAY = 86_400;
  it.each<[string, Partial<Seat>, Partial<ReturnType<typeof tally>>]>([
    [
      'a revocation of a minute ago',
      { status: 'revoked', revokedAt: iso(-60) },
      { revokedInWindow: 1, atWindowStart: 1 },
    ],
    [
      'no revocation of 24 h ago',
      { status: 'revoked', revokedAt: iso(-DAY) },
      { revokedInWindow: 0, atWindowStart: 0 },
    ],
    [
      'one that a new grant followed',
      { status: 'confirmed', revokedAt: iso(-60), requestedAt: iso(-30) },
      { inUse: 1, revokedInWindow: 1, atWindowStart: 0 },
    ],
    ['no revocation of a deleted user', { status: 'revoked' }, { revokedInWindow: 0, atWindowStart: 0 }],
    ['no seat of an hour ago as one of yesterday', { requestedAt: iso(-3600) }, { inUse: 1, atWindowStart: 0 }],
    ['a seat of 24 h ago as one of yesterday', { requestedAt: iso(-DAY) }, { inUse: 1, atWindowStart: 1 }],
  ])('counts %s', (_fact, parts, expected) => {
    expect(tally([aSeat(parts)], NOW)).toMatchObject(expected);
  });

  it('adds up, and is 0 without seats', () => {
    expect(tally([], NOW)).toEqual({ inUse: 0, atWindowStart: 0, revokedInWindow: 0 });
    expect(tally([aSeat(), aSeat(), aSeat({ status: 'revoked', revokedAt: iso(-1) })], NOW)).toEqual({
      inUse: 2,
      atWindowStart: 3,
      revokedInWindow: 1,
    });
  });
});

function changes(kind: Change['kind'], count: number, parts: Partial<Change> = {}): Change[] {
  const reason = kind === 'grant' ? 'group-join' : 'group-leave';
  return Array.from({ length: count }, (_, index) => ({
    userId: aUserId(index),
    kind,
    reason,
    newPlace: kind === 'grant',
    ...parts,
  }));
}

function limits({ max = 200, ...parts }: Partial<Limits> & { max?: number } = {}): Limits {
  return {
    entitlement: anEntitlement(1, { seats: { max } }),
    brake: { percent: 20, atLeast: 10 },
    counts: { inUse: 0, atWindowStart: 0, revokedInWindow: 0 },
    ...parts,
  };
}

function counts(parts: Partial<Limits['counts']>): Limits['counts'] {
  return { inUse: 100, atWindowStart: 100, revokedInWindow: 0, ...parts };
}

function refusalOf(plan: readonly Change[], parts: Parameters<typeof limits>[0]): string | undefined {
  try {
    withinLimits(plan, limits(parts));
    return undefined;
  } catch (error) {
    if (error instanceof RefusedError) return error.reason;
    throw error;
  }
}

describe('withinLimits', () => {
  it('takes a plan that passes no limit as it is', () => {
    const plan = [...changes('grant', 3), ...changes('revoke', 2)];
    expect(withinLimits(plan, limits({ counts: counts({}) }))).toEqual(plan);
  });

  describe('seats.max', () => {
    it.each([
      ['takes the last places', 3, {}, undefined],
      ['refuses one grant too many', 4, {}, 'cap-reached'],
      ['refuses every grant when it is full', 1, { inUse: 200 }, 'cap-reached'],
    ])('%s', (_fact, grants, parts, refusal) => {
      expect(refusalOf(changes('grant', grants), { counts: counts({ inUse: 197, ...parts }) })).toBe(refusal);
    });

    it('revokes first where the revocations make room for the grants', () => {
      const plan = [...changes('grant', 2), ...changes('revoke', 2)];
      expect(withinLimits(plan, limits({ counts: counts({ inUse: 200 }) }))).toEqual(changes('revoke', 2));
    });

    it('refuses all when the revocations do not make room enough', () => {
      const plan = [...changes('grant', 3), ...changes('revoke', 2)];
      expect(refusalOf(plan, { counts: counts({ inUse: 200 }) })).toBe('cap-reached');
    });

    it.each([
      ['full', 200],
      ['too full, since it was lowered', 300],
    ])('takes the grant of a seat that has its place already when the application is %s', (_fact, inUse) => {
      const plan = [...changes('grant', 1, { newPlace: false }), ...changes('revoke', 1)];
      expect(withinLimits(plan, limits({ counts: counts({ inUse }) }))).toEqual(plan);
    });

    it('is no limit for revocations', () => {
      expect(refusalOf(changes('revoke', 1), { max: 0, counts: counts({}) })).toBeUndefined();
    });
  });

  describe('the brake', () => {
    it.each([
      ['a percentage of the seats of yesterday', 20, {}, undefined],
      ['not one more', 21, {}, 'brake'],
      ['rounded down', 22, { atWindowStart: 109 }, 'brake'],
      ['what was revoked in the last 24 h counted in', 11, { revokedInWindow: 10 }, 'brake'],
      ['up to the last one', 10, { revokedInWindow: 10 }, undefined],
      ['at least so many, however few seats there are', 10, { inUse: 12, atWindowStart: 12 }, undefined],
      ['not more than that', 11, { inUse: 12, atWindowStart: 12 }, 'brake'],
      ['not more because of the seats of today', 11, { inUse: 1000, atWindowStart: 10 }, 'brake'],
    ])('allows %s', (_fact, revocations, parts, refusal) => {
      expect(refusalOf(changes('revoke', revocations), { counts: counts(parts) })).toBe(refusal);
    });

    it('refuses the grants of the plan as well: all or nothing', () => {
      expect(refusalOf([...changes('grant', 1), ...changes('revoke', 21)], { counts: counts({}) })).toBe('brake');
    });

    it('does not count users whom AWS removed itself', () => {
      const deleted = changes('revoke', 50, { reason: 'user-deleted' });
      expect(refusalOf([...deleted, ...changes('revoke', 20)], { counts: counts({}) })).toBeUndefined();
      expect(refusalOf(deleted, { counts: counts({ revokedInWindow: 90 }) })).toBeUndefined();
    });

    it('reckons in whole numbers: 29 % of 100 are 29', () => {
      const brake = { percent: 29, atLeast: 0 };
      expect(refusalOf(changes('revoke', 29), { brake, counts: counts({}) })).toBeUndefined();
      expect(refusalOf(changes('revoke', 30), { brake, counts: counts({}) })).toBe('brake');
    });

    it('allows nothing when it is set to 0', () => {
      expect(refusalOf(changes('revoke', 1), { brake: { percent: 0, atLeast: 0 }, counts: counts({}) })).toBe('brake');
    });

    it('is no limit for grants', () => {
      expect(refusalOf(changes('grant', 1), { counts: counts({ revokedInWindow: 90 }) })).toBeUndefined();
    });
  });

  describe('a group that looks as if it had been emptied by mistake', () => {
    it.each<[string, Change[], string | undefined]>([
      ['forbids a revocation', changes('revoke', 1), 'group-empty'],
      ['forbids the revocation of a disabled user', changes('revoke', 1, { reason: 'user-disabled' }), 'group-empty'],
      ['lets go whom AWS removed itself', changes('revoke', 1, { reason: 'user-deleted' }), undefined],
      ['hinders no grant', changes('grant', 1), undefined],
    ])('%s', (_fact, plan, refusal) => {
      expect(refusalOf(plan, { counts: counts({}), emptyGroups: [aGroupId()] })).toBe(refusal);
    });

    it.each<[string, Change[], number, string | undefined]>([
      ['forbids to revoke the last two', changes('revoke', 2), 2, 'nobody-entitled'],
      ['forbids even one revocation then', changes('revoke', 1), 2, 'nobody-entitled'],
      ['lets the only one go', changes('revoke', 1), 1, undefined],
      ['lets go whom AWS removed itself', changes('revoke', 2, { reason: 'user-deleted' }), 2, undefined],
    ])('with nobody entitled %s', (_fact, plan, inUse, refusal) => {
      expect(refusalOf(plan, { counts: counts({ inUse }), nobodyEntitled: true })).toBe(refusal);
    });
  });

  it('names the entitlement and numbers in a refusal, and no user', () => {
    const plan = changes('revoke', 21);
    expect(() => withinLimits(plan, limits({ counts: counts({ revokedInWindow: 1 }) }))).toThrow(
      'entitlement-1: 21 revocations planned and 1 made in 24 hours pass the budget of 20',
    );
    expect(() => withinLimits(changes('grant', 2), limits({ max: 100, counts: counts({ inUse: 99 }) }))).toThrow(
      'entitlement-1: 2 grants planned with 99 seats in use pass seats.max, 100',
    );
  });

  it('never lets the seats in use pass seats.max, nor revocations pass the budget', () => {
    const cases = fc.record({
      grants: fc.nat(12),
      placed: fc.nat(3),
      revocations: fc.nat(12),
      inUse: fc.nat(20),
      max: fc.nat(20),
      revokedInWindow: fc.nat(12),
      atWindowStart: fc.nat(100),
    });
    fc.assert(
      fc.property(cases, ({ grants, placed, revocations, max, ...tallied }) => {
        const plan = [
          ...changes('grant', grants),
          ...changes('grant', placed, { newPlace: false }),
          ...changes('revoke', revocations),
        ];
        if (refusalOf(plan, { max, counts: tallied }) !== undefined) return;
        const allowed = withinLimits(plan, limits({ max, counts: tallied }));
        const added = allowed.filter(({ newPlace }) => newPlace).length;
        if (added > 0) expect(tallied.inUse + added).toBeLessThanOrEqual(max);
        const budget = Math.max(10, Math.floor(tallied.atWindowStart / 5));
        if (revocations > 0) expect(tallied.revokedInWindow + revocations).toBeLessThanOrEqual(budget);
        expect(allowed.filter(({ kind }) => kind === 'revoke')).toHaveLength(revocations);
      }),
    );
  });
});

describe('cut', () => {
  type Planned = Parameters<typeof cut>[0][number];

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
    expect(cut([])).toEqual({ batches: [], more: false });
  });

  it.each([
    [1, [1]],
    [50, [50]],
    [51, [50, 1]],
    [120, [50, 50, 20]],
  ])('cuts %d users into batches of %j', (users, sizes) => {
    expect(cut(planned(users)).batches.map(({ userIds }) => userIds.length)).toEqual(sizes);
  });

  it('puts revocations first, since they free places, and what is only to be told last', () => {
    const { batches } = cut([
      ...planned(1, { kind: 'record', reason: 'reconciled' }),
      ...planned(1),
      ...planned(1, { kind: 'revoke', reason: 'group-leave' }),
    ]);
    expect(batches.map(({ kind }) => kind)).toEqual(['revoke', 'grant', 'record']);
  });

  it('keeps application, kind and reason apart, and the order within', () => {
    const { batches } = cut([
      ...planned(2),
      ...planned(1, { applicationArn: anApplication(2) }),
      ...planned(1, { reason: 'drift-healed' }),
      ...planned(1, { userId: aUserId(7) }),
    ]);
    const grant = { kind: 'grant', applicationArn: anApplication(), reason: 'group-join' };
    expect(batches).toEqual([
      { ...grant, userIds: [aUserId(0), aUserId(1), aUserId(7)] },
      { ...grant, applicationArn: anApplication(2), userIds: [aUserId(0)] },
      { ...grant, reason: 'drift-healed', userIds: [aUserId(0)] },
    ]);
  });

  it.each([
    [ROUND_SIZE, false],
    [ROUND_SIZE + 1, true],
  ])('says of %d users whether some are left: %s', (users, more) => {
    const { batches, more: left } = cut(planned(users));
    expect({ users: batches.flatMap(({ userIds }) => userIds).length, left }).toEqual({
      users: ROUND_SIZE,
      left: more,
    });
  });

  it('keeps a full round of the longest ids below 150 KiB', () => {
    const long = planned(ROUND_SIZE).map((change, index) => ({ ...change, userId: `0123456789-${aUserId(index)}` }));
    expect(JSON.stringify(cut(long)).length).toBeLessThan(150 * 1024);
  });

  it('loses nobody, and keeps every batch small and of one kind', () => {
    const change: fc.Arbitrary<Planned> = fc.record({
      applicationArn: fc.constantFrom(anApplication(1), anApplication(2)),
      kind: fc.constantFrom('grant', 'revoke', 'record'),
      reason: fc.constantFrom('group-join', 'group-leave'),
      userId: fc.nat(500).map(aUserId),
    });
    const keys = ({ userIds, ...what }: Batch) =>
      userIds.map((userId) => [what.applicationArn, what.kind, what.reason, userId].join());
    fc.assert(
      fc.property(fc.array(change, { maxLength: 300, size: 'max' }), (all) => {
        const { batches } = cut(all);
        expect(batches.every(({ userIds }) => userIds.length > 0 && userIds.length <= BATCH_SIZE)).toBe(true);
        expect(batches.flatMap(keys).sort()).toEqual(
          all.flatMap(({ userId, ...what }) => keys({ ...what, userIds: [userId] })).sort(),
        );
      }),
      { numRuns: 50 },
    );
  });
});
