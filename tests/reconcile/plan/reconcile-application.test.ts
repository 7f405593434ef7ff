import { describe, expect, it } from 'vitest';
import { changesOf, failuresOf } from '../../support/application-states.ts';
import { aHeldRecord, aHold, anAuditRecord, anObservation, aSeat, at, iso } from '../../support/builders.ts';
import {
  APPLICATION,
  ENTITLEMENT,
  GROUP,
  ME,
  OTHER_APPLICATION,
  OTHER_GROUP,
  people,
  user,
} from '../../support/ids.ts';
import { openReaders, type ReadersOptions, sweepsDue, usersDue } from '../../support/readers.ts';

/** A call that changes an assignment or the ledger, by the operation's name. */
const WRITES = /Create|Delete|Put/;

const KIRO = { name: 'kiro', application: OTHER_APPLICATION };
const BOTH = sweepsDue({}, APPLICATION, OTHER_APPLICATION);
const capped = (max: number) => [{ seats: { max } }];
const seatsOf = (...numbers: number[]) => numbers.map((number) => aSeat(number));

describe('a plan for users', () => {
  it('lists the changes that fresh reads show', async () => {
    const { reconcile } = await openReaders({ members: [1, 3], seats: [aSeat(2)], assigned: [2, 3] });
    const plan = await reconcile(usersDue(1, 2, 3));
    expect(changesOf(plan)).toEqual(['revoke 2 group-leave', 'grant 1 group-join']);
    expect(plan).toMatchObject({ failures: [], unverified: false, checked: [ENTITLEMENT] });
    expect(plan.requeueAt.size).toBe(0);
  });

  it('reads the settings of an application once per execution', async () => {
    const { reconcile, calls } = await openReaders({ members: [1] });
    const { checked } = await reconcile(usersDue(1));
    expect((await reconcile(usersDue(1), { checked })).checked).toEqual(checked);
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(1);
  });

  it('reads neither settings nor holdings for a user who needs no change', async () => {
    const { reconcile, newCalls } = await openReaders({ members: [1], seats: [aSeat(1)], assigned: [1] });
    await reconcile(usersDue(1));
    expect([...newCalls().keys()].sort()).toEqual([
      'DynamoDB.BatchGetItem',
      'IdentityStore.DescribeUser',
      'IdentityStore.IsMemberInGroups',
      'SSOAdmin.DescribeApplicationAssignment',
    ]);
  });

  it('brings the ledger in line with the reads, without a call that changes an assignment', async () => {
    const { reconcile, seat, newCalls } = await openReaders({
      members: [1],
      seats: [aSeat(1, { status: 'held', hold: 1 })],
      assigned: [1],
    });
    expect(changesOf(await reconcile(usersDue(1)))).toEqual(['record 1']);
    expect(await seat(1)).toMatchObject({ status: 'confirmed', revision: 2, audit: [{ kind: 'kept', execution: ME }] });
    expect([...newCalls().keys()].filter((operation) => WRITES.test(operation))).toEqual(['DynamoDB.PutItem']);
  });

  it('checks again at the later of two times', async () => {
    const young = aSeat(1, { status: 'assigned', changedAt: iso(50) });
    const { reconcile } = await openReaders({ members: [1], seats: [young] });
    const times = async (lookAgainAt: number) =>
      (await reconcile(sweepsDue({ lookAgainAt: iso(60 + lookAgainAt) }))).requeueAt.get(APPLICATION);
    expect(await times(90)).toBe(iso(150));
    expect(await times(5)).toBe(iso(80));
  });
});

describe('a plan for an application whose cap is below the number of seats in use', () => {
  it.each<[string, boolean, string[], string, string | undefined, number]>([
    ['joins the waitlist if it is gone', false, ['record 2'], 'waitlisted', undefined, 2],
    ['keeps the seat if only the list lags', true, [], 'confirmed', undefined, 1],
  ])('checks alone the user whose assignment the list does not show: the user %s', async (_fact, lags, ...expected) => {
    const options = { entitlements: capped(1), members: [1, 2], seats: seatsOf(1, 2), assigned: [1] };
    const { reconcile, seat, center, clock, calls } = await openReaders(options);
    clock.advance(100);
    if (lags) center.assignByHand(APPLICATION, user(2));
    center.setLag('SSOAdmin.ListApplicationAssignments', 60);
    const swept = await reconcile(sweepsDue());
    expect([changesOf(swept), swept.alone, swept.unverified]).toEqual([[], [user(2)], true]);
    const plan = await reconcile(usersDue(2));
    const described = calls('SSOAdmin.DescribeApplicationAssignment');
    expect([changesOf(plan), (await seat(2))?.status, plan.requeueAt.get(user(2)), described]).toEqual(expected);
  });

  it('reads many of them again only right before the calls', async () => {
    const numbers = people(1, 60);
    const { reconcile } = await openReaders({ people: 60, members: numbers, seats: seatsOf(...numbers) });
    const plan = await reconcile(sweepsDue());
    expect([plan.alone, plan.changes.length]).toEqual([[], 60]);
  });
});

describe('a plan for an application that may not be changed', () => {
  it.each<[string, ReadersOptions['directory'], string]>([
    [
      'every user has access already',
      { applications: [{ applicationArn: APPLICATION, assignmentRequired: false }] },
      'assignment-not-required',
    ],
    ['the application does not exist', { applications: [] }, 'application-missing'],
  ])('fails and writes nothing if %s', async (_fact, directory = {}, reason) => {
    const { reconcile, seats } = await openReaders({
      directory,
      members: [1],
      seats: [aSeat(1, { status: 'creating' })],
    });
    const plan = await reconcile(sweepsDue());
    expect([changesOf(plan), failuresOf(plan), plan.checked]).toEqual([[], [[APPLICATION, reason]], []]);
    expect(await seats()).toEqual({ 1: 'creating' });
  });

  it('does not keep other applications from being changed', async () => {
    const entitlements = [{}, KIRO];
    const directory = { applications: [{ applicationArn: OTHER_APPLICATION }] };
    const { reconcile } = await openReaders({ entitlements, members: [1], directory });
    const plan = await reconcile(BOTH);
    expect(plan.changes).toMatchObject([{ kind: 'grant', applicationArn: OTHER_APPLICATION, userId: user(1) }]);
    expect(failuresOf(plan)).toEqual([[APPLICATION, 'application-missing']]);
  });
});

describe('a plan for several applications', () => {
  it('reads the ledger of each once, limits each by its own cap, and says of each what it found', async () => {
    const other = { ...KIRO, groups: [OTHER_GROUP], seats: { max: 5 } };
    const entitlements = [{ seats: { max: 0 } }, other];
    const { reconcile, calls } = await openReaders({ entitlements, members: { [GROUP]: [1], [OTHER_GROUP]: [1] } });
    const plan = await reconcile(BOTH);
    expect(plan.changes).toMatchObject([
      { kind: 'record', applicationArn: APPLICATION },
      { kind: 'grant', applicationArn: OTHER_APPLICATION },
    ]);
    expect(calls('DynamoDB.Query')).toBe(2);
    expect([...plan.hasWaitlist]).toEqual([
      [APPLICATION, true],
      [OTHER_APPLICATION, false],
    ]);
    expect([...plan.heldCounts]).toEqual([
      [APPLICATION, 0],
      [OTHER_APPLICATION, 0],
    ]);
    expect([...plan.reports]).toMatchObject([
      [APPLICATION, { entitlement: ENTITLEMENT, waiting: 1 }],
      [OTHER_APPLICATION, { entitlement: 'kiro', waiting: 0 }],
    ]);
  });

  it.each([
    ['SSOAdmin.GetApplicationAssignmentConfiguration', 0],
    ['SSOAdmin.ListApplicationAssignments', 0],
    ['IdentityStore.ListGroupMemberships', 0],
    ['DynamoDB.Query', 0],
    ['DynamoDB.PutItem', 0],
  ])('decides about one although a call for the other fails for now: %s', async (operation, skip) => {
    const other = { ...KIRO, groups: [OTHER_GROUP], seats: { max: 0 } };
    const entitlements = [{ seats: { max: 0 } }, other];
    const { reconcile, faults, services } = await openReaders({
      entitlements,
      members: { [GROUP]: [1], [OTHER_GROUP]: [1] },
    });
    faults.add({ operation, kind: 'throttle', skip });
    const plan = await reconcile(BOTH);
    expect([...plan.faulted]).toEqual([APPLICATION]);
    expect([...plan.requeueAt]).toEqual([[APPLICATION, iso(62)]]);
    expect(plan.changes).toMatchObject([{ kind: 'record', applicationArn: OTHER_APPLICATION }]);
    expect((await services.ledger.holdings(APPLICATION)).seats).toEqual([]);
    expect((await services.ledger.holdings(OTHER_APPLICATION)).seats).toMatchObject([{ status: 'waitlisted' }]);
  });
});

describe('a plan of which a call fails for now', () => {
  /** User 1 leaves, user 2 has lost the assignment under a lowered cap, user 3 stays, and user 4 is to be confirmed. */
  const options: ReadersOptions = {
    entitlements: capped(2),
    members: [2, 3, 4],
    seats: [...seatsOf(1, 2, 3), aSeat(4, { status: 'assigned' })],
    assigned: [1, 3, 4],
  };
  const before = { 1: 'confirmed', 2: 'confirmed', 3: 'confirmed', 4: 'assigned' };

  it.each([
    ['SSOAdmin.GetApplicationAssignmentConfiguration', 0],
    ['DynamoDB.Query', 0],
    ['IdentityStore.ListGroupMemberships', 0],
    ['IdentityStore.IsMemberInGroups', 3],
    ['IdentityStore.DescribeUser', 3],
    ['SSOAdmin.DescribeApplicationAssignment', 3],
  ])('writes nothing before its last read has succeeded: %s', async (operation, skip) => {
    const { reconcile, faults, seats, hold, calls } = await openReaders(options);
    faults.add({ operation, kind: 'throttle', skip });
    const failing = await reconcile(usersDue(1, 2, 4));
    expect([[...failing.faulted], failing.changes]).toEqual([[user(1), user(2), user(4)], []]);
    expect([calls('DynamoDB.PutItem'), await seats(), await hold()]).toEqual([0, before, undefined]);
    expect(changesOf(await reconcile(usersDue(1, 2, 4)))).toEqual(['revoke 1 group-leave', 'record 2']);
    expect(await seats()).toEqual({ ...before, 2: 'waitlisted', 4: 'confirmed' });
  });

  it.each(['SSOAdmin.GetApplicationAssignmentConfiguration', 'DynamoDB.Query', 'IdentityStore.ListGroupMemberships'])(
    'fails as a whole for a sweep, too: %s',
    async (operation) => {
      const { reconcile, faults, calls } = await openReaders({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      const failing = await reconcile(sweepsDue());
      expect([[...failing.faulted], failing.changes]).toEqual([[APPLICATION], []]);
      expect(calls('DynamoDB.PutItem')).toBe(0);
    },
  );

  it.each(['DynamoDB.PutItem', 'DynamoDB.Query'])('is made good by the next plan: %s', async (operation) => {
    const { reconcile, faults, seat } = await openReaders({ entitlements: capped(0), members: [1] });
    faults.add({ operation, kind: 'throttle' });
    expect([...(await reconcile(usersDue(1))).faulted]).toEqual([user(1)]);
    expect(changesOf(await reconcile(usersDue(1)))).toEqual(['record 1']);
    expect(await seat(1)).toMatchObject({ status: 'waitlisted', revision: 1 });
  });
});

describe('a plan whose decision AWS refuses to store', () => {
  it('fails for that application, and serves the others', async () => {
    const { reconcile, faults } = await openReaders({ entitlements: [...capped(0), KIRO], members: [1] });
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'refuse' });
    const plan = await reconcile(BOTH);
    expect([changesOf(plan), failuresOf(plan)]).toEqual([['grant 1 group-join'], [[APPLICATION, 'access-denied']]]);
  });
});

describe('a plan for an application that an operator has given up', () => {
  const seats = [aSeat(1), aSeat(2, { audit: [anAuditRecord()] })].map((seat) => ({
    ...seat,
    applicationArn: OTHER_APPLICATION,
    entitlement: 'kiro',
  }));
  const options: ReadersOptions = {
    members: [1],
    seats,
    directory: { applications: [{ applicationArn: OTHER_APPLICATION, assigned: [user(1), user(2), user(3)] }] },
  };
  const givenUp = sweepsDue({ trigger: 'manual', giveUp: true }, OTHER_APPLICATION);

  it('revokes its last seat', async () => {
    const { reconcile } = await openReaders({ ...options, seats: seats.slice(0, 1) });
    const plan = await reconcile(givenUp);
    expect(plan.changes).toEqual([
      { applicationArn: OTHER_APPLICATION, kind: 'revoke', reason: 'entitlement-removed', userId: user(1) },
    ]);
    expect(plan.reports.get(OTHER_APPLICATION)).toMatchObject({ entitlement: 'kiro', seats: 1, unmanaged: 2 });
  });

  it('holds its seats as a mass removal', async () => {
    const { reconcile, services } = await openReaders(options);
    const plan = await reconcile(givenUp);
    expect(changesOf(plan)).toEqual(['record 2']);
    expect(plan.heldCounts.get(OTHER_APPLICATION)).toBe(2);
    expect(plan.holds).toEqual([OTHER_APPLICATION]);
    const { seats: held, hold } = await services.ledger.holdings(OTHER_APPLICATION);
    expect(held.map(({ status }) => status)).toEqual(['held', 'held']);
    expect(hold).toMatchObject({ entitlement: 'kiro', reason: 'nobody-entitled', digests: [{ count: 2 }] });
  });

  it('changes nothing without the operator’s word, and asks nothing of Identity Center', async () => {
    const hold = aHold({ applicationArn: OTHER_APPLICATION, audit: [aHeldRecord()] });
    const { reconcile, services, newCalls } = await openReaders({ ...options, hold });
    const plan = await reconcile(sweepsDue({}, OTHER_APPLICATION));
    expect([changesOf(plan), plan.holds]).toEqual([['record 2'], [OTHER_APPLICATION]]);
    expect([...newCalls()]).toEqual([['DynamoDB.Query', 1]]);
    expect((await services.ledger.holdings(OTHER_APPLICATION)).seats).toEqual(seats);
  });
});

describe('a plan for an entitlement that only observes', () => {
  const observing = (max = 1000) => [{ mode: 'observe' as const, seats: { max } }];

  it('writes the answers and nothing else, and publishes them', async () => {
    const options = { entitlements: observing(2), members: [1, 2], seats: seatsOf(3), assigned: [3] };
    const { reconcile, answers, seats, calls, newCalls, center } = await openReaders(options);
    const before = center.assignments();
    const plan = await reconcile(sweepsDue({ withStatus: true }));
    expect(await answers()).toEqual({ 1: 'would-assign', 2: 'would-waitlist', 3: 'would-revoke' });
    expect(changesOf(plan)).toEqual(['record 1', 'record 2', 'record 3']);
    expect(calls('DynamoDB.PutItem')).toBe(3);
    expect([...newCalls().keys()].filter((one) => WRITES.test(one))).toEqual(['DynamoDB.PutItem']);
    expect([await seats(), center.assignments()]).toEqual([{ 3: 'confirmed' }, before]);
    expect(plan).toMatchObject({ failures: [], checked: [], unverified: false });
    for (const found of [plan.sweepsNeeded, plan.hasWaitlist, plan.heldCounts]) expect([...found]).toEqual([]);
    expect(plan.reports.get(APPLICATION)).toMatchObject({ seats: 1, unmanaged: 0 });
  });

  it('writes the same answer once, not with every sweep', async () => {
    const { reconcile, services } = await openReaders({ entitlements: observing(), members: [1] });
    await reconcile(sweepsDue());
    const once = await services.ledger.itemsOf(APPLICATION);
    await reconcile(sweepsDue(), { readAt: at(360) });
    expect(await services.ledger.itemsOf(APPLICATION)).toEqual(once);
  });

  it('reads the ledger for a check of one user, and leaves the answers about others alone', async () => {
    const observations = [anObservation({ userId: user(1) }), anObservation({ userId: user(4) })];
    const { reconcile, answers, calls } = await openReaders({ entitlements: observing(), observations });
    const plan = await reconcile(usersDue(1));
    expect(await answers()).toEqual({ 1: undefined, 4: 'would-assign' });
    expect([calls('DynamoDB.Query'), plan.reports.size]).toEqual([2, 0]);
  });

  it('reads nothing if no item is due', async () => {
    const { reconcile, newCalls } = await openReaders({ entitlements: observing() });
    await reconcile({ users: {}, sweeps: {} });
    expect(newCalls().size).toBe(0);
  });

  it.each(['DynamoDB.Query', 'DynamoDB.PutItem'])('is made good by the next plan: %s', async (operation) => {
    const { reconcile, faults, answers } = await openReaders({ entitlements: observing(), members: [1] });
    faults.add({ operation, kind: 'throttle' });
    expect([...(await reconcile(sweepsDue())).faulted]).toEqual([APPLICATION]);
    await reconcile(sweepsDue());
    expect(await answers()).toEqual({ 1: 'would-assign' });
  });

  it('checks again when reads show what was written before', async () => {
    const young = aSeat(1, { status: 'assigned', changedAt: iso(50) });
    const { reconcile } = await openReaders({ entitlements: observing(), members: [1], seats: [young], assigned: [1] });
    const plan = await reconcile(usersDue(1));
    expect([[...plan.requeueAt], plan.unverified]).toEqual([[[user(1), iso(80)]], true]);
  });

  it.each([
    ['a seat half made', aSeat(1, { status: 'creating' })],
    ['a revocation half made', aSeat(1, { status: 'revoking' })],
    ['an event of a seat that is not on the bus', aSeat(1, { audit: [anAuditRecord()] })],
  ])('leaves as it is what was there before: %s', async (_fact, before) => {
    const { reconcile, seat } = await openReaders({
      entitlements: observing(),
      members: [1],
      seats: [before],
      assigned: [1],
    });
    await reconcile(sweepsDue());
    expect(await seat(1)).toEqual(before);
  });

  it.each([
    ['held', {}],
    ['held, and released by an operator', { released: 1 }],
  ])('revokes no seat that is %s: the hold stays, and its event is published', async (_fact, parts) => {
    const hold = aHold({ applicationArn: APPLICATION, audit: [aHeldRecord()], ...parts });
    const seats = [aSeat(1, { status: 'held', hold: 1 }), aSeat(2)];
    const options = { entitlements: observing(), members: [2], seats, assigned: [1, 2], hold };
    const { reconcile, hold: found, seat, isAssigned } = await openReaders(options);
    const plan = await reconcile(sweepsDue());
    expect([changesOf(plan), plan.holds]).toEqual([['record 1'], [APPLICATION]]);
    expect([await found(), await seat(1), isAssigned(1)]).toEqual([hold, seats[0], true]);
  });
});
