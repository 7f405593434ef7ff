import { describe, expect, it } from 'vitest';
import type { ApplicationState, UserState } from '../../../domain/decision/application-state.ts';
import type { Limits } from '../../../domain/decision/decide-application.ts';
import type { Observation } from '../../../domain/decision/observation.ts';
import { observeApplication } from '../../../domain/decision/observe-application.ts';
import {
  brakeOf,
  checkedUsers,
  deleted,
  joiner,
  leaver,
  MOMENT,
  seated,
  sweptUsers,
  unmanaged,
} from '../../support/application-states.ts';
import { anAuditRecord, anObservation, aSeat, at, iso } from '../../support/builders.ts';
import { ENTITLEMENT, ME, numberOf, user } from '../../support/ids.ts';

const BRAKE: Limits = { brake: { percent: 20, atLeast: 10 } };

/** What an observing entitlement has recorded of a user before. */
const answered = (number: number, parts: Partial<Observation> = {}) =>
  anObservation({ userId: user(number), requestedAt: iso(-60), changedAt: iso(-60), ...parts });
const pending = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];

/** Observes a state, and says what the ledger and the audit stream hold of it then. */
function observe(state: ApplicationState, before: readonly Observation[] = [], limits = BRAKE, moment = MOMENT) {
  const { holdings } = state.evidence;
  if (!holdings || holdings instanceof Error) throw new Error('The builder makes holdings');
  const { seats } = holdings;
  const result = observeApplication(state, { seats, observations: before }, limits, moment);
  const observations = [...new Map([...before, ...result.observations].map((one) => [one.userId, one])).values()];
  return {
    ...result,
    written: result.observations,
    observations,
    /** The answers as they stand now, by the number of the user. */
    answers: Object.fromEntries(observations.map(({ userId, answer }) => [numberOf(userId), answer])),
    published: [...result.unpublished].map(numberOf),
  };
}

describe('an entitlement that only observes', () => {
  const disabled = { ...leaver(1), ineligibility: 'user-disabled' } as const;

  const CASES: [string, ApplicationState, Limits, Record<number, string>][] = [
    ['would assign a member', sweptUsers([joiner(1)]), BRAKE, { 1: 'would-assign' }],
    [
      'would put a user without a slot on the waitlist',
      sweptUsers([joiner(1), joiner(2)], { max: 1 }),
      BRAKE,
      { 1: 'would-assign', 2: 'would-waitlist' },
    ],
    ['would revoke the seat of a user who has left', sweptUsers([leaver(1), seated(2)]), BRAKE, { 1: 'would-revoke' }],
    ['would give days of grace', sweptUsers([leaver(1), seated(2)], { graceDays: 7 }), BRAKE, { 1: 'would-leave' }],
    [
      'would hold what the brake does not allow',
      sweptUsers([leaver(1), leaver(2), seated(3)]),
      brakeOf(1),
      { 1: 'would-hold', 2: 'would-hold' },
    ],
    [
      'would hold what an empty group takes away',
      sweptUsers([leaver(1), leaver(2)], { whole: { emptyGroup: true } }),
      BRAKE,
      { 1: 'would-hold', 2: 'would-hold' },
    ],
    [
      'would hold the seats of an application to which no user is entitled any longer',
      sweptUsers([leaver(1), leaver(2)]),
      BRAKE,
      { 1: 'would-hold', 2: 'would-hold' },
    ],
    [
      'would revoke the seat of a disabled user without grace',
      sweptUsers([disabled, seated(2)], { graceDays: 7 }),
      BRAKE,
      { 1: 'would-revoke' },
    ],
    [
      'would revoke the seat of a user who is checked alone: it reads no further',
      checkedUsers([leaver(1)], { others: [aSeat(2)] }),
      BRAKE,
      { 1: 'would-revoke' },
    ],
    ['has no answer about a user who has what the entitlement gives', sweptUsers([seated(1)]), BRAKE, {}],
    ['has no answer about an assignment that Usher did not make', sweptUsers([unmanaged(1)]), BRAKE, {}],
    [
      'would assign again what an interrupted revocation has taken away',
      sweptUsers([joiner(1, { status: 'revoking' })]),
      BRAKE,
      { 1: 'would-assign' },
    ],
  ];

  it.each(CASES)('%s, and publishes each answer', (_fact, state, limits, answers) => {
    const { answers: found, published } = observe(state, [], limits);
    expect(found).toEqual(answers);
    expect(published).toEqual(Object.keys(answers).map(Number));
  });

  it.each(CASES)('%s: a sweep writes the same answer once', (_fact, state, limits, answers) => {
    const first = observe(state, [], limits).observations;
    const again = observe(state, first, limits, { ...MOMENT, readAt: at(300) });
    expect([again.written, again.answers]).toEqual([[], answers]);
  });

  it('lets only a sweep take back that a revocation would be held: a check of one user sees no empty group', () => {
    const first = observe(sweptUsers([leaver(1), leaver(2)])).observations;
    const check = observe(checkedUsers([leaver(1)], { others: [aSeat(2)] }), first);
    expect(check.answers).toEqual({ 1: 'would-hold', 2: 'would-hold' });
    const others = sweptUsers([leaver(1), seated(2)]);
    expect(observe(others, first).answers).toEqual({ 1: 'would-revoke', 2: undefined });
  });

  it('records for whom, why and since when', () => {
    const { observations } = observe(checkedUsers([joiner(1)], { item: { askedAt: iso(-67) } }));
    const changeSeq = Date.parse(iso()) / 1000;
    expect(observations).toEqual([
      answered(1, {
        requestedAt: iso(-67),
        changeSeq,
        changedAt: iso(),
        audit: [anAuditRecord({ kind: 'observed', reason: 'would-assign', changeSeq, at: iso(), execution: ME })],
      }),
    ]);
  });

  it('reports what a sweep found; a check of one user reports nothing', () => {
    const options = { max: 1, whole: { unmanaged: 1 } };
    expect(observe(sweptUsers([seated(1), seated(2)], options)).report).toEqual({
      entitlement: ENTITLEMENT,
      seats: 2,
      waiting: 0,
      unmanaged: 1,
      overCap: 1,
    });
    expect(observe(checkedUsers([seated(1)], options))).not.toHaveProperty('report');
  });

  it('counts seats in its report as they are: it drops and adopts none', () => {
    const state = sweptUsers([seated(1, { status: 'waitlisted' }), deleted(2), unmanaged(3)], {
      item: { trigger: 'manual', adopt: true },
      whole: { unmanaged: 2 },
    });
    const { report, answers } = observe(state);
    expect(report).toMatchObject({ seats: 1, waiting: 1, unmanaged: 2 });
    expect(answers).toEqual({});
  });

  it('checks again when reads show what was written before it was switched to observe', () => {
    const young = seated(1, { status: 'assigned', changedAt: iso(-10) });
    expect(observe(checkedUsers([young])).recheck).toEqual(new Map([[user(1), iso(20)]]));
    expect(observe(checkedUsers([joiner(1)])).recheck).toEqual(new Map());
    // An enforcing entitlement would check again what it has written.
    expect(observe(sweptUsers([deleted(1)])).recheck).toEqual(new Map());
  });
});

describe('an answer', () => {
  it('that is not on the bus is published, although it is not new', () => {
    const { published, written } = observe(checkedUsers([joiner(1)]), [answered(1, { audit: pending })]);
    expect([published, written]).toEqual([[1], []]);
  });

  it('goes when the user has an assignment that Usher did not make, or is no longer a member; that is not audited', () => {
    const stranger = { ...joiner(2), entitled: false, ineligibility: 'group-leave' } as const;
    const { answers, published } = observe(checkedUsers([unmanaged(1), stranger]), [answered(1), answered(2)]);
    expect([answers, published]).toEqual([{ 1: undefined, 2: undefined }, []]);
  });

  it('goes with a sweep that does not find the user', () => {
    const { answers, published } = observe(sweptUsers([joiner(1)]), [answered(1), answered(4)]);
    expect([answers, published]).toEqual([{ 1: 'would-assign', 4: undefined }, []]);
  });

  it('goes once: a later sweep writes nothing', () => {
    const gone = observe(sweptUsers([joiner(1)]), [answered(1), answered(4)]).observations;
    expect(observe(sweptUsers([joiner(1)]), gone).written).toEqual([]);
  });

  it('stays for users who are not checked', () => {
    const { answers } = observe(checkedUsers([joiner(1)]), [answered(1), answered(4)]);
    expect(answers).toEqual({ 1: 'would-assign', 4: 'would-assign' });
  });

  it('is audited anew if it comes back', () => {
    const left = { ...joiner(1), entitled: false, ineligibility: 'group-leave' } as const;
    const gone = observe(checkedUsers([left]), [answered(1)]).observations;
    expect(observe(checkedUsers([joiner(1)]), gone).observations).toMatchObject([
      { answer: 'would-assign', changeSeq: 2, audit: [{ changeSeq: 2 }] },
    ]);
  });
});

describe('a slot that was promised', () => {
  it('counts as taken if only another user is checked', () => {
    const { answers } = observe(checkedUsers([joiner(2)], { max: 1 }), [answered(1)]);
    expect(answers).toEqual({ 1: 'would-assign', 2: 'would-waitlist' });
  });

  it('stays with the user to whom it was promised, by the time of the first request', () => {
    const { answers } = observe(sweptUsers([joiner(1), joiner(2)], { max: 1 }), [
      answered(2, { requestedAt: iso(-120) }),
    ]);
    expect(answers).toEqual({ 1: 'would-waitlist', 2: 'would-assign' });
  });

  it('goes to the first user of the waitlist when it becomes free', () => {
    const waiting = [2, 3].map((number) =>
      answered(number, { answer: 'would-waitlist', requestedAt: iso(-60 - number) }),
    );
    const { answers } = observe(sweptUsers([joiner(2), joiner(3)], { max: 1 }), [answered(1), ...waiting]);
    expect(answers).toEqual({ 1: undefined, 2: 'would-waitlist', 3: 'would-assign' });
  });
});

describe('what was there before an entitlement was switched to observe', () => {
  it.each<[string, UserState, number[], string | undefined]>([
    ['a seat half made, which would be assigned', seated(1, { status: 'creating' }), [1], 'would-assign'],
    ['a seat to be verified', seated(1, { status: 'assigned' }), [], undefined],
    ['a revocation half made', seated(1, { status: 'revoking' }), [], undefined],
    ['a place on the waitlist', seated(1, { status: 'waitlisted' }), [], undefined],
    ['a refusal', seated(1, { status: 'failed', nextAttemptAt: iso(60) }), [], undefined],
    ['an event of a seat that is not on the bus', seated(1, { audit: [anAuditRecord()] }), [1], undefined],
  ])('stays as it is, and is published: %s', (_fact, user, published, answer) => {
    const result = observe(sweptUsers([user]));
    expect(result.published).toEqual(published);
    expect(result.written.map((one) => one.answer)).toEqual(answer ? [answer] : []);
  });

  it('is published once for a user with an event of the seat and one of the observation', () => {
    const state = checkedUsers([joiner(1, { audit: [anAuditRecord()] })]);
    expect(observe(state, [answered(1, { audit: pending })]).published).toEqual([1]);
  });

  it('includes seats whose assignment is gone, which would be assigned again', () => {
    const { answers } = observe(sweptUsers([joiner(1), joiner(2, {})], { max: 1 }));
    expect(answers).toEqual({ 1: 'would-waitlist', 2: 'would-assign' });
  });

  it('includes no hold: a held seat would be revoked', () => {
    const { answers, published } = observe(sweptUsers([leaver(1, { status: 'held', hold: 1 }), seated(2)]));
    expect([answers, published]).toEqual([{ 1: 'would-revoke' }, [1]]);
  });
});

describe('the steps that an enforcing entitlement would make in one check', () => {
  it('count: a user who waits but is no longer a member keeps no other user from a slot', () => {
    const dropped = { ...leaver(1, { status: 'waitlisted', requestedAt: iso(-600) }), assigned: false };
    expect(observe(sweptUsers([dropped, joiner(2)], { max: 1 })).answers).toEqual({ 2: 'would-assign' });
  });

  it('count: the seat of a deleted user is none that the brake compares with', () => {
    const state = sweptUsers([deleted(1), leaver(2)]);
    expect(observe(state).answers).toEqual({ 2: 'would-revoke' });
  });
});
