import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { Changes } from '../../domain/decision/batches.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import { enqueue } from '../../domain/queue/enqueue.ts';
import { acquireLease, LEASE_SECONDS } from '../../domain/queue/lease.ts';
import type { SweepItem, WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { TransientAwsError } from '../../domain/shared/errors.ts';
import { plusSeconds, secondsBetween } from '../../domain/shared/time.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { handler } from '../../functions/apply-changes.ts';
import { applyChanges } from '../../reconcile/apply-changes.ts';
import { applying } from '../support/applying.ts';
import { aBatch, aHold, aMembershipRequest, aRequest, aSeat, aSweepItem } from '../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER, OTHER_APPLICATION, people, START, user } from '../support/ids.ts';
import { aPlatform } from '../support/platform.ts';
import { aRound, storeBatch } from '../support/rounds.ts';
import type { WorldOptions } from '../support/world.ts';

/** The number of the first change of a seat: the second in which it begins. */
const FIRST = START.getTime() / 1000 + 5;

/** Before the changes are made. */
const secondsAgo = (seconds: number) => plusSeconds(START, 5 - seconds);

const wrote = (calls: (operation: string) => number) => ({
  create: calls('SSOAdmin.CreateApplicationAssignment'),
  remove: calls('SSOAdmin.DeleteApplicationAssignment'),
});

describe('granting', () => {
  it('assigns the application to each user and records it with an audit event', async () => {
    const { apply, seat, isAssigned, metrics } = await applying({ members: [1, 2] });
    expect(await apply(aBatch('grant', [1, 2]))).toEqual({ granted: 2 });
    for (const number of [1, 2]) {
      expect(isAssigned(number)).toBe(true);
      expect(await seat(number)).toMatchObject({
        status: 'assigned',
        entitlement: 'amazon-q-developer',
        changeSeq: FIRST,
        revision: 2,
        audit: [{ kind: 'assigned', changeSeq: FIRST, reason: 'group-join', execution: ME }],
      });
    }
    expect(metrics.filter(([name]) => name === 'SeatsGranted')).toHaveLength(2);
  });

  it('writes its intention before it calls AWS', async () => {
    const { apply, seat, faults } = await applying({ members: [1] });
    faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'internal', times: 100 });
    expect(await apply(aBatch('grant', [1]))).toEqual({ aside: 1 });
    expect(await seat(1)).toMatchObject({ status: 'creating', audit: [], requestedAt: expect.any(String) });
  });

  const times = { at: plusSeconds(START, -50), startedAt: plusSeconds(START, -40) };

  it.each<[string, (queue: WorkQueue) => WorkQueue, string]>([
    [
      'the event about the user',
      (queue) =>
        enqueue(queue, aMembershipRequest('member', 1, { cause: 'event-7', ...times }), {
          me: ME,
          entitlements: exampleEntitlements().entitlements,
          now: START,
        }),
      'event-7',
    ],
    [
      'the event about the group',
      (queue) =>
        enqueue(queue, aRequest({ groups: [GROUP], cause: 'event-8', ...times }), {
          me: ME,
          entitlements: exampleEntitlements().entitlements,
          now: START,
        }),
      'event-8',
    ],
  ])(
    'names %s as its cause, was asked for when its execution started, and measures the time since the event',
    async (_fact, queue, cause) => {
      const { apply, seat, metrics } = await applying({ members: [1], queue });
      await apply(aBatch('grant', [1]));
      expect(await seat(1)).toMatchObject({ cause, requestedAt: times.startedAt, audit: [{ cause }] });
      const [, seconds = 0] = metrics.find(([name]) => name === 'JoinToSeat') ?? [];
      expect(seconds).toBeGreaterThanOrEqual(55);
      expect(seconds).toBeLessThan(60);
    },
  );

  it('names the execution as its cause if there was no hint', async () => {
    const { apply, seat } = await applying({ members: [1] });
    await apply(aBatch('grant', [1], { reason: 'reconciled' }));
    expect(await seat(1)).toMatchObject({ cause: ME, audit: [{ cause: ME, reason: 'reconciled' }] });
  });

  it('measures no time for an assignment that heals drift', async () => {
    const { apply, seat, metrics } = await applying({ members: [1], seats: [aSeat(1)] });
    await apply(aBatch('grant', [1], { reason: 'drift-healed' }));
    expect(metrics).toEqual([['SeatsGranted', 1]]);
    expect(await seat(1)).toMatchObject({ status: 'assigned', changeSeq: 2 });
  });

  it('skips changes that were made since the plan', async () => {
    const { apply, seat, calls } = await applying({ members: [1, 2] });
    await apply(aBatch('grant', [1]));
    const done = await seat(1);
    expect(await apply(aBatch('grant', [1, 2]))).toEqual({ done: 1, granted: 1 });
    expect(await seat(1)).toEqual(done);
    expect(wrote(calls).create).toBe(2);
  });

  it('leaves a seat to the next plan whose revocation has begun since the plan', async () => {
    const seats = [aSeat(1, { status: 'revoking', changedAt: secondsAgo(2), grantedAt: secondsAgo(100) })];
    const { apply, seat, calls } = await applying({ members: [1], seats });
    expect(await apply(aBatch('grant', [1]))).toEqual({ done: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking', audit: [] });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it('does not revoke a seat that has begun to be made since the plan', async () => {
    const { apply, seat, calls } = await applying({
      seats: [aSeat(1, { status: 'creating', changedAt: secondsAgo(2) })],
    });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ done: 1 });
    expect(await seat(1)).toMatchObject({ status: 'creating' });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it('makes an assignment again that was made before the plan and does not exist', async () => {
    const before = aSeat(1, { status: 'assigned', changedAt: plusSeconds(START, -60) });
    const { apply, seat, isAssigned } = await applying({ members: [1], seats: [before] });
    expect(await apply(aBatch('grant', [1]))).toEqual({ granted: 1 });
    expect(isAssigned(1)).toBe(true);
    expect(await seat(1)).toMatchObject({ status: 'assigned', changeSeq: 1 });
  });

  it.each([
    ['is there', [1], 0],
    ['is not there', [], 1],
  ])('checks for an assignment that an earlier try left open; it %s', async (_fact, assigned, creates) => {
    const open = aSeat(1, { status: 'creating', requestedAt: plusSeconds(START, -90) });
    const { apply, seat, calls } = await applying({ members: [1], seats: [open], assigned });
    expect(await apply(aBatch('grant', [1]))).toEqual({ granted: 1 });
    expect(wrote(calls).create).toBe(creates);
    expect(await seat(1)).toMatchObject({ status: 'assigned', changeSeq: 1, requestedAt: open.requestedAt });
  });

  it('does nothing for a user without an entitlement', async () => {
    const { apply, calls } = await applying({ members: [1] });
    expect(await apply(aBatch('grant', [1], { applicationArn: OTHER_APPLICATION }))).toEqual({ later: 1 });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });
});

describe('right before a grant', () => {
  const disabled = { userId: user(1), userName: 'x', status: 'DISABLED' as const };
  const groups = [{ groupId: GROUP, members: [user(1)] }];

  it.each<[string, WorldOptions, number]>([
    ['is in no group of the entitlement', { people: 1 }, 0],
    ['has been deleted', { directory: { users: [], groups: [] } }, 0],
    ['is in a group that does not exist any longer', { people: 1, directory: { groups: [] } }, 0],
    ['was disabled more than a minute after the plan has read them', { directory: { users: [disabled], groups } }, 61],
  ])('a user who %s is left to the next plan', async (_fact, options, seconds) => {
    const { apply, calls, seats, clock } = await applying(options);
    clock.advance(seconds);
    expect(await apply(aBatch('grant', [1]))).toEqual({ later: 1 });
    expect([wrote(calls), await seats()]).toEqual([{ create: 0, remove: 0 }, {}]);
  });

  it.each([
    ['once', 30, { groups: 1, users: 0 }],
    ['and with the status, if the plan is older than a minute', 90, { groups: 1, users: 1 }],
  ])('the user is read again %s', async (_fact, seconds, expected) => {
    const { apply, calls, clock } = await applying({ members: [1] });
    clock.advance(seconds);
    expect(await apply(aBatch('grant', [1]))).toEqual({ granted: 1 });
    expect({
      groups: calls('IdentityStore.IsMemberInGroups'),
      users: calls('IdentityStore.DescribeUser'),
    }).toEqual(expected);
  });

  it.each([
    ['internal', 4],
    ['refuse', 1],
  ] as const)('a user who cannot be read (%s) is put aside without a slot, and nobody else', async (kind, reads) => {
    const { apply, calls, faults, seats } = await applying({ members: [1, 2] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind, principalId: user(1), times: 100 });
    expect(await apply(aBatch('grant', [1, 2]))).toEqual({ granted: 1, aside: 1 });
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(reads + 1);
    expect(await seats()).toEqual({ 1: 'failed', 2: 'assigned' });
  });

  it('a tombstone does not say that a new grant has failed: it would say so for ever', async () => {
    const revocations = [plusSeconds(START, -600)];
    const gone = aSeat(1, { status: 'revoked', revocations });
    const { apply, faults, seat } = await applying({ members: [1], seats: [gone] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'internal', principalId: user(1), times: 100 });
    expect(await apply(aBatch('grant', [1]))).toEqual({ aside: 1 });
    expect(await seat(1)).toMatchObject({ status: 'failed', revision: 2, revocations, refusal: { attempts: 1 } });
  });
});

describe('an entitlement that now observes', () => {
  const entitlements = [{ mode: 'observe' as const }];

  it.each([
    ['grants nothing', aBatch('grant', [1]), []],
    ['revokes nothing', aBatch('revoke', [1]), [aSeat(1)]],
    ['revokes nothing of a deleted user', aBatch('revoke', [9], { reason: 'user-deleted' }), [aSeat(9)]],
  ])('%s that was planned before', async (_fact, batch, seats) => {
    const { apply, calls, services } = await applying({ entitlements, seats });
    expect(await apply(batch)).toEqual({ later: 1 });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
    expect((await services.ledger.holdings(APPLICATION)).seats).toEqual(seats);
  });
});

describe('a place on the waitlist', () => {
  it('becomes a seat with the time of the first request, and does not measure the time from join to seat', async () => {
    const line = aSeat(1, { status: 'waitlisted', requestedAt: plusSeconds(START, -600) });
    const { apply, seat, metrics } = await applying({ members: [1], seats: [line] });
    expect(await apply(aBatch('grant', [1], { reason: 'place-freed' }))).toEqual({ granted: 1 });
    expect(await seat(1)).toMatchObject({
      status: 'assigned',
      changeSeq: 2,
      requestedAt: line.requestedAt,
      audit: [{ kind: 'assigned', changeSeq: 2, reason: 'place-freed' }],
    });
    expect(metrics.map(([name]) => name)).not.toContain('JoinToSeat');
  });
});

describe('a seat whose assignment was removed by hand', () => {
  it('is not assigned again if a read of this user shows the assignment, because then the list lags', async () => {
    const { apply, calls, seat } = await applying({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await apply(aBatch('grant', [1], { reason: 'drift-healed' }))).toEqual({ later: 1 });
    expect([wrote(calls).create, await seat(1)]).toEqual([0, aSeat(1)]);
  });
});

describe('revoking', () => {
  const seats = [aSeat(1)];

  it.each<[string, Partial<Seat>]>([
    ['is held', { status: 'held', hold: 3 }],
    ['is leaving', { status: 'leaving', dueAt: START.toISOString() }],
  ])('revokes a seat that %s, and clears these fields', async (_fact, parts) => {
    const { apply, seat } = await applying({ seats: [aSeat(1, parts)], assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    const { hold, dueAt, status } = (await seat(1)) ?? {};
    expect({ hold, dueAt, status }).toEqual({ hold: undefined, dueAt: undefined, status: 'revoked' });
  });

  it('confirms the revocation, removes the assignment, checks it and records it with an audit event', async () => {
    const { apply, seat, isAssigned, metrics } = await applying({ seats, assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    expect(isAssigned(1)).toBe(false);
    expect(await seat(1)).toMatchObject({
      status: 'revoked',
      changeSeq: 2,
      revision: 3,
      revocations: [expect.any(String)],
      audit: [{ kind: 'revoked', changeSeq: 2, reason: 'group-leave', execution: ME }],
    });
    expect(metrics).toEqual([['SeatsRevoked', 1]]);
  });

  it('writes its intention before it calls AWS', async () => {
    const { apply, seat, faults } = await applying({ seats, assigned: [1] });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'internal', times: 100 });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ aside: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking', changeSeq: 2, audit: [] });
  });

  it.each<[string, Partial<Hold>, Partial<Seat>, string]>([
    ['leaves a seat to the next plan if a hold has begun since this one', {}, {}, 'confirmed'],
    ['leaves a held seat that no digest has released', { released: 1 }, { status: 'held', hold: 2 }, 'held'],
    ['revokes a held seat that an operator has released', { released: 1 }, { status: 'held', hold: 1 }, 'revoked'],
    ['completes under a hold what has begun', {}, { status: 'revoking' }, 'revoked'],
    ['revokes after a hold is lifted', { status: 'lifted' }, {}, 'revoked'],
  ])('%s', async (_fact, hold, parts, status) => {
    const { apply, seat, calls, services } = await applying({ seats: [aSeat(1, parts)], assigned: [1] });
    await services.ledger.saveHold(aHold({ ...hold, revision: 1 }));
    expect(await apply(aBatch('revoke', [1]))).toEqual({ [status === 'revoked' ? 'revoked' : 'later']: 1 });
    expect([(await seat(1))?.status, wrote(calls).remove]).toEqual([status, status === 'revoked' ? 1 : 0]);
  });

  it('reads the hold once for all users of a batch', async () => {
    const { apply, calls } = await applying({
      people: 3,
      seats: [1, 2, 3].map((one) => aSeat(one)),
      assigned: [1, 2, 3],
    });
    await apply(aBatch('revoke', [1]));
    const before = calls('DynamoDB.GetItem');
    await apply(aBatch('revoke', [2, 3]));
    expect(calls('DynamoDB.GetItem') - before).toBe(before);
  });

  it('reads the hold again if the read has failed', async () => {
    const { apply, services } = await applying({ seats, assigned: [1] });
    const { ledger } = services;
    const failures = [new TransientAwsError('GetItem: no answer')];
    const hold = async (application: string) => {
      const failure = failures.pop();
      if (failure) throw failure;
      return ledger.hold(application);
    };
    services.ledger = { ...ledger, hold };
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    expect(failures).toEqual([]);
  });

  it('completes what has begun although the hold cannot be read', async () => {
    const { apply, services } = await applying({ seats: [aSeat(1, { status: 'revoking' })], assigned: [1] });
    const hold = () => Promise.reject(new TransientAwsError('GetItem: no answer'));
    services.ledger = { ...services.ledger, hold };
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
  });

  it('leaves a seat to the next plan, and puts no user aside, if the hold is of another version', async () => {
    const { apply, put, item } = await applying({ seats, assigned: [1] });
    await put({ ...aHold(), schemaVersion: 2, pk: APPLICATION, sk: '#hold' });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ later: 1 });
    expect(await item(APPLICATION, user(1))).not.toHaveProperty('refusal');
  });

  it('asks about no user whose revocation the hold keeps back', async () => {
    const held = people(1, 5);
    const { apply, services, calls } = await applying({
      people: 5,
      seats: held.map((one) => aSeat(one)),
      assigned: held,
    });
    await services.ledger.saveHold(aHold());
    expect(await apply(aBatch('revoke', held))).toEqual({ later: 5 });
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(0);
  });

  it('does not begin, and neither does a grant, under another configuration than the plan’s', async () => {
    const { store, services, calls } = await applying({ people: 3, members: [1, 2], seats: [aSeat(3)], assigned: [3] });
    const input = await store(aBatch('grant', [1, 2]), aBatch('revoke', [3]));
    const entitlements = exampleEntitlements({
      entitlements: [{ seats: { max: 1 }, onLeave: { revokeAfterDays: 7 } }],
    });
    await expect(applyChanges(input, { ...services, entitlements })).rejects.toThrow(/configuration/);
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it.each<[string, Changes['reason'], WorldOptions]>([
    ['is a member again', 'group-leave', { members: [1] }],
    ['is enabled again', 'user-disabled', {}],
    ['still exists', 'user-deleted', {}],
    [
      'is disabled and not deleted',
      'user-deleted',
      { directory: { users: [{ userId: user(1), userName: 'x', status: 'DISABLED' }] } },
    ],
  ])('keeps the seat of a user who %s', async (_fact, reason, options) => {
    const { apply, seat, calls } = await applying({ seats, assigned: [1], ...options });
    expect(await apply(aBatch('revoke', [1], { reason }))).toEqual({ later: 1 });
    expect(wrote(calls).remove).toBe(0);
    expect(await seat(1)).toEqual(aSeat(1));
  });

  it.each<[string, Changes['reason'], WorldOptions]>([
    ['left every group', 'group-leave', {}],
    ['is in a group that does not exist', 'group-leave', { directory: { groups: [] } }],
    ['is deleted after leaving', 'group-leave', { directory: { users: [] } }],
    [
      'is disabled',
      'user-disabled',
      { directory: { users: [{ userId: user(1), userName: 'x', status: 'DISABLED' }] } },
    ],
    ['is deleted after being disabled', 'user-disabled', { directory: { users: [] } }],
    ['is deleted, and whose assignment still exists', 'user-deleted', { directory: { users: [] } }],
  ])('revokes the seat of a user who %s, and counts it for the brake', async (_fact, reason, options) => {
    const groups = options.directory?.users ? { groups: [] } : {};
    const directory = { ...options.directory, ...groups };
    const { apply, seat } = await applying({ seats, assigned: [1], ...options, directory });
    expect(await apply(aBatch('revoke', [1], { reason }))).toEqual({ revoked: 1 });
    expect((await seat(1))?.revocations).toHaveLength(1);
  });

  describe('a seat whose entitlement was removed', () => {
    const removed = {
      members: [1],
      seats: [aSeat(1, { applicationArn: OTHER_APPLICATION })],
      directory: { applications: [{ applicationArn: OTHER_APPLICATION, assigned: [user(1)] }] },
    };
    const batch = aBatch('revoke', [1], { applicationArn: OTHER_APPLICATION, reason: 'entitlement-removed' });
    const swept = (item: Partial<SweepItem>) => (queue: WorkQueue) => ({
      ...queue,
      sweeps: { [OTHER_APPLICATION]: aSweepItem({ trigger: 'manual', ...item }) },
    });

    it.each<[string, (queue: WorkQueue) => WorkQueue]>([
      ['in no work item', (queue) => queue],
      ['in a work item of a sweep', swept({})],
      ['for another application', (queue) => ({ ...queue, sweeps: { [APPLICATION]: aSweepItem({ giveUp: true }) } })],
    ])('is kept if no operator has given it up: %s', async (_where, queue) => {
      const { apply, calls } = await applying({ ...removed, queue });
      expect(await apply(batch)).toEqual({ later: 1 });
      expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
    });

    it('is revoked, without asking for a group, if an operator has given up the application', async () => {
      const { apply, services, center } = await applying({ ...removed, queue: swept({ giveUp: true }) });
      // Somebody who left a group of it has not been given up.
      expect(await apply({ ...batch, reason: 'group-leave' })).toEqual({ later: 1 });
      expect(await apply(batch)).toEqual({ revoked: 1 });
      expect(center.assignments()).toEqual([]);
      expect((await services.ledger.holdings(OTHER_APPLICATION)).seats).toMatchObject([{ status: 'revoked' }]);
    });
  });

  it.each([
    ['that Usher did not make', []],
    ['that is revoked already', [aSeat(1, { status: 'revoked' })]],
  ])('does nothing about an assignment %s', async (_fact, none) => {
    const { apply, calls, isAssigned } = await applying({ seats: none, assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ done: 1 });
    expect(isAssigned(1)).toBe(true);
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(0);
  });

  it('audits first a grant whose answer was lost', async () => {
    const open = aSeat(1, { status: 'creating' });
    const { apply, seat } = await applying({ seats: [open], assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    expect((await seat(1))?.audit).toMatchObject([
      { kind: 'assigned', changeSeq: 1, reason: 'group-join' },
      { kind: 'revoked', changeSeq: 2, reason: 'group-leave' },
    ]);
  });

  it('does not audit a grant that had no effect', async () => {
    const { apply, seat } = await applying({ seats: [aSeat(1, { status: 'creating' })] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ done: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoked', audit: [] });
  });

  it.each<[string, Partial<Seat>]>([
    ['was granted', { status: 'confirmed', grantedAt: secondsAgo(89) }],
    ['was requested and never answered', { status: 'creating', changedAt: secondsAgo(89) }],
    ['was granted again', { status: 'assigned', grantedAt: secondsAgo(9000), changedAt: secondsAgo(89) }],
    ['was granted, while its revocation has begun', { status: 'revoking', grantedAt: secondsAgo(89) }],
  ])('does not trust a read that may be too early to show a seat that %s', async (_fact, parts) => {
    const { apply, seat } = await applying({ seats: [aSeat(1, parts)], assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ later: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking' });
  });

  it('audits first a grant whose answer was lost, also if its revocation has begun', async () => {
    const { grantedAt: _, ...open } = aSeat(1, { status: 'revoking', changeSeq: 2 });
    const { apply, seat } = await applying({ seats: [open], assigned: [1] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    expect((await seat(1))?.audit).toMatchObject([
      { kind: 'assigned', changeSeq: 2 },
      { kind: 'revoked', changeSeq: 3 },
    ]);
  });

  it('does not audit a grant that had no effect, also if its revocation has begun', async () => {
    const { grantedAt: _, ...open } = aSeat(1, { status: 'revoking', changeSeq: 2 });
    const { apply, seat } = await applying({ seats: [open] });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ done: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoked', audit: [] });
  });

  it('audits the revocation of a seat whose grant was audited, even if the second grant had no effect', async () => {
    const { apply, seat } = await applying({
      seats: [aSeat(1, { status: 'creating', grantedAt: START.toISOString() })],
    });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ revoked: 1 });
    expect((await seat(1))?.audit).toMatchObject([{ kind: 'revoked', changeSeq: 2 }]);
  });

  it('continues an unfinished revocation as the same change', async () => {
    const { apply, seat } = await applying({ seats: [aSeat(1, { status: 'revoking', changeSeq: 4 })], assigned: [1] });
    await apply(aBatch('revoke', [1]));
    expect(await seat(1)).toMatchObject({ status: 'revoked', changeSeq: 4, revision: 3 });
  });

  it.each<[string, FaultRule['kind'] | undefined]>([
    ['the read after it is too early', undefined],
    ['the read after it fails', 'throttle'],
    ['AWS refuses the read after it', 'refuse'],
  ])('remembers that AWS has accepted the removal if %s', async (_fact, kind) => {
    const seats = [aSeat(1, { changedAt: secondsAgo(kind ? 600 : 20), grantedAt: secondsAgo(kind ? 600 : 20) })];
    const { apply, faults, seat, clock } = await applying({ people: 1, seats, assigned: [1] });
    if (kind) faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind, for: '1h' });
    await apply(aBatch('revoke', [1]));
    const { status, removedAt = '' } = (await seat(1)) ?? {};
    expect(status).toBe('revoking');
    expect(Date.parse(removedAt)).toBeLessThanOrEqual(clock.now().getTime());
  });

  it('does not say so if AWS does not remove it', async () => {
    const { apply, faults, seat } = await applying({ people: 1, seats: [aSeat(1)], assigned: [1] });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'internal', for: '1h' });
    await apply(aBatch('revoke', [1]));
    expect(await seat(1)).toMatchObject({ status: 'revoking' });
    expect(await seat(1)).not.toHaveProperty('removedAt');
  });

  it('keeps the seat while a read shows the assignment, regardless of the answer', async () => {
    const { apply, seat, faults } = await applying({ seats, assigned: [1] });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'lost' });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ later: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking', audit: [] });
  });
});

describe('each change of a batch', () => {
  it('is requested without waiting for the answers of earlier changes, thirty at once', async () => {
    const { services, store } = await applying({ people: 90, members: people(1, 90) });
    let underWay = 0;
    let most = 0;
    const applications: typeof services.applications = {
      ...services.applications,
      async assign(...change) {
        underWay += 1;
        most = Math.max(most, underWay);
        for (let turns = 0; turns < 20; turns += 1) await new Promise((resolve) => setImmediate(resolve));
        underWay -= 1;
        return services.applications.assign(...change);
      },
    };
    const input = await store(aBatch('grant', people(1, 90)));
    expect(await applyChanges(input, { ...services, applications })).toEqual({ granted: 90 });
    expect(most).toBe(30);
  });

  const CREATE = 'SSOAdmin.CreateApplicationAssignment';
  const fault = (kind: FaultRule['kind'], number: number): FaultRule => ({
    operation: CREATE,
    kind,
    principalId: user(number),
  });

  it.each<[string, FaultRule['kind'], 'grant' | 'revoke']>([
    ['throttled', 'throttle', 'grant'],
    ['failing', 'internal', 'grant'],
    ['failing after its effect', 'internal-after', 'grant'],
    ['conflicting', 'conflict', 'grant'],
    ['throttled', 'throttle', 'revoke'],
    ['failing', 'internal', 'revoke'],
    ['failing after its effect', 'internal-after', 'revoke'],
    ['conflicting', 'conflict', 'revoke'],
  ])('is tried again if it is %s once, after all others: %s, %s', async (_fact, kind, change) => {
    const seats = change === 'revoke' ? [aSeat(1), aSeat(2)] : [];
    const assigned = change === 'revoke' ? [1, 2] : [];
    const members = change === 'grant' ? [1, 2] : [];
    const { apply, isAssigned, faults } = await applying({ seats, assigned, members });
    const operation = `SSOAdmin.${change === 'grant' ? 'Create' : 'Delete'}ApplicationAssignment`;
    faults.add({ operation, kind, principalId: user(1) });
    expect(await apply(aBatch(change, [1, 2]))).toEqual({ [change === 'grant' ? 'granted' : 'revoked']: 2 });
    expect([1, 2].map(isAssigned)).toEqual(change === 'grant' ? [true, true] : [false, false]);
  });

  it.each<[FaultRule['kind'], string]>([
    ['throttle', 'throttled'],
    ['internal', 'unavailable'],
    ['conflict', 'conflict'],
  ])('that keeps failing (%s) puts its user aside for a minute, and nobody else', async (kind, reason) => {
    const { apply, seat, faults, clock, calls } = await applying({ members: [1, 2] });
    faults.add({ ...fault(kind, 1), times: 100 });
    expect(await apply(aBatch('grant', [1, 2]))).toEqual({ granted: 1, aside: 1 });
    expect(calls(CREATE)).toBe(5);
    const now = clock.now().toISOString();
    expect(await seat(1)).toMatchObject({
      status: 'creating',
      refusal: { reason, attempts: 1, since: now, execution: ME, reported: false },
      nextAttemptAt: plusSeconds(clock.now(), 60),
      audit: [],
    });
    expect(await seat(2)).toMatchObject({ status: 'assigned' });
  });

  it('that keeps failing is put aside for twice the time with each attempt, at most for an hour', async () => {
    const { apply, seat, faults, clock } = await applying({ members: [1] });
    faults.add({ ...fault('conflict', 1), times: 1000 });
    const minutes: number[] = [];
    const numbers = new Set<number | undefined>();
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await apply(aBatch('grant', [1]));
      const { nextAttemptAt = '', changeSeq } = (await seat(1)) ?? {};
      numbers.add(changeSeq);
      minutes.push(secondsBetween(clock.now().toISOString(), new Date(nextAttemptAt)) / 60);
    }
    expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
    expect(await seat(1)).toMatchObject({ refusal: { attempts: 8 } });
    expect(numbers.size).toBe(1);
  });

  it('that succeeds clears what is said of its failed attempts', async () => {
    const { apply, seat, faults } = await applying({ members: [1] });
    faults.add({ ...fault('conflict', 1), times: 4 });
    expect(await apply(aBatch('grant', [1]))).toEqual({ aside: 1 });
    const { changeSeq } = (await seat(1)) ?? {};
    expect(await apply(aBatch('grant', [1]))).toEqual({ granted: 1 });
    const now = await seat(1);
    expect(now).toMatchObject({ status: 'assigned', changeSeq, audit: [{ kind: 'assigned', changeSeq }] });
    expect([now?.refusal, now?.nextAttemptAt]).toEqual([undefined, undefined]);
  });

  it.each<[string, Changes['reason']]>([
    ['IdentityStore.IsMemberInGroups', 'group-leave'],
    ['IdentityStore.DescribeUser', 'user-disabled'],
    ['IdentityStore.DescribeUser', 'user-deleted'],
  ])('that AWS refuses to confirm (%s) puts its user aside for an hour, and nobody else', async (operation, reason) => {
    const users = [1, 2].map((number) => ({
      userId: user(number),
      userName: `u${number}`,
      status: 'DISABLED' as const,
    }));
    const directory = reason === 'group-leave' ? {} : { users: reason === 'user-deleted' ? [] : users };
    const { apply, seat, faults, clock } = await applying({
      seats: [aSeat(1), aSeat(2)],
      assigned: [1, 2],
      directory: { groups: [], ...directory },
    });
    faults.add({ operation, kind: 'refuse', principalId: user(1), times: 100 });
    expect(await apply(aBatch('revoke', [1, 2], { reason }))).toEqual({ revoked: 1, aside: 1 });
    expect(await seat(1)).toMatchObject({
      status: 'confirmed',
      refusal: { reason: 'access-denied', reported: false },
      nextAttemptAt: plusSeconds(clock.now(), 3600),
    });
  });

  it('begins no attempt so late that the function runs into its limit of four minutes, and stores the rest', async () => {
    const everybody = people(1, 400);
    const { apply, faults, clock, services } = await applying({ people: 400, members: everybody });
    faults.add({ operation: CREATE, kind: 'conflict', times: 100_000 });
    const begun = clock.now().toISOString();
    expect(await apply(aBatch('grant', everybody))).toEqual({ aside: 380, left: 20 });
    const { rounds } = await services.ledger.queue();
    expect(rounds).toMatchObject([{ next: 0, batches: 2 }]);
    const rest = await services.ledger.batch({ round: 1, batch: 1 });
    expect(rest?.changes.map(({ kind, userIds }) => [kind, userIds.length])).toEqual([['grant', 20]]);
    const seconds = secondsBetween(begun, clock.now());
    expect(seconds).toBeGreaterThan(180);
    expect(seconds).toBeLessThan(220);
  });

  it('puts no user aside whom it could try only once because other callers use up the quota', async () => {
    const everybody = people(1, 400);
    const { apply, faults, services } = await applying({ people: 400, members: everybody, requestsPerSecond: 2 });
    faults.add({ operation: CREATE, kind: 'throttle', times: 100_000 });
    expect(await apply(aBatch('grant', everybody))).toEqual({ left: 400 });
    const rest = await services.ledger.batch({ round: 1, batch: 1 });
    expect(rest?.changes).toEqual([aBatch('grant', everybody)]);
  });

  it.each([
    ['quota', 'quota-exceeded', {}],
    ['refuse', 'access-denied', {}],
    ['refuse', 'kms-access-denied', { reason: 'KMS_AccessDeniedException' }],
  ] as const)('is refused for itself with %s (%s), and audited once', async (kind, reason, parts) => {
    const { apply, seat, isAssigned, faults, metrics } = await applying({ members: [1, 2] });
    faults.add({ ...fault(kind, 1), times: 2, ...parts });
    expect(await apply(aBatch('grant', [1, 2]))).toEqual({ refused: 1, granted: 1 });
    expect(isAssigned(2)).toBe(true);
    expect(await seat(1)).toMatchObject({
      status: 'failed',
      refusal: { reason, execution: ME, reported: false },
      nextAttemptAt: expect.any(String),
      audit: [{ kind: 'refused', refused: 'grant', reason }],
    });
    expect(metrics).toContainEqual(['SeatsRefused', 1]);
    await apply(aBatch('grant', [1]));
    expect((await seat(1))?.audit).toHaveLength(1);
    expect(await seat(1)).toMatchObject({ refusal: { reported: false } });
  });

  it.each<[string, number, string]>([
    ['keeps its slot if an earlier call may have made the assignment', -4400, 'creating'],
    ['frees its slot once reads have had time to show the effect of earlier calls', -4500, 'failed'],
  ])('%s', async (_fact, age, status) => {
    const changedAt = plusSeconds(START, age);
    const seats = [aSeat(1, { status: 'creating', changedAt })];
    const { apply, seat, faults } = await applying({ members: [1], seats });
    faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'refuse' });
    expect(await apply(aBatch('grant', [1]))).toEqual({ refused: 1 });
    expect(await seat(1)).toMatchObject({ status, audit: [{ kind: 'refused', refused: 'grant' }] });
  });

  it('keeps its slot if its revocation is refused', async () => {
    const { apply, seat, faults } = await applying({ seats: [aSeat(1)], assigned: [1] });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'refuse' });
    expect(await apply(aBatch('revoke', [1]))).toEqual({ refused: 1 });
    expect(await seat(1)).toMatchObject({ status: 'revoking', audit: [{ kind: 'refused', refused: 'revoke' }] });
  });

  it('waits for a user whom AWS does not know yet, or no longer', async () => {
    const { apply, seat, faults } = await applying({ members: [3] });
    faults.add({ operation: CREATE, kind: 'not-found', times: 100 });
    expect(await apply(aBatch('grant', [3]))).toEqual({ aside: 1 });
    expect(await seat(3)).toMatchObject({
      status: 'creating',
      audit: [],
      refusal: { reason: 'principal-or-application-missing', attempts: 1 },
    });
  });

  it('fails at once on a bug', async () => {
    const { services, store } = await applying({ members: [1, 2] });
    const broken = {
      ...services.applications,
      assign: () => Promise.reject(new TypeError('a bug')),
    };
    const input = await store(aBatch('grant', [1, 2]));
    await expect(applyChanges(input, { ...services, applications: broken })).rejects.toThrow('a bug');
  });

  it.each(['record', 'hold'] as const)('does nothing for a batch that has only events to send: %s', async (kind) => {
    const { store, services, gateway } = await applying({});
    const input = await store(aBatch(kind, kind === 'hold' ? [] : [1]));
    gateway.calls.clear();
    expect(await applyChanges(input, services)).toEqual({});
    // It renews the lease and reads the batch.
    expect([...gateway.calls.keys()].sort()).toEqual(['DynamoDB.GetItem', 'DynamoDB.PutItem']);
  });
});

describe('the name of a batch', () => {
  it.each([
    ['a batch of its round that is not the next', { batch: 1 }],
    ['a round that is not stored', { round: 9 }],
  ])('changes nothing if it is that of %s', async (_fact, other) => {
    const { store, services, calls } = await applying({ members: [1] });
    const input = { ...(await store(aBatch('grant', [1]))), ...other };
    await expect(applyChanges(input, services)).rejects.toMatchObject({ name: 'LeaseLostError' });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it('changes nothing if the batch has expired', async () => {
    const { services, plannedAt, calls } = await applying({ members: [1] });
    const rounds = [aRound({ id: 5, readAt: plannedAt })];
    await services.ledger.saveQueue({ ...(await services.ledger.queue()), rounds });
    expect(await applyChanges({ round: 5, batch: 0, term: 1, execution: ME }, services)).toEqual({});
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it('is tried again if the ledger does not answer for now', async () => {
    const { store, services, faults } = await applying({ members: [1] });
    const input = await store(aBatch('grant', [1]));
    faults.add({ operation: 'DynamoDB.GetItem', kind: 'throttle', skip: 1 });
    await expect(applyChanges(input, services)).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(await applyChanges(input, services)).toEqual({ granted: 1 });
  });
});

describe('the lease', () => {
  it.each([
    ['another execution holds it', OTHER, 0],
    ['it has run out', ME, LEASE_SECONDS],
  ])('is required: if %s, nothing is written', async (_fact, holder, later) => {
    const { apply, clock, calls, seat } = await applying({ members: [1], holder });
    clock.advance(later);
    await expect(apply(aBatch('grant', [1]))).rejects.toMatchObject({ name: 'LeaseLostError' });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
    expect(await seat(1)).toBeUndefined();
  });

  it('of a later term does not allow the changes of an older plan', async () => {
    const { clock, services, store } = await applying({ members: [1] });
    clock.advance(LEASE_SECONDS);
    const again = acquireLease(await services.ledger.queue(), ME, clock.now());
    if (again) await services.ledger.saveQueue(again);
    const input = await store(aBatch('grant', [1]));
    await expect(applyChanges(input, services)).rejects.toMatchObject({ name: 'LeaseLostError' });
  });

  it('does not allow the changes of a batch that begins half an hour after the reads of its round', async () => {
    const { services, clock, calls } = await applying({ members: [1] });
    const round = aRound({ readAt: plusSeconds(clock.now().toISOString(), -1800) });
    const ref = await storeBatch(services.ledger, [aBatch('grant', [1])], round);
    const input = { ...ref, term: 1, execution: ME };
    await expect(applyChanges(input, services)).rejects.toMatchObject({ name: 'LeaseLostError' });
    expect(wrote(calls)).toEqual({ create: 0, remove: 0 });
  });

  it('is renewed, so that it outlasts the batch', async () => {
    const { apply, services } = await applying({ members: [1] });
    await apply(aBatch('grant', [1]));
    expect((await services.ledger.queue()).lease?.until).toBe(plusSeconds(START, 5 + LEASE_SECONDS));
  });
});

describe('ApplyChanges', () => {
  const context = {} as Context;

  it('applies a batch at the configured pace and logs what became of it', async () => {
    const numbers = people(1, 50);
    const world = await applying({ people: 50, members: numbers });
    const { platform, logged, counted } = aPlatform(world);
    const on = handler.on(() => platform);
    const input = await world.store(aBatch('grant', numbers));
    expect(await on(input, context)).toEqual({ granted: 50 });
    expect(logged().at(-1)).toMatchObject({ message: 'completed', granted: 50 });
    expect(counted()[0]?.['SeatsGranted']).toHaveLength(50);
    // 49 intervals of a tenth of a second.
    expect(world.clock.now().getTime() - START.getTime() - 5000).toBeGreaterThanOrEqual(4900);
  });

  it('takes a batch by its name alone', async () => {
    const { platform } = aPlatform();
    const input = { batch: aBatch('grant', [1]), round: 1, term: 1, execution: ME };
    await expect(handler.on(() => platform)(input, context)).rejects.toMatchObject({
      name: 'InvalidRequestError',
      path: 'batch',
    });
  });
});
