import { describe, expect, it } from 'vitest';
import type { ApplicationState, Eligibility, UserState } from '../../../domain/decision/application-state.ts';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  deleted,
  joiner,
  leaver,
  MOMENT,
  seated,
  statusesAfter,
  sweptUsers,
  unmanaged,
  waitingSeat,
} from '../../support/application-states.ts';
import { iso } from '../../support/builders.ts';
import { people, user } from '../../support/ids.ts';

/** The users about whom a sweep asks, by number. */
function askedIn(state: ApplicationState): number[] {
  const { eligibility: _, ...evidence } = state.evidence;
  const decision = decideApplication({ ...state, evidence }, brakeOf(1000), MOMENT);
  const needs = 'needs' in decision ? decision.needs : [];
  const userIds = needs.flatMap((need) => (need.read === 'eligibility' ? need.userIds : []));
  return state.users.flatMap(({ user: { userId } }, index) => (userIds.includes(userId) ? [index + 1] : []));
}

const LEFT: Eligibility = { entitled: false, ineligibility: 'group-leave' };
const ENTITLED: Eligibility = { entitled: true };

/** The state with what reads of single users show. */
function answered(state: ApplicationState, answers: Record<number, Eligibility>): ApplicationState {
  const eligibility = new Map(Object.entries(answers).map(([number, answer]) => [user(Number(number)), answer]));
  return { ...state, evidence: { ...state.evidence, eligibility } };
}

describe('a sweep whose lists would turn a seat', () => {
  const others = people(2, 4).map((number) => seated(number));
  const ending: [string, UserState][] = [
    ['a seat whose user has left', leaver(1)],
    ['a seat that is not verified yet', leaver(1, { status: 'assigned', changedAt: iso(-60) })],
    ['a create without an answer', { ...leaver(1, { status: 'creating', changedAt: iso(-7200) }), assigned: false }],
    ['a seat whose user is disabled', { ...leaver(1), ineligibility: 'user-disabled' }],
    ['a seat whose user is gone', { ...leaver(1), ineligibility: 'user-deleted', assigned: false }],
  ];

  it.each(ending)('asks about the user before it ends %s, with and without grace', (_fact, one) => {
    for (const graceDays of [0, 2]) expect(askedIn(sweptUsers([one, ...others], { graceDays }))).toEqual([1]);
  });

  it.each(ending)('ends nothing of a user whom a read shows as entitled: %s', (_fact, one) => {
    for (const graceDays of [0, 2]) {
      const decision = decisionOf(answered(sweptUsers([one, ...others], { graceDays }), { 1: ENTITLED }));
      const ended = decision.changes.filter(({ kind }) => kind === 'revoke');
      const turned = decision.seats.filter(({ status }) => status === 'leaving' || status === 'revoked');
      expect([ended, turned]).toEqual([[], []]);
    }
  });

  it.each<[string, UserState]>([
    ['leaving', seated(1, { status: 'leaving', dueAt: iso(86_400) })],
    ['held', seated(1, { status: 'held', hold: 1 })],
  ])(
    'asks about the user before it keeps a seat that is %s, and does not keep it if a read shows none',
    (status, one) => {
      const state = sweptUsers([one, ...others], { graceDays: 2 });
      expect(askedIn(state)).toEqual([1]);
      const answer = answered(state, { 1: LEFT });
      const decision = decisionOf(answer);
      expect(changesOf(decision).filter((change) => change.startsWith('record'))).toEqual([]);
      expect(statusesAfter(answer, decision)[1]).toBe(status === 'held' ? 'held' : 'leaving');
    },
  );

  it('asks about a user who joins the waitlist, and about none while a slot is free', () => {
    expect(askedIn(sweptUsers([joiner(1), ...others], { max: 3 }))).toEqual([1]);
    expect(askedIn(sweptUsers([joiner(1), ...others], { max: 4 }))).toEqual([]);
  });

  it('puts no user on the waitlist whom a read does not show as entitled', () => {
    const decision = decisionOf(answered(sweptUsers([joiner(1), ...others], { max: 3 }), { 1: LEFT }));
    expect([decision.seats, decision.changes]).toEqual([[], []]);
  });

  it('takes no user off the waitlist whom a read shows as entitled', () => {
    const one = { ...leaver(1), seat: waitingSeat(1, 0), assigned: false };
    const state = sweptUsers([one, ...others], { max: 3 });
    expect(askedIn(state)).toEqual([1]);
    expect(decisionOf(answered(state, { 1: ENTITLED })).seats).toEqual([]);
    expect(statusesAfter(state, decisionOf(answered(state, { 1: LEFT })))[1]).toBe('revoked');
  });

  it('asks about no user whose end continues, and about a user whose days of grace are over', () => {
    const begun = [
      leaver(1, { status: 'leaving', dueAt: iso(1) }),
      leaver(2, { status: 'revoking' }),
      leaver(3, { status: 'held', hold: 1 }),
      leaver(4, { status: 'leaving', dueAt: iso(-1) }),
    ];
    expect(askedIn(sweptUsers([...begun, seated(5)], { graceDays: 2 }))).toEqual([4]);
  });

  it('asks before it records that a deleted user has lost a seat that was to end', () => {
    const gone = [
      deleted(1, { status: 'leaving', dueAt: iso(86_400), changedAt: iso(-7200) }),
      deleted(2, { status: 'held', hold: 1, changedAt: iso(-7200) }),
    ];
    expect(askedIn(sweptUsers([...gone, seated(3)], { graceDays: 2 }))).toEqual([1, 2]);
  });

  it('asks about a user whose seat AWS has refused before it puts them on the waitlist', () => {
    const refused = joiner(1, { status: 'failed', changedAt: iso(-7200) });
    expect(askedIn(sweptUsers([refused, ...others], { max: 3 }))).toEqual([1]);
  });

  it('asks about a user who joins the waitlist if another whom the lists would take off it may stay', () => {
    const waiting = { ...leaver(2), seat: waitingSeat(2, 600), assigned: false };
    expect(askedIn(sweptUsers([seated(1), waiting, joiner(3)], { max: 2 }))).toEqual([2, 3]);
  });

  it('asks before it records a request while AWS refuses all subscriptions', () => {
    const state = sweptUsers([seated(1), joiner(2)]);
    expect(askedIn({ ...state, stopped: { probe: false } })).toEqual([2]);
  });

  it('asks about no user on the waitlist, however many wait, also if an administrator has assigned one meanwhile', () => {
    const waiting = people(5, 8).map((number) => ({ ...joiner(number), seat: waitingSeat(number, 600) }));
    const assigned = { ...seated(1), seat: waitingSeat(1, 600) };
    expect(askedIn(sweptUsers([assigned, ...others, ...waiting], { max: 3 }))).toEqual([]);
  });

  it('knows the status of a user whom it has asked about', () => {
    const state = sweptUsers([{ ...joiner(1), statusAssumed: true }, ...others], { max: 3 });
    expect(decisionOf(state)).toMatchObject({ sweepNeeded: { withStatus: true }, seats: [] });
    expect(decisionOf(answered(state, { 1: ENTITLED })).seats).toMatchObject([
      { userId: user(1), status: 'waitlisted' },
    ]);
  });

  it('asks before it adopts an assignment', () => {
    expect(askedIn(sweptUsers([unmanaged(1), seated(2)], { item: { adopt: true } }))).toEqual([1]);
    expect(askedIn(sweptUsers([unmanaged(1), seated(2)]))).toEqual([]);
  });

  it('keeps the place of a user whose revoked assignment the list may still show, and has that user checked alone', () => {
    const late = (seconds: number) => ({
      ...seated(1),
      seat: { ...waitingSeat(1, 600), revocations: [iso(seconds)] },
    });
    const soon = decisionOf(sweptUsers([late(-600), seated(2)], { max: 1 }));
    expect([soon.seats, soon.alone]).toEqual([[], [user(1)]]);
    const later = decisionOf(sweptUsers([late(-3600), seated(2)], { max: 1 }));
    expect([later.seats.map(({ status }) => status), later.alone]).toEqual([['revoked'], []]);
  });

  it('asks about no user of an application that is given up', () => {
    const state = sweptUsers([{ ...leaver(1), ineligibility: 'entitlement-removed' }]);
    expect(askedIn({ ...state, entitlement: { ...state.entitlement, groups: [] } })).toEqual([]);
  });

  it('asks about at most 250 users, those whose seats have changed last: of the others, the lists count', () => {
    const leavers = people(1, 251).map((number) => leaver(number, { changedAt: iso(number - 10_000) }));
    const asked = askedIn(sweptUsers([...leavers, seated(252)]));
    expect(asked).toEqual(people(2, 251));
    expect(askedIn(sweptUsers([...leavers.slice(1), seated(252)]))).toEqual(people(1, 250));
  });

  it('holds the revocations if the lists name no entitled user, also if a read shows one', () => {
    const state = sweptUsers([leaver(1), leaver(2)]);
    expect(decisionOf(answered(state, { 1: LEFT, 2: LEFT })).held).toBe(2);
    expect(decisionOf(answered(state, { 1: LEFT, 2: ENTITLED })).held).toBe(1);
  });

  it('holds the revocations if reads show none of those as entitled whom only the lists do', () => {
    const state = sweptUsers([leaver(1), seated(2, { status: 'leaving', dueAt: iso(86_400) })]);
    expect(decisionOf(answered(state, { 1: LEFT, 2: ENTITLED })).held).toBe(0);
    expect(decisionOf(answered(state, { 1: LEFT, 2: LEFT })).held).toBe(1);
  });
});

describe('a check by name', () => {
  it('asks about no user: it is such a read', () => {
    expect(askedIn(checkedUsers([leaver(1), joiner(2)], { graceDays: 2, max: 1 }))).toEqual([]);
  });
});
