import { describe, expect, it } from 'vitest';
import { aDisableUser } from '../support/events.ts';
import { detailOf } from '../support/invariants.ts';
import { people, user } from '../support/stack.ts';
import { aTrial, LEASE_OUT_SECONDS, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DESCRIBE = 'SSOAdmin.DescribeApplicationAssignment';
const DAY_SECONDS = 24 * 3600;
const GRACE = { entitlements: [{ graceDays: 7 }], seated: [1, 2, 3] };

/** Lets days pass without a tick, and then one comes. */
async function tickAfter(trial: Trial, days: number): Promise<void> {
  trial.after(days * DAY_SECONDS, () => trial.tick());
  await trial.play();
}

describe('a person who leaves an entitlement with days of grace', () => {
  it('keeps the seat until a date, which the stream tells', async () => {
    const trial = await aTrial(GRACE);
    const leftAt = trial.now();
    const execution = await trial.leaves(1);
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await trial.seats()).toEqual({ 1: 'leaving', 2: 'confirmed', 3: 'confirmed' });
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect(trial.told()).toEqual(['Seat Leaving 1 group-leave']);
    const [entry] = trial.audit.map(detailOf);
    const days = (Date.parse(entry?.unmapped?.revoke_at ?? '') - leftAt.getTime()) / 1000 / DAY_SECONDS;
    expect(days).toBeCloseTo(7, 2);
  });

  it('loses it to the first tick after that date, and to no earlier one', async () => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await trial.play();
    await tickAfter(trial, 6.9);
    expect(await trial.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(trial, 0.2);
    expect(await trial.seats()).toMatchObject({ 1: 'revoked' });
    expect(trial.told()).toEqual(['Seat Leaving 1 group-leave', 'Seat Revoked 1 group-leave']);
  });

  it('keeps it on coming back in time, without a call that writes', async () => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await tickAfter(trial, 3);
    await trial.joins(1);
    await tickAfter(trial, 10);
    expect(await trial.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed', 3: 'confirmed' });
    expect(trial.told()).toEqual(['Seat Leaving 1 group-leave', 'Seat Kept 1 still-entitled']);
    expect([trial.calls(CREATE), trial.calls(DELETE)]).toEqual([0, 0]);
  });

  it('has all the days again when leaving a second time', async () => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await tickAfter(trial, 5);
    await trial.joins(1);
    await trial.play();
    await trial.leaves(1);
    await trial.play();
    await tickAfter(trial, 6);
    expect(await trial.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(trial, 1.1);
    expect(await trial.seats()).toMatchObject({ 1: 'revoked' });
  });

  it('has the days that were promised, whatever is deployed meanwhile', async () => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await trial.play();
    trial.deploy({ entitlements: [{ graceDays: 0 }] });
    await trial.start({ scope: 'everything' });
    await tickAfter(trial, 6);
    expect(await trial.seats()).toMatchObject({ 1: 'leaving' });
    await tickAfter(trial, 1.1);
    expect(await trial.seats()).toMatchObject({ 1: 'revoked' });
  });

  it('has them as well when only a sweep found it', async () => {
    const trial = await aTrial(GRACE);
    await trial.scim({ leave: [1, 2] });
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'leaving', 2: 'leaving', 3: 'confirmed' });
    expect(trial.calls(DELETE)).toBe(0);
  });

  it.each([
    [
      'has them as well when the answer to the grant was lost',
      'crash-after',
      'leaving',
      ['Seat Assigned 1 group-join', 'Seat Leaving 1 group-leave'],
    ],
    ['loses at once what was asked for and never came to be', 'crash-before', 'revoked', []],
  ] as const)('%s', async (_fact, kind, status, told) => {
    const trial = await aTrial({ ...GRACE, seated: [2, 3] });
    trial.stack.faults.add({ operation: CREATE, kind });
    // Nor does any try after it find out.
    trial.stack.faults.add({ operation: DESCRIBE, kind: 'internal', skip: 1, times: 100 });
    await trial.joins(1);
    await trial.play();
    trial.stack.faults.clear();
    expect(await trial.seats()).toMatchObject({ 1: 'creating' });
    trial.after(LEASE_OUT_SECONDS, () => trial.scim({ leave: [1] }));
    await trial.play();
    expect(await trial.seats()).toMatchObject({ 1: status });
    expect(trial.told().filter((one) => /^Seat/.test(one))).toEqual(told);
    expect(trial.assigned()).toEqual(status === 'leaving' ? [1, 2, 3] : [2, 3]);
  });

  it('is told of once, however often it is looked at', async () => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await trial.ticking(150);
    await trial.start({ userId: user(1) });
    await trial.play();
    expect(trial.copies()).toEqual(['Seat Leaving']);
  });
});

describe('no days of grace', () => {
  it('has who is disabled', async () => {
    const trial = await aTrial(GRACE);
    trial.center.setStatus(user(1), 'DISABLED');
    await trial.start(aDisableUser({ userId: user(1), time: trial.now().toISOString() }));
    await trial.play();
    expect(await trial.seats()).toMatchObject({ 1: 'revoked' });
    expect(trial.told()).toEqual(['Seat Revoked 1 user-disabled']);
  });

  it.each<[string, (trial: Trial) => unknown, string]>([
    ['disabled', ({ center }) => center.setStatus(user(1), 'DISABLED'), 'user-disabled'],
    ['deleted', ({ center }) => center.deleteUser(user(1)), 'user-deleted'],
  ])('are left to who is %s while leaving', async (_what, change, reason) => {
    const trial = await aTrial(GRACE);
    await trial.leaves(1);
    await trial.play();
    change(trial);
    await trial.start(aDisableUser({ userId: user(1), time: trial.now().toISOString() }));
    await trial.play();
    expect(await trial.seats()).toMatchObject({ 1: 'revoked' });
    expect(trial.told()).toEqual(['Seat Leaving 1 group-leave', `Seat Revoked 1 ${reason}`]);
  });
});

describe('days of grace that end together', () => {
  it('are held against the budget as any other revocations', async () => {
    const seated = people(1, 20);
    const brake = { percent: 0, atLeast: 5 };
    const trial = await aTrial({ ...GRACE, people: 20, seated, brake });
    await trial.scim({ leave: people(1, 10) });
    await tickAfter(trial, 7.1);
    expect(trial.assigned()).toEqual(seated);
    expect(trial.told().filter((told) => !/Leaving/.test(told))).toEqual(['Revocations Held brake']);
    expect(trial.ends.at(-1)?.outcome).toBe('held');
  });
});
