import { describe, expect, it } from 'vitest';
import { decideApplication } from '../../../domain/decision/decide-application.ts';
import type { Slots } from '../../../domain/decision/slots.ts';
import { revocationsAhead, slotsAfter, slotsPromised } from '../../../domain/decision/slots.ts';
import type { SeatStatus } from '../../../domain/seat/seat.ts';
import { brakeOf, checkedUsers, decisionOf, joiner, MOMENT, seated } from '../../support/application-states.ts';
import { aSeat } from '../../support/builders.ts';
import { APPLICATION, user } from '../../support/ids.ts';

const slots = (parts: Partial<Slots> = {}): Slots => ({
  schemaVersion: 1,
  applicationArn: APPLICATION,
  revision: 4,
  taken: 5,
  waiting: false,
  ...parts,
});
const seatsOf = (statuses: Readonly<Record<number, SeatStatus>>) =>
  new Map(
    Object.entries(statuses).map(
      ([number, status]) => [user(Number(number)), aSeat(Number(number), { status })] as const,
    ),
  );
const stored = (...numbers: number[]) => {
  const users = new Set(numbers.map(user));
  return { grants: users, revocations: users };
};

describe('stored grants', () => {
  it.each<[string, Record<number, SeatStatus>, number]>([
    ['promise a slot to a user without a seat', {}, 1],
    ['promise a slot to a user who waits, was refused or had a seat', { 1: 'waitlisted' }, 1],
    ['promise none to a user who takes one already', { 1: 'creating' }, 0],
  ])('%s', (_fact, statuses, promised) => {
    expect(slotsPromised(stored(1), seatsOf(statuses)).size).toBe(promised);
  });

  it('are none without a round', () => {
    expect(slotsPromised(undefined, new Map()).size).toBe(0);
  });
});

describe('stored revocations', () => {
  it.each<[string, Record<number, SeatStatus>, number]>([
    ['are ahead of a seat that takes a slot', { 1: 'confirmed' }, 1],
    ['are counted elsewhere once they have begun', { 1: 'revoking' }, 0],
    ['are done for a seat that is gone', { 1: 'revoked' }, 0],
    ['concern no one without a seat', {}, 0],
  ])('%s', (_fact, statuses, ahead) => {
    expect(revocationsAhead(stored(1), seatsOf(statuses), new Set())).toBe(ahead);
  });
});

describe('the bound of slots', () => {
  it('is written with the next revision, and only if it changes', () => {
    expect(slotsAfter(slots(), slots({ taken: 6 }))).toEqual({ slots: slots({ taken: 6, revision: 5 }) });
    expect(slotsAfter(slots(), slots())).toEqual({});
    expect(slotsAfter(undefined, slots())).toEqual({ slots: slots({ revision: 1 }) });
  });

  /** The decision about users who join, from the bound alone. */
  function decided(bound: Partial<Slots>, max: number, numbers: number[] = [1]) {
    const { evidence: _, ...state } = checkedUsers(
      numbers.map((number) => joiner(number)),
      { max },
    );
    return decideApplication({ ...state, evidence: { settings: 'ok', slots: slots(bound) } }, brakeOf(10), MOMENT);
  }

  it('is enough for a grant while a slot is free under it, and is raised by the grant', () => {
    expect(decided({}, 6)).toMatchObject({ changes: [{ kind: 'grant' }], slots: { taken: 6, revision: 5 } });
  });

  it.each<[string, Partial<Slots>, number, number[]]>([
    ['no slot is free under it', { taken: 6 }, 6, [1]],
    ['more users join than slots are free under it', {}, 6, [1, 2]],
    ['a user waits', { waiting: true }, 100, [1]],
  ])('is not enough if %s', (_fact, bound, max, numbers) => {
    expect(decided(bound, max, numbers)).toEqual({ needs: [{ read: 'holdings' }] });
  });

  it('is what all seats take, once they are read: it falls, and tells whether a user waits', () => {
    const state = checkedUsers([joiner(1), seated(2, { status: 'assigned' })], { max: 2, others: [aSeat(3)] });
    const { holdings } = state.evidence;
    if (!holdings || holdings instanceof Error) throw new Error('The builder makes holdings');
    const evidence = { ...state.evidence, holdings: { ...holdings, slots: slots({ taken: 90 }) } };
    expect(decisionOf({ ...state, evidence }).slots).toEqual(slots({ taken: 2, waiting: true, revision: 5 }));
  });

  it('counts a slot that becomes free in this plan as taken until the next', () => {
    const gone = { ...seated(1), entitled: false, ineligibility: 'user-deleted' as const, assigned: false };
    const decision = decisionOf(checkedUsers([gone, joiner(2)], { max: 9 }));
    expect(decision.seats).toMatchObject([{ status: 'revoked' }]);
    expect(decision.slots).toMatchObject({ taken: 2 });
  });
});
