import { describe, expect, it } from 'vitest';
import { aCreateGroupMembership, anAddMemberToGroup } from '../support/events.ts';
import { detailOf } from '../support/invariants.ts';
import { APPLICATION, GROUP, people, user, type World } from '../support/stack.ts';
import { aTrial, LEASE_OUT_SECONDS, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';
const ALWAYS = 10_000;
const FULL = { entitlements: [{ max: 1 }], people: 4, seated: [1] };

/** The event of a join arrives now, whenever it was made. */
function joinOf(world: World, number: number, at: Date): Promise<string> {
  world.center.join(GROUP, user(number));
  return world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(number), time: at.toISOString() }));
}

describe('a seat takes its place while its assignment may exist:', () => {
  it.each<[string, (trial: Trial) => unknown]>([
    [
      'creating',
      async (trial) => {
        await trial.leaves(1);
        await trial.play();
        trial.stack.faults.add({ operation: CREATE, kind: 'internal', times: ALWAYS, principalId: user(1) });
        await trial.joins(1);
        await trial.play();
      },
    ],
    ['confirmed', () => undefined],
    [
      'leaving',
      async (trial) => {
        trial.deploy({ entitlements: [{ max: 1, graceDays: 7 }] });
        await trial.leaves(1);
        await trial.play();
      },
    ],
    [
      'held',
      async (trial) => {
        trial.deploy({ brake: { percent: 0, atLeast: 0 } });
        await trial.leaves(1);
        await trial.play();
      },
    ],
    [
      'revoking',
      async (trial) => {
        trial.stack.faults.add({ operation: DELETE, kind: 'internal', times: ALWAYS });
        await trial.leaves(1);
        await trial.play();
      },
    ],
  ])('%s', async (status, given) => {
    const trial = await aTrial(FULL);
    await given(trial);
    expect(await trial.seats()).toEqual({ 1: status });
    trial.after(LEASE_OUT_SECONDS, () => trial.joins(2));
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: status, 2: 'waitlisted' });
    expect(trial.assigned()).not.toContain(2);
  });

  it('creating, when nobody knows what became of the call, and its owner has left', async () => {
    const trial = await aTrial({ entitlements: [{ max: 1 }] });
    trial.stack.faults.add({ operation: CREATE, kind: 'crash-after' });
    trial.stack.faults.add({ operation: DESCRIBE, kind: 'internal', skip: 1, times: ALWAYS });
    await trial.joins(1);
    await trial.play();
    trial.stack.faults.clear();
    expect([await trial.seats(), trial.assigned()]).toEqual([{ 1: 'creating' }, [1]]);
    trial.after(LEASE_OUT_SECONDS, () => trial.scim({ leave: [1], join: [2] }));
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    const told = trial.told().filter((one) => /^Seat/.test(one));
    expect(told.at(-1)).toBe('Seat Assigned 2 place-freed');
    expect(told.slice(0, -1).sort()).toEqual([
      'Seat Assigned 1 group-join',
      'Seat Revoked 1 group-leave',
      'Seat Waitlisted 2 cap-reached',
    ]);
    expect(trial.peak()).toBe(1);
  });

  it('assigned, before it is proved', async () => {
    const trial = await aTrial({ entitlements: [{ max: 1 }] });
    await trial.joins(1);
    trial.after(20, () => trial.joins(2));
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
    expect(trial.told()).toEqual(['Seat Assigned 1 group-join', 'Seat Waitlisted 2 cap-reached']);
  });
});

describe('a place', () => {
  it.each<[string, (trial: Trial) => void, string[]]>([
    ['AWS answers success and forgets it', (trial) => trial.stack.faults.add({ operation: DELETE, kind: 'lost' }), []],
    ['reads show it late', (trial) => trial.center.setLag(DESCRIBE, 60), []],
    ['AWS takes it after a conflict', (trial) => trial.stack.faults.add({ operation: DELETE, kind: 'conflict' }), []],
    ['the answer is lost', (trial) => trial.stack.faults.add({ operation: DELETE, kind: 'internal-after' }), []],
  ])('is free only when a fresh read shows it gone, also when %s', async (_how, given) => {
    const trial = await aTrial(FULL);
    await trial.joins(2);
    await trial.play();
    given(trial);
    await trial.leaves(1);
    await trial.play();
    await trial.ticking(30);
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(trial.peak()).toBe(1);
    expect(trial.told()).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Revoked 1 group-leave',
      'Seat Assigned 2 place-freed',
    ]);
  });

  it('is given by the execution that frees it', async () => {
    const trial = await aTrial(FULL);
    await trial.joins(2);
    await trial.play();
    const execution = await trial.leaves(1);
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    const by = trial.audit.map((entry) => [
      entry.DetailType,
      detailOf(entry).metadata.correlation_uid.split(':').at(-1),
    ]);
    expect(by.slice(1)).toEqual([
      ['Seat Revoked', execution],
      ['Seat Assigned', execution],
    ]);
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });

  it.each<[string, (trial: Trial) => unknown]>([
    [
      'an execution frees that is stopped before it looks again',
      async (trial) => {
        const execution = await trial.leaves(1);
        // While its batch is under way, which a Lambda function brings to its end.
        trial.after(0.25, () => trial.stop(execution));
        await trial.play();
      },
    ],
    ['a deployment adds', (trial) => trial.deploy({ entitlements: [{ max: 2 }] })],
  ])('that %s is given by the next tick', async (_how, given) => {
    const trial = await aTrial(FULL);
    await trial.joins(2);
    await trial.play();
    await given(trial);
    expect(await trial.seats()).toMatchObject({ 2: 'waitlisted' });
    await trial.ticking(10);
    expect(await trial.seats()).toMatchObject({ 2: 'confirmed' });
  });

  it('that somebody leaves for somebody else is told as a line of one', async () => {
    const trial = await aTrial({ entitlements: [{ max: 2 }], seated: [1, 2] });
    const execution = await trial.scim({ join: [3], leave: [1] });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.assigned()).toEqual([2, 3]);
    expect(trial.told().sort()).toEqual([
      'Seat Assigned 3 place-freed',
      'Seat Revoked 1 group-leave',
      'Seat Waitlisted 3 cap-reached',
    ]);
  });

  it("is not taken by an assignment of somebody else's", async () => {
    const trial = await aTrial({ entitlements: [{ max: 1 }], assigned: [1, 2] });
    await trial.joins(3);
    await trial.play();
    expect(await trial.seats()).toEqual({ 3: 'confirmed' });
  });

  it('that AWS frees with a deleted user is given by the sweep that sees it', async () => {
    const trial = await aTrial(FULL);
    await trial.joins(2);
    await trial.play();
    trial.center.deleteUser(user(1));
    await trial.ticking(65);
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
  });
});

describe('the line', () => {
  it('is served by the time of the first request, whatever order the events come in', async () => {
    const trial = await aTrial(FULL);
    const [now, seconds] = [trial.now(), (count: number) => new Date(now.getTime() + count * 1000)];
    trial.after(60, () => undefined);
    await trial.play();
    for (const [number, at] of [
      [2, 50],
      [3, 10],
      [4, 30],
    ] as const) {
      await joinOf(trial, number, seconds(at));
      await trial.play();
    }
    // A further hint about somebody who waits, and its second copy, move nobody.
    await joinOf(trial, 2, seconds(0));
    await joinOf(trial, 3, trial.now());
    await joinOf(trial, 3, trial.now());
    await trial.play();
    for (const [leaver, next] of [
      [1, 3],
      [3, 4],
      [4, 2],
    ] as const) {
      await trial.leaves(leaver);
      await trial.play();
      expect(trial.assigned()).toEqual([next]);
    }
    expect(trial.told().filter((told) => /Waitlisted/.test(told))).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Waitlisted 3 cap-reached',
      'Seat Waitlisted 4 cap-reached',
    ]);
  });

  it('lets nobody who comes later pass by, also when a place is free at that moment', async () => {
    const trial = await aTrial(FULL);
    await trial.joins(3);
    await trial.play();
    await trial.leaves(1);
    await trial.joins(2);
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'waitlisted', 3: 'confirmed' });
  });

  it('puts who leaves it and comes back at its end', async () => {
    const trial = await aTrial(FULL);
    for (const number of [2, 3]) {
      await trial.joins(number);
      await trial.play();
    }
    await trial.leaves(2);
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'revoked', 3: 'waitlisted' });
    trial.after(60, () => trial.joins(2));
    await trial.play();
    await trial.leaves(1);
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'waitlisted', 3: 'confirmed' });
    expect(trial.told()).toEqual([
      'Seat Waitlisted 2 cap-reached',
      'Seat Waitlisted 3 cap-reached',
      'Seat Waitlisted 2 cap-reached',
      'Seat Revoked 1 group-leave',
      'Seat Assigned 3 place-freed',
    ]);
  });

  it('asks for the status of who gets a place that frees in the very same sweep', async () => {
    const trial = await aTrial({ people: 3, members: { [GROUP]: [1, 2] }, entitlements: [{ max: 1 }] });
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted' });
    // No event tells of either.
    trial.center.setStatus(user(2), 'DISABLED');
    trial.center.deleteUser(user(1));
    await trial.ticking(65);
    expect(trial.assigned()).toEqual([]);
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'revoked' });
  });

  it('passes over who is disabled or deleted meanwhile', async () => {
    const trial = await aTrial(FULL);
    for (const number of [2, 3, 4]) {
      await trial.joins(number);
      await trial.play();
    }
    trial.center.setStatus(user(2), 'DISABLED');
    trial.center.deleteUser(user(3));
    await trial.leaves(1);
    await trial.play();
    expect(trial.assigned()).toEqual([4]);
  });

  it('is told of once, however often it is looked at', async () => {
    const trial = await aTrial(FULL);
    await trial.joins(2);
    await trial.ticking(150);
    await trial.start({ userId: user(2) });
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.copies()).toEqual(['Seat Waitlisted']);
    expect(trial.calls(CREATE)).toBe(0);
  });
});

describe('lowering seats.max below what is in use', () => {
  it('revokes nobody, says so, and lets nobody in until enough have left', async () => {
    const trial = await aTrial({ entitlements: [{ max: 3 }], people: 4, seated: [1, 2, 3] });
    trial.deploy({ entitlements: [{ max: 1 }] });
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect(trial.reportOf(execution).report).toEqual([
      { entitlement: 'amazon-q-developer', seats: 3, waiting: 0, unmanaged: 0, overCap: 2 },
    ]);
    expect(trial.measured('SeatsOverCap')).toEqual([2]);
    await trial.joins(4);
    for (const leaver of [1, 2]) {
      await trial.leaves(leaver);
      await trial.play();
      expect(await trial.seats()).toMatchObject({ 4: 'waitlisted' });
    }
    await trial.leaves(3);
    await trial.play();
    expect(trial.assigned()).toEqual([4]);
  });

  it('gives nobody a seat again from whom somebody takes it by hand, but a place at the head of the line', async () => {
    const trial = await aTrial({ entitlements: [{ max: 2 }], people: 3, seated: [1, 2] });
    trial.deploy({ entitlements: [{ max: 1 }] });
    await trial.joins(3);
    await trial.play();
    trial.center.unassignByHand(APPLICATION, user(2));
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'waitlisted', 3: 'waitlisted' });
    await trial.leaves(1);
    await trial.play();
    expect(trial.assigned()).toEqual([2]);
  });
});

describe('more people than places', () => {
  it('who come at the same moment: the first by the time of their events get them', async () => {
    const trial = await aTrial({ entitlements: [{ max: 3 }], people: 10 });
    const now = trial.now().getTime();
    await Promise.all(people(1, 10).map((number) => joinOf(trial, number, new Date(now + number - 100))));
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect(trial.peak()).toBe(3);
    expect(Object.values(await trial.seats()).filter((status) => status === 'waitlisted')).toHaveLength(7);
  });

  it.each<[string, number, (trial: Trial, number: number) => Promise<string>]>([
    ['by SCIM, which names nobody', 100, (trial, number) => trial.scim({ join: [number] })],
    [
      'by the Identity Store API',
      40,
      (trial, number) => {
        trial.center.join(GROUP, user(number));
        const time = trial.now().toISOString();
        return trial.start(aCreateGroupMembership({ groupId: GROUP, userId: user(number), time }));
      },
    ],
  ])(
    'who come in a flood, %s: never more than the cap are assigned, and the rest wait',
    { tags: 'long' },
    async (_way, count, join) => {
      const [max, joiners] = [15, people(1, count)];
      const trial = await aTrial({ entitlements: [{ max }], people: joiners.length });
      for (const number of joiners) trial.after(number * 0.4, () => join(trial, number));
      await trial.play();
      expect(trial.peak()).toBe(max);
      expect(trial.assigned()).toEqual(people(1, max));
      expect(trial.calls(CREATE)).toBe(max);
      expect(trial.copies().filter((type) => type === 'Seat Waitlisted')).toHaveLength(joiners.length - max);
      expect(trial.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
      // Ten places free at once, and are given to the next ten.
      for (const number of people(1, 10)) trial.center.leave(GROUP, user(number));
      await trial.scim({ leave: people(1, 10) });
      await trial.play();
      expect(trial.assigned()).toEqual(people(11, max + 10));
      expect(trial.peak()).toBe(max);
    },
  );
});
