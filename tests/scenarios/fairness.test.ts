// @module-tag long
import { describe, expect, it } from 'vitest';
import { secondsBetween } from '../../domain/shared/time.ts';
import { anUpdateUser } from '../support/events.ts';
import { GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World, type WorldOptions } from '../support/world.ts';

const SLOW = { requestsPerSecond: 2 };
const TWO = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];

/** An account that was swept; users from 11 on are in no group. */
async function open(options: WorldOptions = {}): Promise<World> {
  const world = await openWorld({ people: 470, members: [1], ...SLOW, ...options });
  await world.tick();
  await world.play();
  world.forget();
  return world;
}

/** An identity provider rewrites users who have nothing to do with Usher, this many per second. */
function rewriteUsers(world: World, { perSecond, seconds }: { perSecond: number; seconds: number }): void {
  for (let number = 0; number < perSecond * seconds; number += 1) {
    world.after(Math.floor(number / perSecond), () =>
      world.start(anUpdateUser({ userId: user(11 + number), time: world.now().toISOString() })),
    );
  }
}

/** How many seconds after `from` a user's seat was audited. */
function seatedAfter(world: World, number: number, from: Date): number {
  const entry = world.audit.find(
    (one) => one.DetailType === 'Seat Assigned' && detailOf(one).user.uid === user(number),
  );
  return entry ? secondsBetween(from, entry.Time) : Number.POSITIVE_INFINITY;
}

describe('a stream of changes of users, faster than the pace of requests,', () => {
  it.each([60, 150])('does not keep a group from its turn, however long it is: %i s', async (seconds) => {
    const world = await open();
    const joinedAt = new Date(world.now().getTime() + 30_000);
    rewriteUsers(world, { perSecond: 3, seconds });
    world.after(30, () => world.scim({ join: [2] }));
    await world.play();
    expect(seatedAfter(world, 2, joinedAt)).toBeLessThanOrEqual(100);
  });

  it('does not keep either of two applications from its turn', async () => {
    const world = await open({ entitlements: TWO, members: { [GROUP]: [1], [OTHER_GROUP]: [1] } });
    const startedAt = new Date(world.now().getTime() + 30_000);
    rewriteUsers(world, { perSecond: 3, seconds: 90 });
    world.after(30, () => {
      world.center.join(OTHER_GROUP, user(3));
      world.center.join(GROUP, user(2));
      return world.start({ scope: 'everything' });
    });
    await world.play();
    for (const number of [2, 3]) expect(seatedAfter(world, number, startedAt)).toBeLessThanOrEqual(150);
  });

  it('does not keep a user who joins by name from a seat', async () => {
    const world = await open();
    const joinedAt = new Date(world.now().getTime() + 60_000);
    rewriteUsers(world, { perSecond: 3, seconds: 90 });
    world.after(60, () => world.joins(2));
    await world.play();
    expect(seatedAfter(world, 2, joinedAt)).toBeLessThanOrEqual(150);
  });
});

describe('sweeps that are due', () => {
  it('do not keep a user who joins by name from a seat, even if AWS fails them again and again', async () => {
    const world = await open({ people: 20 });
    world.faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'internal', times: 1000 });
    const joinedAt = new Date(world.now().getTime() + 20_000);
    await world.scim({ join: [3] });
    world.after(20, () => world.joins(2));
    await world.stack.runUntilIdle();
    expect(seatedAfter(world, 2, joinedAt)).toBeLessThanOrEqual(240);
  });

  it('of a group that changes all the time leave users and the other application their turns', async () => {
    const world = await open({ entitlements: TWO, people: 20, members: { [GROUP]: people(1, 9), [OTHER_GROUP]: [1] } });
    for (let second = 0; second < 600; second += 2) world.after(second, () => world.scim({}));
    const start = world.now();
    const at = (second: number) => new Date(start.getTime() + second * 1000);
    world.after(100, () => world.joins(10));
    world.after(300, () => {
      world.center.join(OTHER_GROUP, user(11));
      return world.start({ application: OTHER_APPLICATION });
    });
    await world.play();
    expect(seatedAfter(world, 10, at(100))).toBeLessThanOrEqual(40);
    expect(seatedAfter(world, 11, at(300))).toBeLessThanOrEqual(60);
  });
});

describe('answers that take seconds', () => {
  it('end no function at its time limit, however many users are named at once', async () => {
    const latency = (call: string) => (/^(?:IdentityStore|SSOAdmin)\./.test(call) ? 8 : 0);
    const world = await openWorld({ people: 60, latency, entitlements: [{ seats: { max: 60 } }] });
    for (const number of people(1, 60)) await world.joins(number);
    await world.play();
    expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(world.assigned()).toHaveLength(60);
    // A function that Lambda has ended logs no end.
    const logged = (message: string) => world.logs.filter((line) => JSON.parse(line).message === message).length;
    expect(logged('completed') + logged('failed')).toBe(logged('started'));
  });
});
