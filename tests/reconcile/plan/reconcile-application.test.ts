import { describe, expect, it } from 'vitest';
import type { WorkItems } from '../../../domain/queue/work-queue.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements as someEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { aHeldRecord, aHold, anAuditRecord, aSeat } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER, OTHER_APPLICATION, people, START, user } from '../../support/ids.ts';
import {
  anEntry,
  anObservationOf,
  changesOf,
  failuresOf,
  LATER,
  type LookingOptions,
  lookAt,
  looking,
  sweep,
} from '../../support/looking.ts';

const graceful = (days: number) => someEntitlements({ entitlements: [{ onLeave: { revokeAfterDays: days } }] });

describe('a look', () => {
  it('lists what has to change for the users that it is about', async () => {
    const { look } = await looking({ members: [1, 3], seats: [aSeat(2)], assigned: [2, 3] });
    const plan = await look(lookAt(1, 2, 3));
    expect(changesOf(plan)).toEqual(['revoke 2 group-leave', 'grant 1 group-join']);
    expect(plan).toMatchObject({ failures: [], unverified: false, checked: ['amazon-q-developer'] });
    expect(plan.requeueAt.size).toBe(0);
  });

  it('lists what has to change for an application', async () => {
    const { look } = await looking({ members: [1, 3], seats: [aSeat(2), aSeat(3)], assigned: [2, 3, 4] });
    expect(changesOf(await look(sweep()))).toEqual(['revoke 2 group-leave', 'grant 1 group-join']);
  });

  it.each([
    ['manual', 'manual'],
    ['tick', 'reconciled'],
    ['event', 'group-join'],
  ] as const)('gives what asked for it as the reason: %s', async (trigger, reason) => {
    const { look } = await looking({ members: [1] });
    expect((await look(sweep({ trigger }))).changes).toMatchObject([{ reason }]);
  });

  it('looks again half a minute later at what the reads do not show yet', async () => {
    const { look } = await looking({});
    const expected = [{ groupId: GROUP, membership: 'member' as const, at: START.toISOString() }];
    const plan = await look({ users: { [user(1)]: anEntry({ expected }) }, sweeps: {} });
    expect(plan.changes).toEqual([]);
    expect([...plan.requeueAt]).toEqual([[user(1), plusSeconds(LATER, 30)]]);
  });

  it('serves the others when one of many cannot be read for now, and looks at that one again', async () => {
    const { look, faults } = await looking({ members: [1, 2, 3] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'throttle', principalId: user(2) });
    const plan = await look(lookAt(1, 2, 3));
    expect(changesOf(plan)).toEqual(['grant 1 group-join', 'grant 3 group-join']);
    expect([...plan.requeueAt]).toEqual([[user(2), plusSeconds(LATER, 30)]]);
  });

  it.each([
    ['the only one', [1]],
    ['every one', [1, 2, 3]],
  ])('fails when %s cannot be read for now, so that the machine retries', async (_fact, numbers) => {
    const { look, faults } = await looking({ members: [1, 2, 3] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'throttle', times: 3 });
    await expect(look(lookAt(...numbers))).rejects.toThrow(TransientAwsError);
  });

  it.each([
    [
      'a user',
      (lookAgainAt: string): WorkItems => ({ users: { [user(1)]: anEntry({ lookAgainAt }) }, sweeps: {} }),
      user(1),
    ],
    ['an application', (lookAgainAt: string): WorkItems => sweep({ lookAgainAt }), APPLICATION],
  ])('looks a second time at %s that it was told to, until then', async (_fact, looks, key) => {
    const { look } = await looking({ members: [1] });
    const second = plusSeconds(START, 120);
    expect((await look(looks(second))).requeueAt.get(key)).toBe(second);
    expect((await look(looks(second), { readAt: new Date(second) })).requeueAt.size).toBe(0);
  });

  it('waits until a write of ours has had time to show', async () => {
    const changedAt = plusSeconds(LATER, -10);
    const { look, seat } = await looking({ members: [1], seats: [aSeat(1, { status: 'assigned', changedAt })] });
    const plan = await look(lookAt(1));
    expect(plan.changes).toEqual([]);
    expect(plan.requeueAt.get(user(1))).toBe(plusSeconds(changedAt, 30));
    expect(await seat(1)).toMatchObject({ status: 'assigned' });
  });

  it('waits for the later of two times', async () => {
    const changedAt = plusSeconds(LATER, -10);
    const { look } = await looking({ members: [1], seats: [aSeat(1, { status: 'assigned', changedAt })] });
    const plan = await look(sweep({ lookAgainAt: plusSeconds(LATER, 90) }));
    expect(plan.requeueAt.get(APPLICATION)).toBe(plusSeconds(LATER, 90));
  });

  it('keeps what was checked before, and asks for settings once', async () => {
    const { look, calls } = await looking({ members: [1] });
    const { checked } = await look(lookAt(1));
    await look(lookAt(1), { checked });
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(1);
  });

  it('asks for no settings where one user needs no change', async () => {
    const { look, calls } = await looking({ members: [1], seats: [aSeat(1)], assigned: [1] });
    await look(lookAt(1));
    expect(calls('SSOAdmin.GetApplicationAssignmentConfiguration')).toBe(0);
  });

  it('keeps to itself how long the list of users is, until it has read it', async () => {
    const { look } = await looking({ people: 5, members: [1, 2, 3, 4], directory: {} });
    expect((await look(sweep())).userPages).toBeUndefined();
    expect((await look(sweep(), { userPages: 7 })).userPages).toBe(7);
  });

  it.each(['DynamoDB.Query', 'IdentityStore.ListGroupMemberships', 'SSOAdmin.GetApplicationAssignmentConfiguration'])(
    'fails as a whole when %s fails',
    async (operation) => {
      const { look, faults } = await looking({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      await expect(look(sweep())).rejects.toThrow(TransientAwsError);
    },
  );

  it('reads a user once where an entitlement gives days of grace, and begins them', async () => {
    const { look, seat } = await looking({ entitlements: graceful(2), seats: [aSeat(1)], assigned: [1] });
    const plan = await look(lookAt(1));
    expect(changesOf(plan)).toEqual(['record 1']);
    expect(await seat(1)).toMatchObject({ status: 'leaving', dueAt: plusSeconds(LATER, 2 * 86_400) });
  });
});

describe('a look at an application that AWS refuses', () => {
  it.each(['enforce', 'observe'] as const)('tells what was done before, in mode %s', async (mode) => {
    const observed = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];
    const { look, faults } = await looking({
      entitlements: someEntitlements({ entitlements: [{ mode }] }),
      observations: [anObservationOf(1, { audit: observed })],
      seats: [aSeat(2, { audit: [anAuditRecord()] }), aSeat(3)],
      hold: aHold({ applicationArn: APPLICATION, audit: [aHeldRecord()] }),
    });
    faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'not-found' });
    const plan = await look(sweep());
    expect([changesOf(plan), plan.holds, failuresOf(plan)]).toEqual([
      ['record 2', 'record 1'],
      [APPLICATION],
      [[APPLICATION, 'application-missing']],
    ]);
  });

  it('is a failure of the person who was looked at, and of nobody else', async () => {
    const { look, faults } = await looking({ members: [1, 2] });
    faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', principalId: user(1) });
    const plan = await look(lookAt(1, 2));
    expect([changesOf(plan), failuresOf(plan)]).toEqual([['grant 2 group-join'], [[user(1), 'access-denied']]]);
  });
});

describe('a look at an application that is configured no more', () => {
  const [reported, untold] = [aSeat(1), aSeat(2, { audit: [anAuditRecord()] })].map((seat) => ({
    ...seat,
    applicationArn: OTHER_APPLICATION,
    entitlement: 'kiro',
  }));
  if (!reported || !untold) throw new Error('there are two');
  const options: LookingOptions = {
    members: [1],
    seats: [reported, untold],
    directory: { applications: [{ applicationArn: OTHER_APPLICATION, assigned: [user(1), user(2), user(3)] }] },
  };
  const left = sweep({}, OTHER_APPLICATION);
  const given = sweep({ trigger: 'manual', giveUp: true }, OTHER_APPLICATION);

  it('changes nothing, asks nothing of Identity Center, and tells what is still to be told', async () => {
    const { look, services, door } = await looking(options);
    const hold = aHold({ applicationArn: OTHER_APPLICATION, audit: [aHeldRecord()] });
    await services.ledger.saveHold(hold);
    door.calls.clear();
    const plan = await look(left);
    expect(changesOf(plan)).toEqual(['record 2']);
    expect(plan).toMatchObject({ holds: [OTHER_APPLICATION], failures: [] });
    expect([...door.calls]).toEqual([['DynamoDB.Query', 1]]);
    expect((await services.ledger.holdings(OTHER_APPLICATION)).seats).toEqual([reported, untold]);
  });

  it.each([
    ['was switched to enforce', APPLICATION],
    ['was removed', OTHER_APPLICATION],
  ])('tells what an entitlement observed before it %s', async (_fact, applicationArn) => {
    const audit = [anAuditRecord({ kind: 'observed', reason: 'would-assign' })];
    const observations = [anObservationOf(1, { applicationArn, audit }), anObservationOf(2, { applicationArn })];
    const { look } = await looking({ observations });
    expect((await look(sweep({}, applicationArn))).changes).toEqual([
      { applicationArn, kind: 'record', reason: 'reconciled', userId: user(1) },
    ]);
  });

  it.each([
    ['no seats', given],
    ['no seats, and nobody gave it up', left],
  ])('finds nothing where there are %s', async (_fact, looks) => {
    const { look } = await looking({ members: [1] });
    expect(await look(looks)).toMatchObject({ changes: [], holds: [], failures: [] });
  });

  it('plans to take its last seat back, when a person has given it up', async () => {
    const { look } = await looking({ ...options, seats: [reported] });
    const plan = await look(given);
    expect(plan.changes).toEqual([
      { applicationArn: OTHER_APPLICATION, kind: 'revoke', reason: 'entitlement-removed', userId: user(1) },
    ]);
    expect(plan.reports.get(OTHER_APPLICATION)).toMatchObject({ entitlement: 'kiro', seats: 1, unmanaged: 2 });
  });

  it('holds its seats as a mass removal, when a person has given it up', async () => {
    const { look, services } = await looking(options);
    const plan = await look(given);
    expect(changesOf(plan)).toEqual(['record 2']);
    expect(plan.heldCounts.get(OTHER_APPLICATION)).toBe(2);
    const { seats, hold } = await services.ledger.holdings(OTHER_APPLICATION);
    expect(seats.map(({ status }) => status)).toEqual(['held', 'held']);
    expect(hold).toMatchObject({ entitlement: 'kiro', reason: 'nobody-entitled', digests: [{ count: 2 }] });
  });

  it('fails with what AWS refuses, and lets nothing else wait for it', async () => {
    const seats = [{ ...aSeat(1), applicationArn: OTHER_APPLICATION }];
    const { look } = await looking({
      members: [1],
      seats,
      directory: { applications: [{ applicationArn: APPLICATION }] },
    });
    const plan = await look({ users: {}, sweeps: { ...sweep().sweeps, ...given.sweeps } });
    expect(failuresOf(plan)).toEqual([[OTHER_APPLICATION, 'application-missing']]);
    expect(changesOf(plan)).toEqual(['grant 1 group-join']);
  });
});

describe('a look brings the ledger in line with what it read', () => {
  const early = plusSeconds(START, -3600);
  const unreported = { reason: 'quota-exceeded', since: early, execution: OTHER, reported: true };

  it.each<[string, LookingOptions, object]>([
    [
      'an assignment that shows is confirmed',
      { members: [1], seats: [aSeat(1, { status: 'assigned' })], assigned: [1] },
      { status: 'confirmed' },
    ],
    [
      'a revocation that never began is off',
      { members: [1], seats: [aSeat(1, { status: 'revoking' })], assigned: [1] },
      { status: 'confirmed' },
    ],
    [
      'a refused person who left is forgotten',
      { seats: [aSeat(1, { status: 'failed', refusal: unreported })] },
      { status: 'revoked', audit: [] },
    ],
  ])('%s', async (_fact, options, expected) => {
    const { look, seat } = await looking(options);
    expect((await look(lookAt(1))).changes).toEqual([]);
    expect(await seat(1)).toMatchObject({ ...expected, revision: 2 });
  });

  it('a revocation that was completed is recorded, and the seat granted again', async () => {
    const { look, seat } = await looking({ members: [1], seats: [aSeat(1, { status: 'revoking', changeSeq: 2 })] });
    const plan = await look(lookAt(1));
    expect(changesOf(plan)).toEqual(['grant 1 group-join']);
    expect(await seat(1)).toMatchObject({
      status: 'revoked',
      audit: [{ kind: 'revoked', changeSeq: 2, execution: ME, cause: 'event-1' }],
    });
  });

  it.each<[string, Partial<Seat>]>([
    ['was leaving', { status: 'leaving', dueAt: plusSeconds(LATER, 3600) }],
    ['was held', { status: 'held', hold: 1 }],
  ])('who %s and is back keeps the seat, without a call that writes', async (_fact, parts) => {
    const { look, seat, door } = await looking({ members: [1], seats: [aSeat(1, parts)], assigned: [1] });
    expect(changesOf(await look(lookAt(1)))).toEqual(['record 1']);
    const kept = await seat(1);
    expect(kept).toMatchObject({ status: 'confirmed', audit: [{ kind: 'kept', reason: 'still-entitled' }] });
    expect(kept).not.toHaveProperty('dueAt');
    expect(kept).not.toHaveProperty('hold');
    expect([...door.calls.keys()].filter((operation) => /Create|Delete/.test(operation))).toEqual([]);
  });

  it.each<[string, Partial<Seat>, string[]]>([
    ['before it, nothing', { status: 'leaving', dueAt: plusSeconds(LATER, 1) }, []],
    ['then, its revocation', { status: 'leaving', dueAt: LATER }, ['revoke 1 group-leave']],
  ])('who is gone has the seat until its date: %s', async (_fact, parts, changes) => {
    const options = { entitlements: graceful(2), seats: [aSeat(1, parts)], assigned: [1] };
    const { look, statuses } = await looking(options);
    expect(changesOf(await look(lookAt(1)))).toEqual(changes);
    expect(await statuses()).toEqual({ 1: 'leaving' });
  });

  it('a disabled user has no days of grace', async () => {
    const { look } = await looking({
      entitlements: graceful(2),
      directory: {
        users: [{ userId: user(1), userName: 'x', status: 'DISABLED' }],
        groups: [{ groupId: GROUP, members: [user(1)] }],
      },
      seats: [aSeat(1)],
      assigned: [1],
    });
    expect(changesOf(await look(lookAt(1)))).toEqual(['revoke 1 user-disabled']);
  });

  it.each<[string, LookingOptions]>([
    ['who waited and got an assignment elsewhere', { members: [1], assigned: [1] }],
    ['who waited and left', {}],
  ])('%s is forgotten', async (_fact, options) => {
    const { look, seat } = await looking({ ...options, seats: [aSeat(1, { status: 'waitlisted' })] });
    expect(changesOf(await look(sweep()))).toEqual([]);
    expect(await seat(1)).toMatchObject({ status: 'revoked', audit: [], changedAt: LATER });
  });

  it('for all seats of a sweep', async () => {
    const numbers = people(1, 25);
    const { look, services } = await looking({
      people: 25,
      members: numbers,
      seats: numbers.map((number) => aSeat(number, { status: 'assigned' })),
      assigned: numbers,
    });
    await look(sweep());
    const { seats } = await services.ledger.holdings(APPLICATION);
    expect(seats.map(({ status }) => status)).toEqual(numbers.map(() => 'confirmed'));
  });

  it('fails for a retry when a write of its own fails', async () => {
    const { look, faults } = await looking({
      members: [1],
      seats: [aSeat(1, { status: 'assigned' })],
      assigned: [1],
    });
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'throttle' });
    await expect(look(lookAt(1))).rejects.toThrow(TransientAwsError);
  });

  it('lists audit events that are not on the bus', async () => {
    const audit = [
      { kind: 'assigned' as const, changeSeq: 1, at: early, reason: 'manual', execution: OTHER, cause: OTHER },
    ];
    const { look } = await looking({ members: [1], seats: [aSeat(1, { audit })], assigned: [1] });
    expect((await look(lookAt(1))).changes).toEqual([
      { applicationArn: APPLICATION, kind: 'record', reason: 'reconciled', userId: user(1) },
    ]);
  });

  it.each([
    ['this execution was refused', ME, false, [[user(1), 'quota-exceeded']]],
    ['it has failed an execution already', ME, true, []],
    ['another execution was refused', OTHER, false, []],
  ])('a refusal is a failure of the look where %s', async (_fact, execution, reported, expected) => {
    const refusal = { ...unreported, execution, reported, failed: reported };
    const seat = aSeat(1, { status: 'failed', refusal, nextAttemptAt: plusSeconds(LATER, 60) });
    const { look } = await looking({ members: [1], seats: [seat] });
    const plan = await look(lookAt(1));
    expect(failuresOf(plan)).toEqual(expected);
    // A redriven execution that failed for it tries again, everybody else only later.
    expect(changesOf(plan)).toEqual(reported && execution === ME ? ['grant 1 group-join'] : []);
  });
});
