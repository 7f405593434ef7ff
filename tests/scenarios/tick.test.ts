import { describe, expect, it } from 'vitest';
import { GONE, SEATED } from '../support/changes.ts';
import { APPLICATION, GROUP, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A tick every five minutes. */
function ticks(world: World, hours: number) {
  for (let seconds = 300; seconds <= hours * 3600; seconds += 300) world.after(seconds, () => world.tick());
}

describe('a tick', () => {
  it('that finds nothing to do costs two calls to the ledger, and none to Identity Center', async () => {
    const world = await openWorld({ seated: [1, 2, 3] });
    world.after(300, () => world.tick());
    await world.stack.runUntilIdle();
    expect([...world.newCalls()]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 1],
    ]);
    expect(world.ends.map(({ outcome }) => outcome)).toEqual(['converged']);
  });

  it('sweeps everything when the last sweep is an hour old, and no sooner', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.center.join(GROUP, user(4));
    world.center.leave(GROUP, user(1));
    world.after(3300, () => world.tick());
    await world.play();
    expect(world.assigned()).toEqual([1, 2, 3]);
    world.after(400, () => world.tick());
    await world.play();
    expect(await world.summaries(1, 4)).toEqual([GONE, SEATED]);
    expect(world.audited().sort()).toEqual(['Seat Assigned 4 reconciled', 'Seat Revoked 1 group-leave']);
  });

  it('sweeps once an hour', async () => {
    const world = await openWorld({ seated: [1, 2, 3] });
    ticks(world, 6);
    await world.play();
    expect(world.newCalls().get('IdentityStore.ListGroupMemberships')).toBe(6);
  });

  it('grants again what was removed by hand', async () => {
    const world = await openWorld({ seated: [1, 2, 3] });
    world.center.unassignByHand(APPLICATION, user(2));
    ticks(world, 1);
    await world.play();
    expect(await world.summaries(2)).toEqual([SEATED]);
    expect(world.audited()).toEqual(['Seat Assigned 2 drift-healed']);
  });

  it.each(['internal', 'refuse'] as const)('sends an audit event that was left behind (%s)', async (kind) => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.faults.add({ operation: 'EventBridge.PutEvents', kind, times: 100 });
    const execution = await world.joins(4);
    await world.play();
    expect(world.stack.endOf(execution)?.status).toBe('FAILED');
    expect(world.assigned()).toEqual([1, 2, 3, 4]);
    expect(world.copies()).toEqual([]);
    world.faults.clear();
    ticks(world, 0.5);
    await world.play();
    expect(world.copies()).toEqual(['Seat Assigned']);
    expect(await world.summaries(4)).toEqual([SEATED]);
    expect(world.newCalls().get(CREATE)).toBe(1);
  });

  it('retries a refused user after an hour', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.faults.add({ operation: CREATE, kind: 'quota' });
    await world.joins(4);
    await world.play();
    world.newCalls();
    ticks(world, 0.95);
    await world.play();
    expect(world.newCalls().get(CREATE)).toBeUndefined();
    ticks(world, 0.2);
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(await world.summaries(4)).toEqual([
      { seat: 'confirmed', assigned: true, audited: ['Seat Refused', 'Seat Assigned'] },
    ]);
  });

  it('picks up what an execution left whose retries ran out', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.faults.add({ operation: CREATE, kind: 'internal', times: 1000 });
    const execution = await world.joins(4);
    await world.play();
    expect(world.stack.endOf(execution)?.status).toBe('FAILED');
    world.faults.clear();
    ticks(world, 0.25);
    await world.play();
    expect(await world.summaries(4)).toEqual([SEATED]);
  });

  it('leaves the work to the running execution', async () => {
    const world = await openWorld({ people: 4, seated: [1, 2, 3] });
    world.faults.add({ operation: CREATE, kind: 'throttle', times: 8 });
    const execution = await world.joins(4);
    for (const seconds of [5, 10, 20, 40, 80]) world.after(seconds, () => world.tick());
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(world.newCalls().get(CREATE)).toBe(9);
    expect(world.copies()).toEqual(['Seat Assigned']);
  });
});
