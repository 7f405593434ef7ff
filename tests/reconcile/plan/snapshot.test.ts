import { describe, expect, it } from 'vitest';
import type { WorkItems } from '../../../domain/queue/work-queue.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import type { ReconcileContext } from '../../../reconcile/plan/result.ts';
import { takeSnapshot } from '../../../reconcile/plan/snapshot.ts';
import { changesOf, failuresOf } from '../../support/application-states.ts';
import { aHeldRecord, aHold, anAuditRecord, anObservation, aSeat, aUserItem, iso } from '../../support/builders.ts';
import { EVENT_ID } from '../../support/events.ts';
import { APPLICATION, ENTITLEMENT, GROUP, numberOf, OTHER_APPLICATION, OTHER_GROUP, user } from '../../support/ids.ts';
import { CONTEXT, openReaders, type ReadersOptions, sweepsDue, usersDue } from '../../support/readers.ts';

/** Opens a world, and takes snapshots of it that a test may let fail. */
async function opened(options: ReadersOptions = {}) {
  const world = await openReaders(options);
  return {
    ...world,
    async snapshot(items: WorkItems, parts: Partial<ReconcileContext> = {}) {
      const { applications, records, ...found } = await takeSnapshot(items, { ...CONTEXT, ...parts }, world.readers);
      return { ...found, applications, records: changesOf({ changes: records }), read: applications.map(readOf) };
    },
  };
}

/** What was read of an application, in short. */
function readOf({ state }: Awaited<ReturnType<typeof takeSnapshot>>['applications'][number]) {
  const { entitlement, users, whole } = state;
  return [entitlement.name, whole !== undefined, users.map(({ user: { userId } }) => numberOf(userId))];
}

describe('a snapshot of users', () => {
  it('reads each user for each entitlement that concerns them, and says what the work item says', async () => {
    const { snapshot } = await opened({
      entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
      members: { [GROUP]: [1, 2], [OTHER_GROUP]: [2] },
    });
    const since = iso(-7);
    const { applications, read } = await snapshot({
      users: { ...usersDue(1).users, [user(2)]: aUserItem({ since }) },
      sweeps: {},
    });
    expect(read).toEqual([
      [ENTITLEMENT, false, [1, 2]],
      ['kiro', false, [2]],
    ]);
    expect(applications[1]?.state.users).toEqual([
      {
        key: user(2),
        trigger: 'event',
        cause: EVENT_ID,
        askedAt: since,
        adopt: false,
        user: { userId: user(2), entitled: true, assigned: false, seat: undefined },
      },
    ]);
  });

  it('names a user of whom the reads do not show what an event announced', async () => {
    const { snapshot } = await opened();
    const expected = [{ groupId: GROUP, membership: 'member' as const, at: iso() }];
    const { read, unmet } = await snapshot({ users: { [user(1)]: aUserItem({ expected }) }, sweeps: {} });
    expect([read, [...unmet]]).toEqual([[], [user(1)]]);
  });

  it('serves the others if the reads of one user fail for now, and names that user', async () => {
    const { snapshot, faults } = await opened({ members: [1, 2, 3] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'throttle', principalId: user(2) });
    const { read, recheck, faults: found } = await snapshot(usersDue(1, 2, 3));
    expect(read).toEqual([[ENTITLEMENT, false, [1, 3]]]);
    expect(recheck).toEqual([]);
    expect([...found]).toEqual([[user(2), expect.any(TransientAwsError)]]);
  });

  it('fails only the user whose reads AWS refuses', async () => {
    const { snapshot, faults } = await opened({ members: [1, 2] });
    faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', principalId: user(1) });
    const found = await snapshot(usersDue(1, 2));
    expect([found.read, failuresOf(found), found.recheck]).toEqual([
      [[ENTITLEMENT, false, [2]]],
      [[user(1), 'access-denied']],
      [],
    ]);
  });
});

describe('a snapshot with little time', () => {
  const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
  const both = sweepsDue({}, APPLICATION, OTHER_APPLICATION);
  /** This many seconds are left at first; each question about it, one per page or user, finds so many fewer. */
  const clockOf = (left: number, each: number) => {
    let seconds = left + each;
    return () => {
      seconds -= each;
      return seconds;
    };
  };

  it('begins no further application after four minutes, and leaves the others as due as they are', async () => {
    const { snapshot } = await opened({ entitlements, members: [1] });
    const found = await snapshot(both, { secondsLeft: clockOf(780, 100) });
    expect([found.read, found.unserved]).toEqual([[[ENTITLEMENT, true, [1]]], [OTHER_APPLICATION]]);
  });

  it('serves first what is due the longest', async () => {
    const { snapshot } = await opened({ entitlements, members: [1] });
    const other = sweepsDue({}, OTHER_APPLICATION, APPLICATION);
    const { unserved } = await snapshot(other, { secondsLeft: clockOf(780, 100) });
    expect(unserved).toEqual([APPLICATION]);
  });

  it('refuses an application whose lists do not fit although it is the first, and says what to change', async () => {
    const { snapshot } = await opened({ entitlements, members: [1] });
    const found = await snapshot(both, { secondsLeft: clockOf(780, 790) });
    expect(failuresOf(found)).toEqual([[APPLICATION, 'application-too-large']]);
    expect(found.failures[0]?.error.message).toBe(
      `Reading the lists of ${APPLICATION} takes more than 780 s at requestsPerSecond 10: AWS answered 0 times. usher doctor says which pace is enough`,
    );
    expect(found.unserved).toEqual([OTHER_APPLICATION]);
  });

  it('refuses it before the first request if its seats tell, and names the smallest pace that is enough', async () => {
    const seats = Array.from({ length: 101 }, (_, index) => aSeat(index + 1));
    const { readers, newCalls } = await opened({ seats });
    // As if there were four hundred times as many.
    const entitlements = { ...readers.entitlements, requestsPerSecond: 0.0025 };
    const found = await takeSnapshot(sweepsDue(), CONTEXT, { ...readers, entitlements });
    expect(failuresOf(found)).toEqual([[APPLICATION, 'application-too-large']]);
    expect(found.failures[0]?.error.message).toBe(
      `Listing the 101 seats of ${APPLICATION} takes 800 s at requestsPerSecond 0.0025, and a plan reads for at most 780 s. Set requestsPerSecond to at least 1`,
    );
    expect([...newCalls().keys()]).toEqual(['DynamoDB.Query']);
  });

  it('reads no further user after four minutes, and leaves the others as due as they are', async () => {
    const { snapshot } = await opened({ members: [1, 2, 3] });
    const found = await snapshot(usersDue(1, 2, 3), { secondsLeft: clockOf(780, 130) });
    expect([found.read, found.unserved]).toEqual([[[ENTITLEMENT, false, [1, 2]]], [user(3)]]);
  });

  it('reads one user even if no time is left', async () => {
    const { snapshot } = await opened({ members: [1, 2] });
    const found = await snapshot(usersDue(1, 2), { secondsLeft: clockOf(0, 300) });
    expect([found.read, found.unserved]).toEqual([[[ENTITLEMENT, false, [1]]], [user(2)]]);
  });

  it('leaves an application to the next call that does not fit into what is left', async () => {
    const { snapshot } = await opened({ entitlements, members: [1] });
    const found = await snapshot(both, { secondsLeft: clockOf(200, 250) });
    expect([failuresOf(found), found.unserved]).toEqual([[], [APPLICATION, OTHER_APPLICATION]]);
  });
});

describe('a snapshot of an application', () => {
  it('reads it as a whole, with what the ledger holds of it, and says what the work item says', async () => {
    const { snapshot } = await opened({
      members: [1],
      seats: [aSeat(2)],
      observations: [anObservation({ userId: user(1) })],
    });
    const { applications, read } = await snapshot(sweepsDue({ trigger: 'manual', adopt: true, cause: 'by-hand' }));
    expect(read).toEqual([[ENTITLEMENT, true, [1, 2]]]);
    const [{ state, items } = { state: undefined, items: undefined }] = applications;
    expect(state?.users[0]).toMatchObject({
      key: APPLICATION,
      trigger: 'manual',
      cause: 'by-hand',
      askedAt: iso(),
      adopt: true,
    });
    expect(items).toEqual({
      seats: [aSeat(2)],
      hold: undefined,
      observations: [anObservation({ userId: user(1) })],
      findings: [],
    });
  });

  it('is one with that of its users', async () => {
    const { snapshot } = await opened({ members: [1, 2] });
    const { read } = await snapshot({ ...usersDue(1), sweeps: sweepsDue().sweeps });
    expect(read).toEqual([[ENTITLEMENT, true, [1, 1, 2]]]);
  });

  it('says nothing of how long the list of all users is, until it has read that', async () => {
    const { snapshot } = await opened({ people: 5, members: [1, 2, 3, 4] });
    expect((await snapshot(sweepsDue())).userPages).toBeUndefined();
    expect((await snapshot(sweepsDue(), { userPages: 7 })).userPages).toBe(7);
  });

  it.each(['DynamoDB.Query', 'IdentityStore.ListGroupMemberships', 'SSOAdmin.ListApplicationAssignments'])(
    'has nothing of the application if %s fails for now',
    async (operation) => {
      const { snapshot, faults } = await opened({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      const { read, failures, faults: found } = await snapshot(sweepsDue());
      expect([read, failures]).toEqual([[], []]);
      expect([...found]).toEqual([[APPLICATION, expect.any(TransientAwsError)]]);
    },
  );

  it.each(['enforce', 'observe'] as const)(
    'has the audit events that are not on the bus if AWS refuses to show it, in mode %s',
    async (mode) => {
      const { snapshot, faults } = await opened({
        entitlements: [{ mode }],
        observations: [
          anObservation({ userId: user(1), audit: [anAuditRecord({ kind: 'observed', reason: 'would-assign' })] }),
        ],
        seats: [aSeat(2, { audit: [anAuditRecord()] }), aSeat(3)],
        hold: aHold({ applicationArn: APPLICATION, audit: [aHeldRecord()] }),
      });
      faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'not-found' });
      const found = await snapshot(sweepsDue());
      expect([found.read, found.records, found.holds, failuresOf(found)]).toEqual([
        [],
        ['record 2', 'record 1'],
        [APPLICATION],
        [[APPLICATION, 'application-missing']],
      ]);
    },
  );

  it('fails if AWS refuses to show the ledger, and lets others be read', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION }];
    const { snapshot, faults } = await opened({ entitlements, members: [1] });
    faults.add({ operation: 'DynamoDB.Query', kind: 'refuse' });
    const found = await snapshot(sweepsDue({}, APPLICATION, OTHER_APPLICATION));
    expect([found.read, failuresOf(found)]).toEqual([[['kiro', true, [1]]], [[APPLICATION, 'access-denied']]]);
  });

  it('publishes what an entitlement observed before it was switched to enforce', async () => {
    const audit = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];
    const { snapshot } = await opened({
      observations: [anObservation({ userId: user(1), audit }), anObservation({ userId: user(2) })],
    });
    expect((await snapshot(sweepsDue())).records).toEqual(['record 1']);
  });

  it('leaves the publishing of observations to the answers while an entitlement observes', async () => {
    const entitlements = [{ mode: 'observe' as const }];
    const audit = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];
    const { snapshot } = await opened({ entitlements, observations: [anObservation({ userId: user(1), audit })] });
    expect((await snapshot(sweepsDue())).records).toEqual([]);
  });
});

describe('a work item that is to be checked a second time', () => {
  const second = iso(120);
  const one = { users: { [user(1)]: aUserItem({ lookAgainAt: second }) }, sweeps: {} };

  it.each<[string, WorkItems, string]>([
    ['a user', one, user(1)],
    ['an application', sweepsDue({ lookAgainAt: second }), APPLICATION],
  ])('is checked again then: %s', async (_fact, items, key) => {
    const { snapshot } = await opened({ members: [1] });
    expect((await snapshot(items)).recheck).toEqual([{ key, at: second }]);
  });
});

describe('a snapshot of an application that is not configured', () => {
  const [published, pending] = [aSeat(1), aSeat(2, { audit: [anAuditRecord()] })].map((seat) => ({
    ...seat,
    applicationArn: OTHER_APPLICATION,
    entitlement: 'kiro',
  }));
  if (!published || !pending) throw new Error('There are two');
  const options: ReadersOptions = {
    members: [1],
    seats: [published, pending],
    hold: aHold({ applicationArn: OTHER_APPLICATION, audit: [aHeldRecord()] }),
    directory: { applications: [{ applicationArn: OTHER_APPLICATION, assigned: [user(1), user(2), user(3)] }] },
  };
  const left = sweepsDue({}, OTHER_APPLICATION);
  const givenUp = sweepsDue({ trigger: 'manual', giveUp: true }, OTHER_APPLICATION);

  it('has only the audit events that are not on the bus, and asks nothing of Identity Center', async () => {
    const { snapshot, newCalls } = await opened(options);
    const found = await snapshot(left);
    expect([found.read, found.records, found.holds, found.failures]).toEqual([
      [],
      ['record 2'],
      [OTHER_APPLICATION],
      [],
    ]);
    expect([...newCalls()]).toEqual([['DynamoDB.Query', 1]]);
  });

  it('has what an entitlement observed before it was removed', async () => {
    const audit = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];
    const observations = [
      anObservation({ userId: user(1), applicationArn: OTHER_APPLICATION, audit }),
      anObservation({ userId: user(2), applicationArn: OTHER_APPLICATION }),
    ];
    const { snapshot } = await opened({ observations });
    expect((await snapshot(left)).records).toEqual(['record 1']);
  });

  it.each([
    ['no seats', givenUp],
    ['no seats, and no operator has given it up', left],
  ])('finds nothing if it has %s', async (_fact, items) => {
    const { snapshot } = await opened({ members: [1] });
    expect(await snapshot(items)).toMatchObject({ read: [], records: [], holds: [], failures: [] });
  });

  it('reads it as one to which no user is entitled if an operator has given it up', async () => {
    const { snapshot } = await opened(options);
    const { applications, read, records } = await snapshot(givenUp);
    expect([read, records]).toEqual([[['kiro', true, [1, 2]]], []]);
    expect(applications[0]?.state).toMatchObject({
      entitlement: { application: OTHER_APPLICATION, groups: [], seats: { max: 0 }, mode: 'enforce' },
      whole: { nobodyEntitled: true, emptyGroup: false, unmanaged: 1 },
      users: [
        { user: { ineligibility: 'entitlement-removed', assigned: true } },
        { user: { ineligibility: 'entitlement-removed', assigned: true } },
      ],
    });
  });

  it('lets nothing else wait if AWS refuses to show it', async () => {
    const { snapshot } = await opened({ ...options, directory: { applications: [{ applicationArn: APPLICATION }] } });
    const found = await snapshot({ users: {}, sweeps: { ...sweepsDue().sweeps, ...givenUp.sweeps } });
    expect([found.read, failuresOf(found)]).toEqual([
      [[ENTITLEMENT, true, [1]]],
      [[OTHER_APPLICATION, 'application-missing']],
    ]);
  });
});

describe('a snapshot', () => {
  it('writes nothing', async () => {
    const { snapshot, newCalls } = await opened({ members: [1, 2], seats: [aSeat(1), aSeat(3)], assigned: [3] });
    await snapshot({ ...usersDue(2), sweeps: sweepsDue({ withStatus: true }).sweeps });
    expect([...newCalls().keys()].filter((operation) => /Create|Delete|Put/.test(operation))).toEqual([]);
  });
});
