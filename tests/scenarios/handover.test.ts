import { describe, expect, it } from 'vitest';
import { LEASE_OUT_SECONDS, SEATED } from '../support/changes.ts';
import { aCreateGroupMembership, anAddMemberToGroup } from '../support/events.ts';
import { GROUP, people, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** AWS throttles, so that the execution holds the lease and gets nowhere for a while. */
function hinder(world: World, times: number) {
  world.faults.add({ operation: CREATE, kind: 'throttle', times });
}

describe('of two executions for the same user', () => {
  it.each([
    { arrival: 'at once', seconds: 0 },
    { arrival: 'while the first assigns', seconds: 1 },
    { arrival: 'while the first lets its change settle', seconds: 200 },
  ])('one assigns and the other ends; the second comes $arrival', async ({ seconds }) => {
    const world = await openWorld({ people: 1 });
    hinder(world, 5);
    const first = await world.joins(1);
    let second = '';
    world.after(seconds, async () => {
      second = await world.start(
        aCreateGroupMembership({ groupId: GROUP, userId: user(1), time: world.now().toISOString() }),
      );
    });
    await world.play();
    expect(await world.summaries(1)).toEqual([SEATED]);
    expect(world.copies()).toEqual(['Seat Assigned']);
    expect(world.newCalls().get(CREATE)).toBe(6);
    expect(world.ends).toHaveLength(2);
    if (seconds === 200) return;
    expect(world.ends.map(({ execution, outcome, cause }) => [execution, outcome, cause])).toEqual([
      [second, 'handedOver', world.stack.arnOf(first)],
      [first, 'converged', undefined],
    ]);
  });
});

describe('an execution that holds the lease', () => {
  it('serves what others hand over to it, named users and whole groups', async () => {
    const world = await openWorld({ people: 40 });
    hinder(world, 5);
    const holder = await world.joins(1);
    for (const number of people(2, 10)) world.after(0.5 + number / 10, () => world.joins(number));
    world.after(2, () => world.scim({ join: people(11, 40) }));
    await world.play();
    expect(await world.summaries(...people(1, 40))).toEqual(people(1, 40).map(() => SEATED));
    expect(new Set(world.ends.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    expect(world.stack.endOf(holder)?.outcome).toBe('converged');
  });
});

describe('a lease holder that is stopped with a full work queue', () => {
  const aDeadHolder = async () => {
    const world = await openWorld({ people: 30 });
    hinder(world, 1000);
    const holder = await world.scim({ join: people(1, 10) });
    for (const number of people(11, 18)) world.after(11 + number / 100, () => world.joins(number));
    world.after(12, () => world.stop(holder));
    await world.stack.runUntilIdle();
    world.faults.clear();
    expect(world.stack.endOf(holder)?.status).toBe('ABORTED');
    expect(world.ends.filter(({ cause }) => cause === world.stack.arnOf(holder))).toHaveLength(8);
    expect(world.assigned()).toEqual([]);
    return world;
  };

  async function expectReplaced(comes: (world: World) => Promise<string>): Promise<void> {
    const world = await aDeadHolder();
    world.after(LEASE_OUT_SECONDS, () => comes(world));
    await world.play();
    expect(world.ends.at(-1)?.outcome).toBe('converged');
    expect(await world.summaries(...people(1, 18))).toEqual(people(1, 18).map(() => SEATED));
  }

  it.each<[string, (world: World) => Promise<string>]>([
    ['the next event', (world) => world.joins(19)],
    [
      'the next event of a user who was left',
      (world) => world.start(anAddMemberToGroup({ groupId: GROUP, userId: user(11), time: world.now().toISOString() })),
    ],
    ['the next hint at the group', (world) => world.scim({})],
  ])('is replaced by %s once the lease has expired', { tags: 'long' }, (_fact, comes) => expectReplaced(comes));

  it('is replaced by the next tick once the lease has expired', () => expectReplaced((world) => world.tick()));

  it('is replaced by no execution before', async () => {
    const world = await aDeadHolder();
    world.after(100, () => world.joins(19));
    world.after(150, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([]);
    world.after(LEASE_OUT_SECONDS, () => world.tick());
    await world.play();
    expect(await world.summaries(...people(1, 19))).toEqual(people(1, 19).map(() => SEATED));
  });
});

describe('an execution that is stopped', () => {
  it('during its changes finishes the running batch and starts no other; the next tick applies the rest', async () => {
    const world = await openWorld({ people: 200, requestsPerSecond: 1 });
    const execution = await world.scim({ join: people(1, 200) });
    // In the middle of the first batch, which goes on: stopping an execution doesn't stop its function.
    world.after(30, () => world.stop(execution));
    await world.stack.runUntilIdle();
    expect(world.assigned()).toEqual(people(1, 180));
    world.after(LEASE_OUT_SECONDS, () => world.tick());
    await world.play();
    expect(await world.summaries(...people(1, 200))).toEqual(people(1, 200).map(() => SEATED));
    expect(world.copies()).toHaveLength(201);
    expect(world.newCalls().get(CREATE)).toBe(200);
  });

  it('after its changes is completed by the tick, which sends their audit events', async () => {
    const world = await openWorld({ people: 40 });
    const execution = await world.scim({ join: people(1, 40) });
    world.after(12, () => world.stop(execution));
    await world.stack.runUntilIdle();
    expect(world.assigned()).toEqual(people(1, 40));
    expect(world.copies()).toEqual(['Onboarding Failed']);
    world.after(LEASE_OUT_SECONDS, () => world.tick());
    await world.play();
    expect(await world.summaries(...people(1, 40))).toEqual(people(1, 40).map(() => SEATED));
    expect(world.copies()).toHaveLength(41);
    expect(world.newCalls().get(CREATE)).toBe(40);
  });

  it('during its wait is replaced by the tick, which verifies its changes', async () => {
    const world = await openWorld({ people: 1 });
    const execution = await world.joins(1);
    world.after(10, () => world.stop(execution));
    world.after(300, () => world.tick());
    await world.play();
    expect(await world.summaries(1)).toEqual([SEATED]);
    expect(world.newCalls().get(CREATE)).toBe(1);
  });
});
