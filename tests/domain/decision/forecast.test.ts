import { describe, expect, it } from 'vitest';
import type { ApplicationState, UserState } from '../../../domain/decision/application-state.ts';
import { forecast } from '../../../domain/decision/forecast.ts';
import { undecidedIn, userChangesIn } from '../../../domain/decision/user-changes.ts';
import {
  brakeOf,
  deleted,
  joiner,
  leaver,
  MOMENT,
  seated,
  sweptUsers,
  unmanaged,
} from '../../support/application-states.ts';
import { aHold, iso } from '../../support/builders.ts';
import { numberOf } from '../../support/ids.ts';

const BRAKE = brakeOf(10);

/** What a forecast changes: `1 gains group-join`. */
function changesIn(state: ApplicationState, limits = BRAKE): string[] {
  const users = state.users.map(({ user }) => user);
  return userChangesIn(users, forecast(state, limits, MOMENT)).map(({ userId, change, reason, position }) =>
    [numberOf(userId), change, reason, position].filter((part) => part !== undefined).join(' '),
  );
}

describe('forecast', () => {
  it.each([0, 600, 6000])(
    'takes an assignment that is there, although its create got no answer %i s ago',
    (seconds) => {
      const seat = { status: 'creating' as const, changedAt: iso(-seconds) };
      expect(changesIn(sweptUsers([leaver(1, seat), seated(2)]))).toEqual(['1 revoked group-leave']);
    },
  );

  it('takes from nobody what was never made', () => {
    const never = { ...leaver(1, { status: 'creating', changedAt: iso(-6000) }), assigned: false };
    expect(changesIn(sweptUsers([never, seated(2)]))).toEqual(['1 dropped']);
    const made = { ...never, seat: never.seat && { ...never.seat, grantedAt: iso(-86_400) } };
    expect(changesIn(sweptUsers([made, seated(2)]))).toEqual(['1 revoked group-leave']);
  });

  it('gives the slot that a revocation frees to the first of the waitlist', () => {
    const waiting = (number: number, seconds: number) =>
      joiner(number, { status: 'waitlisted', requestedAt: iso(-seconds) });
    const state = sweptUsers([leaver(1), seated(2), waiting(3, 60), waiting(4, 90), waiting(5, 30)], { max: 2 });
    expect(changesIn(state)).toEqual(['4 gains place-freed', '1 revoked group-leave']);
  });

  it.each<[string, ApplicationState, string[]]>([
    ['a join', sweptUsers([joiner(1)]), ['1 gains group-join']],
    [
      'a join above the cap',
      sweptUsers([joiner(1), joiner(2), seated(3)], { max: 2 }),
      ['1 gains group-join', '2 waitlisted 1'],
    ],
    ['a leave', sweptUsers([leaver(1)]), ['1 revoked group-leave']],
    ['a leave with days of grace', sweptUsers([leaver(1), seated(2)], { graceDays: 3 }), ['1 leaving group-leave']],
    ['a deletion', sweptUsers([deleted(1), seated(2)]), ['1 revoked user-deleted']],
    ['a return', sweptUsers([seated(1, { status: 'leaving', dueAt: iso(3600) })]), ['1 kept']],
    ['an assignment that someone removed', sweptUsers([joiner(1, {}), seated(2)]), ['1 repaired drift-healed']],
    [
      'a leave from the waitlist',
      sweptUsers([{ ...leaver(1, { status: 'waitlisted' }), assigned: false }, seated(2)]),
      ['1 dropped'],
    ],
    ['a create whose answer was lost', sweptUsers([seated(1, { status: 'creating' })]), []],
    ['an assignment that Usher did not make', sweptUsers([unmanaged(1)]), []],
  ])('says what becomes of %s', (_fact, state, expected) => {
    expect(changesIn(state)).toEqual(expected);
  });

  it('holds what passes the brake, and leaves what is held already', () => {
    const users: UserState[] = [leaver(1), leaver(2), seated(3)];
    expect(changesIn(sweptUsers(users), brakeOf(1))).toEqual(['1 held brake', '2 held brake']);
    const held = users.map((user) =>
      user.entitled ? user : leaver(numberOf(user.userId), { status: 'held', hold: 1 }),
    );
    expect(changesIn(sweptUsers(held, { hold: aHold() }), brakeOf(100))).toEqual([]);
  });

  it('changes nothing in a second one', () => {
    const state = sweptUsers([leaver(1), joiner(2), joiner(3), seated(4)], { max: 3 });
    const { seats, hold } = forecast(state, BRAKE, MOMENT);
    const after = state.users.map(({ user }) => {
      const seat = seats.get(user.userId);
      return { ...user, seat, assigned: seat?.status === 'confirmed' };
    });
    const later = sweptUsers(after, { max: 3, ...(hold ? { hold } : {}) });
    expect(forecast(later, BRAKE, { ...MOMENT, readAt: new Date(MOMENT.readAt.getTime() + 120_000) }).changes).toEqual(
      [],
    );
  });

  it('leaves undecided who was refused or written a moment ago', () => {
    const refusal = { reason: 'quota-exceeded', since: iso(-60), execution: 'other', reported: true };
    const refused = joiner(1, { status: 'failed', refusal, nextAttemptAt: iso(3600) });
    const state = sweptUsers([refused, seated(2, { status: 'assigned', changedAt: iso(-10) }), seated(3)]);
    const sweep = { ...state, users: state.users.map((one) => ({ ...one, trigger: 'tick' as const })) };
    const users = sweep.users.map(({ user }) => user);
    const outcome = forecast(sweep, BRAKE, MOMENT);
    expect(undecidedIn(users, outcome)).toEqual([{ userId: refused.userId, until: iso(3600) }]);
    expect(userChangesIn(users, outcome)).toEqual([]);
  });

  it('does not guess what was not read', () => {
    const state = sweptUsers([joiner(1)]);
    expect(() => forecast({ ...state, evidence: {} }, BRAKE, MOMENT)).toThrow('The evidence lacks settings, holdings');
  });
});
