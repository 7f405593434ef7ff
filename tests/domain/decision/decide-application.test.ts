import { describe, expect, it } from 'vitest';
import type { ApplicationState, Need, UserState, Verdict } from '../../../domain/decision/application-state.ts';
import { decideApplication, type Limits } from '../../../domain/decision/decide-application.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  deleted,
  failuresOf,
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
import { anAuditRecord, aSeat, iso } from '../../support/builders.ts';
import { APPLICATION, ENTITLEMENT, group, OTHER, user } from '../../support/ids.ts';

describe('a decision about an application', () => {
  it.each<[string, ApplicationState]>([
    ['users by name', checkedUsers([joiner(1), leaver(2), unmanaged(3)])],
    ['the whole application', sweptUsers([joiner(1), leaver(2), seated(3), unmanaged(4)])],
  ])('revokes and grants what a check of %s shows', (_fact, state) => {
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(['revoke 2 group-leave', 'grant 1 group-join']);
    expect(decision).toMatchObject({ failures: [], unverified: false, recheck: new Map() });
  });

  it.each([
    ['manual', 'manual'],
    ['tick', 'reconciled'],
    ['event', 'group-join'],
  ] as const)('gives as its reason what has asked for the check: %s', (trigger, reason) => {
    expect(decisionOf(sweptUsers([joiner(1)], { item: { trigger } })).changes).toEqual([
      { applicationArn: APPLICATION, kind: 'grant', reason, userId: user(1) },
    ]);
  });

  it('waits until a write of Usher’s has had time to show', () => {
    const decision = decisionOf(checkedUsers([seated(1, { status: 'assigned', changedAt: iso(-10) })]));
    expect(decision).toMatchObject({ changes: [], seats: [], unverified: true });
    expect(decision.recheck).toEqual(new Map([[user(1), iso(20)]]));
  });

  it('begins the grace of a user who has left, and audits that', () => {
    const decision = decisionOf(checkedUsers([leaver(1)], { graceDays: 2 }));
    expect(changesOf(decision)).toEqual(['record 1']);
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'leaving', dueAt: iso(2 * 86_400) });
  });

  it.each<[string, Partial<Seat>, string[]]>([
    ['keeps the seat of a user in grace before the date', { status: 'leaving', dueAt: iso(1) }, []],
    ['revokes the seat of a user in grace on the date', { status: 'leaving', dueAt: iso() }, ['revoke 1 group-leave']],
  ])('%s', (_fact, seat, changes) => {
    const state = checkedUsers([leaver(1, seat)], { graceDays: 2 });
    const decision = decisionOf(state);
    expect(changesOf(decision)).toEqual(changes);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'leaving' });
  });

  it('revokes the seat of a disabled user without grace', () => {
    const disabled = { ...leaver(1), ineligibility: 'user-disabled' } as const;
    expect(changesOf(decisionOf(checkedUsers([disabled], { graceDays: 2 })))).toEqual(['revoke 1 user-disabled']);
  });

  it('revokes the last seat of an application that an operator has given up', () => {
    const given = { ...leaver(1), ineligibility: 'entitlement-removed' } as const;
    expect(changesOf(decisionOf(sweptUsers([given], { max: 0 })))).toEqual(['revoke 1 entitlement-removed']);
  });

  it('changes only the ledger for a user who is back: no call that writes to AWS', () => {
    const decision = decisionOf(checkedUsers([seated(1, { status: 'held', hold: 1 })]));
    expect(changesOf(decision)).toEqual(['record 1']);
    expect(writtenSeat(decision, 1)).toMatchObject({ status: 'confirmed', audit: [{ kind: 'kept' }] });
  });

  it('writes a seat once, with the stored revision plus one, however many transitions it makes', () => {
    const interrupted = joiner(1, { status: 'revoking', revision: 7, changeSeq: 3 });
    const { seats } = decisionOf(checkedUsers([interrupted], { max: 1, others: [aSeat(2)] }));
    expect(seats).toMatchObject([
      { userId: user(1), status: 'waitlisted', revision: 8, audit: [{ kind: 'revoked' }, { kind: 'waitlisted' }] },
    ]);
  });
});

describe('the audit events of a seat', () => {
  const audit = [anAuditRecord({ reason: 'manual', execution: OTHER, cause: OTHER })];

  it('are published although nothing changes', () => {
    expect(decisionOf(checkedUsers([seated(1, { audit })])).changes).toEqual([
      { applicationArn: APPLICATION, kind: 'record', reason: 'reconciled', userId: user(1) },
    ]);
  });

  it('are published once, with the change, if the seat changes', () => {
    const state = sweptUsers([seated(1), leaver(2, { audit }), seated(3)]);
    expect(changesOf(decisionOf(state))).toEqual(['revoke 2 group-leave']);
  });
});

describe('a refusal that stands in a seat', () => {
  it.each<[string, string, boolean, string[], string[]]>([
    ['fails the check of the execution that was refused', MOMENT.execution, false, ['quota-exceeded'], []],
    ['fails no check of another execution', OTHER, false, [], []],
    ['fails an execution once, and is tried again by its redrive', MOMENT.execution, true, [], ['grant 1 group-join']],
    ['fails no execution and is not tried again if it failed another one', OTHER, true, [], []],
  ])('%s', (_fact, execution, reported, reasons, changes) => {
    const refusal = { reason: 'quota-exceeded', since: iso(-3600), execution, reported, failed: reported };
    const refused = joiner(1, { status: 'failed', refusal, nextAttemptAt: iso(60) });
    const decision = decisionOf(checkedUsers([refused]));
    expect(failuresOf(decision)).toEqual(reasons.map((reason) => [user(1), reason]));
    expect(decision.failures.map(({ seat }) => seat)).toEqual(reasons.map(() => refused.seat));
    expect(changesOf(decision)).toEqual(changes);
  });

  it('fails an execution once, and is not tried again by what that execution still does', () => {
    const refusal = { reason: 'quota-exceeded', since: iso(-60), execution: MOMENT.execution, reported: true };
    const decision = decisionOf(checkedUsers([joiner(1, { status: 'failed', refusal, nextAttemptAt: iso(60) })]));
    expect([changesOf(decision), decision.failures]).toEqual([[], []]);
  });

  it('fails the check with the seat as the decision writes it, since that is marked as reported next', () => {
    const refusal = { reason: 'access-denied', since: iso(-60), execution: MOMENT.execution, reported: false };
    const refused = joiner(1, { status: 'failed', refusal, nextAttemptAt: iso(-1) });
    const { seats, failures } = decisionOf(checkedUsers([refused], { max: 0 }));
    expect(seats).toMatchObject([{ status: 'waitlisted', revision: 2, refusal }]);
    expect(failures).toMatchObject([{ key: user(1), error: { reason: 'access-denied' } }]);
    expect(failures.map(({ seat }) => seat)).toEqual(seats);
  });
});

describe('refused settings', () => {
  it.each(['assignment-not-required', 'application-missing'])('fail a sweep, which writes nothing: %s', (reason) => {
    const evidence = { settings: new RefusedError(reason, 'AWS refuses') };
    const state = sweptUsers([joiner(1, { status: 'creating' })], { evidence });
    const decision = decisionOf(state);
    expect([changesOf(decision), failuresOf(decision), decision.seats]).toEqual([[], [[APPLICATION, reason]], []]);
    expect(statusesAfter(state, decision)).toEqual({ 1: 'creating' });
    expect(decision).not.toHaveProperty('report');
    expect(decision).not.toHaveProperty('held');
    expect(decision).not.toHaveProperty('waitlist');
  });

  it('fail a sweep that wants no change, too', () => {
    const evidence = { settings: new RefusedError('access-denied', 'AWS refuses') };
    expect(failuresOf(decisionOf(sweptUsers([seated(1)], { evidence })))).toEqual([[APPLICATION, 'access-denied']]);
  });

  it.each(['settings', 'holdings'])('and refused holdings fail the application once: %s', (read) => {
    const state = checkedUsers([joiner(1), joiner(2), seated(3), unmanaged(4)], {
      evidence: { [read]: new RefusedError('access-denied', 'AWS refuses') },
    });
    expect(failuresOf(decisionOf(state))).toEqual([[APPLICATION, 'access-denied']]);
  });

  it('do not keep the ledger from saying what the reads showed', () => {
    const evidence = { settings: new RefusedError('access-denied', 'AWS refuses') };
    const decision = decisionOf(checkedUsers([joiner(1), seated(2, { status: 'assigned' })], { evidence }));
    expect(decision.seats).toMatchObject([{ userId: user(2), status: 'confirmed', revision: 2 }]);
  });
});

describe('a refused read of the assignment of a user beyond the cap', () => {
  it('fails that user only', () => {
    const refusal = new RefusedError('access-denied', 'AWS refuses');
    const state = checkedUsers([joiner(1, {}), joiner(2), leaver(3)], {
      max: 1,
      evidence: { assigned: new Map([[user(1), refusal]]) },
      others: [aSeat(4)],
    });
    const decision = decisionOf(state);
    expect(failuresOf(decision)).toEqual([[user(1), 'access-denied']]);
    expect(changesOf(decision)).toEqual(['revoke 3 group-leave', 'record 2']);
  });
});

describe('the further reads of a decision', () => {
  const SETTINGS: Need = { read: 'settings' };
  const SLOTS: Need = { read: 'slots' };
  const HOLDINGS: Need = { read: 'holdings' };

  /** The reads that a decision asks for, round by round; they show that nothing stands against its changes. */
  function roundsOf(state: ApplicationState, limits: Limits = brakeOf(10)): Need[][] {
    const rounds: Need[][] = [];
    let known: ApplicationState['evidence'] = {};
    for (;;) {
      const decision = decideApplication({ ...state, evidence: known }, limits, MOMENT);
      if (!('needs' in decision)) return rounds;
      rounds.push(decision.needs);
      for (const { read } of decision.needs) known = { ...known, [read]: state.evidence[read] };
    }
  }

  it.each<[string, ApplicationState, Need[][]]>([
    ['are none if no change is wanted', checkedUsers([seated(1)]), []],
    ['are none if only the ledger changes', checkedUsers([seated(1, { status: 'assigned' })]), []],
    [
      'are settings and the bound of slots for a grant, and holdings without one',
      checkedUsers([joiner(1)]),
      [[SETTINGS, SLOTS], [HOLDINGS]],
    ],
    ['are settings and holdings for a sweep without a change', sweptUsers([seated(1)]), [[SETTINGS, HOLDINGS]]],
    [
      'are the same if a slot became free a moment ago, perhaps in an earlier try',
      checkedUsers([{ ...leaver(1, { status: 'revoked', changedAt: iso(-10) }), assigned: false }]),
      [[SETTINGS, HOLDINGS]],
    ],
    [
      'are none if a slot became free long ago',
      checkedUsers([{ ...leaver(1, { status: 'revoked' }), assigned: false }]),
      [],
    ],
    [
      'take two rounds if one user leaves and another has lost the assignment under a lowered cap',
      checkedUsers([leaver(1), joiner(2, {})], { max: 1, others: [aSeat(3)] }),
      [
        [SETTINGS, HOLDINGS],
        [
          { read: 'remaining', userIds: [user(3)] },
          { read: 'assigned', userIds: [user(2)] },
        ],
      ],
    ],
  ])('%s', (_fact, state, rounds) => {
    expect(roundsOf(state)).toEqual(rounds);
  });

  it.each<[string, 'settings' | 'holdings', Need]>([
    ['leave out the settings that an execution has read before', 'settings', SLOTS],
    ['leave out the holdings that a sweep has read', 'holdings', SETTINGS],
  ])('%s', (_fact, known, need) => {
    const { evidence, ...state } = checkedUsers([joiner(1)]);
    expect(decideApplication({ ...state, evidence: { [known]: evidence[known] } }, brakeOf(10), MOMENT)).toEqual({
      needs: [need],
    });
  });
});

describe('the verdict about a user', () => {
  const deletedBefore = { status: 'revoked', changedAt: iso(-10) } as const;

  it.each<[Verdict['do'], UserState, object, Parameters<typeof sweptUsers>[1]?]>([
    ['grant', joiner(1), {}],
    ['waitlist', joiner(1), {}, { max: 0 }],
    ['waitlist', joiner(1, waitingSeat(1, 70)), {}, { max: 0 }],
    ['revoke', leaver(1), {}],
    ['hold', leaver(1), {}, { others: [aSeat(2)] }],
    ['begin-grace', leaver(1), { dueAt: iso(86_400) }, { graceDays: 1 }],
    ['confirm', seated(1, { status: 'assigned' }), {}],
    ['restore', seated(1, { status: 'leaving', dueAt: iso(1) }), {}],
    ['record-removal', deleted(1), {}],
    ['drop', seated(1, { status: 'failed' }), {}],
    ['wait', { ...leaver(1, deletedBefore), assigned: false }, { until: iso(20) }],
    ['nothing', seated(1), {}],
    ['nothing', unmanaged(1), {}],
    // Two steps in one check: the second one counts.
    ['grant', joiner(1, { status: 'revoking' }), {}],
    ['waitlist', joiner(1, { status: 'revoking' }), {}, { max: 0 }],
  ])('is %s', (what, state, parts, options) => {
    const { verdicts } = decisionOf(sweptUsers([state], options));
    expect([...verdicts]).toEqual([[user(1), { do: what, ...parts }]]);
  });

  it('is what the user alone would get if the settings are refused', () => {
    const evidence = { settings: new RefusedError('access-denied', 'AWS refuses') };
    const { verdicts } = decisionOf(checkedUsers([joiner(1), deleted(2)], { evidence }));
    expect([...verdicts.values()]).toEqual([{ do: 'grant' }, { do: 'record-removal' }]);
  });
});

describe('the report of a sweep', () => {
  it('counts seats, waiting users and assignments that Usher did not make', () => {
    const state = sweptUsers([seated(1), joiner(2)], { max: 1, whole: { unmanaged: 1 } });
    expect(decisionOf(state).report).toEqual({
      entitlement: ENTITLEMENT,
      seats: 1,
      waiting: 1,
      waitingSince: iso(-60),
      unmanaged: 1,
    });
  });

  it('says since when the first user of the waitlist waits', () => {
    const waiting = [waitingSeat(2, 70), waitingSeat(3, 80)];
    const state = sweptUsers([seated(1)], { max: 1, others: waiting });
    expect(decisionOf(state).report).toMatchObject({ waiting: 2, waitingSince: iso(-80) });
  });

  it('does not exist for a check of single users', () => {
    expect(decisionOf(checkedUsers([joiner(1)], { max: 1 }))).not.toHaveProperty('report');
  });

  it('names ten of the groups that are assigned as a whole: their members keep access', () => {
    const assignedGroups = Array.from({ length: 12 }, (_, index) => group(index));
    expect(decisionOf(sweptUsers([seated(1)], { whole: { assignedGroups } })).report?.assignedGroups).toEqual(
      assignedGroups.slice(0, 10),
    );
  });
});

describe('the slot of a create without an answer', () => {
  it.each([61, 74])('is not free %i min after the intention, although its user is deleted', (minutes) => {
    const state = sweptUsers([deleted(1, { status: 'creating', changedAt: iso(-minutes * 60) })], { max: 1 });
    expect(statusesAfter(state, decisionOf(state, brakeOf(100)))[1]).toBe('creating');
  });

  it.each([61, 74])('is not free %i min after the intention, although the cap is exceeded', (minutes) => {
    const users = [seated(1), joiner(2, { status: 'creating', changedAt: iso(-minutes * 60) })];
    const state = sweptUsers(users, { max: 1 });
    expect(statusesAfter(state, decisionOf(state, brakeOf(100)))[2]).toBe('creating');
  });

  it('is free once no read can be too early', () => {
    const gone = { status: 'creating' as const, changedAt: iso(-75 * 60) };
    const users = [seated(1), joiner(2, gone), deleted(3, gone)];
    const state = sweptUsers(users, { max: 1 });
    expect(statusesAfter(state, decisionOf(state, brakeOf(100)))).toEqual({
      1: 'confirmed',
      2: 'waitlisted',
      3: 'revoked',
    });
  });
});
