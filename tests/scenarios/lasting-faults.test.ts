// @module-tag long
import { describe, expect, it } from 'vitest';
import { beginRestore, endRestore } from '../../domain/queue/restore.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { updateQueue } from '../../reconcile/lease.ts';
import { anUpdateUser } from '../support/events.ts';
import { GROUP, OTHER_APPLICATION, OTHER_GROUP, people, START, user } from '../support/ids.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const SETTINGS = 'SSOAdmin.GetApplicationAssignmentConfiguration';
const LIST = 'SSOAdmin.ListApplicationAssignments';
const FOR_GOOD = 1_000_000;
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
const ONE_SLOT = [{ seats: { max: 1 } }];

const failuresIn = ({ ends }: World) => ends.filter(({ outcome }) => outcome === 'failed');

/** An item that this version of Usher cannot read. */
function anUnreadableItem(number: number) {
  return { pk: OTHER_APPLICATION, sk: user(number), status: 'unknown' };
}

describe('a waiting user who cannot be read', () => {
  async function open() {
    const world = await openWorld({ people: 3, seated: [3], entitlements: ONE_SLOT });
    await world.joins(1);
    await world.play();
    const operation = 'IdentityStore.DescribeUser';
    world.faults.add({ operation, kind: 'refuse', times: FOR_GOOD, principalId: user(1) });
    return world;
  }

  it('keeps no slot from the next, and keeps the place', async () => {
    const world = await open();
    await world.joins(2);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'waitlisted', 2: 'waitlisted', 3: 'confirmed' });
    const { requestedAt } = (await world.seat(1)) ?? {};
    await world.leaves(3);
    await world.ticking(120);
    expect(await world.seats()).toEqual({ 1: 'waitlisted', 2: 'confirmed', 3: 'revoked' });
    expect((await world.seat(1))?.requestedAt).toBe(requestedAt);
  });

  it('costs no sweep with every tick, although a slot is free', async () => {
    const world = await open();
    await world.leaves(3);
    world.after(900, () => world.forget());
    await world.ticking(120);
    expect(world.calls(LIST)).toBeLessThanOrEqual(6);
  });
});

describe('an item of the ledger that cannot be read', () => {
  it('of an application that is observed keeps nobody from a seat of another', async () => {
    const world = await openWorld({ people: 3, entitlements: [{}, { ...KIRO, mode: 'observe' }] });
    await world.put(anUnreadableItem(3));
    await world.joins(2);
    await world.ticking(60);
    expect(world.assigned()).toEqual([2]);
    expect(failuresIn(world).length).toBeLessThanOrEqual(2);
  });

  it('of an application with a waitlist does not keep ticks from everything else', async () => {
    const entitlements = [{}, { ...KIRO, seats: { max: 1 } }];
    const world = await openWorld({ people: 4, entitlements, members: { [OTHER_GROUP]: [1, 2] } });
    await world.tick();
    await world.play();
    await world.put(anUnreadableItem(4));
    world.forget();
    world.center.join(GROUP, user(3));
    await world.ticking(180);
    expect(world.assigned()).toEqual([3]);
    expect(failuresIn(world).length).toBeGreaterThan(0);
    expect(failuresIn(world).length).toBeLessThanOrEqual(3);
  });
});

describe('reads that fail for good', () => {
  it('of a user whose seat is due fail about one execution an hour, although every tick finds the seat', async () => {
    const world = await openWorld({ people: 2, settled: [1, 2], entitlements: [{ onLeave: { revokeAfterDays: 1 } }] });
    await world.leaves(1);
    const operation = 'IdentityStore.IsMemberInGroups';
    const fault = { operation, kind: 'internal', times: FOR_GOOD, principalId: user(1) } as const;
    world.after(86_000, () => world.faults.add(fault));
    for (let minute = 1430; minute < 1430 + 240; minute += 5) world.after(minute * 60, world.tick);
    await world.play();
    expect(failuresIn(world).length).toBeGreaterThan(2);
    expect(failuresIn(world).length).toBeLessThanOrEqual(4);
  });

  it('of a group fail an execution, although hints about it keep coming', async () => {
    const world = await openWorld({ people: 2 });
    const operation = 'IdentityStore.ListGroupMemberships';
    world.faults.add({ operation, kind: 'internal', times: FOR_GOOD, groupId: GROUP });
    for (let second = 0; second < 3 * 3600; second += 100) world.after(second, () => world.scim({}));
    await world.play();
    const [first] = failuresIn(world);
    expect(first && secondsBetween(START, first.endedAt)).toBeLessThanOrEqual(900);
    expect(failuresIn(world).length).toBeLessThanOrEqual(4);
  });

  it('of an application fail an execution, although users wait for its sweep', async () => {
    const entitlements = [{ seats: { max: 2 } }];
    const world = await openWorld({ people: 3, settled: [1, 2], members: [3], entitlements });
    await world.tick();
    await world.play();
    world.forget();
    world.faults.add({ operation: LIST, kind: 'refuse', times: FOR_GOOD });
    await world.leaves(1);
    await world.leaves(2);
    await world.ticking(210);
    expect(failuresIn(world).length).toBeGreaterThan(0);
    expect(failuresIn(world).length).toBeLessThanOrEqual(4);
    const latest = world.ends.map(({ startedAt, endedAt }) => secondsBetween(startedAt, endedAt));
    expect(Math.max(...latest)).toBeLessThanOrEqual(1200);
  });
});

describe('what an alarm watches', () => {
  it.each<[string, 'refuse' | 'conflict' | 'lost', string]>([
    ['AWS refuses the create of one user', 'refuse', 'PutAside'],
    ['the create of one user conflicts', 'conflict', 'PutAside'],
    ['AWS accepts the create of one user without effect', 'lost', 'NotConverged'],
  ])('tells while %s, and no longer after it', async (_fact, kind, metric) => {
    const world = await openWorld({ people: 3 });
    await world.tick();
    world.faults.add({ operation: CREATE, kind, times: FOR_GOOD, principalId: user(1) });
    await world.joins(1);
    await world.joins(2);
    world.after(3 * 3600, () => world.faults.clear());
    await world.ticking(6 * 60);
    const values = world.measured(metric);
    expect([Math.max(...values), values.at(-1)]).toEqual([1, 0]);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });
});

describe('who asked while their application was refused', () => {
  const REFUSED = { operation: SETTINGS, kind: 'refuse', times: FOR_GOOD } as const;

  it('loses the seat within the hour, if disabled', async () => {
    const world = await openWorld({ people: 3, settled: [1, 2, 3] });
    await world.tick();
    await world.play();
    world.faults.add(REFUSED);
    world.center.setStatus(user(2), 'DISABLED');
    await world.start(anUpdateUser({ userId: user(2), time: world.now().toISOString() }));
    world.after(1800, () => world.faults.clear());
    await world.ticking(90);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'revoked', 3: 'confirmed' });
  });

  it('has the place of that time in the waitlist', async () => {
    const world = await openWorld({ people: 4, seated: [4], entitlements: ONE_SLOT });
    world.faults.add(REFUSED);
    await world.joins(2);
    world.after(600, () => world.faults.clear());
    world.after(1200, () => world.joins(1));
    world.after(3 * 3600, () => world.leaves(4));
    await world.ticking(240);
    expect(await world.seats()).toEqual({ 1: 'waitlisted', 2: 'confirmed', 4: 'revoked' });
  });
});

describe('a change that never begins', () => {
  it('fails an execution that names the user, and puts only that user off', async () => {
    const world = await openWorld({ people: 3 });
    const operation = 'IdentityStore.IsMemberInGroups';
    world.faults.add({ operation, kind: 'not-found', times: FOR_GOOD, principalId: user(1) });
    await world.scim({ join: [1, 2] });
    world.after(1000, () => world.scim({ join: [3] }));
    await world.ticking(210);
    expect(await world.seats()).toEqual({ 1: 'failed', 2: 'confirmed', 3: 'confirmed' });
    expect(failuresIn(world).length).toBeLessThanOrEqual(4);
    expect(failuresIn(world)[0]?.cause).toContain(user(1));
  });
});

describe('an outage', () => {
  it('at the lowest pace leaves no batch to the time limit of ApplyChanges', async () => {
    const world = await openWorld({ people: 100, requestsPerSecond: 1 });
    world.faults.add({ operation: CREATE, kind: 'internal', times: FOR_GOOD });
    const execution = await world.scim({ join: people(1, 100) });
    await world.play();
    const end = world.stack.endOf(execution);
    expect(end && secondsBetween(START, end.endedAt)).toBeLessThan(2400);
    expect((await world.seat(1))?.refusal?.reason).toBe('unavailable');
  });

  it('delays nobody by more than one tick after its end, however many it has put aside', async () => {
    const world = await openWorld({ people: 300, requestsPerSecond: 18, entitlements: [{ seats: { max: 300 } }] });
    world.faults.add({ operation: CREATE, kind: 'internal', times: FOR_GOOD });
    await world.scim({ join: people(1, 300) });
    world.after(1190, () => world.faults.clear());
    let seated = 0;
    world.after(1190 + 600, () => {
      seated = world.assigned().length;
    });
    await world.ticking(60);
    expect(seated).toBe(300);
  });
});

describe('a ledger that is half restored', () => {
  it('has no other writer than the restore, until the alarm for late sweeps is on', async () => {
    const world = await openWorld({ people: 3, seated: [1] });
    const { ledger } = world.services;
    const taken = beginRestore(await ledger.queue(), 'restored', world.now());
    if (!taken) throw new Error('The lease is taken');
    await ledger.saveQueue(taken.queue);
    await world.scim({ join: [2], leave: [1] });
    await world.ticking(200);
    expect([world.assigned(), world.calls(CREATE), world.calls(DELETE)]).toEqual([[1], 0, 0]);
    expect(world.measured('SweepAge').at(-1)).toBeGreaterThan(3 * 3600);
    await updateQueue(ledger, (queue) => ({ queue: endRestore(queue, taken.run, world.now()) ?? queue }));
    await world.ticking(10);
    expect(world.assigned()).toEqual([2]);
  });
});
