import { describe, expect, it } from 'vitest';
import { INITIAL_PROGRESS } from '../../../domain/decision/progress.ts';
import { acquireLease, LEASE_SECONDS } from '../../../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { planChanges } from '../../../reconcile/plan/plan-changes.ts';
import { aMembershipRequest, anAuditRecord, aRequest, aSeat, aSweepReport } from '../../support/builders.ts';
import { APPLICATION, GROUP, ME, OTHER, OTHER_APPLICATION, OTHER_GROUP, START, user } from '../../support/ids.ts';
import { KIRO } from '../../support/subscriptions.ts';
import { openWorld, type WorldOptions } from '../../support/world.ts';

const SWEEP = aRequest({ sweep: 'everything', trigger: 'manual' });

/** Plans until nothing is due; users with a confirmed seat are assigned. */
async function measuring(
  { seats = [], ...options }: WorldOptions & { seats?: Parameters<typeof aSeat>[] } = {},
  request = SWEEP,
) {
  const { services, center, metrics } = await openWorld(options);
  for (const parts of seats) {
    const seat = aSeat(...parts);
    await services.ledger.saveSeat(seat);
    if (seat.status === 'confirmed') center.assignByHand(seat.applicationArn, seat.userId);
  }
  const input = { request, propagation: { visible: true, checkAfterSeconds: 0 }, execution: ME };
  const plan = await planChanges({ ...input, progress: INITIAL_PROGRESS }, services);
  return { plan, metrics, values: (name: string) => metrics.filter(([metric]) => metric === name) };
}

describe('a sweep measures', () => {
  it('the seats of each entitlement, and the largest part of a cap that is used', async () => {
    const { values } = await measuring({
      members: [1, 2, 3],
      entitlements: [
        { seats: { max: 4 } },
        { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 100 } },
      ],
      seats: [[1], [2], [3]],
    });
    expect(values('Seats')).toEqual([
      ['Seats', 3, 'amazon-q-developer'],
      ['Seats', 0, 'kiro'],
    ]);
    expect(values('CapUsed')).toEqual([['CapUsed', 75]]);
  });

  it('more than 100 percent after the cap was lowered, also to zero', async () => {
    const lowered = (max: number) =>
      measuring({
        members: [1, 2, 3],
        entitlements: [{ seats: { max } }],
        seats: [[1], [2], [3]],
      });
    expect((await lowered(2)).values('CapUsed')).toEqual([['CapUsed', 150]]);
    expect((await lowered(0)).values('CapUsed')).toEqual([['CapUsed', 300]]);
  });

  it('how long the first user on the waitlist has waited', async () => {
    const waiting = (number: number, seconds: number) =>
      [number, { status: 'waitlisted', requestedAt: plusSeconds(START, -seconds) }] satisfies Parameters<typeof aSeat>;
    const { plan, values } = await measuring({
      members: [1, 2, 3],
      entitlements: [{ seats: { max: 1 } }],
      seats: [[1], waiting(2, 600), waiting(3, 7200)],
    });
    expect(values('OldestWait')).toEqual([['OldestWait', 7200]]);
    expect(plan.report).toMatchObject([{ waiting: 2, waitingSince: plusSeconds(START, -7200) }]);
  });

  it('that it is complete once nothing is left to change', async () => {
    const done = await measuring({ members: [1], seats: [[1]] });
    expect(done.values('SweepsCompleted')).toEqual([['SweepsCompleted', 1]]);
    expect(done.values('OldestWait')).toEqual([['OldestWait', 0]]);
    const begun = await measuring({ members: [1] });
    expect(begun.plan.outcome).toBe('apply');
    expect(begun.values('SweepsCompleted')).toEqual([]);
  });

  it('that it is complete although an audit event is not on the bus', async () => {
    const { plan, values } = await measuring({ members: [1], seats: [[1, { audit: [anAuditRecord()] }]] });
    expect(plan).toMatchObject({ outcome: 'apply', changes: [{ kind: 'record', users: 1 }] });
    expect(values('SweepsCompleted')).toEqual([['SweepsCompleted', 1]]);
  });

  it('nothing of this for one user, or for one application of several', async () => {
    const user1 = await measuring({ members: [1], seats: [[1]] }, aMembershipRequest('member', 1));
    expect(user1.metrics).toEqual([]);
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const one = await measuring(
      { members: [1], seats: [[1]], entitlements },
      aRequest({ groups: [GROUP], at: plusSeconds(START, -600) }),
    );
    expect(one.values('Seats')).toEqual([['Seats', 1, 'amazon-q-developer']]);
    expect(one.values('SweepsCompleted')).toEqual([]);
  });
});

describe('a tick measures', () => {
  const tick = aRequest({ sweep: 'due', trigger: 'tick' });
  const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
  const hoursAgo = (hours: number) => plusSeconds(START, -hours * 3600);

  async function measured(reports: WorkQueue['reports'], request = tick) {
    const { services, metrics } = await openWorld({ entitlements });
    await services.ledger.saveQueue({ ...emptyQueue(), reports });
    const input = { request, propagation: { visible: true, checkAfterSeconds: 0 }, execution: ME };
    await planChanges({ ...input, progress: INITIAL_PROGRESS }, services);
    return metrics.filter(([name]) => ['SweepAge', 'PutAside', 'NotConverged'].includes(name));
  }

  it('three numbers for all applications, and nothing of one that has nothing to tell', async () => {
    const fullAt = hoursAgo(2);
    const reports = { [APPLICATION]: aSweepReport(), [OTHER_APPLICATION]: aSweepReport({ fullAt }) };
    expect(await measured(reports)).toEqual([
      ['SweepAge', 7200],
      ['PutAside', 0],
      ['NotConverged', 0],
    ]);
  });

  it('each application that has something to tell by itself', async () => {
    const reports = {
      [APPLICATION]: aSweepReport({ aside: 2, notConverged: 1 }),
      [OTHER_APPLICATION]: aSweepReport({ fullAt: hoursAgo(3), aside: 1 }),
    };
    expect(await measured(reports)).toEqual([
      ['SweepAge', 10_800],
      ['PutAside', 3],
      ['NotConverged', 1],
      ['PutAside', 2, 'amazon-q-developer'],
      ['NotConverged', 1, 'amazon-q-developer'],
      ['SweepAge', 10_800, 'kiro'],
      ['PutAside', 1, 'kiro'],
    ]);
  });

  describe('to how many applications AWS refuses new subscriptions', () => {
    const stop = { since: hoursAgo(3), probeAt: plusSeconds(START, 3600) };
    const managed = [{ subscription: KIRO }, ...entitlements.slice(1)];

    it.each([
      ['zero, too', managed, undefined, [0]],
      ['each of them', managed, { [APPLICATION]: stop }, [1]],
      ['not one whose subscriptions are no longer managed', managed, { [OTHER_APPLICATION]: stop }, [0]],
      ['nothing if no subscription is managed', entitlements, { [APPLICATION]: stop }, []],
    ])('%s', async (_fact, configured, stopped, expected) => {
      const { services, metrics } = await openWorld({ entitlements: configured });
      await services.ledger.saveQueue({ ...emptyQueue(), ...(stopped ? { stopped } : {}) });
      const input = { request: tick, propagation: { visible: true, checkAfterSeconds: 0 }, execution: ME };
      await planChanges({ ...input, progress: INITIAL_PROGRESS }, services);
      expect(metrics.flatMap(([name, value]) => (name === 'SubscriptionsStopped' ? value : []))).toEqual(expected);
    });
  });

  it('this once per tick, and no other execution does', async () => {
    expect(await measured({}, aRequest({ trigger: 'manual', sweep: 'everything' }))).toEqual([]);
  });
});

describe('a lease', () => {
  async function entering(holder: string, secondsLater: number) {
    const { services, metrics, clock } = await openWorld({ members: [1] });
    const held = acquireLease(emptyQueue(), holder, START);
    if (held) await services.ledger.saveQueue(held);
    clock.advance(secondsLater);
    const request = aRequest({ users: [{ userId: user(1) }], trigger: 'manual' });
    const input = { request, propagation: { visible: true, checkAfterSeconds: 0 }, execution: ME };
    const { outcome } = await planChanges({ ...input, progress: INITIAL_PROGRESS }, services);
    return { outcome, expired: metrics.filter(([name]) => name === 'LeasesExpired') };
  }

  it('that its holder has not released is counted when another execution takes over', async () => {
    expect(await entering(OTHER, LEASE_SECONDS)).toEqual({ outcome: 'apply', expired: [['LeasesExpired', 1]] });
  });

  it('is not counted before it expires', async () => {
    expect(await entering(OTHER, LEASE_SECONDS - 1)).toEqual({ outcome: 'handedOver', expired: [] });
    expect(await entering(ME, 1)).toEqual({ outcome: 'apply', expired: [] });
  });

  it('is not counted if it was released', async () => {
    const { values } = await measuring({ members: [1] });
    expect(values('LeasesExpired')).toEqual([]);
  });
});
