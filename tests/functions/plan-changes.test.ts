import type { Context } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { BATCH_SIZE, ROUND_SIZE } from '../../domain/plan.ts';
import { INITIAL_PROGRESS, type Progress } from '../../domain/progress.ts';
import type { Propagation, Request } from '../../domain/request.ts';
import type { Seat } from '../../domain/seat.ts';
import { plusSeconds } from '../../domain/time.ts';
import { acquire, emptyWork, LEASE_SECONDS, post, type Work } from '../../domain/work.ts';
import { handler } from '../../functions/plan-changes.ts';
import { type Plan, planChanges } from '../../functions/planning.ts';
import { aPlatform } from '../fixtures/platform.ts';
import {
  aMembershipRequest,
  aRequest,
  aSeat,
  ME,
  OTHER,
  openServices,
  type ServicesOptions,
  START,
  someEntitlements,
} from '../fixtures/services.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../fixtures/stack.ts';

const VISIBLE: Propagation = { visible: true, checkAfterSeconds: 0 };
const { entitlements } = someEntitlements();

interface PlanningOptions extends ServicesOptions {
  seats?: readonly Seat[];
  assigned?: readonly number[];
  work?: Work;
}

interface Asked {
  execution?: string;
  propagation?: Propagation;
  progress?: Partial<Progress>;
}

async function planning({ seats = [], assigned = [], work, ...options }: PlanningOptions = {}) {
  const world = await openServices(options);
  const { services, center } = world;
  if (work) await services.ledger.saveWork(work);
  for (const seat of seats) await services.ledger.saveSeat(seat);
  for (const number of assigned) center.assignByHand(APPLICATION, user(number));
  return {
    ...world,
    work: () => services.ledger.work(),
    plan: (request: Request, { execution = ME, propagation = VISIBLE, progress = {} }: Asked = {}) =>
      planChanges({ request, propagation, progress: { ...INITIAL_PROGRESS, ...progress }, execution }, services),
  };
}

/** The lease in somebody's hands, with something in his mailbox. */
function heldBy(holder: string, request: Request = aMembershipRequest('member', 1)): Work {
  const held = acquire(emptyWork(), holder, START);
  if (!held) throw new Error('the lease of a new mailbox is free');
  return post(held, request, { me: holder, entitlements, now: START });
}

const changesOf = (plan: Plan) =>
  plan.outcome === 'apply' ? plan.batches.map(({ kind, userIds }) => `${kind} ${userIds.length}`) : plan.outcome;

const TICK = aRequest({ trigger: 'tick', sweep: 'due' });
const SWEEP = aRequest({ sweep: 'everything', trigger: 'manual' });

describe('a plan', () => {
  it('has what the request is about, and the lease to do it under', async () => {
    const { plan, work } = await planning({ members: [1] });
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({
      outcome: 'apply',
      batches: [{ applicationArn: APPLICATION, kind: 'grant', reason: 'group-join', userIds: [user(1)] }],
      term: 1,
      plannedAt: START.toISOString(),
      progress: { round: 1, batches: 1, stalled: 0, checked: ['amazon-q-developer'] },
    });
    expect(await work()).toMatchObject({
      lease: { holder: ME, term: 1 },
      users: { [user(1)]: { by: ME, planned: 1 } },
    });
  });

  it('is converged when nothing is to be done; the lease is free and the mailbox empty', async () => {
    const { plan, work } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({ outcome: 'converged', progress: { round: 1 } });
    expect(await work()).toMatchObject({ users: {}, sweeps: {} });
    expect((await work()).lease).toBeUndefined();
  });

  it('waits when what was expected does not show yet; the lease is free meanwhile', async () => {
    const { plan, work } = await planning();
    expect(await plan(aMembershipRequest('member', 1))).toMatchObject({
      outcome: 'settle',
      settle: { waitSeconds: 30 },
    });
    expect((await work()).lease).toBeUndefined();
    expect((await work()).users[user(1)]).toMatchObject({ by: ME, dueAt: plusSeconds(START, 30) });
  });

  it('waits for the second look of a hint that names nobody', async () => {
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

  it('is for the user whom a manual start has found, and the group that it asks for', async () => {
    const { plan, work } = await planning({ members: [1] });
    const propagation = { ...VISIBLE, userId: user(1), groupId: GROUP };
    expect(changesOf(await plan(aRequest({ trigger: 'manual' }), { propagation }))).toEqual(['grant 1']);
    expect((await work()).users[user(1)]?.expected).toMatchObject([{ groupId: GROUP, membership: 'member' }]);
  });

  it('looks at named users first, and at applications when those are done', async () => {
    const mailbox = post(emptyWork(), aRequest({ groups: [GROUP], at: plusSeconds(START, -600) }), {
      me: OTHER,
      entitlements,
      now: new Date(plusSeconds(START, -600)),
    });
    // The sweep was begun a little while ago, so that the user isn't folded into it.
    const { plan, work, calls } = await planning({ members: [1, 2], work: mailbox });
    expect(changesOf(await plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' })))).toEqual(['grant 1']);
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(0);
    expect((await work()).sweeps[APPLICATION]?.planned).toBeUndefined();
  });

  it('goes on to the next look while its own is empty', async () => {
    const mailbox = post(emptyWork(), aRequest({ groups: [GROUP], at: plusSeconds(START, -600) }), {
      me: OTHER,
      entitlements,
      now: new Date(plusSeconds(START, -600)),
    });
    const { plan } = await planning({ members: [1, 2], seats: [aSeat(1)], assigned: [1], work: mailbox });
    const found = await plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' }));
    expect(changesOf(found)).toEqual(['grant 1']);
    expect(found.progress.round).toBe(2);
  });

  it('takes two thousand people a round, fifty a batch, and the rest without a time to settle', async () => {
    const numbers = people(1, ROUND_SIZE + 10);
    const { plan, work } = await planning({
      people: numbers.length,
      members: numbers,
      entitlements: someEntitlements({ entitlements: [{ seats: { max: 5000 } }] }),
    });
    const found = await plan(SWEEP);
    if (found.outcome !== 'apply') throw new Error(found.outcome);
    expect(found.batches).toHaveLength(ROUND_SIZE / BATCH_SIZE);
    expect(JSON.stringify(found).length).toBeLessThan(150 * 1024);
    expect((await work()).sweeps[APPLICATION]?.planned).toBeUndefined();
  });

  it('remembers how long the list of users is, and when everything was swept', async () => {
    // People whom SCIM has deleted: whether they exist shows only at the end of the list.
    const seats = people(301, 304).map((number) => aSeat(number, { status: 'waitlisted' }));
    const { plan, work } = await planning({ people: 250, seats });
    expect(changesOf(await plan(SWEEP))).toBe('converged');
    expect(await work()).toMatchObject({ lastSweepAt: START.toISOString(), userPages: 3 });
  });
});

describe('who plans', () => {
  it('hands over to the holder of the lease, with all that it was about', async () => {
    const { plan, work, measured, calls } = await planning({ members: [1, 2], work: heldBy(OTHER) });
    expect(await plan(aMembershipRequest('member', 2))).toEqual({
      outcome: 'handedOver',
      handedOverTo: OTHER,
      progress: INITIAL_PROGRESS,
    });
    expect(Object.keys((await work()).users)).toEqual([user(1), user(2)]);
    expect((await work()).users[user(2)]).toMatchObject({ by: OTHER });
    expect(measured).toEqual([['ExecutionsHandedOver', 1]]);
    expect(calls('IdentityStore.IsMemberInGroups')).toBe(0);
  });

  it('takes over from a holder that has died, with its mailbox', async () => {
    const { plan, work, clock } = await planning({ members: [1, 2], work: heldBy(OTHER) });
    clock.advance(LEASE_SECONDS);
    expect(changesOf(await plan(aMembershipRequest('member', 2)))).toEqual(['grant 2']);
    expect((await work()).lease).toMatchObject({ holder: ME, term: 2 });
  });

  it('waits when another took over while the plan was made', async () => {
    const { plan, work, services, clock, center } = await planning({ members: [1] });
    const slow = {
      ...services.directory,
      groupsOf: async (...asked: Parameters<typeof services.directory.groupsOf>) => {
        clock.advance(LEASE_SECONDS);
        const taken = acquire(await services.ledger.work(), OTHER, clock.now());
        if (taken) await services.ledger.saveWork(taken);
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
    expect((await work()).lease?.holder).toBe(OTHER);
    const later = { ...INITIAL_PROGRESS, round: 1 };
    expect(await plan(request, { progress: later })).toMatchObject({ outcome: 'handedOver', handedOverTo: OTHER });
  });

  it('does not post its request a second time in a later round', async () => {
    const { plan, work } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const request = aMembershipRequest('member', 1);
    await plan(request);
    expect(await plan(request, { progress: { round: 1 } })).toMatchObject({ outcome: 'handedOver' });
    expect((await work()).users).toEqual({});
  });

  it('may run twice: the second plan is the first', async () => {
    const { plan, clock } = await planning({ members: [1] });
    const request = aMembershipRequest('member', 1);
    const first = await plan(request);
    clock.advance(1);
    const second = await plan(request);
    expect(changesOf(second)).toEqual(changesOf(first));
    expect(second).toMatchObject({ term: 1, progress: first.progress });
  });

  it('gives up for a retry when others write the mailbox again and again', async () => {
    const { plan, services, door } = await planning({ members: [1] });
    const { saveWork } = services.ledger;
    services.ledger.saveWork = async (work) => {
      await saveWork(work);
      return saveWork(work);
    };
    await expect(plan(aMembershipRequest('member', 1))).rejects.toMatchObject({ name: 'TransientAwsError' });
    expect(door.calls.get('SSOAdmin.CreateApplicationAssignment')).toBeUndefined();
  });
});

describe('a tick', () => {
  it('sweeps everything where nobody ever has', async () => {
    const { plan } = await planning({ members: [1] });
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it.each([
    ['has nothing to do within the hour', 3599, 'converged'],
    ['sweeps again after an hour', 3600, ['grant 1']],
  ])('%s', async (_fact, later, expected) => {
    const { plan, clock } = await planning({
      members: [1],
      work: { ...emptyWork(), lastSweepAt: START.toISOString() },
    });
    clock.advance(later);
    expect(changesOf(await plan(TICK))).toEqual(expected);
  });

  it('takes up what was left half done', async () => {
    const left = aSeat(1, { status: 'creating', changedAt: plusSeconds(START, -900) });
    const work = { ...emptyWork(), lastSweepAt: START.toISOString() };
    const { plan } = await planning({ members: [1], seats: [left], work });
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it('takes up what an execution should have looked at and has not', async () => {
    const mailbox = post(emptyWork(), aMembershipRequest('member', 1), { me: OTHER, entitlements, now: START });
    const { plan, clock } = await planning({ members: [1], work: { ...mailbox, lastSweepAt: START.toISOString() } });
    expect(changesOf(await plan(TICK))).toBe('converged');
    clock.advance(61);
    expect(changesOf(await plan(TICK))).toEqual(['grant 1']);
  });

  it('reads the mailbox once where there is nothing to do, and writes nothing', async () => {
    const { plan, door } = await planning({ work: { ...emptyWork(), lastSweepAt: START.toISOString() } });
    door.calls.clear();
    expect(changesOf(await plan(TICK))).toBe('converged');
    expect(Object.fromEntries(door.calls)).toEqual({ 'DynamoDB.Query': 1, 'DynamoDB.GetItem': 1 });
  });
});

describe('a refusal', () => {
  const full = someEntitlements({ entitlements: [{ seats: { max: 0 } }] });

  it('of a limit fails the plan, with nothing to apply; the lease is free and the look kept', async () => {
    const { plan, work, clock } = await planning({ entitlements: full, members: [1] });
    const request = aMembershipRequest('member', 1);
    await expect(plan(request)).rejects.toMatchObject({ name: 'RefusedError', reason: 'cap-reached' });
    expect((await work()).lease).toBeUndefined();
    expect((await work()).users[user(1)]).toMatchObject({
      by: ME,
      failed: true,
      dueAt: plusSeconds(clock.now(), 3600),
    });
  });

  it('is looked at again at once when the execution is redriven, with its counters at zero', async () => {
    const { plan, services, work } = await planning({ entitlements: full, members: [1] });
    const request = aMembershipRequest('member', 1);
    await expect(plan(request)).rejects.toMatchObject({ reason: 'cap-reached' });
    const mended = { ...services, entitlements: someEntitlements() };
    const input = {
      request,
      propagation: VISIBLE,
      progress: { ...INITIAL_PROGRESS, round: 1, stalled: 5 },
      execution: ME,
    };
    const again = await planChanges(input, mended);
    expect(changesOf(again)).toEqual(['grant 1']);
    expect(again.progress.stalled).toBe(0);
    expect((await work()).users[user(1)]?.failed).toBeUndefined();
  });

  it('of one application does not stop the other', async () => {
    const both = someEntitlements({
      entitlements: [{ seats: { max: 0 } }, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
    });
    const directory = { groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })) };
    const { plan, work } = await planning({ entitlements: both, directory });
    const found = await plan(SWEEP);
    expect(found).toMatchObject({ outcome: 'apply', batches: [{ applicationArn: OTHER_APPLICATION }] });
    expect((await work()).sweeps).toMatchObject({ [APPLICATION]: { by: ME }, [OTHER_APPLICATION]: { planned: 1 } });
    expect((await work()).sweeps[APPLICATION]?.planned).toBeUndefined();
  });

  it('is put off while what was written for somebody else is not proven', async () => {
    const both = someEntitlements({
      entitlements: [{ seats: { max: 0 } }, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
    });
    const directory = { groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })) };
    const fresh = aSeat(1, { applicationArn: OTHER_APPLICATION, status: 'assigned', changedAt: START.toISOString() });
    const { plan, center, clock } = await planning({ entitlements: both, directory, seats: [fresh] });
    center.assignByHand(OTHER_APPLICATION, user(1));
    expect(await plan(SWEEP)).toMatchObject({ outcome: 'settle', settle: { waitSeconds: 30 } });
    clock.advance(30);
    await expect(plan(SWEEP, { progress: { round: 1 } })).rejects.toMatchObject({ reason: 'cap-reached' });
  });

  it('is put off while something else is due', async () => {
    const both = someEntitlements({
      entitlements: [{ seats: { max: 0 } }, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }],
    });
    const directory = { groups: [GROUP, OTHER_GROUP].map((groupId) => ({ groupId, members: [user(1)] })) };
    const mailbox = post(
      emptyWork(),
      aRequest({ sweep: 'everything', trigger: 'manual', at: plusSeconds(START, -600) }),
      { me: OTHER, entitlements: both.entitlements, now: new Date(plusSeconds(START, -600)) },
    );
    const seats = [aSeat(1, { applicationArn: OTHER_APPLICATION })];
    const { plan, center, calls } = await planning({ entitlements: both, directory, work: mailbox, seats });
    center.assignByHand(OTHER_APPLICATION, user(1));
    await expect(plan(aRequest({ users: [{ userId: user(1) }], trigger: 'manual' }))).rejects.toMatchObject({
      reason: 'cap-reached',
    });
    expect(calls('SSOAdmin.ListApplicationAssignments')).toBe(2);
  });

  it('of AWS, for one person, fails the execution once and is marked as told', async () => {
    const refusal = { reason: 'quota-exceeded', since: START.toISOString(), execution: ME, reported: false };
    const seat = aSeat(1, { status: 'failed', refusal, nextAttemptAt: plusSeconds(START, 3600) });
    const { plan, seat: read } = await planning({ members: [1], seats: [seat] });
    const request = aRequest({ users: [{ userId: user(1) }], trigger: 'event' });
    await expect(plan(request)).rejects.toMatchObject({ name: 'RefusedError', reason: 'quota-exceeded' });
    expect(await read(1)).toMatchObject({ refusal: { reported: true } });
  });

  it('of a read fails the plan, and leaves it to a redrive', async () => {
    const { plan, faults, work } = await planning({ members: [1] });
    faults.add({ operation: 'IdentityStore.IsMemberInGroups', kind: 'refuse' });
    await expect(plan(aMembershipRequest('member', 1))).rejects.toMatchObject({
      name: 'RefusedError',
      reason: 'access-denied',
    });
    expect((await work()).lease).toBeUndefined();
    expect((await work()).users[user(1)]).toMatchObject({ failed: true });
  });
});

describe('an end to it', () => {
  it('comes when the same changes were planned five times without effect', async () => {
    const { plan, work, clock } = await planning({ members: [1] });
    const request = aMembershipRequest('member', 1);
    let progress: Partial<Progress> = {};
    for (let round = 1; round <= 5; round += 1) {
      const found = await plan(request, { progress });
      expect(changesOf(found)).toEqual(['grant 1']);
      progress = found.progress;
      // Another term, in which the same changes may be planned once more.
      clock.advance(LEASE_SECONDS);
    }
    await expect(plan(request, { progress })).rejects.toMatchObject({ name: 'NotConvergedError' });
    expect((await work()).lease).toBeUndefined();
    expect((await work()).users[user(1)]).toMatchObject({ by: ME, failed: true });
  });

  it('comes before AWS ends a long history; the rest is for the tick', async () => {
    const { plan, work } = await planning({ members: [1], seats: [aSeat(1)], assigned: [1] });
    const progress = { batches: 2500 };
    expect(await plan(aMembershipRequest('member', 1), { progress })).toMatchObject({
      outcome: 'handedOver',
      handedOverTo: 'tick',
    });
    expect((await work()).lease).toBeUndefined();
  });

  it.each(['IdentityStore.IsMemberInGroups', 'DynamoDB.GetItem', 'DynamoDB.PutItem', 'DynamoDB.BatchGetItem'])(
    'is a retry when %s is throttled, and the second try is as good as the first',
    async (operation) => {
      const { plan, faults } = await planning({ members: [1] });
      faults.add({ operation, kind: 'throttle' });
      const request = aMembershipRequest('member', 1);
      await expect(plan(request)).rejects.toMatchObject({ name: 'TransientAwsError' });
      expect(changesOf(await plan(request))).toEqual(['grant 1']);
    },
  );
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
    await world.put({ ...emptyWork(), pk: '#work', sk: '#work', schemaVersion: 2 });
    const { platform, logged } = aPlatform(world);
    const input = { request: SWEEP, propagation: VISIBLE, progress: INITIAL_PROGRESS, execution: ME };
    await expect(handler.on(() => platform)(input, context)).rejects.toMatchObject({ reason: 'ledger-unreadable' });
    expect(logged().at(-1)?.['reason']).toContain('schemaVersion');
  });
});
