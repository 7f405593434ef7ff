import { describe, expect, it } from 'vitest';
import type { UserState } from '../../../domain/decision/application-state.ts';
import { decideUser } from '../../../domain/decision/decide.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { checkOf, deleted, joiner, leaver, MOMENT, seated } from '../../support/application-states.ts';
import { aSeat, iso } from '../../support/builders.ts';
import { ME, OTHER } from '../../support/ids.ts';

const TWO_DAYS = 2 * 86_400;
const left = (number: number, seat: Partial<Seat>) => ({ ...leaver(number, seat), assigned: false });
const refusal = { reason: 'quota-exceeded', since: iso(-3600), execution: OTHER, reported: true };

describe('a decision that changes only the ledger', () => {
  it.each<[string, UserState, string, object, string]>([
    [
      'confirms the seat of an assignment that shows',
      seated(1, { status: 'assigned' }),
      'confirm',
      { status: 'confirmed', audit: [] },
      'nothing',
    ],
    [
      'takes back a revocation that never began, which was never audited',
      seated(1, { status: 'revoking' }),
      'restore',
      { status: 'confirmed', audit: [] },
      'nothing',
    ],
    [
      'restores the seat of a user in grace who is back',
      seated(1, { status: 'leaving', dueAt: iso(3600) }),
      'restore',
      { status: 'confirmed', audit: [{ kind: 'kept', reason: 'still-entitled', cause: 'event-1' }] },
      'nothing',
    ],
    [
      'restores the seat of a held user who is back',
      seated(1, { status: 'held', hold: 1 }),
      'restore',
      { status: 'confirmed', audit: [{ kind: 'kept', reason: 'still-entitled', cause: 'event-1' }] },
      'nothing',
    ],
    [
      'records a revocation that is complete, and the user gets a seat again',
      joiner(1, { status: 'revoking', changeSeq: 2 }),
      'record-removal',
      {
        status: 'revoked',
        audit: [{ kind: 'revoked', changeSeq: 2, execution: ME, cause: 'event-1', reason: 'group-leave' }],
      },
      'grant',
    ],
    [
      'records that AWS has removed the assignment of a deleted user',
      deleted(1),
      'record-removal',
      { status: 'revoked', audit: [{ kind: 'revoked', reason: 'user-deleted' }] },
      'wait',
    ],
    [
      'drops the seat of a refused user who has left',
      left(1, { status: 'failed', refusal }),
      'drop',
      { status: 'revoked', audit: [] },
      'wait',
    ],
    [
      'drops the seat of a waiting user who has left',
      left(1, { status: 'waitlisted' }),
      'drop',
      { status: 'revoked', audit: [], changedAt: iso() },
      'wait',
    ],
    [
      'drops the seat of a waiting user who has an assignment that Usher did not make',
      seated(1, { status: 'waitlisted' }),
      'drop',
      { status: 'revoked', audit: [], changedAt: iso() },
      'wait',
    ],
    [
      'begins the grace of a user who has left',
      leaver(1),
      'begin-grace',
      { status: 'leaving', dueAt: iso(TWO_DAYS), audit: [{ kind: 'leaving', dueAt: iso(TWO_DAYS) }] },
      'wait',
    ],
  ])('%s', (_fact, user, first, seat, second) => {
    const decided = decideUser(checkOf(user), 2, MOMENT);
    expect([decided.first.do, decided.decision.do]).toEqual([first, second]);
    expect(decided.seat).toMatchObject({ ...seat, revision: aSeat(1).revision + 1 });
  });

  it.each<[string, Partial<Seat>]>([
    ['in grace', { status: 'leaving', dueAt: iso(3600) }],
    ['held', { status: 'held', hold: 1 }],
  ])('clears what the seat of a restored user who was %s said', (_fact, parts) => {
    const { seat } = decideUser(checkOf(seated(1, parts)), 2, MOMENT);
    expect(seat).not.toHaveProperty('dueAt');
    expect(seat).not.toHaveProperty('hold');
  });
});

describe('a decision that changes more than the ledger, or nothing', () => {
  it.each<[string, UserState, string]>([
    ['a user in grace before the date', leaver(1, { status: 'leaving', dueAt: iso(1) }), 'nothing'],
    ['a user in grace on the date', leaver(1, { status: 'leaving', dueAt: iso() }), 'revoke'],
    ['a disabled user, who gets no grace', { ...leaver(1), ineligibility: 'user-disabled' }, 'revoke'],
    ['a user who joins', joiner(1), 'grant'],
    ['a write that may not show yet', seated(1, { status: 'assigned', changedAt: iso(-10) }), 'wait'],
    ['a seat in use', seated(1), 'nothing'],
  ])('is made once and leaves the seat as it is: %s', (_fact, user, what) => {
    const { first, decision, seat } = decideUser(checkOf(user), 2, MOMENT);
    expect([first.do, decision]).toEqual([what, first]);
    expect(seat).toBe(user.seat);
  });
});
