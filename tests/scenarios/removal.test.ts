import { describe, expect, it } from 'vitest';
import { aRemoveMemberFromGroup } from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/stack.ts';
import { aTrial, type Trial } from '../support/trial.ts';

const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const DAY_SECONDS = 24 * 3600;
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };

describe('a group that is removed from an entitlement', () => {
  const BOTH = { groups: [GROUP, OTHER_GROUP] };

  /** Members of GROUP: 1 to 6; of OTHER_GROUP: 6 to 20. */
  function aTwoGroupTrial(atLeast: number): Promise<Trial> {
    return aTrial({
      people: 20,
      entitlements: [BOTH],
      seated: people(1, 6),
      members: { [OTHER_GROUP]: people(6, 20) },
      brake: { percent: 0, atLeast },
    });
  }

  it('is a mass leave of those whom no other entitles, within the budget', async () => {
    const trial = await aTwoGroupTrial(5);
    trial.deploy({ entitlements: [{ groups: [OTHER_GROUP] }] });
    await trial.ticking(65);
    expect(trial.assigned()).toEqual(people(6, 20));
    expect(trial.told().sort()).toEqual(people(1, 5).map((number) => `Seat Revoked ${number} group-leave`));
  });

  it('is held when it passes the budget', async () => {
    const trial = await aTwoGroupTrial(4);
    trial.deploy({ entitlements: [{ groups: [OTHER_GROUP] }] });
    await trial.ticking(65);
    expect(trial.assigned()).toEqual(people(1, 20));
    expect(trial.told()).toEqual(['Revocations Held brake']);
  });

  it('gives days of grace, and when it comes back everybody keeps the seat', async () => {
    const trial = await aTwoGroupTrial(5);
    trial.deploy({ entitlements: [{ groups: [OTHER_GROUP], graceDays: 3 }] });
    await trial.ticking(65);
    expect(await trial.seats()).toMatchObject({ 1: 'leaving', 5: 'leaving', 6: 'confirmed' });
    trial.deploy({ entitlements: [{ ...BOTH, graceDays: 3 }] });
    trial.after(4 * DAY_SECONDS, () => trial.tick());
    await trial.play();
    expect(new Set(Object.values(await trial.seats()))).toEqual(new Set(['confirmed']));
    expect(trial.calls(DELETE)).toBe(0);
  });
});

describe('an entitlement that is removed', () => {
  /** Seats of APPLICATION for 1 to 3, of which an entitlement is removed; 4 has one of another, 5 a foreign assignment. */
  async function aRemoval(seated: readonly number[] = [1, 2, 3]): Promise<Trial> {
    const members = { [OTHER_GROUP]: [4] };
    const trial = await aTrial({ people: 5, entitlements: [{}, KIRO], seated, members, assigned: [5] });
    trial.deploy({ entitlements: [KIRO] });
    return trial;
  }

  it('leaves its seats as they are, and they are reported', async () => {
    const trial = await aRemoval();
    await trial.ticking(65);
    trial.after(2 * DAY_SECONDS, () => trial.tick());
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3, 5]);
    expect([trial.told(), trial.calls(DELETE)]).toEqual([[], 0]);
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.reportOf(execution).unconfigured).toEqual([{ application: APPLICATION, seats: 3 }]);
    expect(trial.measured('UnconfiguredSeats').at(-1)).toBe(3);
    expect(trial.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('takes nobody the seat who leaves its group, or is deleted, and fails nothing', async () => {
    const trial = await aRemoval();
    trial.center.leave(GROUP, user(1));
    trial.center.deleteUser(user(2));
    const time = trial.now().toISOString();
    const execution = await trial.start(aRemoveMemberFromGroup({ groupId: GROUP, userId: user(1), time }));
    await trial.play();
    expect(trial.stack.endOf(execution)).toMatchObject({ outcome: 'ignored', cause: 'unwatched-group' });
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect([trial.assigned(), trial.told()]).toEqual([[1, 3, 5], []]);
  });

  it('keeps its days of grace open, and what is due costs the ticks nothing but a look', async () => {
    const trial = await aTrial({ people: 4, entitlements: [{ graceDays: 1 }, KIRO], seated: [1, 2, 3] });
    await trial.leaves(1);
    await trial.play();
    trial.deploy({ entitlements: [KIRO] });
    for (const days of [0.5, 1.5, 3]) trial.after(days * DAY_SECONDS, () => trial.tick());
    await trial.play();
    expect(await trial.seats()).toEqual({ 1: 'leaving', 2: 'confirmed', 3: 'confirmed' });
    expect(trial.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('sends what was still to be told of its seats', async () => {
    const trial = await aTrial({ people: 4, entitlements: [{}, KIRO], seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await trial.joins(4);
    await trial.play();
    trial.stack.faults.clear();
    trial.deploy({ entitlements: [KIRO] });
    await trial.ticking(40);
    expect(trial.told()).toEqual(['Seat Assigned 4 group-join']);
  });

  it.each<[string, (trial: Trial) => Promise<string>]>([
    ['a start of everything', (trial) => trial.start({ scope: 'everything' })],
    ['a start for one of its people', (trial) => trial.start({ userId: user(1) })],
    ['a start for the application', (trial) => trial.start({ application: APPLICATION })],
    ['onboarding-admin', (trial) => trial.admin({ application: APPLICATION })],
  ])('is not given up by %s while the configuration does not say that it is retired', async (_how, start) => {
    const trial = await aRemoval();
    await start(trial);
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3, 5]);
    expect(trial.calls(DELETE)).toBe(0);
  });

  it('is given up by a manual start once it is retired: held, and released by a person', async () => {
    const trial = await aRemoval();
    trial.deploy({ retired: [APPLICATION] });
    await trial.ticking(65);
    expect([trial.assigned(), trial.told()]).toEqual([[1, 2, 3, 5], []]);
    const execution = await trial.start({ application: APPLICATION });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('held');
    expect(trial.told()).toEqual(['Revocations Held nobody-entitled']);
    expect(trial.assigned()).toEqual([1, 2, 3, 5]);
    await trial.admin({ release: await trial.digest() });
    await trial.play();
    // What somebody else assigned stays.
    expect(trial.assigned()).toEqual([5]);
    expect(trial.assigned(OTHER_APPLICATION)).toEqual([4]);
    expect(trial.told().slice(1).sort()).toEqual(
      [1, 2, 3].map((number) => `Seat Revoked ${number} entitlement-removed`),
    );
    const after = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.reportOf(after).unconfigured).toBeUndefined();
  });

  it('gives up nothing by the release of what was held of it, until it is retired', async () => {
    const brake = { percent: 0, atLeast: 0 };
    const trial = await aTrial({ people: 5, entitlements: [{}, KIRO], seated: [1, 2, 3], brake });
    await trial.leaves(1);
    await trial.play();
    const digest = await trial.digest();
    trial.deploy({ entitlements: [KIRO] });
    const execution = await trial.admin({ release: digest });
    await trial.play();
    expect(trial.stack.endOf(execution)?.cause).toMatch(/^RefusedError: No hold has this digest/);
    expect(await trial.seats()).toEqual({ 1: 'held', 2: 'confirmed', 3: 'confirmed' });
    trial.deploy({ retired: [APPLICATION] });
    await trial.admin({ release: digest });
    await trial.play();
    // What the digest didn't cover is held anew.
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'held', 3: 'held' });
  });

  it('with one seat left is given up at once', async () => {
    const trial = await aRemoval([1]);
    trial.deploy({ retired: [APPLICATION] });
    const execution = await trial.start({ application: APPLICATION });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.assigned()).toEqual([5]);
  });

  it('that comes back goes on where it was', async () => {
    const trial = await aRemoval();
    trial.center.leave(GROUP, user(1));
    await trial.start({ scope: 'everything' });
    await trial.play();
    trial.deploy({ entitlements: [{}, KIRO] });
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.assigned()).toEqual([2, 3, 5]);
    expect(await trial.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
  });

  it('is not watched by a start for an application that nobody knows', async () => {
    const trial = await aRemoval();
    for (const application of [OTHER_APPLICATION.replace('9999', '1234'), 'apl-1', [APPLICATION], '*']) {
      const execution = await trial.start({ application });
      await trial.play();
      expect(trial.stack.endOf(execution)?.cause).toMatch(/^InvalidRequestError/);
    }
  });
});
