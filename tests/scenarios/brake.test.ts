import { describe, expect, it } from 'vitest';
import { aDeleteGroup, aDisableUser } from '../support/events.ts';
import { detailOf } from '../support/invariants.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, user } from '../support/stack.ts';
import { aBrakedTrial, aTrial, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const HOUR_SECONDS = 3600;

describe('the budget of 24 hours', () => {
  const everybody = people(1, 500);

  it.each<[string, (trial: Trial) => void]>([
    [
      '500 single removals',
      (trial) => {
        for (const number of everybody) trial.after(number * 0.02, () => trial.leaves(number));
      },
    ],
    [
      'a dripping PatchGroup',
      (trial) => {
        for (let first = 1; first <= 500; first += 20) {
          trial.after(first, () => trial.scim({ leave: people(first, first + 19) }));
        }
      },
    ],
    ['one big sweep', (trial) => trial.after(1, () => trial.scim({ leave: everybody }))],
  ])(
    'is the same to %s: never more are revoked, the rest are held, and that is told once',
    { tags: 'long' },
    async (_way, leave) => {
      const budget = 100;
      const trial = await aTrial({ people: 501, settled: people(1, 501), brake: { percent: 20, atLeast: 10 } });
      leave(trial);
      await trial.play();
      const gone = await trial.having('revoked');
      expect(gone.length).toBeLessThanOrEqual(budget);
      expect(trial.calls(DELETE)).toBe(gone.length);
      expect(await trial.having('held')).toHaveLength(500 - gone.length);
      expect(trial.assigned()).toHaveLength(501 - gone.length);
      expect(trial.told().filter((told) => /Held/.test(told))).toEqual(['Revocations Held brake']);
    },
  );

  it('is used up to the last by those who leave one by one', async () => {
    const trial = await aBrakedTrial(3);
    await trial.leaveInTurn(people(1, 8));
    expect(await trial.having('revoked')).toEqual([1, 2, 3]);
    expect(await trial.having('held')).toEqual([4, 5, 6, 7, 8]);
  });

  it('is a part of the seats that there were at its beginning, when that is more', async () => {
    const trial = await aTrial({ people: 140, settled: people(1, 20), brake: { percent: 20, atLeast: 2 } });
    // Whoever has come since counts for nothing.
    await trial.scim({ join: people(41, 140) });
    await trial.play();
    await trial.leaveInTurn(people(1, 4));
    expect(trial.assigned()).toHaveLength(116);
    await trial.leaveInTurn([5, 50]);
    expect(trial.assigned()).toHaveLength(116);
    expect(await trial.having('held')).toEqual([5, 50]);
  });

  it('lets as many as it allows through at once', async () => {
    const trial = await aBrakedTrial(5);
    const execution = await trial.leaveTogether(people(1, 5));
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.assigned()).toEqual(people(6, 20));
  });

  it('counts the seat of somebody who leaves, comes back and leaves as often as it was taken', async () => {
    const trial = await aBrakedTrial(2);
    for (const time of [1, 2, 3]) {
      // Long enough that a look after the next revocation proves it at once.
      trial.after(90, () => undefined);
      await trial.play();
      await trial.leaveInTurn([1]);
      if (time < 3) await trial.joins(1);
      await trial.play();
    }
    expect(await trial.having('held')).toEqual([1]);
    expect(trial.calls(DELETE)).toBe(2);
  });

  it('is whole again after 24 hours, and not before', async () => {
    const trial = await aBrakedTrial(2);
    await trial.leaveInTurn([1, 2]);
    trial.after(24 * HOUR_SECONDS, () => trial.leaves(3));
    await trial.play();
    expect(trial.assigned()).toEqual(people(4, 20));
    trial.after(23 * HOUR_SECONDS, () => trial.leaves(4));
    trial.after(23.5 * HOUR_SECONDS, () => trial.leaves(5));
    await trial.play();
    expect(await trial.having('held')).toEqual([5]);
  });

  it('counts what other executions took, of whatever kind', async () => {
    const trial = await aBrakedTrial(3);
    await trial.leaveInTurn([1]);
    trial.center.setStatus(user(2), 'DISABLED');
    await trial.start(aDisableUser({ userId: user(2), time: trial.now().toISOString() }));
    await trial.play();
    await trial.leaveTogether([3]);
    expect(trial.assigned()).toEqual(people(4, 20));
    await trial.leaveTogether([4]);
    expect(await trial.having('held')).toEqual([4]);
  });

  it('is asked before a plan is cut into rounds', { tags: 'long' }, async () => {
    const settled = people(1, 2100);
    const trial = await aTrial({ people: 2100, settled, brake: { percent: 0, atLeast: 2050 } });
    await trial.leaveTogether(people(2, 2100));
    expect(trial.calls(DELETE)).toBe(0);
    expect(await trial.having('held')).toHaveLength(2099);
  });
});

describe('a plan over the budget', () => {
  it('grants what it has to grant, holds all that it would revoke, and ends as held', async () => {
    const trial = await aBrakedTrial(5);
    trial.center.join(GROUP, user(21));
    const execution = await trial.leaveTogether(people(1, 6));
    expect(trial.stack.endOf(execution)?.outcome).toBe('held');
    expect(trial.assigned()).toEqual(people(1, 21));
    expect(await trial.having('held')).toEqual(people(1, 6));
    expect(trial.told()).toEqual(['Seat Assigned 21 group-join', 'Revocations Held brake']);
    expect(trial.measured('RevocationsHeld').at(-1)).toBe(6);
    const held = trial.audit.map(detailOf).find(({ unmapped }) => unmapped?.hold_digest);
    expect(held?.unmapped).toMatchObject({ held_revocations: 6, hold_digest: await trial.digest() });
  });

  it('tells of it once, however long it lasts and however it grows; the metric stays', async () => {
    const trial = await aBrakedTrial(5);
    await trial.leaveTogether(people(1, 6));
    await trial.ticking(130);
    await trial.leaveInTurn([7]);
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.copies()).toEqual(['Revocations Held']);
    expect(trial.measured('RevocationsHeld').at(-1)).toBe(7);
    expect(trial.reportOf(trial.ends.at(-1)?.execution ?? '').report).toMatchObject([{ held: 7 }]);
  });

  it('sends the event after the bus was down, once', async () => {
    const trial = await aBrakedTrial(5);
    trial.stack.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await trial.leaveTogether(people(1, 6));
    trial.stack.faults.clear();
    await trial.ticking(60);
    expect(trial.copies()).toEqual(['Revocations Held']);
  });
});

describe('while revocations are held', () => {
  it('nobody is revoked for that application, also the next day, and others are not concerned', async () => {
    const entitlements = [{}, { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] }];
    const trial = await aBrakedTrial(2, { entitlements, members: { [OTHER_GROUP]: [1, 2, 21] } });
    await trial.start({ scope: 'everything' });
    await trial.play();
    await trial.leaveTogether(people(1, 3));
    trial.after(48 * HOUR_SECONDS, () => trial.leaves(4));
    await trial.play();
    trial.center.setStatus(user(5), 'DISABLED');
    await trial.start(aDisableUser({ userId: user(5), time: trial.now().toISOString() }));
    await trial.play();
    expect(trial.assigned()).toEqual(people(1, 20));
    expect(await trial.having('held')).toEqual([1, 2, 3, 4, 5]);
    await trial.leaves(2, OTHER_GROUP);
    await trial.play();
    expect(trial.assigned(OTHER_APPLICATION)).toEqual([1, 21]);
  });

  it('users whom AWS has removed are settled all the same, and count for nothing', async () => {
    const trial = await aBrakedTrial(2);
    for (const number of people(1, 10)) trial.center.deleteUser(user(number));
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    await trial.leaveInTurn([11, 12, 13, 14]);
    expect(await trial.having('held')).toEqual([13, 14]);
    for (const number of [13, 15]) trial.center.deleteUser(user(number));
    await trial.start({ scope: 'everything' });
    await trial.play();
    expect(await trial.having('held')).toEqual([14]);
    expect(await trial.having('revoked')).toEqual([...people(1, 13), 15]);
    expect(trial.told().filter((told) => /Revoked \d+ user-deleted/.test(told))).toHaveLength(12);
  });

  it('who comes back keeps the seat without a call; when all have, the hold is lifted', async () => {
    const trial = await aBrakedTrial(2);
    await trial.leaveTogether(people(1, 3));
    await trial.joins(1);
    await trial.play();
    expect(await trial.having('held')).toEqual([2, 3]);
    for (const number of [2, 3]) trial.center.join(GROUP, user(number));
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect((await trial.stack.hold(APPLICATION))?.status).toBe('lifted');
    expect([trial.calls(CREATE), trial.calls(DELETE)]).toEqual([0, 0]);
    // The budget was not used.
    await trial.leaveInTurn([4, 5]);
    expect(trial.assigned()).toEqual([1, 2, 3, ...people(6, 20)]);
  });

  it('a place stays taken, so that nobody in line gets it', async () => {
    const trial = await aBrakedTrial(0, { entitlements: [{ max: 20 }] });
    await trial.leaveInTurn([1]);
    await trial.joins(21);
    await trial.play();
    expect(await trial.seats()).toMatchObject({ 1: 'held', 21: 'waitlisted' });
  });
});

describe('always held, whatever the budget, is', () => {
  const UNLIMITED = { brake: { percent: 100, atLeast: 1000 } };

  it('the loss of everybody, while two seats or more exist', async () => {
    const trial = await aTrial({ ...UNLIMITED, settled: [1, 2, 3] });
    for (const number of [1, 2, 3]) trial.center.setStatus(user(number), 'DISABLED');
    await trial.start({ scope: 'everything' });
    // The daily sweep reads everybody's status.
    trial.after(25 * HOUR_SECONDS, () => trial.tick());
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect(trial.told()).toEqual(['Revocations Held nobody-entitled']);
  });

  it('the loss of everybody one by one, but for the last, who alone is no mass', async () => {
    const trial = await aTrial({ ...UNLIMITED, settled: [1, 2] });
    await trial.leaveInTurn([1]);
    expect(trial.assigned()).toEqual([2]);
    await trial.leaveInTurn([2]);
    expect(trial.assigned()).toEqual([]);
  });

  const emptied: [string, (trial: Trial) => unknown][] = [
    ['emptied', ({ center }) => [1, 2].map((number) => center.leave(GROUP, user(number)))],
    ['deleted', ({ center }) => center.deleteGroup(GROUP)],
  ];

  it.each(emptied)('what a group gave that is %s, although members of another are entitled', async (_how, change) => {
    const entitlements = [{ groups: [GROUP, OTHER_GROUP] }];
    const trial = await aTrial({ ...UNLIMITED, entitlements, members: { [OTHER_GROUP]: [3] }, settled: [1, 2] });
    change(trial);
    const execution = await trial.start(aDeleteGroup({ groupId: GROUP, time: trial.now().toISOString() }));
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('held');
    expect([trial.assigned(), trial.calls(DELETE)]).toEqual([[1, 2, 3], 0]);
    expect(trial.told()).toEqual(['Seat Assigned 3 group-join', 'Revocations Held group-empty']);
  });

  it.each(emptied)('what a group gave that is %s, when it is only looked at single users', async (_how, change) => {
    const entitlements = [{ groups: [GROUP, OTHER_GROUP] }];
    const trial = await aTrial({ ...UNLIMITED, entitlements, members: { [OTHER_GROUP]: [3] }, settled: [1, 2] });
    change(trial);
    await trial.leaveInTurn([1]);
    expect([trial.assigned(), trial.calls(DELETE)]).toEqual([[1, 2], 0]);
    expect(await trial.having('held')).toEqual([1]);
  });

  it('nothing that hides behind a group that cannot be read: its plan fails, and changes nothing', async () => {
    const trial = await aTrial({ ...UNLIMITED, people: 5, settled: [1, 2, 3] });
    trial.stack.faults.add({ operation: 'IdentityStore.ListGroupMemberships', kind: 'refuse', times: 1000 });
    const execution = await trial.scim({ join: [4], leave: [1] });
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('failed');
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect([trial.calls(CREATE), trial.calls(DELETE), await trial.having('held')]).toEqual([0, 0, []]);
  });
});
