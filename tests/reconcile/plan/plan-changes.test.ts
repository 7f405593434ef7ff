import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import type { OwnExecutions } from '../../../adapters/executions.ts';
import type { Hold } from '../../../domain/decision/hold.ts';
import { INITIAL_PROGRESS, type Progress } from '../../../domain/decision/progress.ts';
import { enqueue } from '../../../domain/queue/enqueue.ts';
import { acquireLease, LEASE_SECONDS } from '../../../domain/queue/lease.ts';
import { advanceRound } from '../../../domain/queue/rounds.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import type { Propagation, Request } from '../../../domain/request/request.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { TransientAwsError } from '../../../domain/shared/errors.ts';
import { SETTLE_SECONDS } from '../../../domain/shared/limits.ts';
import { plusSeconds, secondsBetween } from '../../../domain/shared/time.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { handler } from '../../../functions/plan-changes.ts';
import { once } from '../../../operator/once.ts';
import { planChanges } from '../../../reconcile/plan/plan-changes.ts';
import type { PlanOutput } from '../../../reconcile/plan/result.ts';
import {
  aDigest,
  aHeldRecord,
  aHold,
  aMembershipRequest,
  anAuditRecord,
  anExecution,
  aRequest,
  aSeat,
  aSweepItem,
  aSweepReport,
  aUserItem,
  iso,
} from '../../support/builders.ts';
import {
  ADMIN,
  APPLICATION,
  GROUP,
  ME,
  numberOf,
  OTHER,
  OTHER_APPLICATION,
  OTHER_GROUP,
  people,
  START,
  user,
} from '../../support/ids.ts';
import { aPlatform } from '../../support/platform.ts';
import { type ReadPlan, readPlan } from '../../support/rounds.ts';
import { KIRO } from '../../support/subscriptions.ts';
import { openWorld, type WorldOptions } from '../../support/world.ts';

const VISIBLE: Propagation = { visible: true, checkAfterSeconds: 0 };
const { entitlements } = exampleEntitlements();

interface PlanningOptions extends WorldOptions {
  hold?: Hold | undefined;
  seats?: readonly Seat[];
  assigned?: readonly number[];
  queue?: WorkQueue;
}

interface Asked {
  execution?: string;
  propagation?: Propagation;
  progress?: Partial<Progress>;
  /** The input of the execution, which runs; without it, Step Functions knows no such execution. */
  startedWith?: object;
}

async function planning({ seats = [], assigned = [], queue, hold, ...options }: PlanningOptions = {}) {
  const world = await openWorld(options);
  const { services, center } = world;
  if (queue) await services.ledger.saveQueue(queue);
  if (hold) await services.ledger.saveHold(hold);
  for (const seat of seats) await services.ledger.saveSeat(seat);
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  return {
    ...world,
    queue: () => services.ledger.queue(),
    plan: async (
      request: Request,
      { execution = ME, propagation = VISIBLE, progress = {}, startedWith }: Asked = {},
    ) => {
      const input = { request, propagation, progress: { ...INITIAL_PROGRESS, ...progress }, execution };
      const given = startedWith ? { ...services, executions: executionsStartedWith(startedWith) } : services;
      return readPlan(await planChanges(input, given), services.ledger);
    },
  };
}

/** Executions that all run and were started with this input. */
function executionsStartedWith(input: object): OwnExecutions {
  return { describe: async (arn) => anExecution({ arn, input: JSON.stringify(input) }) };
}

const capped = (max: number) => [{ seats: { max } }];

/** A work queue whose lease an execution holds, with an item of that execution. */
function heldBy(holder: string, request: Request = aMembershipRequest('member', 1)): WorkQueue {
  const held = acquireLease(emptyQueue(), holder, START);
  if (!held) throw new Error('the lease of an empty work queue is free');
  return enqueue(held, request, { me: holder, entitlements, now: START });
}

const changesOf = (plan: ReadPlan) =>
  plan.outcome === 'apply' ? plan.batches.map(({ kind, userIds }) => `${kind} ${userIds.length}`) : plan.outcome;

/** Everything was swept at START. */
const SWEPT = { [APPLICATION]: aSweepReport() };
const TICK = aRequest({ trigger: 'tick', sweep: 'due' });
const SWEEP = aRequest({ sweep: 'everything', trigger: 'manual' });

describe('a plan', () => {
  it('contains the changes of the request, and claims the lease', async () => {
    const { plan, queue } = await planning({ members: [1] });
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({
      outcome: 'apply',
      batches: [{ applicationArn: APPLICATION, kind: 'grant', reason: 'group-join', userIds: [user(1)] }],
      term: 1,
      progress: { round: 1, batches: 1, stalled: 0, checked: ['amazon-q-developer'] },
    });
    expect(await queue()).toMatchObject({
      lease: { holder: ME, term: 1 },
      users: { [user(1)]: { by: ME, planned: 2 } },
      rounds: [{ id: 2, readAt: START.toISOString(), next: 0, batches: 1, applications: [APPLICATION] }],
    });
  });

  it('is converged if nothing is to be done, and leaves the lease free and the work queue empty', async () => {
    const { plan, queue } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({ outcome: 'converged', progress: { round: 1 } });
    expect(await queue()).toMatchObject({ users: {}, sweeps: {} });
    expect((await queue()).lease).toBeUndefined();
  });

  it('waits if the expected state does not show yet, and leaves the lease free meanwhile', async () => {
    const { plan, queue } = await planning();
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({
      outcome: 'settle',
      settle: { waitSeconds: 30 },
    });
    expect((await queue()).lease).toBeUndefined();
    expect((await queue()).users[user(1)]).toMatchObject({ by: ME, dueAt: plusSeconds(START, 30) });
  });

  it('waits for the second check of a hint that names no user', async () => {
    const { plan, clock } = await planning();
    clock.advance(10);
    const first = await plan(aRequest({ groups: [GROUP] }));
    if (first.outcome !== 'settle') throw new Error(first.outcome);
    expect(first.settle.waitSeconds).toBeGreaterThanOrEqual(109);
    clock.advance(first.settle.waitSeconds);
    expect(await plan(aRequest({ groups: [GROUP] }), { progress: first.progress })).toMatchObject({
      outcome: 'converged',
    });
  });

  it('is about the user that a manual start has found, and the group that it names', async () => {
    const { plan, queue } = await planning({ members: [1] });
    const propagation = { ...VISIBLE, userId: user(1), groupId: GROUP };
    expect(changesOf(await plan(aRequest({ trigger: 'manual' }), { propagation }))).toEqual(['grant 1']);
    expect((await queue()).users[user(1)]?.expected).toMatchObject([{ groupId: GROUP, membership: 'member' }]);
  });

  it('serves named users first, and then whole applications', async () => {
    const mailbox = enqueue(emptyQueue(), aRequest({ groups: [GROUP], at: plusSeconds(START, -600) }), {
      me: OTHER,
      entitlements,
      now: new Date(plusSeconds(START, -600)),
    });
    // The sweep was begun a little while ago, so that the user isn't folded into it.
    const { plan, queue, calls } = await planning({ members: [1, 2], queue: mailbox });
    expect(changesOf(await plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' })))).toEqual(['grant 1']);
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(0);
    expect((await queue()).sweeps[APPLICATION]?.planned).toBeUndefined();
  });

  it('continues with the next item while it has no changes', async () => {
    const mailbox = enqueue(emptyQueue(), aRequest({ groups: [GROUP], at: plusSeconds(START, -600) }), {
      me: OTHER,
      entitlements,
      now: new Date(plusSeconds(START, -600)),
    });
    const { plan } = await planning({ members: [1, 2], seats: [aSeat(1)], assigned: [1], queue: mailbox });
    const found = await plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' }));
    expect(changesOf(found)).toEqual(['grant 1']);
    expect(found.progress.round).toBe(2);
  });

  it('stores what is made within half an hour, and names those whom it has considered besides', async () => {
    const numbers = people(1, 2000);
    const { plan, queue, services } = await planning({
      people: numbers.length,
      members: numbers,
      entitlements: [{ seats: { max: 5000 } }],
      requestsPerSecond: 1,
    });
    const found = await plan(SWEEP);
    if (found.outcome !== 'apply') throw new Error(found.outcome);
    expect(changesOf(found)).toEqual(Array.from({ length: 10 }, () => 'grant 180'));
    expect(found.changes).toEqual([{ kind: 'grant', users: 1800 }]);
    // The next plan reads the list of all users beside the others: this one has needed it too.
    expect(found.progress.listUsers).toBe(true);
    const { rounds, sweeps } = await queue();
    expect(rounds).toMatchObject([{ batches: 10, more: true, considered: 1 }]);
    expect(sweeps[APPLICATION]?.planned).toBe(found.round);
    const left = await services.ledger.batch({ round: found.round, batch: -1 });
    expect(left?.changes).toMatchObject([{ kind: 'none', userIds: people(1801, 2000).map(user) }]);
  });

  it('records the length of the list of users, and the time of the full sweep', async () => {
    // People whom SCIM has deleted: whether they exist shows only at the end of the list.
    const seats = people(301, 304).map((number) => aSeat(number, { status: 'revoked' }));
    const { plan, queue } = await planning({ people: 250, seats });
    expect(changesOf(await plan(TICK))).toBe('converged');
    const begun = START.toISOString();
    expect(await queue()).toMatchObject({
      reports: { [APPLICATION]: { fullAt: begun, statusAt: begun } },
      userPages: 3,
    });
  });
});

describe('an execution that plans', () => {
  it('ends its call in time although more and more is due, and keeps the lease for the next', async () => {
    const { services, clock } = await planning({ people: 99 });
    const { directory, ledger } = services;
    let asked = 0;
    const slow = {
      ...directory,
      groupsOf: async (...args: Parameters<typeof directory.groupsOf>) => {
        asked += 1;
        clock.advance(100);
        const at = clock.now().toISOString();
        const request = aRequest({ trigger: 'manual', users: [{ userId: user(asked + 1) }], at });
        const next = enqueue(await ledger.queue(), request, { me: OTHER, entitlements, now: clock.now() });
        await ledger.saveQueue(next);
        return directory.groupsOf(...args);
      },
    };
    const request = aRequest({ trigger: 'manual', users: [{ userId: user(1) }] });
    const input = { request, propagation: VISIBLE, execution: ME };
    const plan = await planChanges({ ...input, progress: INITIAL_PROGRESS }, { ...services, directory: slow });
    expect(plan).toMatchObject({ outcome: 'settle', settle: { waitSeconds: 0 } });
    expect(asked).toBe(3);
    expect(await ledger.queue()).toMatchObject({ lease: { holder: ME }, users: { [user(4)]: { by: ME } } });
  });

  it('hands its items over to the lease holder', async () => {
    const { plan, queue, metrics, calls } = await planning({ members: [1, 2], queue: heldBy(OTHER) });
    expect(await plan(aMembershipRequest('member', 2))).toEqual({
      outcome: 'handedOver',
      handedOverTo: OTHER,
      progress: INITIAL_PROGRESS,
    });
    expect(Object.keys((await queue()).users)).toEqual([user(1), user(2)]);
    expect((await queue()).users[user(2)]).toMatchObject({ by: OTHER });
    expect(metrics).toEqual([['ExecutionsHandedOver', 1]]);
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(0);
  });

  it('takes over from a dead lease holder, with its items', async () => {
    const { plan, queue, clock } = await planning({ members: [1, 2], queue: heldBy(OTHER) });
    clock.advance(LEASE_SECONDS);
    expect(changesOf(await plan(aMembershipRequest('member', 2)))).toEqual(['grant 2']);
    expect((await queue()).lease).toMatchObject({ holder: ME, term: 2 });
  });

  it('waits if another execution took over the lease during the plan', async () => {
    const { plan, queue, services, clock, center } = await planning({ members: [1] });
    const slow = {
      ...services.directory,
      groupsOf: async (...asked: Parameters<typeof services.directory.groupsOf>) => {
        clock.advance(LEASE_SECONDS);
        const taken = acquireLease(await services.ledger.queue(), OTHER, clock.now());
        if (taken) await services.ledger.saveQueue(taken);
        return services.directory.groupsOf(...asked);
      },
    };
    center.join(GROUP, user(2));
    const request = aRequest({ users: [{ userId: user(1) }, { userId: user(2) }], trigger: 'manual' });
    const input = { request, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    expect(await planChanges(input, { ...services, directory: slow })).toMatchObject({
      outcome: 'settle',
      settle: { waitSeconds: 0 },
    });
    expect((await queue()).lease?.holder).toBe(OTHER);
    const later = { ...INITIAL_PROGRESS, round: 1 };
    expect(await plan(request, { progress: later })).toMatchObject({ outcome: 'handedOver', handedOverTo: OTHER });
  });

  it('waits if its lease expired while it found nothing to do, because that verifies nothing', async () => {
    const { queue, services, clock } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const slow = {
      ...services.directory,
      groupsOf: async (...asked: Parameters<typeof services.directory.groupsOf>) => {
        clock.advance(LEASE_SECONDS);
        return services.directory.groupsOf(...asked);
      },
    };
    const request = aMembershipRequest('member', 1);
    const input = { request, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    expect(await planChanges(input, { ...services, directory: slow })).toMatchObject({
      outcome: 'settle',
      settle: { waitSeconds: 0 },
    });
    expect((await queue()).users).toHaveProperty(user(1));
  });

  it('does not enqueue its request a second time in a later round', async () => {
    const { plan, queue } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const request = aMembershipRequest('member', 1);
    await plan(request);
    expect(await plan(request, { progress: { round: 1 } })).toMatchObject({ outcome: 'handedOver' });
    expect((await queue()).users).toEqual({});
  });

  it('makes the same plan if it runs twice', async () => {
    const { plan, clock } = await planning({ members: [1] });
    const request = aMembershipRequest('member', 1);
    const first = await plan(request);
    clock.advance(1);
    const second = await plan(request);
    expect(changesOf(second)).toEqual(changesOf(first));
    // Only the number of the round differs.
    expect(second).toMatchObject({ term: 1, progress: { ...first.progress, making: { batch: 0, term: 1 } } });
  });

  it('fails with a retryable error if other executions keep writing the work queue', async () => {
    const { plan, services, gateway } = await planning({ members: [1] });
    const { saveQueue } = services.ledger;
    services.ledger.saveQueue = async (queue) => {
      await saveQueue(queue);
      return saveQueue(queue);
    };
    await expect(plan(aMembershipRequest('member', 1))).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(gateway.calls.get('SSOAdmin.CreateApplicationAssignment')).toBeUndefined();
  });
});

describe('changes that an execution has made', () => {
  const seated = { members: [1, 2], seats: [aSeat(1), aSeat(2)], assigned: [1, 2] };
  const looks = (users: WorkQueue['users']): WorkQueue => ({ ...emptyQueue(), users });

  it('are verified by that execution', async () => {
    const { plan } = await planning({ members: [1] });
    expect((await plan(aMembershipRequest('member', 1))).progress.proving).toEqual([user(1)]);
    const { plan: sweep } = await planning({ members: [1] });
    expect((await sweep(SWEEP, { progress: { proving: [user(2)] } })).progress.proving).toEqual([user(2), APPLICATION]);
  });

  it('are verified by that execution, also if something else of the user cannot be read', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [GROUP] }];
    const { plan, faults } = await planning({ entitlements, members: [1] });
    faults.add({
      operation: 'SSOAdmin.DescribeApplicationAssignment',
      kind: 'refuse',
      times: 10,
      applicationArn: OTHER_APPLICATION,
    });
    const found = await plan(aMembershipRequest('member', 1));
    expect([found.outcome, found.progress.proving]).toEqual(['apply', [user(1)]]);
  });

  it('are verified by a later check that finds nothing to do', async () => {
    const { plan } = await planning({ ...seated, queue: looks({ [user(1)]: aUserItem() }) });
    const found = await plan(aMembershipRequest('member', 1), { progress: { round: 1, proving: [user(1)] } });
    expect(found.outcome).toBe('converged');
    expect(found.progress).not.toHaveProperty('proving');
  });

  it('are not verified by a check that was too early', async () => {
    const young = aSeat(1, { status: 'assigned', changedAt: START.toISOString() });
    const queue = looks({ [user(1)]: aUserItem() });
    const { plan } = await planning({ ...seated, seats: [young, aSeat(2)], queue });
    const found = await plan(aMembershipRequest('member', 1), { progress: { round: 1, proving: [user(1)] } });
    expect(found).toMatchObject({ outcome: 'settle', progress: { proving: [user(1)] } });
  });

  it('are verified by that execution, also if another one has planned them', async () => {
    const options = {
      people: 401,
      members: people(1, 400),
      requestsPerSecond: 1,
      entitlements: [{ seats: { max: 1000 } }],
    };
    const first = await planning(options);
    await first.plan(SWEEP);
    const { lease: _, ...left } = await first.queue();
    const { plan } = await planning({ ...options, queue: { ...left, revision: 0 } });
    const found = await plan(aMembershipRequest('absent', 401), { execution: OTHER });
    expect(found).toMatchObject({ outcome: 'apply', round: left.rounds?.[0]?.id, batch: 0 });
    expect(found.progress.proving).toEqual([APPLICATION]);
  });

  it('are left to the execution that has the item since a later hint', async () => {
    const theirs = aUserItem({ by: OTHER, dueAt: plusSeconds(START, 60) });
    const queue = looks({ [user(1)]: theirs, [user(2)]: aUserItem() });
    const { plan } = await planning({ ...seated, queue });
    const found = await plan(aMembershipRequest('member', 1), { progress: { round: 1, proving: [user(1), user(2)] } });
    expect(found).toMatchObject({ outcome: 'handedOver', handedOverTo: OTHER, progress: { proving: [user(1)] } });
  });
});

describe('a tick', () => {
  it('sweeps everything if there was no sweep before', async () => {
    const { plan } = await planning({ members: [1] });
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it.each([
    ['has nothing to do within an hour of a sweep', 3599, 'converged'],
    ['sweeps again after an hour', 3600, ['grant 1']],
  ])('%s', async (_fact, later, expected) => {
    const { plan, clock } = await planning({
      members: [1],
      queue: { ...emptyQueue(), reports: SWEPT },
    });
    clock.advance(later);
    expect(changesOf(await plan(TICK))).toEqual(expected);
  });

  it('picks up a change that was left unfinished', async () => {
    const left = aSeat(1, { status: 'creating', changedAt: plusSeconds(START, -900) });
    const queue = { ...emptyQueue(), reports: SWEPT };
    const { plan } = await planning({ members: [1], seats: [left], queue });
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it('picks up an item that an execution did not serve in time', async () => {
    const mailbox = enqueue(emptyQueue(), aMembershipRequest('member', 1), { me: OTHER, entitlements, now: START });
    const { plan, clock } = await planning({ members: [1], queue: { ...mailbox, reports: SWEPT } });
    expect(changesOf(await plan(TICK))).toBe('converged');
    clock.advance(61);
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it('reads the status of every user once per day', async () => {
    const at = START.toISOString();
    const disabled = {
      users: [
        { userId: user(1), userName: 'x', status: 'DISABLED' as const },
        { userId: user(2), userName: 'y' },
      ],
      groups: [{ groupId: GROUP, members: [user(1), user(2)] }],
    };
    const { plan, clock, services } = await planning({
      directory: disabled,
      seats: [aSeat(1), aSeat(2)],
      assigned: [1, 2],
      queue: { ...emptyQueue(), reports: SWEPT },
    });
    clock.advance(24 * 3600 - 1);
    expect(changesOf(await plan(TICK))).toBe('converged');
    const { reports } = await services.ledger.queue();
    expect(reports?.[APPLICATION]).toMatchObject({ fullAt: plusSeconds(START, 24 * 3600 - 1), statusAt: at });
    clock.advance(3600);
    expect(changesOf(await plan(TICK))).toEqual(['revoke 1']);
    // The status is read again until the revocation is made.
    expect((await services.ledger.queue()).reports?.[APPLICATION]?.statusAt).toBe(at);
  });

  it('revokes a seat whose grace period is over', async () => {
    const seats = [1, 2].map((number) => aSeat(number, { status: 'leaving', dueAt: plusSeconds(START, number * 60) }));
    const queue = { ...emptyQueue(), reports: SWEPT };
    const { plan, clock } = await planning({ members: [3], seats: [...seats, aSeat(3)], assigned: [1, 2, 3], queue });
    clock.advance(60);
    expect(await plan(TICK)).toMatchObject({
      outcome: 'apply',
      batches: [{ kind: 'revoke', reason: 'group-leave', userIds: [user(1)] }],
    });
  });

  it('sweeps an application that has a waitlist and a free slot, and no other', async () => {
    const queue = { ...emptyQueue(), reports: SWEPT, lines: [APPLICATION] };
    const line = [aSeat(1, { status: 'waitlisted' })];
    const free = await planning({ entitlements: capped(1), members: [1], seats: line, queue });
    expect(await free.plan(TICK)).toMatchObject({ batches: [{ kind: 'grant', reason: 'place-freed' }] });
    const full = await planning({
      entitlements: capped(1),
      members: [1, 2],
      seats: [...line, aSeat(2)],
      assigned: [2],
      queue,
    });
    expect(changesOf(await full.plan(TICK))).toBe('converged');
    expect(full.calls('SSOAdmin.ListApplicationAssignments')).toBe(0);
    const observed = await planning({
      entitlements: [{ seats: { max: 1 }, mode: 'observe' }],
      members: [1],
      seats: line,
      queue,
    });
    expect(changesOf(await observed.plan(TICK))).toBe('converged');
    expect(observed.calls('DynamoDB.Query')).toBe(1);
  });

  it('leaves the waitlist of an application alone to which AWS refuses subscriptions: the hourly sweep tries one', async () => {
    const stopped = { [APPLICATION]: { since: iso(-3600), probeAt: iso(3600) } };
    const { plan, calls } = await planning({
      entitlements: [{ seats: { max: 1 }, subscription: KIRO }],
      members: [1],
      seats: [aSeat(1, { status: 'waitlisted' })],
      queue: { ...emptyQueue(), reports: SWEPT, lines: [APPLICATION], stopped },
    });
    expect(changesOf(await plan(TICK))).toBe('converged');
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(0);
  });

  it('sweeps an application whose waitlist it may not read, since the sweep says what is wrong', async () => {
    const { plan, queue, faults, calls } = await planning({
      entitlements: capped(1),
      members: [1],
      seats: [aSeat(1, { status: 'waitlisted' })],
      queue: { ...emptyQueue(), reports: SWEPT, lines: [APPLICATION] },
    });
    // The first query is that of the seats that need attention.
    faults.add({ operation: 'DynamoDB.Query', kind: 'refuse', skip: 1 });
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(1);
    expect((await queue()).sweeps[APPLICATION]?.planned).toBeDefined();
  });

  it('fails for now while it cannot read a waitlist for now', async () => {
    const { plan, faults } = await planning({
      entitlements: capped(1),
      seats: [aSeat(1, { status: 'waitlisted' })],
      queue: { ...emptyQueue(), reports: SWEPT, lines: [APPLICATION] },
    });
    faults.add({ operation: 'DynamoDB.Query', kind: 'throttle', skip: 1 });
    await expect(plan(TICK)).rejects.toThrow(TransientAwsError);
  });

  it('sweeps an application of which it finds many users due, and checks the few of another one by name', async () => {
    const due = { status: 'assigned', changedAt: iso(-7200) } as const;
    const many = people(1, 95).map((number) => aSeat(number, due));
    const few = people(96, 105).map((number) => aSeat(number, { ...due, applicationArn: OTHER_APPLICATION }));
    const reports = { ...SWEPT, [OTHER_APPLICATION]: aSweepReport() };
    const { plan, queue } = await planning({
      entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
      people: 105,
      seats: [...many, ...few],
      queue: { ...heldBy(OTHER), reports },
    });
    expect(changesOf(await plan(TICK))).toBe('handedOver');
    const { sweeps, users } = await queue();
    expect(Object.keys(sweeps)).toEqual([APPLICATION]);
    // The lease holder serves user 1 already.
    expect(new Set(Object.keys(users).map(numberOf))).toEqual(new Set([1, ...people(96, 105)]));
  });

  it('sends the audit event of a hold that is not on the bus', async () => {
    const hold = aHold({ applicationArn: APPLICATION, audit: [aHeldRecord({ at: plusSeconds(START, -900) })] });
    const seats = [aSeat(1, { status: 'held', hold: 1 }), aSeat(2)];
    const queue = { ...emptyQueue(), reports: SWEPT };
    const { plan } = await planning({ members: [2], seats, assigned: [1, 2], queue, hold });
    expect(await plan(TICK)).toMatchObject({
      outcome: 'apply',
      batches: [{ applicationArn: APPLICATION, kind: 'hold', userIds: [] }],
    });
  });

  it('sends the audit event of a seat whose entitlement was removed, and does not change the seat', async () => {
    const seat = aSeat(1, { applicationArn: OTHER_APPLICATION, audit: [anAuditRecord()] });
    const queue = { ...emptyQueue(), reports: SWEPT };
    const { plan, services } = await planning({ seats: [seat], queue });
    expect(await plan(TICK)).toMatchObject({
      batches: [{ applicationArn: OTHER_APPLICATION, kind: 'record', userIds: [user(1)] }],
    });
    expect((await services.ledger.holdings(OTHER_APPLICATION)).seats).toEqual([seat]);
  });

  it('reads the work queue once and writes nothing if there is nothing to do', async () => {
    const { plan, gateway } = await planning({ queue: { ...emptyQueue(), reports: SWEPT } });
    gateway.calls.clear();
    expect(changesOf(await plan(TICK))).toBe('converged');
    expect(Object.fromEntries(gateway.calls)).toEqual({ 'DynamoDB.Query': 1, 'DynamoDB.GetItem': 1 });
  });
});

describe('a slot', () => {
  const one = capped(1);

  it('is given by a sweep in the order in which users asked by name', async () => {
    const asked = { [user(3)]: plusSeconds(START, -30), [user(2)]: plusSeconds(START, -20) };
    const sweep = aSweepItem({ since: plusSeconds(START, -25), asked });
    const queue = { ...emptyQueue(), sweeps: { [APPLICATION]: sweep } };
    const { plan, services } = await planning({ entitlements: one, people: 3, members: [1, 2, 3], queue });
    expect(await plan(SWEEP)).toMatchObject({ batches: [{ kind: 'record' }, { kind: 'grant', userIds: [user(3)] }] });
    const { seats } = await services.ledger.holdings(APPLICATION);
    expect(seats.map(({ userId, requestedAt }) => [userId, requestedAt])).toEqual([
      [user(1), plusSeconds(START, -25)],
      [user(2), plusSeconds(START, -20)],
    ]);
  });

  it('that a single revocation frees makes this execution sweep the application', async () => {
    const seats = [aSeat(1), aSeat(2, { status: 'waitlisted' })];
    const queue = { ...emptyQueue(), lines: [APPLICATION] };
    const { plan, queue: mailbox } = await planning({ entitlements: one, members: [2], seats, assigned: [1], queue });
    expect(changesOf(await plan(aMembershipRequest('absent', 1)))).toEqual(['revoke 1']);
    expect((await mailbox()).sweeps[APPLICATION]).toMatchObject({ by: ME, cause: ME, trigger: 'tick' });
  });

  it('that is freed without a waitlist causes no sweep', async () => {
    const { plan, queue } = await planning({ entitlements: one, members: [], seats: [aSeat(1)], assigned: [1] });
    expect(changesOf(await plan(aMembershipRequest('absent', 1)))).toEqual(['revoke 1']);
    expect((await queue()).sweeps).toEqual({});
  });

  it('that is owed to another user makes the application be swept before it is given away', async () => {
    const seats = [aSeat(2, { status: 'waitlisted', requestedAt: plusSeconds(START, -60) })];
    const { plan, queue } = await planning({ entitlements: one, members: [1, 2], seats });
    expect(changesOf(await plan(aMembershipRequest('member', 1)))).toEqual(['record 1']);
    expect((await queue()).sweeps[APPLICATION]).toMatchObject({ by: ME });
    expect((await queue()).lines).toEqual([APPLICATION]);
  });

  it('that is owed to another user is given at once if nothing else is to be done', async () => {
    const seats = [1, 2].map((number) =>
      aSeat(number, { status: 'waitlisted', requestedAt: plusSeconds(START, -60 * number) }),
    );
    const { plan } = await planning({ entitlements: one, members: [1, 2], seats });
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({
      batches: [{ kind: 'grant', reason: 'place-freed', userIds: [user(2)] }],
    });
  });

  it('is no longer requested once a sweep has found no waitlist', async () => {
    const queue = { ...emptyQueue(), lines: [APPLICATION] };
    const { plan, queue: mailbox } = await planning({
      entitlements: one,
      members: [1],
      seats: [aSeat(1)],
      assigned: [1],
      queue,
    });
    expect(changesOf(await plan(SWEEP))).toBe('converged');
    expect((await mailbox()).lines).toBeUndefined();
  });
});

describe('held revocations', () => {
  const options = { brake: { percent: 0, atLeast: 0 }, members: [1], seats: [aSeat(1), aSeat(2)], assigned: [1, 2] };

  it('end the execution as held once the audit event is sent', async () => {
    const { plan, metrics, services, clock } = await planning(options);
    const first = await plan(SWEEP);
    expect(first).toMatchObject({
      outcome: 'apply',
      batches: [{ kind: 'hold', applicationArn: APPLICATION, userIds: [] }],
      progress: { held: [APPLICATION] },
    });
    const hold = await services.ledger.hold(APPLICATION);
    if (!hold) throw new Error('there is one');
    await services.ledger.saveHold({ ...hold, revision: hold.revision + 1, audit: [] });
    const mailbox = await services.ledger.queue();
    if (first.outcome !== 'apply') throw new Error(first.outcome);
    await services.ledger.saveQueue(advanceRound(mailbox, first, { me: ME, now: clock.now() }).queue);
    clock.advance(30);
    expect(await plan(SWEEP, { progress: first.progress })).toMatchObject({
      outcome: 'held',
      progress: { held: [APPLICATION] },
    });
    expect(metrics.filter(([name]) => name === 'RevocationsHeld')).toEqual([['RevocationsHeld', 1]]);
  });

  it('are no longer reported once a sweep finds none', async () => {
    const { plan } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const found = await plan(SWEEP, { progress: { held: [APPLICATION, OTHER_APPLICATION] } });
    expect(found).toMatchObject({ outcome: 'held', progress: { held: [OTHER_APPLICATION] } });
    const { plan: again } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await again(SWEEP, { progress: { held: [APPLICATION] } })).toMatchObject({ outcome: 'converged' });
  });
});

describe('a release', () => {
  const held = (number: number, hold: number) => aSeat(number, { status: 'held', hold });
  const options = {
    brake: { percent: 0, atLeast: 0 },
    members: [1],
    seats: [aSeat(1), held(2, 1), held(3, 2)],
    assigned: [1, 2, 3],
    hold: aHold({
      applicationArn: APPLICATION,
      digests: [1, 2].map((generation) => ({ digest: aDigest(generation), generation, count: generation })),
    }),
  };
  const release = (number: number, parts: Asked = {}): [Request, Asked] => [
    aRequest({ trigger: 'manual', release: aDigest(number), cause: ADMIN }),
    { execution: ADMIN, startedWith: { release: aDigest(number) }, ...parts },
  ];

  it('revokes what the digest covers, and no more', async () => {
    const { plan, services } = await planning(options);
    expect(await plan(...release(1))).toMatchObject({
      outcome: 'apply',
      batches: [{ kind: 'revoke', userIds: [user(2)] }],
      progress: { held: [APPLICATION] },
    });
    expect(await services.ledger.hold(APPLICATION)).toMatchObject({ status: 'held', released: 1, revision: 2 });
  });

  it('is recorded, and leaves the revocations to the lease holder', async () => {
    const { plan, queue, services } = await planning({ ...options, queue: heldBy(OTHER) });
    expect(await plan(...release(2))).toMatchObject({ outcome: 'handedOver', handedOverTo: OTHER });
    expect(await services.ledger.hold(APPLICATION)).toMatchObject({ released: 2 });
    expect((await queue()).sweeps[APPLICATION]).toMatchObject({ by: OTHER });
  });

  it('continues with the same changes if it runs twice', async () => {
    const { plan, clock } = await planning(options);
    const first = await plan(...release(2));
    clock.advance(1);
    // The answer was lost: the round is stored, and the pause between two sweeps is kept.
    const second = await plan(...release(2));
    expect(changesOf(second)).toEqual(changesOf(first));
    expect(second).toMatchObject({ outcome: 'apply', ...('round' in first ? { round: first.round, batch: 0 } : {}) });
  });

  it('that this execution has made before the hold was lifted is no failure: it checks the application, and revokes nothing', async () => {
    const releases = [{ digest: aDigest(1), execution: ADMIN }];
    const { plan, services } = await planning({
      ...options,
      members: [1, 2, 3],
      seats: [1, 2, 3].map((n) => aSeat(n)),
      hold: { ...options.hold, status: 'lifted' as const, releases },
    });
    expect(changesOf(await plan(...release(1)))).toBe('converged');
    expect(await services.ledger.hold(APPLICATION)).toMatchObject({ revision: 1 });
  });

  it.each([
    ['the hold is lifted', { status: 'lifted' as const }],
    [
      'the hold is lifted, and another execution has released it',
      { status: 'lifted' as const, releases: [{ digest: aDigest(1), execution: OTHER }] },
    ],
    [
      'no user whom the digest covers is held',
      { first: 9, digests: [{ digest: aDigest(1), generation: 9, count: 1 }] },
    ],
  ])('is refused, and enqueues nothing, when %s', async (_fact, parts) => {
    const { plan, queue, services } = await planning({ ...options, hold: { ...options.hold, ...parts } });
    await expect(plan(...release(1))).rejects.toMatchObject({ name: 'RefusedError', reason: 'no-such-hold' });
    expect([await queue(), (await services.ledger.hold(APPLICATION))?.revision]).toEqual([emptyQueue(), 1]);
  });

  it.each([
    ['that no hold has', release(9), {}],
    ['if nothing is held', release(1), { hold: undefined }],
  ])('of a digest %s is refused, and enqueues nothing', async (_fact, request, parts) => {
    const { plan, queue, calls } = await planning({ ...options, ...parts });
    await expect(plan(...request)).rejects.toMatchObject({ name: 'RefusedError', reason: 'no-such-hold' });
    expect([await queue(), calls('SSOAdmin.ListApplicationAssignments')]).toEqual([emptyQueue(), 0]);
  });

  it.each([
    ['is retired', [OTHER_APPLICATION], { outcome: 'apply' }],
    ['is not', [], undefined],
  ])('reaches an application without an entitlement when it %s', async (_fact, retired, expected) => {
    const hold = { ...options.hold, applicationArn: OTHER_APPLICATION };
    const seats = [held(2, 1)].map((seat) => ({ ...seat, applicationArn: OTHER_APPLICATION }));
    const directory = { applications: [APPLICATION, OTHER_APPLICATION].map((applicationArn) => ({ applicationArn })) };
    const { plan, services } = await planning({ retired, hold, seats, directory });
    if (expected) {
      expect(await plan(...release(1))).toMatchObject(expected);
      expect(await services.ledger.hold(OTHER_APPLICATION)).toMatchObject({ released: 1 });
    } else {
      await expect(plan(...release(1))).rejects.toMatchObject({ reason: 'no-such-hold' });
    }
  });

  it('fails with a retryable error if the hold is written meanwhile', async () => {
    const { plan, faults, services } = await planning(options);
    faults.add({ operation: 'DynamoDB.PutItem', kind: 'internal' });
    await expect(plan(...release(1))).rejects.toMatchObject({ name: 'TransientAwsError' });
    await plan(...release(1));
    expect(await services.ledger.hold(APPLICATION)).toMatchObject({ released: 1, revision: 2 });
  });
});

describe('an adoption', () => {
  const request: [Request, Asked] = [
    aRequest({ trigger: 'manual', adopt: APPLICATION, cause: ADMIN }),
    { execution: ADMIN, startedWith: { adopt: 'amazon-q-developer' } },
  ];

  it('is made in the plan, with an audit record', async () => {
    const { plan, seat } = await planning({ members: [1], assigned: [1, 2] });
    expect(await plan(...request)).toMatchObject({
      outcome: 'apply',
      batches: [{ kind: 'record', userIds: [user(1)] }],
    });
    expect(await seat(1)).toMatchObject({ status: 'confirmed', audit: [{ kind: 'adopted' }] });
  });

  it('is left to the lease holder', async () => {
    const { plan, queue, seat } = await planning({ members: [1], assigned: [1], queue: heldBy(OTHER, TICK) });
    expect(await plan(...request)).toMatchObject({ outcome: 'handedOver', handedOverTo: OTHER });
    expect((await queue()).sweeps[APPLICATION]).toMatchObject({ by: OTHER, adopt: true });
    expect(await seat(1)).toBeUndefined();
  });
});

describe('the result of sweeps', () => {
  it('is in the plan, and is measured', async () => {
    const requestedAt = plusSeconds(START, -90);
    const { plan, metrics, center } = await planning({
      people: 4,
      entitlements: capped(1),
      members: [1, 2, 3],
      seats: [aSeat(1), aSeat(2), aSeat(3, { status: 'waitlisted', requestedAt })],
      assigned: [1, 2, 4],
    });
    center.assignByHand(APPLICATION, GROUP, 'GROUP');
    expect(await plan(SWEEP)).toMatchObject({
      outcome: 'converged',
      report: [
        { entitlement: 'amazon-q-developer', seats: 2, waiting: 1, unmanaged: 1, overCap: 1, assignedGroups: [GROUP] },
      ],
    });
    expect(metrics).toEqual([
      ['Seats', 2, 'amazon-q-developer'],
      ['SweepsCompleted', 1],
      ['SeatsWaiting', 1],
      ['SeatsOverCap', 1],
      ['RevocationsHeld', 0],
      ['UnmanagedAssignments', 1],
      ['AssignedGroups', 1],
      ['CapUsed', 200],
      ['OldestWait', 90],
    ]);
  });

  it('is empty if single users were checked', async () => {
    const { plan, metrics } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await plan(aMembershipRequest('member', 1))).not.toHaveProperty('report');
    expect(metrics).toEqual([]);
  });

  it.each<[string, Record<string, number> | undefined, number | undefined]>([
    ['the first time', undefined, undefined],
    ['as many as before', { [APPLICATION]: 15 }, undefined],
    ['ten more than before', { [APPLICATION]: 5 }, undefined],
    ['eleven more than before', { [APPLICATION]: 4 }, 11],
    ['fewer than before', { [APPLICATION]: 40 }, undefined],
    ['the first time of this application', { [OTHER_APPLICATION]: 0 }, undefined],
  ])('raises an alarm for a jump of foreign assignments: %s', async (_fact, unmanaged, jump) => {
    const reports = Object.fromEntries(
      Object.entries(unmanaged ?? {}).map(([application, count]) => [application, aSweepReport({ unmanaged: count })]),
    );
    const queue = { ...emptyQueue(), reports };
    const {
      plan,
      metrics,
      queue: mailbox,
    } = await planning({ people: 16, members: [16], seats: [aSeat(16)], assigned: people(1, 16), queue });
    expect(changesOf(await plan(SWEEP))).toBe('converged');
    expect(metrics.find(([name]) => name === 'UnmanagedJump')?.[1]).toBe(jump);
    expect((await mailbox()).reports).toMatchObject({ [APPLICATION]: { unmanaged: 15 } });
  });

  it('names seats of applications that are no longer configured, after a full sweep', async () => {
    const seats = [1, 2].map((number) => aSeat(number, { applicationArn: OTHER_APPLICATION }));
    const gone = aSeat(3, { applicationArn: OTHER_APPLICATION, status: 'revoked' });
    const queue = { ...emptyQueue(), sweptAt: { [OTHER_APPLICATION]: plusSeconds(START, -3600) } };
    const { plan, metrics } = await planning({ seats: [...seats, gone], queue });
    expect(await plan(SWEEP)).toMatchObject({
      outcome: 'converged',
      unconfigured: [{ application: OTHER_APPLICATION, seats: 2 }],
    });
    expect(metrics).toContainEqual(['UnconfiguredSeats', 2]);
  });

  it('names no application whose seats are all revoked', async () => {
    const seats = [aSeat(3, { applicationArn: OTHER_APPLICATION, status: 'revoked' })];
    const queue = { ...emptyQueue(), sweptAt: { [OTHER_APPLICATION]: plusSeconds(START, -3600) } };
    const { plan, metrics } = await planning({ seats, queue });
    expect(await plan(SWEEP)).not.toHaveProperty('unconfigured');
    expect(metrics.map(([name]) => name)).not.toContain('UnconfiguredSeats');
  });
});

describe('a refusal', () => {
  /** Everybody has APPLICATION already, and OTHER_APPLICATION is as usual. */
  const applications = [
    { applicationArn: APPLICATION, assignmentRequired: false },
    { applicationArn: OTHER_APPLICATION },
  ];
  const one = { members: [1], directory: { applications } };
  const two = {
    entitlements: [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
    directory: {
      applications,
      groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })),
    },
  };

  it('of an application fails a plan without changes, frees the lease and keeps a sweep of it for later', async () => {
    const { plan, queue, clock } = await planning(one);
    const request = aMembershipRequest('member', 1);
    await expect(plan(request)).rejects.toMatchObject({ name: 'RefusedError', reason: 'assignment-not-required' });
    expect((await queue()).lease).toBeUndefined();
    const { users, sweeps } = await queue();
    expect(users).toEqual({});
    expect(sweeps).toMatchObject({
      [APPLICATION]: {
        by: ME,
        failed: true,
        dueAt: plusSeconds(clock.now(), 3600),
        reported: { reason: 'assignment-not-required', at: clock.now().toISOString() },
      },
    });
  });

  it('of which an execution has failed within the hour hands over to a tick, and keeps its time', async () => {
    const { plan, queue, clock } = await planning(one);
    await expect(plan(aMembershipRequest('member', 1))).rejects.toMatchObject({ reason: 'assignment-not-required' });
    const aside = (await queue()).sweeps[APPLICATION];
    clock.advance(600);
    const again = await plan(aMembershipRequest('member', 1), { execution: OTHER });
    expect(again).toMatchObject({ outcome: 'handedOver', progress: { aside: true } });
    const { lease, sweeps } = await queue();
    expect(lease).toBeUndefined();
    expect(sweeps[APPLICATION]).toEqual(aside);
  });

  it('that lasts fails another execution after an hour', async () => {
    const { plan, queue, clock } = await planning(one);
    await expect(plan(SWEEP)).rejects.toMatchObject({ reason: 'assignment-not-required' });
    clock.advance(3600);
    await expect(plan(TICK, { execution: OTHER })).rejects.toMatchObject({ reason: 'assignment-not-required' });
    expect((await queue()).sweeps[APPLICATION]).toMatchObject({ reported: { at: clock.now().toISOString() } });
  });

  it('for another reason fails another execution at once', async () => {
    const { plan, faults, clock } = await planning(one);
    await expect(plan(SWEEP)).rejects.toMatchObject({ reason: 'assignment-not-required' });
    clock.advance(30);
    faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse' });
    await expect(plan(SWEEP, { execution: OTHER })).rejects.toMatchObject({ reason: 'access-denied' });
  });

  it('keeps a tick from trying the application again before its time, and no event or operator', async () => {
    const { plan, calls, clock } = await planning(one);
    await expect(plan(SWEEP)).rejects.toMatchObject({ reason: 'assignment-not-required' });
    const lists = () => calls('SSOAdmin.ListApplicationAssignments');
    const before = lists();
    clock.advance(30);
    await plan(TICK, { execution: OTHER });
    expect(lists()).toBe(before);
    await expect(plan(SWEEP, { execution: OTHER })).rejects.toMatchObject({ reason: 'assignment-not-required' });
    expect(lists()).toBe(before + 1);
  });

  it('is checked again at once when the execution is redriven, with its counters at zero', async () => {
    const { plan, services, queue } = await planning(one);
    const request = aMembershipRequest('member', 1);
    await expect(plan(request)).rejects.toMatchObject({ reason: 'assignment-not-required' });
    const mended = { ...services.applications, requiresAssignment: async () => true };
    const input = {
      request,
      propagation: VISIBLE,
      progress: { ...INITIAL_PROGRESS, round: 1, stalled: 5 },
      execution: ME,
    };
    const again = await readPlan(await planChanges(input, { ...services, applications: mended }), services.ledger);
    expect(changesOf(again)).toEqual(['grant 1']);
    expect(again.progress.stalled).toBe(0);
    expect((await queue()).sweeps[APPLICATION]?.failed).toBeUndefined();
  });

  it('of one application does not stop the other', async () => {
    const { plan, queue } = await planning(two);
    const found = await plan(SWEEP);
    expect(found).toMatchObject({ outcome: 'apply', batches: [{ applicationArn: OTHER_APPLICATION }] });
    expect((await queue()).sweeps).toMatchObject({
      [APPLICATION]: { by: ME },
      [OTHER_APPLICATION]: { planned: expect.any(Number) },
    });
    expect((await queue()).sweeps[APPLICATION]?.planned).toBeUndefined();
  });

  it('of one user fails no execution before it has served who is handed over to it during its reads', async () => {
    const refusal = { reason: 'quota-exceeded', since: iso(-60), execution: ME, reported: false };
    const refused = aSeat(1, { status: 'failed', refusal, nextAttemptAt: iso(3000) });
    const { services, center, queue, plan } = await planning({ people: 2, members: [1], seats: [refused] });
    const ended: unknown[] = [];
    const handOver = once(async () => {
      center.join(GROUP, user(2));
      ended.push(await plan(aMembershipRequest('member', 2), { execution: OTHER }));
    });
    const directory = {
      ...services.directory,
      async *membersOf(groupId: string) {
        yield* services.directory.membersOf(groupId);
        await handOver();
      },
    };
    const input = { request: SWEEP, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    const first = await planChanges(input, { ...services, directory });
    expect(ended).toMatchObject([{ outcome: 'handedOver', handedOverTo: ME }]);
    // ME comes back for the user, whom no one else checks before the next tick.
    expect(first).toMatchObject({ outcome: 'settle', settle: { waitSeconds: SETTLE_SECONDS } });
    expect((await queue()).sweeps[APPLICATION]).toMatchObject({ by: ME, asked: { [user(2)]: iso() } });
  });

  describe('of a former application whose items cannot be read', () => {
    const past = { ...emptyQueue(), sweptAt: { [OTHER_APPLICATION]: plusSeconds(START, -3600) } };
    const unreadable = { pk: OTHER_APPLICATION, sk: user(1), schemaVersion: 2 };

    it('serves the others, frees the lease and keeps its own sweep for later', async () => {
      const givenUp = aRequest({ trigger: 'manual', applications: [OTHER_APPLICATION] });
      const { plan, put, queue } = await planning({
        queue: enqueue(past, givenUp, { me: ME, entitlements, now: START }),
      });
      await put(unreadable);
      await expect(plan(SWEEP)).rejects.toMatchObject({ reason: 'ledger-unreadable' });
      const { lease, sweeps } = await queue();
      expect(lease).toBeUndefined();
      expect(sweeps).toEqual({ [OTHER_APPLICATION]: expect.objectContaining({ failed: true }) });
    });

    it('frees the lease when seats are counted, even if a hint arrived meanwhile', async () => {
      const hint = aRequest({ applications: [OTHER_APPLICATION], trigger: 'tick' });
      const { put, services, queue } = await planning({ queue: past });
      await put(unreadable);
      const ledger = {
        ...services.ledger,
        async itemsOf(application: string) {
          const context = { me: OTHER, entitlements: services.entitlements.entitlements, now: START };
          await services.ledger.saveQueue(enqueue(await queue(), hint, context));
          return services.ledger.itemsOf(application);
        },
      };
      const input = { request: SWEEP, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
      await expect(planChanges(input, { ...services, ledger })).rejects.toMatchObject({ reason: 'ledger-unreadable' });
      const { lease, sweeps } = await queue();
      expect([lease, Object.keys(sweeps)]).toEqual([undefined, [OTHER_APPLICATION]]);
    });
  });

  it('is postponed while a change of another user is not verified', async () => {
    const fresh = aSeat(1, { applicationArn: OTHER_APPLICATION, status: 'assigned', changedAt: START.toISOString() });
    const { plan, center, clock } = await planning({ ...two, seats: [fresh] });
    center.assignByHand(OTHER_APPLICATION, user(1));
    expect(await plan(SWEEP)).toMatchObject({ outcome: 'settle', settle: { waitSeconds: 30 } });
    clock.advance(30);
    await expect(plan(SWEEP, { progress: { round: 1 } })).rejects.toMatchObject({ reason: 'assignment-not-required' });
  });

  it('is postponed while something else is due', async () => {
    const mailbox = enqueue(
      emptyQueue(),
      aRequest({ sweep: 'everything', trigger: 'manual', at: plusSeconds(START, -600) }),
      {
        me: OTHER,
        entitlements: exampleEntitlements({ entitlements: two.entitlements }).entitlements,
        now: new Date(plusSeconds(START, -600)),
      },
    );
    const seats = [aSeat(1, { applicationArn: OTHER_APPLICATION })];
    const { plan, center, calls } = await planning({ ...two, queue: mailbox, seats });
    center.assignByHand(OTHER_APPLICATION, user(1));
    await expect(plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' }))).rejects.toMatchObject({
      reason: 'assignment-not-required',
    });
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(2);
  });

  it('of AWS for one user fails the execution once and is marked as reported', async () => {
    const refusal = { reason: 'quota-exceeded', since: START.toISOString(), execution: ME, reported: false };
    const seat = aSeat(1, { status: 'failed', refusal, nextAttemptAt: plusSeconds(START, 3600) });
    const { plan, seat: read } = await planning({ members: [1], seats: [seat] });
    const request = aRequest({ users: [{ userId: user(1) }], trigger: 'event' });
    await expect(plan(request)).rejects.toMatchObject({ name: 'RefusedError', reason: 'quota-exceeded' });
    expect(await read(1)).toMatchObject({ refusal: { reported: true } });
  });

  it('of a read fails the plan, and leaves the item to a redrive', async () => {
    const { plan, faults, queue } = await planning({ members: [1] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse' });
    await expect(plan(aMembershipRequest('member', 1))).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'access-denied',
    });
    expect((await queue()).lease).toBeUndefined();
    expect((await queue()).users[user(1)]).toMatchObject({ failed: true });
  });
});

describe('the end of an execution', () => {
  it('comes when the same changes were planned five times without effect', async () => {
    const { plan, queue, clock, services } = await planning({ members: [1] });
    const request = aMembershipRequest('member', 1);
    let progress: Partial<Progress> = {};
    for (let round = 1; round <= 5; round += 1) {
      const found = await plan(request, { progress });
      expect(changesOf(found)).toEqual(['grant 1']);
      progress = found.progress;
      if (found.outcome !== 'apply') throw new Error(found.outcome);
      await services.ledger.saveQueue(advanceRound(await queue(), found, { me: ME, now: clock.now() }).queue);
      clock.advance(SETTLE_SECONDS);
    }
    await expect(plan(request, { progress })).rejects.toMatchObject({ name: 'NotConvergedError' });
    expect((await queue()).lease).toBeUndefined();
    expect((await queue()).users[user(1)]).toMatchObject({ by: ME, failed: true });
  });

  it('comes before AWS ends a long history, and leaves the rest to the tick', async () => {
    const { plan, queue } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const progress = { batches: 2500 };
    const left = await plan(aMembershipRequest('member', 1), { progress });
    expect(left.outcome).toBe('handedOver');
    expect(left).not.toHaveProperty('handedOverTo');
    expect((await queue()).lease).toBeUndefined();
  });

  it.each(['DynamoDB.GetItem', 'DynamoDB.PutItem'])(
    'is a retry if %s of the work queue is throttled, and the second try makes the same plan',
    async (operation) => {
      const { plan, faults } = await planning({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      const request = aMembershipRequest('member', 1);
      await expect(plan(request)).rejects.toMatchObject({ name: 'TransientAwsError' });
      expect(changesOf(await plan(request))).toEqual(['grant 1']);
    },
  );
});

describe('reads of a user that fail for now', () => {
  const OPERATIONS = ['IdentityStore.IsMemberInGroups', 'IdentityStore.DescribeUser', 'DynamoDB.BatchGetItem'];

  it.each(OPERATIONS)('are tried again after two seconds, without the lease: %s', async (operation) => {
    const { plan, faults, queue, clock } = await planning({ members: [1] });
    faults.add({ operation, kind: 'throttle' });
    const request = aMembershipRequest('member', 1);
    const waiting = await plan(request);
    expect(waiting).toMatchObject({ outcome: 'settle', settle: { waitSeconds: 2 } });
    expect((await queue()).lease).toBeUndefined();
    clock.advance(2);
    expect(changesOf(await plan(request, { progress: waiting.progress }))).toEqual(['grant 1']);
    expect((await queue()).users[user(1)]?.attempts).toBeUndefined();
  });

  it('are tried again after growing pauses, and fail the execution after about six minutes', async () => {
    const { plan, faults, queue, clock } = await planning({ members: [1] });
    faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'internal', times: 1000 });
    const request = aMembershipRequest('member', 1);
    const pauses: number[] = [];
    let progress: Partial<Progress> = {};
    const begun = clock.now().toISOString();
    for (;;) {
      const found = await plan(request, { progress }).catch((error: unknown) => error);
      if (found instanceof Error) {
        expect(found).toMatchObject({ name: 'RefusedError', reason: 'unavailable' });
        expect(found.message).toMatch(
          /^11 checks in a row failed. The last: DescribeUser: InternalServerException \(user/,
        );
        break;
      }
      if (typeof found !== 'object' || found === null || !('settle' in found)) throw new Error('A plan waits');
      const { waitSeconds } = (found as Extract<PlanOutput, { outcome: 'settle' }>).settle;
      pauses.push(waitSeconds);
      progress = (found as PlanOutput).progress;
      clock.advance(waitSeconds);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 30, 60, 60, 60, 60, 60]);
    expect(Math.floor(secondsBetween(begun, clock.now()) / 60)).toBe(6);
    expect((await queue()).users[user(1)]).toMatchObject({ failed: true, dueAt: plusSeconds(clock.now(), 3600) });
  });

  it('keep no other user from being served', async () => {
    const { plan, faults } = await planning({ members: [1, 2] });
    faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'internal', times: 1000, principalId: user(1) });
    const request = aRequest({ users: [1, 2].map((number) => ({ userId: user(number) })), trigger: 'manual' });
    const found = await plan(request);
    expect(found).toMatchObject({ outcome: 'apply', batches: [{ kind: 'grant', userIds: [user(2)] }] });
  });

  it('keep no other user of a sweep from being served: they are checked on their own', async () => {
    const { plan, faults, queue } = await planning({ members: [1, 2] });
    faults.add({ operation: 'IdentityStore.DescribeUser', kind: 'refuse', times: 1000, principalId: user(1) });
    const found = await plan(SWEEP);
    expect(found).toMatchObject({ outcome: 'apply', batches: [{ kind: 'grant', userIds: [user(2)] }] });
    expect((await queue()).users).toMatchObject({ [user(1)]: { by: ME } });
  });
});

describe('PlanChanges', () => {
  const context = {} as Context;

  it('plans, and logs the outcome', async () => {
    const world = await planning({ members: [1] });
    const { platform, logged } = aPlatform(world);
    const request = aMembershipRequest('member', 1);
    const input = { request, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    expect(await handler.on(() => platform)(input, context)).toMatchObject({ outcome: 'apply' });
    expect(logged().at(-1)).toMatchObject({ message: 'completed', outcome: 'apply', round: 1, execution: ME });
  });

  it('fails on an item of a newer version in the ledger, by its name', async () => {
    const world = await planning({ members: [1] });
    await world.put({ ...emptyQueue(), pk: '#work', sk: '#work', schemaVersion: 2 });
    const { platform, logged } = aPlatform(world);
    const input = { request: SWEEP, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    await expect(handler.on(() => platform)(input, context)).rejects.toMatchObject({ reason: 'ledger-unreadable' });
    expect(logged().at(-1)?.['reason']).toContain('schemaVersion');
  });
});
