import { describe, expect, it } from 'vitest';
import { aRemoveMemberFromGroup } from '../support/events.ts';
import { APPLICATION, application, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DAY_SECONDS = 24 * 3600;
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };

describe('a group that is removed from an entitlement', () => {
  const BOTH = { groups: [GROUP, OTHER_GROUP] };

  /** Members of GROUP: 1 to 6; of OTHER_GROUP: 6 to 20. */
  function aTwoGroupWorld(atLeast: number): Promise<World> {
    return openWorld({
      people: 20,
      entitlements: [BOTH],
      seated: people(1, 6),
      members: { [OTHER_GROUP]: people(6, 20) },
      brake: { percent: 0, atLeast },
    });
  }

  it('is a mass leave, within the budget, of users without another group', async () => {
    const world = await aTwoGroupWorld(5);
    world.deploy({ entitlements: [{ groups: [OTHER_GROUP] }] });
    await world.ticking(65);
    expect(world.assigned()).toEqual(people(6, 20));
    expect(world.audited().sort()).toEqual(people(1, 5).map((number) => `Seat Revoked ${number} group-leave`));
  });

  it('is held when it passes the budget', async () => {
    const world = await aTwoGroupWorld(4);
    world.deploy({ entitlements: [{ groups: [OTHER_GROUP] }] });
    await world.ticking(65);
    expect(world.assigned()).toEqual(people(1, 20));
    expect(world.audited()).toEqual(['Revocations Held brake']);
  });

  it('starts the grace period, and all users keep their seats when the group comes back', {
    tags: ['long'],
  }, async () => {
    const world = await aTwoGroupWorld(5);
    world.deploy({ entitlements: [{ groups: [OTHER_GROUP], onLeave: { revokeAfterDays: 3 } }] });
    await world.ticking(65);
    expect(await world.seats()).toMatchObject({ 1: 'leaving', 5: 'leaving', 6: 'confirmed' });
    world.deploy({ entitlements: [{ ...BOTH, onLeave: { revokeAfterDays: 3 } }] });
    world.after(4 * DAY_SECONDS, () => world.tick());
    await world.play();
    expect(new Set(Object.values(await world.seats()))).toEqual(new Set(['confirmed']));
    expect(world.calls(DELETE)).toBe(0);
  });
});

describe('an entitlement that is removed', () => {
  /** Seats of APPLICATION for 1 to 3, of which an entitlement is removed; 4 has one of another, 5 a foreign assignment. */
  async function aRemoval(seated: readonly number[] = [1, 2, 3]): Promise<World> {
    const members = { [OTHER_GROUP]: [4] };
    const world = await openWorld({ people: 5, entitlements: [{}, KIRO], seated, members, assigned: [5] });
    world.deploy({ entitlements: [KIRO] });
    return world;
  }

  it('keeps its seats, and reports them', async () => {
    const world = await aRemoval();
    await world.ticking(65);
    world.after(2 * DAY_SECONDS, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3, 5]);
    expect([world.audited(), world.calls(DELETE)]).toEqual([[], 0]);
    const execution = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.reportOf(execution).unconfigured).toEqual([{ application: APPLICATION, seats: 3 }]);
    expect(world.measured('UnconfiguredSeats').at(-1)).toBe(3);
    expect(world.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('revokes no seat of a user who leaves its group or is deleted, and fails nothing', async () => {
    const world = await aRemoval();
    world.center.leave(GROUP, user(1));
    world.center.deleteUser(user(2));
    const time = world.now().toISOString();
    const execution = await world.start(aRemoveMemberFromGroup({ groupId: GROUP, userId: user(1), time }));
    await world.play();
    expect(world.stack.endOf(execution)).toMatchObject({ outcome: 'ignored', cause: 'unwatched-group' });
    await world.start({ scope: 'everything' });
    await world.play();
    expect([world.assigned(), world.audited()]).toEqual([[1, 3, 5], []]);
  });

  it('keeps its grace periods open, and costs the ticks only a check of due seats', { tags: ['long'] }, async () => {
    const world = await openWorld({
      people: 4,
      entitlements: [{ onLeave: { revokeAfterDays: 1 } }, KIRO],
      seated: [1, 2, 3],
    });
    await world.leaves(1);
    await world.play();
    world.deploy({ entitlements: [KIRO] });
    for (const days of [0.5, 1.5, 3]) world.after(days * DAY_SECONDS, () => world.tick());
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'leaving', 2: 'confirmed', 3: 'confirmed' });
    expect(world.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('sends the pending audit events of its seats', { tags: ['long'] }, async () => {
    const world = await openWorld({ people: 4, entitlements: [{}, KIRO], seated: [1, 2, 3] });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await world.joins(4);
    await world.play();
    world.faults.clear();
    world.deploy({ entitlements: [KIRO] });
    await world.ticking(40);
    expect(world.audited()).toEqual(['Seat Assigned 4 group-join']);
  });

  it.each<[string, (world: World) => Promise<string>]>([
    ['a start of everything', (world) => world.start({ scope: 'everything' })],
    ['a start for one of its users', (world) => world.start({ userId: user(1) })],
    ['a start for the application', (world) => world.start({ application: APPLICATION })],
    ['onboarding-admin', (world) => world.admin({ application: APPLICATION })],
  ])('is not given up by %s while the configuration does not say that it is retired', async (_how, start) => {
    const world = await aRemoval();
    await start(world);
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3, 5]);
    expect(world.calls(DELETE)).toBe(0);
  });

  it('is given up by a manual start once it is retired: held, and released by an operator', {
    tags: ['long'],
  }, async () => {
    const world = await aRemoval();
    world.deploy({ retired: [APPLICATION] });
    await world.ticking(65);
    expect([world.assigned(), world.audited()]).toEqual([[1, 2, 3, 5], []]);
    const execution = await world.start({ application: APPLICATION });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('held');
    expect(world.audited()).toEqual(['Revocations Held nobody-entitled']);
    expect(world.assigned()).toEqual([1, 2, 3, 5]);
    await world.admin({ release: await world.digest() });
    await world.play();
    // A foreign assignment stays.
    expect(world.assigned()).toEqual([5]);
    expect(world.assigned(OTHER_APPLICATION)).toEqual([4]);
    expect(world.audited().slice(1).sort()).toEqual(
      [1, 2, 3].map((number) => `Seat Revoked ${number} entitlement-removed`),
    );
    const after = await world.start({ scope: 'everything' });
    await world.play();
    expect(world.reportOf(after).unconfigured).toBeUndefined();
  });

  it('gives up nothing by a release of its hold until it is retired', async () => {
    const brake = { percent: 0, atLeast: 0 };
    const world = await openWorld({ people: 5, entitlements: [{}, KIRO], seated: [1, 2, 3], brake });
    await world.leaves(1);
    await world.play();
    const digest = await world.digest();
    world.deploy({ entitlements: [KIRO] });
    const execution = await world.admin({ release: digest });
    await world.play();
    expect(world.stack.endOf(execution)?.cause).toMatch(/^RefusedError: No hold has this digest/);
    expect(await world.seats()).toEqual({ 1: 'held', 2: 'confirmed', 3: 'confirmed' });
    world.deploy({ retired: [APPLICATION] });
    await world.admin({ release: digest });
    await world.play();
    // What the digest did not cover is held again.
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'held', 3: 'held' });
  });

  it('with one seat left is given up at once', async () => {
    const world = await aRemoval([1]);
    world.deploy({ retired: [APPLICATION] });
    const execution = await world.start({ application: APPLICATION });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual([5]);
  });

  it('that comes back continues with its seats', async () => {
    const world = await aRemoval();
    world.center.leave(GROUP, user(1));
    await world.start({ scope: 'everything' });
    await world.play();
    world.deploy({ entitlements: [{}, KIRO] });
    await world.start({ scope: 'everything' });
    await world.play();
    expect(world.assigned()).toEqual([2, 3, 5]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
  });

  it('is not started for an unknown application', async () => {
    const world = await aRemoval();
    for (const named of [application(3), 'apl-1', [APPLICATION], '*']) {
      const execution = await world.start({ application: named });
      await world.play();
      expect(world.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    }
  });
});
