import { describe, expect, it } from 'vitest';
import { LEASE_OUT_SECONDS } from '../support/changes.ts';
import { aDisableUser } from '../support/events.ts';
import { people, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { openWorld, type World } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';
const DAY_SECONDS = 24 * 3600;
const GRACE = { entitlements: [{ onLeave: { revokeAfterDays: 7 } }], seated: [1, 2, 3] };

/** Lets days pass without a tick, and then one comes. */
async function tickAfter(world: World, days: number): Promise<void> {
  world.after(days * DAY_SECONDS, () => world.tick());
  await world.play();
}

describe('a user who leaves an entitlement with a grace period', () => {
  it('keeps the seat until a date, which is in the audit event', async () => {
    const world = await openWorld(GRACE);
    const leftAt = world.now();
    const execution = await world.leaves(1);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.seats()).toEqual({ 1: 'leaving', 2: 'confirmed', 3: 'confirmed' });
    expect(world.assigned()).toEqual([1, 2, 3]);
    expect(world.audited()).toEqual(['Seat Leaving 1 group-leave']);
    const [entry] = world.audit.map(detailOf);
    const days = (Date.parse(entry?.unmapped?.revoke_at ?? '') - leftAt.getTime()) / 1000 / DAY_SECONDS;
    expect(days).toBeCloseTo(7, 2);
  });

  it('loses the seat at the first tick after that date, and not earlier', { tags: ['long'] }, async () => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await world.play();
    await tickAfter(world, 6.9);
    expect(await world.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(world, 0.2);
    expect(await world.seats()).toMatchObject({ 1: 'revoked' });
    expect(world.audited()).toEqual(['Seat Leaving 1 group-leave', 'Seat Revoked 1 group-leave']);
  });

  it('keeps the seat without a write if the user comes back in time', async () => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await tickAfter(world, 3);
    await world.joins(1);
    await tickAfter(world, 10);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
    expect(world.audited()).toEqual(['Seat Leaving 1 group-leave', 'Seat Kept 1 still-entitled']);
    expect([world.calls(CREATE), world.calls(DELETE)]).toEqual([0, 0]);
  });

  it('has the full grace period again after leaving a second time', { tags: ['long'] }, async () => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await tickAfter(world, 5);
    await world.joins(1);
    await world.play();
    await world.leaves(1);
    await world.play();
    await tickAfter(world, 6);
    expect(await world.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(world, 1.1);
    expect(await world.seats()).toMatchObject({ 1: 'revoked' });
  });

  it('keeps the promised date if another configuration is deployed meanwhile', async () => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await world.play();
    world.deploy({ entitlements: [{ onLeave: { revokeAfterDays: 0 } }] });
    await world.start({ scope: 'everything' });
    await tickAfter(world, 6);
    expect(await world.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(world, 1.1);
    expect(await world.seats()).toMatchObject({ 1: 'revoked' });
  });

  it('has the grace period as well if only a sweep found the leave', async () => {
    const world = await openWorld(GRACE);
    await world.scim({ leave: [1, 2] });
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'leaving', 2: 'leaving', 3: 'confirmed' });
    expect(world.calls(DELETE)).toBe(0);
  });

  it.each([
    [
      'has them as well when the answer to the grant was lost',
      'crash-after',
      'leaving',
      ['Seat Assigned 1 group-join', 'Seat Leaving 1 group-leave'],
    ],
    ['loses a seat whose create had no effect, once reads would show it', 'crash-before', 'revoked', []],
  ] as const)('%s', async (_fact, kind, status, told) => {
    const world = await openWorld({ ...GRACE, seated: [2, 3] });
    world.faults.add({ operation: CREATE, kind });
    // Nor does any try after it find out.
    world.faults.add({ operation: DESCRIBE, kind: 'internal', skip: 1, times: 100 });
    await world.joins(1);
    await world.play();
    world.faults.clear();
    expect(await world.seats()).toMatchObject({ 1: 'creating' });
    world.after(LEASE_OUT_SECONDS, () => world.scim({ leave: [1] }));
    await world.ticking(90);
    expect(await world.seats()).toMatchObject({ 1: status });
    expect(world.audited().filter((one) => /^Seat/.test(one))).toEqual(told);
    expect(world.assigned()).toEqual(status === 'leaving' ? [1, 2, 3] : [2, 3]);
  });

  it('is audited once, even if the seat is checked often', async () => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await world.ticking(150);
    await world.start({ userId: user(1) });
    await world.play();
    expect(world.copies()).toEqual(['Seat Leaving']);
  });
});

describe('no grace period', () => {
  it('applies to a disabled user', async () => {
    const world = await openWorld(GRACE);
    world.center.setStatus(user(1), 'DISABLED');
    await world.start(aDisableUser({ userId: user(1), time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toMatchObject({ 1: 'revoked' });
    expect(world.audited()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it.each<[string, (world: World) => unknown, string]>([
    ['disabled', ({ center }) => center.setStatus(user(1), 'DISABLED'), 'user-disabled'],
    ['deleted', ({ center }) => center.deleteUser(user(1)), 'user-deleted'],
  ])('is left to a user who is %s while leaving', async (_what, change, reason) => {
    const world = await openWorld(GRACE);
    await world.leaves(1);
    await world.play();
    change(world);
    await world.start(aDisableUser({ userId: user(1), time: world.now().toISOString() }));
    await world.play();
    expect(await world.seats()).toMatchObject({ 1: 'revoked' });
    expect(world.audited()).toEqual(['Seat Leaving 1 group-leave', `Seat Revoked 1 ${reason}`]);
  });
});

describe('grace periods that end together', () => {
  it('count against the budget like any other revocations', async () => {
    const seated = people(1, 20);
    const brake = { percent: 0, atLeast: 5 };
    const world = await openWorld({ ...GRACE, people: 20, seated, brake });
    await world.scim({ leave: people(1, 10) });
    await tickAfter(world, 7.1);
    expect(world.assigned()).toEqual(seated);
    expect(world.audited().filter((told) => !/Leaving/.test(told))).toEqual(['Revocations Held brake']);
    expect(world.ends.at(-1)?.outcome).toBe('held');
  });
});
