import { describe, expect, it } from 'vitest';
import type { ApplicationState, CheckedUser, Evidence } from '../../../domain/decision/application-state.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements as someEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { gatherAndDecide } from '../../../reconcile/plan/evidence.ts';
import { aSeat } from '../../support/builders.ts';
import { twoGroups } from '../../support/groups.ts';
import { GROUP, ME, OTHER_GROUP, people, START, user } from '../../support/ids.ts';
import { aUser, type ViewingOptions, viewing } from '../../support/viewing.ts';

const BOTH = [GROUP, OTHER_GROUP];
const READ_AT = new Date(plusSeconds(START, 60));

/** A user who has left, and whose seat is assigned. */
function leaver(seat: Seat): CheckedUser {
  const { userId } = seat;
  const at = START.toISOString();
  const what = { trigger: 'event', cause: 'event-1', askedAt: at, adopt: false } as const;
  return {
    key: userId,
    ...what,
    user: { userId, entitled: false, ineligibility: 'group-leave', assigned: true, seat },
  };
}

/** A member without an assignment. */
function joiner(number: number, seat?: Seat): CheckedUser {
  const { user: _, ...what } = leaver(aSeat(number));
  return { ...what, user: { userId: user(number), entitled: true, assigned: false, seat } };
}

/** Decides about these users of an application with real reads of everything that the decision asks for. */
async function deciding(
  options: ViewingOptions & { max?: number; groups?: string[] },
  users: readonly CheckedUser[],
  known: Evidence = {},
) {
  const { max = 200, groups = [GROUP], ...world } = options;
  const entitlements = someEntitlements({ entitlements: [{ groups, seats: { max } }] });
  const opened = await viewing({ entitlements, ...world });
  const [entitlement] = entitlements.entitlements;
  if (!entitlement) throw new Error('The builder makes one');
  const state: ApplicationState = { entitlement, users, evidence: known };
  const decide = () => gatherAndDecide(state, entitlements, { readAt: READ_AT, execution: ME }, opened.readers);
  return { ...opened, decide };
}

describe('the reads that a decision asks for', () => {
  it('are none where no change is wanted', async () => {
    const { decide, door } = await deciding({ members: [1], seats: [aSeat(1)] }, [
      { ...joiner(1, aSeat(1)), user: { userId: user(1), entitled: true, assigned: true, seat: aSeat(1) } },
    ]);
    const { decision } = await decide();
    expect(decision.changes).toEqual([]);
    expect([...door.calls.keys()]).toEqual([]);
  });

  it('take two rounds: a user leaves while another has lost the assignment under a lowered cap', async () => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, calls } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      leaver(aSeat(1)),
      joiner(2, aSeat(2)),
    ]);
    const { decision, evidence } = await decide();
    expect(evidence).toMatchObject({ settings: 'ok', remaining: 'some', assigned: new Map([[user(2), false]]) });
    expect(decision.changes.map(({ kind, userId }) => [kind, userId])).toEqual([
      ['revoke', user(1)],
      ['record', user(2)],
    ]);
    expect(decision.seats).toMatchObject([{ userId: user(2), status: 'waitlisted' }]);
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(1);
    expect(calls('SSOAdmin.DescribeApplicationAssignment')).toBe(1);
  });

  it('write a seat once, with the stored revision plus one, however many transitions it makes', async () => {
    const interrupted = aSeat(1, { status: 'revoking', revision: 7, changeSeq: 3 });
    const { decide, readers } = await deciding({ members: [1, 2], seats: [aSeat(2)], assigned: [2], max: 1 }, [
      joiner(1, interrupted),
    ]);
    const { decision } = await decide();
    const [seat, ...others] = decision.seats;
    expect(others).toEqual([]);
    expect(seat).toMatchObject({
      status: 'waitlisted',
      revision: 8,
      audit: [{ kind: 'revoked' }, { kind: 'waitlisted' }],
    });
    if (!seat) throw new Error('One seat changes');
    await readers.ledger.saveSeat({ ...interrupted, revision: 1 });
    await expect(readers.ledger.saveSeat({ ...seat, revision: 2 })).resolves.toBeUndefined();
  });

  it('stop at refused settings', async () => {
    const { decide, faults, calls } = await deciding({ members: [1] }, [joiner(1)]);
    faults.add({ operation: 'SSOAdmin.GetApplicationAssignmentConfiguration', kind: 'refuse' });
    const { decision } = await decide();
    expect(decision.failures).toMatchObject([{ key: user(1), error: { reason: 'access-denied' } }]);
    expect(calls('DynamoDB.Query')).toBe(0);
  });

  it.each([
    'SSOAdmin.GetApplicationAssignmentConfiguration',
    'DynamoDB.Query',
    'IdentityStore.ListGroupMemberships',
    'IdentityStore.IsMemberInGroups',
    'SSOAdmin.DescribeApplicationAssignment',
  ])('fail for now where %s fails for now', async (operation) => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, faults } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      leaver(aSeat(1)),
      joiner(2, aSeat(2)),
    ]);
    faults.add({ operation, kind: 'throttle' });
    await expect(decide()).rejects.toThrow(TransientAwsError);
  });

  it.each([
    ['IdentityStore.ListGroupMemberships', [user(1)], [['record', user(2)]]],
    ['IdentityStore.IsMemberInGroups', [user(1)], [['record', user(2)]]],
    ['SSOAdmin.DescribeApplicationAssignment', [user(2)], [['revoke', user(1)]]],
    ['DynamoDB.Query', [user(1), user(2)], []],
  ])('fail only the users who needed %s, when AWS refuses it', async (operation, failing, changes) => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, faults } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      leaver(aSeat(1)),
      joiner(2, aSeat(2)),
    ]);
    faults.add({ operation, kind: 'refuse' });
    const { decision } = await decide();
    expect(decision.failures.map(({ key }) => key)).toEqual(failing);
    expect(decision.failures.every(({ error }) => error instanceof RefusedError)).toBe(true);
    expect(decision.changes.map(({ kind, userId }) => [kind, userId])).toEqual(changes);
  });
});

describe('who is left in the groups, before a single user is revoked', () => {
  /** What is read of who is left, when user 9 leaves and these others have seats. */
  async function remaining(others: readonly number[], options: ViewingOptions & { groups?: string[] }) {
    const seats = [aSeat(9), ...others.map((number) => aSeat(number))];
    const opened = await deciding({ people: 9, ...options, seats, assigned: [9, ...others] }, [leaver(aSeat(9))], {
      settings: 'ok',
    });
    const { evidence } = await opened.decide();
    return { ...opened, remaining: evidence.remaining };
  }

  it.each<[string, ViewingOptions['directory'], string]>([
    ['both have members', twoGroups([1], [2]), 'some'],
    ['the first is empty', twoGroups([], [2]), 'group-empty'],
    ['the last is empty', twoGroups([1], []), 'group-empty'],
    ['one is missing', { groups: [{ groupId: OTHER_GROUP, members: [user(1)] }] }, 'group-empty'],
  ])('shows whether a group is empty: %s', async (_fact, directory = {}, expected) => {
    expect((await remaining([1, 2], { groups: BOTH, directory })).remaining).toBe(expected);
  });

  it('takes the first page of each group, and renews the lease for each', async () => {
    const numbers = people(1, 250);
    const { calls, kept } = await remaining([1, 2], {
      people: 250,
      groups: BOTH,
      directory: twoGroups(numbers, numbers),
    });
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(2);
    expect(kept()).toBe(3);
  });

  it.each<[string, ViewingOptions['directory'], string]>([
    ['one is a member', twoGroups([2]), 'some'],
    ['none is a member', twoGroups([4]), 'none'],
    ['the only member is disabled', { users: [aUser(1), aUser(2, 'DISABLED'), aUser(9)], ...twoGroups([2]) }, 'none'],
  ])('shows whether others are entitled: %s', async (_fact, directory = {}, expected) => {
    expect((await remaining([1, 2], { directory })).remaining).toBe(expected);
  });

  it('asks about others until one is entitled, and about five at most', async () => {
    const first = await remaining([1, 2], { directory: twoGroups([1, 2]) });
    expect(first.calls('IdentityStore.IsMemberInGroups')).toBe(1);
    const many = await remaining(people(1, 6), { directory: twoGroups([6]) });
    expect(many.remaining).toBe('none');
    expect(many.calls('IdentityStore.IsMemberInGroups')).toBe(5);
  });
});
