import { describe, expect, it } from 'vitest';
import { anUpdateUser } from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/ids.ts';
import { openBrakedWorld, openWorld } from '../support/world.ts';

/** Each batch changes one user and takes 20 s, so that much happens between two batches of a round. */
const BATCHES = {
  batchUsers: 1,
  latency: (call: string) => (/^SSOAdmin\.(?:Create|Delete)/.test(call) ? 20 : 0),
};

/** As many members as seats, and none of them has one yet. */
const openFullWorld = (seats: number) =>
  openWorld({ people: 8, members: people(1, seats), entitlements: [{ seats: { max: seats } }], ...BATCHES });

describe('a stored change', () => {
  it('takes a slot although its user is checked meanwhile and is to get none, since reads may change once more', async () => {
    const world = await openFullWorld(4);
    await world.tick();
    world.after(5, async () => {
      world.center.setStatus(user(4), 'DISABLED');
      await world.start(anUpdateUser({ userId: user(4), time: world.now().toISOString() }));
      await world.joins(5);
    });
    world.after(45, () => world.center.setStatus(user(4), 'ENABLED'));
    await world.play();
    expect(world.peak()).toBe(4);
    expect(await world.having('waitlisted')).toEqual([5]);
  });

  it('counts against the brake although its user is checked meanwhile and is to keep the seat', async () => {
    const world = await openBrakedWorld(2, BATCHES);
    await world.scim({ leave: [1, 2] });
    world.after(15, async () => {
      await world.joins(2);
      await world.leaves(3);
    });
    world.after(35, () => world.center.leave(GROUP, user(2)));
    await world.play();
    expect((await world.having('revoked')).length).toBeLessThanOrEqual(2);
    expect(await world.having('held')).toContain(3);
  });
});

describe('a deployment in the middle of a round', () => {
  it('that lowers the cap is heeded from the next batch on', async () => {
    const world = await openFullWorld(6);
    await world.tick();
    world.after(25, () => world.deploy({ entitlements: [{ seats: { max: 3 } }] }));
    await world.play();
    expect(world.peak()).toBe(3);
    expect(await world.having('waitlisted')).toHaveLength(3);
  });

  it('that lowers the budget of revocations is heeded from the next batch on', async () => {
    const world = await openBrakedWorld(4, BATCHES);
    await world.scim({ leave: people(1, 4) });
    world.after(35, () => world.deploy({ brake: { percent: 0, atLeast: 2 } }));
    await world.play();
    expect(await world.having('revoked')).toHaveLength(2);
    expect(await world.having('held')).toHaveLength(2);
  });
});

describe('an audit bus that is down', () => {
  it('keeps neither the rest of a round nor a user who joins from their seats', { tags: 'long' }, async () => {
    const world = await openWorld({ people: 8, members: people(1, 3), ...BATCHES });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', for: '2h' });
    await world.tick();
    world.after(60, () => world.joins(5));
    const seated = new Map<number, readonly number[]>();
    for (const minute of [3, 21]) world.after(minute * 60, () => seated.set(minute, world.assigned()));
    await world.ticking(150);
    expect(seated.get(3)).toContain(5);
    expect(seated.get(21)).toEqual([1, 2, 3, 5]);
    const told = world.audited().filter((event) => event.startsWith('Seat Assigned'));
    expect(told.map((event) => event.split(' ')[2]).sort()).toEqual(['1', '2', '3', '5']);
  });
});

describe('RecordAudit', () => {
  it('keeps no other batch of the round from being made while its function fails for good', async () => {
    const world = await openWorld({ people: 8, members: people(1, 5), ...BATCHES });
    world.faults.add({ operation: 'Lambda.Invoke', function: 'recordAudit', kind: 'internal', for: '1h' });
    await world.tick();
    const seated: number[] = [];
    world.after(25 * 60, () => seated.push(...world.assigned()));
    await world.ticking(150);
    expect(seated).toEqual(people(1, 5));
    expect(world.audited().filter((event) => event.startsWith('Seat Assigned'))).toHaveLength(5);
  });
});

describe('a batch that only another version of Usher can read', () => {
  it('is passed over, and what it would have changed is decided anew', async () => {
    const world = await openWorld({ people: 8, members: people(1, 5), ...BATCHES });
    await world.tick();
    world.after(30, async () => {
      const batches = (await world.items()).filter(({ pk }) => pk === '#batches');
      for (const batch of batches) await world.put({ ...batch, schemaVersion: 2 });
    });
    world.after(31, () => world.joins(7));
    await world.play();
    expect(world.assigned().sort()).toEqual([1, 2, 3, 4, 5, 7]);
    expect(world.ends.filter(({ outcome }) => outcome === 'failed')).toEqual([]);
    expect(world.copies()).toHaveLength(6);
  });
});

describe('a user who joins by name while their application waits for its turn', () => {
  it('is seated after the first batch of its round', async () => {
    const kiro = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
    const members = { [GROUP]: [25], [OTHER_GROUP]: [26] };
    const world = await openWorld({ people: 30, entitlements: [{}, kiro], members, ...BATCHES });
    await world.tick();
    world.after(300, () => undefined);
    await world.play();
    for (const number of [1, 2]) world.center.join(GROUP, user(number));
    await world.start({ application: APPLICATION });
    world.after(5, () => {
      for (const number of people(10, 16)) world.center.join(OTHER_GROUP, user(number));
      return world.start({ application: OTHER_APPLICATION });
    });
    world.after(6, () => world.joins(20, OTHER_GROUP));
    await world.play();
    const seated = world.audited().filter((event) => event.startsWith('Seat Assigned'));
    expect(seated.slice(2, 5)).toEqual([
      'Seat Assigned 1 manual',
      'Seat Assigned 10 group-join',
      'Seat Assigned 20 group-join',
    ]);
    expect(seated).toHaveLength(12);
  });
});

describe('a hint about a group', () => {
  it('that comes while a read of its application is refused is served by the next tick, not an hour later', async () => {
    const latency = (call: string) => (call === 'SSOAdmin.ListApplicationAssignments' ? 20 : 0);
    const world = await openWorld({ people: 8, members: [1], latency });
    await world.tick();
    world.after(200, () => undefined);
    await world.play();
    world.faults.add({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse', times: 2 });
    await world.scim({ join: [2] });
    for (let second = 22; second < 58; second += 4) world.after(second, () => world.scim({ join: [3] }));
    const seated: number[] = [];
    world.after(400, () => seated.push(...world.assigned()));
    await world.ticking(90);
    expect(seated).toEqual([1, 2, 3]);
  });
});
