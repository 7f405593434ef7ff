import { describe, expect, it } from 'vitest';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user, type World } from '../support/stack.ts';
import { aTrial, LEASE_OUT_SECONDS, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const PUT_EVENTS = 'EventBridge.PutEvents';
const HOUR_SECONDS = 3600;
const DAY_SECONDS = 24 * HOUR_SECONDS;

/** A tick so many seconds from now, and what it costs. */
async function tickAfter(trial: Trial, seconds: number): Promise<ReadonlyMap<string, number>> {
  await trial.play();
  trial.newCalls();
  trial.after(seconds, () => trial.tick());
  await trial.stack.runUntilIdle();
  return trial.newCalls();
}

function identityCenterCalls(calls: ReadonlyMap<string, number>): number {
  const ours = [...calls].filter(([call]) => /^(?:SSOAdmin|IdentityStore)\./.test(call));
  return ours.reduce((total, [, count]) => total + count, 0);
}

/** What the ledger holds but for the mailbox. */
async function records(world: World) {
  return (await world.ledger()).filter(({ pk }) => pk !== '#work');
}

describe('the tick takes up', () => {
  it.each<[string, number, (trial: Trial) => Promise<unknown>, string]>([
    [
      'a mailbox whose holder died, once its lease has run out',
      LEASE_OUT_SECONDS,
      async (trial) => {
        const execution = await trial.joins(4);
        trial.after(0.15, () => trial.stop(execution));
      },
      'confirmed',
    ],
    [
      'a refusal whose next attempt is due',
      HOUR_SECONDS,
      (trial) => {
        trial.stack.faults.add({ operation: CREATE, kind: 'quota' });
        return trial.joins(4);
      },
      'confirmed',
    ],
    [
      'a grace that is over',
      2 * DAY_SECONDS,
      async (trial) => {
        trial.deploy({ entitlements: [{ graceDays: 2 }] });
        await trial.joins(4);
        await trial.play();
        await trial.leaves(4);
      },
      'revoked',
    ],
    [
      'a line in which a place is free',
      60,
      async (trial) => {
        trial.deploy({ entitlements: [{ max: 3 }] });
        await trial.joins(4);
        await trial.play();
        trial.deploy({ entitlements: [{ max: 4 }] });
      },
      'confirmed',
    ],
  ])('%s', async (_what, seconds, given, status) => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    await given(trial);
    await trial.play();
    expect(await trial.seats()).not.toMatchObject({ 4: status });
    await tickAfter(trial, seconds);
    expect(await trial.seats()).toMatchObject({ 4: status });
  });

  it('an audit event that did not reach the bus', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: PUT_EVENTS, kind: 'internal', times: 1000 });
    await trial.joins(4);
    await trial.play();
    trial.stack.faults.clear();
    await tickAfter(trial, 15 * 60);
    expect(trial.copies()).toEqual(['Seat Assigned']);
  });
});

describe('a sweep', () => {
  it('heals drift in both directions', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.center.unassignByHand(APPLICATION, user(1));
    trial.center.leave(GROUP, user(2));
    trial.center.join(GROUP, user(4));
    await tickAfter(trial, HOUR_SECONDS);
    expect(trial.assigned()).toEqual([1, 3, 4]);
    expect(trial.told().sort()).toEqual([
      'Seat Assigned 1 drift-healed',
      'Seat Assigned 4 reconciled',
      'Seat Revoked 2 group-leave',
    ]);
  });

  it('takes nothing for drift that a list shows late', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.center.setLag('SSOAdmin.ListApplicationAssignments', 120);
    await trial.joins(4);
    trial.after(60, () => trial.start({ scope: 'everything' }));
    await trial.play();
    expect(trial.told()).toEqual(['Seat Assigned 4 group-join']);
    expect(trial.calls(CREATE)).toBe(1);
  });

  it('once a day finds who was disabled without an event, and once an hour does not ask', async () => {
    const trial = await aTrial({ seated: [1, 2, 3] });
    trial.center.setStatus(user(1), 'DISABLED');
    for (let hour = 1; hour < 24; hour += 1) trial.after(hour * HOUR_SECONDS, () => trial.tick());
    await trial.play();
    expect([trial.calls('IdentityStore.ListUsers'), trial.calls('IdentityStore.DescribeUser')]).toEqual([0, 0]);
    await tickAfter(trial, HOUR_SECONDS);
    expect(trial.told()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it('reports assignments that nobody manages, and leaves them', async () => {
    const trial = await aTrial({ people: 5, seated: [1, 2, 3], assigned: [5] });
    trial.center.assignByHand(APPLICATION, user(4));
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.reportOf(execution).report).toMatchObject([{ seats: 3, unmanaged: 2 }]);
    expect(trial.measured('UnmanagedAssignments')).toEqual([2]);
    expect(trial.assigned()).toEqual([1, 2, 3, 4, 5]);
  });

  it('tells of a group that is assigned as a whole: its members would keep access', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.center.assignByHand(APPLICATION, OTHER_GROUP, 'GROUP');
    trial.center.assignByHand(APPLICATION, GROUP, 'GROUP');
    const execution = await trial.leaves(1);
    await trial.play();
    // A look at one user doesn't list an application's assignments.
    expect(trial.reportOf(execution).report).toBeUndefined();
    const sweep = await trial.start({ scope: 'everything' });
    await trial.play();
    const [found] = trial.reportOf(sweep).report ?? [];
    expect(found?.assignedGroups?.toSorted()).toEqual([GROUP, OTHER_GROUP].sort());
    expect(found?.unmanaged).toBe(0);
    expect(trial.measured('AssignedGroups')).toEqual([2]);
    expect(
      trial.stack.identityCenter.assignments().filter(({ principalType }) => principalType === 'GROUP'),
    ).toHaveLength(2);
  });
});

describe('the budget of calls', () => {
  it.each<[string, (trial: Trial) => unknown]>([
    ['nothing is under way', () => undefined],
    ['revocations are held', (trial) => trial.scim({ leave: [1, 2] })],
    [
      'somebody is in the days of grace',
      (trial) => {
        trial.deploy({ entitlements: [{ graceDays: 9 }] });
        return trial.leaves(1);
      },
    ],
    [
      'somebody was refused',
      (trial) => {
        trial.stack.faults.add({ operation: CREATE, kind: 'quota' });
        return trial.joins(4);
      },
    ],
    [
      'something was observed',
      (trial) => {
        trial.deploy({ entitlements: [{ mode: 'observe' }] });
        return trial.joins(4);
      },
    ],
    [
      'people waited before the entitlement was set to observe',
      async (trial) => {
        trial.deploy({ entitlements: [{ max: 3 }] });
        await trial.joins(4);
        await trial.play();
        trial.deploy({ entitlements: [{ max: 4, mode: 'observe' }] });
      },
    ],
  ])('of an idle tick is 2 of DynamoDB and none of Identity Center, also when %s', async (_what, given) => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3], brake: { percent: 0, atLeast: 1 } });
    await given(trial);
    const calls = await tickAfter(trial, LEASE_OUT_SECONDS);
    expect([...calls]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 1],
    ]);
    expect(trial.ends.at(-1)?.outcome).toBe('converged');
  });

  it('is a query more for an application in which people wait', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3], entitlements: [{ max: 3 }] });
    await trial.joins(4);
    expect([...(await tickAfter(trial, 300))]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 2],
    ]);
  });

  it('of 5,000 seats is 110 of Identity Center an hour and 170 a day, and nothing is written but the mailbox', {
    tags: 'long',
  }, async () => {
    const count = 5000;
    const trial = await aTrial({ people: count, settled: people(1, count) });
    const before = await records(trial);
    const daily = await tickAfter(trial, 1);
    const hourly = await tickAfter(trial, HOUR_SECONDS);
    expect(identityCenterCalls(daily)).toBeLessThanOrEqual(170);
    expect(identityCenterCalls(hourly)).toBeLessThanOrEqual(110);
    expect(hourly.get('IdentityStore.ListUsers')).toBeUndefined();
    expect(daily.get('IdentityStore.ListUsers')).toBe(count / 100);
    for (const calls of [daily, hourly]) {
      expect([CREATE, DELETE, PUT_EVENTS].map((call) => calls.get(call))).toEqual([undefined, undefined, undefined]);
    }
    expect(await records(trial)).toEqual(before);
    expect(trial.ends.map(({ outcome }) => outcome)).toEqual(['converged', 'converged']);
  });
});

describe('what a tick does not do again and again', () => {
  it('fails at most once an hour for an application that is gone, and serves the others', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const trial = await aTrial({ members: { [GROUP]: [1] }, entitlements, missing: [OTHER_APPLICATION] });
    await trial.ticking(120);
    const failed = trial.ends.filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(3);
    expect(await trial.seats()).toEqual({ 1: 'confirmed' });
    expect(trial.calls('SSOAdmin.ListApplicationAssignments')).toBeLessThan(12);
  });

  it('looks at a seat whose grace is over when its entitlement only observes, or is gone', async () => {
    const trial = await aTrial({ people: 3, seated: [1, 2], entitlements: [{ graceDays: 1 }] });
    await trial.leaves(1);
    await trial.play();
    trial.deploy({ entitlements: [{ graceDays: 1, mode: 'observe' }] });
    await tickAfter(trial, 3 * DAY_SECONDS);
    const calls = await tickAfter(trial, 300);
    expect(identityCenterCalls(calls)).toBe(0);
    expect(calls).toEqual(
      new Map([
        ['DynamoDB.GetItem', 1],
        ['DynamoDB.Query', 1],
      ]),
    );
  });
});
