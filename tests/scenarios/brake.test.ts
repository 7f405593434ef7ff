import { describe, expect, it } from 'vitest';
import { aDeleteGroup, aDisableUser } from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openBrakedWorld, openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const HOUR_SECONDS = 3600;

/** The events of holds, as a consumer keeps them: each id once. */
function heldEvents({ audit }: World): { time: number; held: number | undefined; digest: string | undefined }[] {
  const events = new Map(audit.map((entry) => [detailOf(entry).metadata.uid, detailOf(entry)]));
  return [...events.values()].flatMap(({ unmapped, time }) =>
    unmapped?.hold_digest ? [{ time, held: unmapped.held_revocations, digest: unmapped.hold_digest }] : [],
  );
}

/** The groups that have become smaller, as sweeps have counted. */
async function fallsIn({ services }: World) {
  return (await services.ledger.holdings(APPLICATION)).groups?.falls;
}

describe('the budget of 24 hours', () => {
  const everybody = people(1, 500);

  it.each<[string, (world: World) => void]>([
    [
      '500 single removals',
      (world) => {
        for (const number of everybody) world.after(number * 0.02, () => world.leaves(number));
      },
    ],
    [
      'a dripping PatchGroup',
      (world) => {
        for (let first = 1; first <= 500; first += 20) {
          world.after(first, () => world.scim({ leave: people(first, first + 19) }));
        }
      },
    ],
    ['one big sweep', (world) => world.after(1, () => world.scim({ leave: everybody }))],
  ])(
    'limits %s: it is never exceeded, the other revocations are held, and its events are five minutes apart',
    { tags: 'long' },
    async (_way, leave) => {
      const budget = 100;
      const world = await openWorld({ people: 501, settled: people(1, 501), brake: { percent: 20, atLeast: 10 } });
      leave(world);
      await world.play();
      const gone = await world.having('revoked');
      expect(gone.length).toBeLessThanOrEqual(budget);
      expect(world.calls(DELETE)).toBe(gone.length);
      expect(await world.having('held')).toHaveLength(500 - gone.length);
      expect(world.assigned()).toHaveLength(501 - gone.length);
      const times = heldEvents(world).map(({ time }) => time / 1000);
      expect(times.length).toBeGreaterThan(0);
      expect(times.filter((time, index) => time - (times[index - 1] ?? 0) < 300)).toEqual([]);
    },
  );

  it('is used completely by users who leave one by one', async () => {
    const world = await openBrakedWorld(3);
    await world.leaveInTurn(people(1, 8));
    expect(await world.having('revoked')).toEqual([1, 2, 3]);
    expect(await world.having('held')).toEqual([4, 5, 6, 7, 8]);
  });

  it('is a percentage of the seats at its beginning, if that is more', async () => {
    const world = await openWorld({ people: 140, settled: people(1, 20), brake: { percent: 20, atLeast: 2 } });
    // Whoever has come since counts for nothing.
    await world.scim({ join: people(41, 140) });
    await world.play();
    await world.leaveInTurn(people(1, 4));
    expect(world.assigned()).toHaveLength(116);
    await world.leaveInTurn([5, 50]);
    expect(world.assigned()).toHaveLength(116);
    expect(await world.having('held')).toEqual([5, 50]);
  });

  it('allows as many revocations at once as it has left', async () => {
    const world = await openBrakedWorld(5);
    const execution = await world.leaveTogether(people(1, 5));
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual(people(6, 20));
  });

  it('counts each revocation of a user who leaves, comes back and leaves again', async () => {
    const world = await openBrakedWorld(2);
    for (const time of [1, 2, 3]) {
      // Long enough that a read after the next revocation verifies it at once.
      world.after(90, () => undefined);
      await world.play();
      await world.leaveInTurn([1]);
      if (time < 3) await world.joins(1);
      await world.play();
    }
    expect(await world.having('held')).toEqual([1]);
    expect(world.calls(DELETE)).toBe(2);
  });

  it('is complete again after 24 hours, and not before', async () => {
    const world = await openBrakedWorld(2);
    await world.leaveInTurn([1, 2]);
    world.after(24 * HOUR_SECONDS, () => world.leaves(3));
    await world.play();
    expect(world.assigned()).toEqual(people(4, 20));
    world.after(23 * HOUR_SECONDS, () => world.leaves(4));
    world.after(23.5 * HOUR_SECONDS, () => world.leaves(5));
    await world.play();
    expect(await world.having('held')).toEqual([5]);
  });

  it('counts the revocations of other executions, of any kind', async () => {
    const world = await openBrakedWorld(3);
    await world.leaveInTurn([1]);
    world.center.setStatus(user(2), 'DISABLED');
    await world.start(aDisableUser({ userId: user(2), time: world.now().toISOString() }));
    await world.play();
    await world.leaveTogether([3]);
    expect(world.assigned()).toEqual(people(4, 20));
    await world.leaveTogether([4]);
    expect(await world.having('held')).toEqual([4]);
  });

  it('applies before a plan is divided into rounds', { tags: 'long' }, async () => {
    const settled = people(1, 2100);
    const world = await openWorld({ people: 2100, settled, brake: { percent: 0, atLeast: 2050 } });
    await world.leaveTogether(people(2, 2100));
    expect(world.calls(DELETE)).toBe(0);
    expect(await world.having('held')).toHaveLength(2099);
  });
});

describe('a plan over the budget', () => {
  it('makes its grants, holds all of its revocations, and ends as held', async () => {
    const world = await openBrakedWorld(5);
    world.center.join(GROUP, user(21));
    const execution = await world.leaveTogether(people(1, 6));
    expect(world.stack.endOf(execution)?.outcome).toBe('held');
    expect(world.assigned()).toEqual(people(1, 21));
    expect(await world.having('held')).toEqual(people(1, 6));
    expect(world.audited()).toEqual(['Seat Assigned 21 group-join', 'Revocations Held brake']);
    expect(world.measured('RevocationsHeld').at(-1)).toBe(6);
    const held = world.audit.map(detailOf).find(({ unmapped }) => unmapped?.hold_digest);
    expect(held?.unmapped).toMatchObject({ held_revocations: 6, hold_digest: await world.digest() });
  });

  it('knows which group has become smaller, and how many members it has now', async () => {
    const world = await openBrakedWorld(5);
    await world.ticking(5);
    const cause = () => fallsIn(world);
    await world.leaveTogether(people(1, 6));
    const fallen = { groupId: GROUP, before: 20, after: 14 };
    expect(await cause()).toMatchObject([fallen]);
    await world.leaveTogether(people(7, 9));
    expect(await cause()).toMatchObject([{ ...fallen, after: 11 }]);
    await world.scim({ join: people(1, 8) });
    await world.play();
    expect(await cause()).toMatchObject([{ ...fallen, after: 19 }]);
  });

  it('knows the group also when the revocations follow only after days of grace', async () => {
    const entitlements = [{ onLeave: { revokeAfterDays: 7 } }];
    const world = await openBrakedWorld(5, { entitlements });
    await world.ticking(5);
    await world.leaveTogether(people(1, 6));
    expect(await world.having('leaving')).toEqual(people(1, 6));
    for (const hours of [24, 100, 169]) world.after(hours * HOUR_SECONDS, () => world.tick());
    await world.play();
    expect(await world.having('held')).toEqual(people(1, 6));
    expect(await fallsIn(world)).toMatchObject([{ groupId: GROUP, before: 20, after: 14 }]);
  });

  it('sends an event when the hold begins and one when it has grown, and keeps the metric', async () => {
    const world = await openBrakedWorld(5);
    await world.leaveTogether(people(1, 6));
    await world.ticking(130);
    await world.leaveInTurn([7]);
    await world.start({ scope: 'everything' });
    await world.play();
    expect(heldEvents(world)).toMatchObject([{ held: 6 }, { held: 7, digest: await world.digest() }]);
    expect(world.measured('RevocationsHeld').at(-1)).toBe(7);
    expect(world.reportOf(world.ends.at(-1)?.execution ?? '').report).toMatchObject([{ held: 7 }]);
  });

  it('sends one event of all who joined the hold within five minutes, when these are over', async () => {
    const world = await openBrakedWorld(5);
    await world.leaveTogether(people(1, 6));
    // Its sweep is the last for an hour.
    await world.ticking(5);
    await world.leaveInTurn([7, 8, 9]);
    expect(heldEvents(world)).toMatchObject([{ held: 6 }, { held: 7 }]);
    await world.ticking(30);
    expect(heldEvents(world)).toMatchObject([{ held: 6 }, { held: 7 }, { held: 9, digest: await world.digest() }]);
  });

  it('sends the event once after the bus was down', async () => {
    const world = await openBrakedWorld(5);
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await world.leaveTogether(people(1, 6));
    world.faults.clear();
    await world.ticking(60);
    expect(world.copies()).toEqual(['Revocations Held']);
  });
});

describe('while revocations are held', () => {
  it('no seat of that application is revoked, also the next day, and other applications are not affected', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const world = await openBrakedWorld(2, { entitlements, members: { [OTHER_GROUP]: [1, 2, 21] } });
    await world.start({ scope: 'everything' });
    await world.play();
    await world.leaveTogether(people(1, 3));
    world.after(48 * HOUR_SECONDS, () => world.leaves(4));
    await world.play();
    world.center.setStatus(user(5), 'DISABLED');
    await world.start(aDisableUser({ userId: user(5), time: world.now().toISOString() }));
    await world.play();
    expect(world.assigned()).toEqual(people(1, 20));
    expect(await world.having('held')).toEqual([1, 2, 3, 4, 5]);
    await world.leaves(2, OTHER_GROUP);
    await world.play();
    expect(world.assigned(OTHER_APPLICATION)).toEqual([1, 21]);
  });

  it('users whom AWS has removed are revoked as well, and are not counted', async () => {
    const world = await openBrakedWorld(2);
    for (const number of people(1, 10)) world.center.deleteUser(user(number));
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    await world.leaveInTurn([11, 12, 13, 14]);
    expect(await world.having('held')).toEqual([13, 14]);
    for (const number of [13, 15]) world.center.deleteUser(user(number));
    await world.start({ scope: 'everything' });
    await world.play();
    expect(await world.having('held')).toEqual([14]);
    expect(await world.having('revoked')).toEqual([...people(1, 13), 15]);
    expect(world.audited().filter((told) => /Revoked \d+ user-deleted/.test(told))).toHaveLength(12);
  });

  it('a user who comes back keeps the seat without a call; when all have come back, the hold is lifted', async () => {
    const world = await openBrakedWorld(2);
    await world.leaveTogether(people(1, 3));
    await world.joins(1);
    await world.play();
    expect(await world.having('held')).toEqual([2, 3]);
    for (const number of [2, 3]) world.center.join(GROUP, user(number));
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect((await world.stack.hold(APPLICATION))?.status).toBe('lifted');
    expect([world.calls(CREATE), world.calls(DELETE)]).toEqual([0, 0]);
    // The budget was not used.
    await world.leaveInTurn([4, 5]);
    expect(world.assigned()).toEqual([1, 2, 3, ...people(6, 20)]);
  });

  it('a slot stays taken, so that no user on the waitlist gets it', async () => {
    const world = await openBrakedWorld(0, { entitlements: [{ seats: { max: 20 } }] });
    await world.leaveInTurn([1]);
    await world.joins(21);
    await world.play();
    expect(await world.seats()).toMatchObject({ 1: 'held', 21: 'waitlisted' });
  });
});

describe('always held, regardless of the budget, is', () => {
  const UNLIMITED = { brake: { percent: 100, atLeast: 1000 } };

  it('the loss of all seats, if there are two or more', async () => {
    const world = await openWorld({ ...UNLIMITED, settled: [1, 2, 3] });
    for (const number of [1, 2, 3]) world.center.setStatus(user(number), 'DISABLED');
    await world.start({ scope: 'everything' });
    // The daily sweep reads the status of every user.
    world.after(25 * HOUR_SECONDS, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect(world.audited()).toEqual(['Revocations Held nobody-entitled']);
  });

  it('the loss of all seats one by one, except the last', async () => {
    const world = await openWorld({ ...UNLIMITED, settled: [1, 2] });
    await world.leaveInTurn([1]);
    expect(world.assigned()).toEqual([2]);
    await world.leaveInTurn([2]);
    expect(world.assigned()).toEqual([]);
  });

  const emptied: [string, (world: World) => unknown][] = [
    ['emptied', ({ center }) => [1, 2].map((number) => center.leave(GROUP, user(number)))],
    ['deleted', ({ center }) => center.deleteGroup(GROUP)],
  ];

  it.each(emptied)(
    'every seat of a group that is %s, although members of another group are entitled',
    async (_how, change) => {
      const entitlements = [{ groups: [GROUP, OTHER_GROUP] }];
      const world = await openWorld({ ...UNLIMITED, entitlements, members: { [OTHER_GROUP]: [3] }, settled: [1, 2] });
      change(world);
      const execution = await world.start(aDeleteGroup({ groupId: GROUP, time: world.now().toISOString() }));
      await world.play();
      expect(world.stack.endOf(execution)?.outcome).toBe('held');
      expect([world.assigned(), world.calls(DELETE)]).toEqual([[1, 2, 3], 0]);
      expect(world.audited()).toEqual(['Seat Assigned 3 group-join', 'Revocations Held group-empty']);
    },
  );

  it.each(emptied)('every seat of a group that is %s, if only single users are checked', async (_how, change) => {
    const entitlements = [{ groups: [GROUP, OTHER_GROUP] }];
    const world = await openWorld({ ...UNLIMITED, entitlements, members: { [OTHER_GROUP]: [3] }, settled: [1, 2] });
    change(world);
    await world.leaveInTurn([1]);
    expect([world.assigned(), world.calls(DELETE)]).toEqual([[1, 2], 0]);
    expect(await world.having('held')).toEqual([1]);
  });

  it('no seat of a group that cannot be read: the plan fails and changes nothing', async () => {
    const world = await openWorld({ ...UNLIMITED, people: 5, settled: [1, 2, 3] });
    world.faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'refuse', times: 1000 });
    const execution = await world.scim({ join: [4], leave: [1] });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('failed');
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect([world.calls(CREATE), world.calls(DELETE), await world.having('held')]).toEqual([0, 0, []]);
  });
});
