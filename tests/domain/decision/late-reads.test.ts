import { describe, expect, it } from 'vitest';
import type { ApplicationState, Eligibility, UserState } from '../../../domain/decision/application-state.ts';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import {
  brakeOf,
  changesOf,
  checkedUsers,
  decisionOf,
  joiner,
  leaver,
  MOMENT,
  seated,
  statusesAfter,
  sweptUsers,
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
function answered(state: ApplicationState, answers: Record<number, Eligibility | 'unread'>): ApplicationState {
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

  it('asks about who joins the waitlist, and about nobody while a slot is free', () => {
    expect(askedIn(sweptUsers([joiner(1), ...others], { max: 3 }))).toEqual([1]);
    expect(askedIn(sweptUsers([joiner(1), ...others], { max: 4 }))).toEqual([]);
  });

  it('lets nobody join the waitlist whom a read does not show as entitled', () => {
    const decision = decisionOf(answered(sweptUsers([joiner(1), ...others], { max: 3 }), { 1: LEFT }));
    expect([decision.seats, decision.changes]).toEqual([[], []]);
  });

  it('takes nobody off the waitlist whom a read shows as entitled', () => {
    const one = { ...leaver(1), seat: waitingSeat(1, 0), assigned: false };
    const state = sweptUsers([one, ...others], { max: 3 });
    expect(askedIn(state)).toEqual([1]);
    expect(decisionOf(answered(state, { 1: ENTITLED })).seats).toEqual([]);
    expect(statusesAfter(state, decisionOf(answered(state, { 1: LEFT })))[1]).toBe('revoked');
  });

  it('asks about nobody whose end has begun', () => {
    const begun = [
      leaver(1, { status: 'leaving', dueAt: iso(-1) }),
      leaver(2, { status: 'revoking' }),
      leaver(3, { status: 'held', hold: 1 }),
    ];
    expect(askedIn(sweptUsers([...begun, seated(4)], { graceDays: 2 }))).toEqual([]);
  });

  it('asks about no user of an application that is given up', () => {
    const state = sweptUsers([{ ...leaver(1), ineligibility: 'entitlement-removed' }]);
    expect(askedIn({ ...state, entitlement: { ...state.entitlement, groups: [] } })).toEqual([]);
  });

  it('asks about at most 250 users for one kind of turn: beyond that, the lists count', () => {
    const leavers = (count: number) => people(1, count).map((number) => leaver(number));
    expect(askedIn(sweptUsers([...leavers(250), seated(251)]))).toHaveLength(250);
    expect(askedIn(sweptUsers([...leavers(251), seated(252)]))).toEqual([]);
    const waiting = seated(252, { status: 'leaving', dueAt: iso(86_400) });
    expect(askedIn(sweptUsers([...leavers(251), waiting], { graceDays: 2 }))).toEqual([252]);
  });

  it('holds no revocation for want of entitled users if a read shows one', () => {
    const state = sweptUsers([leaver(1), leaver(2)]);
    expect(decisionOf(answered(state, { 1: LEFT, 2: LEFT })).held).toBe(2);
    expect(changesOf(decisionOf(answered(state, { 1: LEFT, 2: ENTITLED })))).toEqual(['revoke 1 group-leave']);
  });

  it('holds the revocations if reads show none of those as entitled whom only the lists do', () => {
    const state = sweptUsers([leaver(1), seated(2, { status: 'leaving', dueAt: iso(86_400) })]);
    expect(decisionOf(answered(state, { 1: LEFT, 2: ENTITLED })).held).toBe(0);
    expect(decisionOf(answered(state, { 1: LEFT, 2: LEFT })).held).toBe(1);
  });

  it('changes nothing of a user who cannot be read, and has that user checked alone', () => {
    const decision = decisionOf(answered(sweptUsers([leaver(1), ...others]), { 1: 'unread' }));
    expect(decision).toMatchObject({ changes: [], seats: [], alone: [user(1)] });
  });
});

describe('a check by name', () => {
  it('asks about nobody: it is such a read', () => {
    expect(askedIn(checkedUsers([leaver(1), joiner(2)], { graceDays: 2, max: 1 }))).toEqual([]);
  });
});
