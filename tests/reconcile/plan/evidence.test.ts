import { describe, expect, it } from 'vitest';
import type { ApplicationState, CheckedUser, Evidence } from '../../../domain/decision/application-state.ts';
import { RefusedError, TransientAwsError } from '../../../domain/shared/errors.ts';
import { gatherAndDecide } from '../../../reconcile/plan/evidence.ts';
import { checkOf, joiner, leaver, seated } from '../../support/application-states.ts';
import { aSeat } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../../support/ids.ts';
import { aUser, CONTEXT, openReaders, READ_AT, type ReadersOptions, sweepsDue } from '../../support/readers.ts';

const BOTH = [GROUP, OTHER_GROUP];

/** Decides about these users of an application with real reads of everything that the decision asks for. */
async function deciding(
  options: ReadersOptions & { max?: number; groups?: string[] },
  users: readonly CheckedUser[],
  known: Evidence = {},
  sweep: Pick<ApplicationState, 'whole'> & { secondsLeft?: () => number } = {},
) {
  const { max = 200, groups = [GROUP], ...world } = options;
  const opened = await openReaders({ entitlements: [{ groups, seats: { max } }], ...world });
  const { entitlements } = opened.services;
  const [entitlement] = entitlements.entitlements;
  if (!entitlement) throw new Error('The builder makes one');
  const { secondsLeft = CONTEXT.secondsLeft, whole } = sweep;
  const state: ApplicationState = { entitlement, users, evidence: known, whole };
  const decide = () =>
    gatherAndDecide(
      state,
      entitlements,
      { readAt: READ_AT, execution: ME },
      { ...CONTEXT, ...opened.readers, secondsLeft, asked: { answers: new Map() } },
    );
  return { ...opened, decide };
}

describe('the reads that a decision asks for', () => {
  it('are none if no change is wanted', async () => {
    const { decide, newCalls } = await deciding({ members: [1], seats: [aSeat(1)] }, [checkOf(seated(1))]);
    const { decision } = await decide();
    expect(decision.changes).toEqual([]);
    expect([...newCalls().keys()]).toEqual([]);
  });

  it('take two rounds if a user leaves while another has lost the assignment under a lowered cap', async () => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, calls } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      checkOf(leaver(1)),
      checkOf(joiner(2, {})),
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

  it('lead to one write per seat, with the stored revision plus one, however many transitions it makes', async () => {
    const interrupted = aSeat(1, { status: 'revoking', revision: 7, changeSeq: 3 });
    const { decide, readers } = await deciding({ members: [1, 2], seats: [aSeat(2)], assigned: [2], max: 1 }, [
      checkOf(joiner(1, interrupted)),
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
    const { decide, faults, calls } = await deciding({ members: [1] }, [checkOf(joiner(1))]);
    faults.add({ operation: 'SSOAdmin.GetApplicationAssignmentConfiguration', kind: 'refuse' });
    const { decision } = await decide();
    expect(decision.failures).toMatchObject([{ key: APPLICATION, error: { reason: 'access-denied' } }]);
    expect(calls('DynamoDB.Query')).toBe(0);
  });

  it.each([
    'SSOAdmin.GetApplicationAssignmentConfiguration',
    'DynamoDB.Query',
    'IdentityStore.ListGroupMemberships',
    'IdentityStore.IsMemberInGroups',
    'SSOAdmin.DescribeApplicationAssignment',
  ])('fail for now if %s fails for now', async (operation) => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, faults } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      checkOf(leaver(1)),
      checkOf(joiner(2, {})),
    ]);
    faults.add({ operation, kind: 'throttle' });
    await expect(decide()).rejects.toThrow(TransientAwsError);
  });

  it.each([
    ['IdentityStore.ListGroupMemberships', [APPLICATION], [['record', user(2)]]],
    ['IdentityStore.IsMemberInGroups', [APPLICATION], [['record', user(2)]]],
    ['SSOAdmin.DescribeApplicationAssignment', [user(2)], [['revoke', user(1)]]],
    ['DynamoDB.Query', [APPLICATION], []],
  ])('fail what needed %s if AWS refuses it', async (operation, failing, changes) => {
    const seats = [aSeat(1), aSeat(2), aSeat(3)];
    const { decide, faults } = await deciding({ people: 3, members: [2, 3], seats, assigned: [1, 3], max: 1 }, [
      checkOf(leaver(1)),
      checkOf(joiner(2, {})),
    ]);
    faults.add({ operation, kind: 'refuse' });
    const { decision } = await decide();
    expect(decision.failures.map(({ key }) => key)).toEqual(failing);
    expect(decision.failures.every(({ error }) => error instanceof RefusedError)).toBe(true);
    expect(decision.changes.map(({ kind, userId }) => [kind, userId])).toEqual(changes);
  });
});

describe('the read of who is left in the groups', () => {
  /** Reads who is left if user 9 leaves and these others have seats. */
  async function remaining(others: readonly number[], options: ReadersOptions & { groups?: string[] }) {
    const seats = [aSeat(9), ...others.map((number) => aSeat(number))];
    const opened = await deciding({ people: 9, ...options, seats, assigned: [9, ...others] }, [checkOf(leaver(9))], {
      settings: 'ok',
    });
    const { evidence } = await opened.decide();
    return { ...opened, remaining: evidence.remaining };
  }

  it.each<[string, ReadersOptions, string]>([
    ['both have members', { members: { [GROUP]: [1], [OTHER_GROUP]: [2] } }, 'some'],
    ['the first is empty', { members: { [OTHER_GROUP]: [2] } }, 'group-empty'],
    ['the last is empty', { members: [1] }, 'group-empty'],
    ['one is missing', { directory: { groups: [{ groupId: OTHER_GROUP, members: [user(1)] }] } }, 'group-empty'],
  ])('shows whether a group is empty: %s', async (_fact, options, expected) => {
    expect((await remaining([1, 2], { groups: BOTH, ...options })).remaining).toBe(expected);
  });

  it('reads the first page of each group, and renews the lease for each', async () => {
    const numbers = people(1, 250);
    const { calls, renewals } = await remaining([1, 2], {
      people: 250,
      groups: BOTH,
      members: { [GROUP]: numbers, [OTHER_GROUP]: numbers },
    });
    expect(calls('IdentityStore.ListGroupMemberships')).toBe(2);
    expect(renewals()).toBe(3);
  });

  it.each<[string, ReadersOptions, string]>([
    ['one is a member', { members: [2] }, 'some'],
    ['none is a member', { members: [4] }, 'none'],
    [
      'the only member is disabled',
      { members: [2], directory: { users: [aUser(1), aUser(2, 'DISABLED'), aUser(9)] } },
      'none',
    ],
  ])('shows whether other users are entitled: %s', async (_fact, options, expected) => {
    expect((await remaining([1, 2], options)).remaining).toBe(expected);
  });

  it('asks about other users until one is entitled, and about five at most', async () => {
    const first = await remaining([1, 2], { members: [1, 2] });
    expect(first.calls('IdentityStore.IsMemberInGroups')).toBe(1);
    const many = await remaining(people(1, 6), { members: [6] });
    expect(many.remaining).toBe('none');
    expect(many.calls('IdentityStore.IsMemberInGroups')).toBe(5);
  });
});

describe('the reads of users whose seats a sweep would end', () => {
  const WHOLE = {
    key: APPLICATION,
    emptyGroup: false,
    groups: [],
    nobodyEntitled: false,
    unmanaged: 0,
    assignedGroups: [],
  };
  const seats = [aSeat(1), aSeat(2), aSeat(3)];

  /** A sweep whose list shows none of the members. */
  async function sweeping(options: Partial<ReadersOptions> & { secondsLeft?: () => number } = {}) {
    const { secondsLeft, ...world } = options;
    const users = [1, 2, 3].map((number) => checkOf(leaver(number), { key: APPLICATION }));
    const sweep = secondsLeft ? { whole: WHOLE, secondsLeft } : { whole: WHOLE };
    return deciding(
      { people: 3, members: [1], seats, assigned: [1, 2, 3], ...world },
      users,
      { settings: 'ok' },
      sweep,
    );
  }

  it('show who of them has left, and whether the users are enabled', async () => {
    const { decide, center, calls } = await sweeping({ members: [1, 2] });
    center.setStatus(user(2), 'DISABLED');
    const { evidence } = await decide();
    expect(evidence.eligibility).toEqual(
      new Map([
        [user(1), { entitled: true }],
        [user(2), { entitled: false, ineligibility: 'user-disabled' }],
        [user(3), { entitled: false, ineligibility: 'group-leave' }],
      ]),
    );
    expect([calls('IdentityStore.IsMemberInGroups'), calls('IdentityStore.DescribeUser')]).toEqual([3, 3]);
  });

  it('show that a user is gone', async () => {
    const { decide, center } = await sweeping();
    center.deleteUser(user(3));
    expect((await decide()).evidence.eligibility?.get(user(3))).toEqual({
      entitled: false,
      ineligibility: 'user-deleted',
    });
  });

  it.each(['throttle', 'refuse'] as const)('may fail (%s): of that user, the list counts', async (kind) => {
    const { decide, faults } = await sweeping();
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind, principalId: user(2), times: 10 });
    const { decision, evidence } = await decide();
    expect([...(evidence.eligibility?.keys() ?? [])]).toEqual([user(1), user(3)]);
    expect(decision.alone).toEqual([]);
    expect(decision.changes.map(({ kind: what, userId }) => [what, userId])).toEqual([
      ['revoke', user(2)],
      ['revoke', user(3)],
    ]);
  });

  it('end when more than 20 users cannot be read: of the others, the list counts', async () => {
    const numbers = people(1, 30);
    const users = [...numbers.map((number) => leaver(number)), seated(31)].map((one) =>
      checkOf(one, { key: APPLICATION }),
    );
    const held = [...numbers, 31].map((number) => aSeat(number));
    const brake = { percent: 100, atLeast: 30 };
    const { decide, faults, calls } = await deciding(
      { people: 31, members: [31], seats: held, assigned: numbers, brake },
      users,
      { settings: 'ok' },
      { whole: WHOLE },
    );
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse', times: 1000 });
    const { evidence, decision } = await decide();
    expect(evidence.eligibility).toEqual(new Map());
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(21);
    expect(decision.changes.map(({ kind }) => kind)).toEqual(Array(30).fill('revoke'));
  });

  it('are made once for all applications of a pass', async () => {
    const applications = [APPLICATION, OTHER_APPLICATION];
    const { reconcile, calls } = await openReaders({
      entitlements: applications.map((application, index) => ({ name: `app-${index}`, application, groups: [GROUP] })),
      members: [2],
      seats: applications.flatMap((applicationArn) => [aSeat(1, { applicationArn }), aSeat(2, { applicationArn })]),
    });
    const { changes } = await reconcile(sweepsDue({}, ...applications));
    expect(changes.filter(({ kind }) => kind === 'revoke').map(({ applicationArn }) => applicationArn)).toEqual(
      applications,
    );
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(1);
  });

  it('are those of a check by name, which lists all groups of a user if one of any entitlement is missing', async () => {
    const { decide, calls, renewals } = await sweeping({
      entitlements: [{ groups: [GROUP] }, { name: 'second', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
      directory: { groups: [{ groupId: GROUP, members: [user(1)] }] },
    });
    const { evidence } = await decide();
    expect(calls('IdentityStore.ListGroupMembershipsForMember')).toBe(3);
    expect([...(evidence.eligibility ?? [])].map(([, answer]) => answer)).toMatchObject([
      { entitled: true },
      { entitled: false },
      { entitled: false },
    ]);
    expect(renewals()).toBeGreaterThanOrEqual(3);
  });

  it('end after half a minute: of the others, the list counts', async () => {
    let left = 700;
    const secondsLeft = () => {
      left -= 12;
      return left;
    };
    const { decide, calls } = await sweeping({ secondsLeft });
    await decide();
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(2);
  });

  it('end when no time is left: of the others, the list counts', async () => {
    let left = 2;
    const { decide, calls } = await sweeping({ secondsLeft: () => left-- });
    const { decision } = await decide();
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(1);
    expect(decision.changes.map(({ kind, userId }) => [kind, userId])).toEqual([
      ['revoke', user(2)],
      ['revoke', user(3)],
    ]);
  });
});
