import { describe, expect, it } from 'vitest';
import { aDisableUser } from '../support/events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, people, user } from '../support/stack.ts';
import { aTrial, type Trial } from '../support/trial.ts';

const OBSERVE = [{ mode: 'observe' as const }];
const WRITES = ['SSOAdmin.CreateApplicationAssignment', 'SSOAdmin.DeleteApplicationAssignment'];

/** Seats as the ledger holds them, all of each. */
async function seatsOf(trial: Trial) {
  return (await trial.ledger()).filter(({ status, changeSeq }) => status !== undefined && changeSeq !== undefined);
}

describe('an entitlement that observes', () => {
  it.each<[string, (trial: Trial) => Promise<string>, string[]]>([
    ['a join', (trial) => trial.joins(4), ['Seat Observed 4 would-assign']],
    [
      'a join that SCIM hides',
      (trial) => trial.scim({ join: [4, 5] }),
      [4, 5].map((n) => `Seat Observed ${n} would-assign`),
    ],
    ['a leave', (trial) => trial.leaves(1), ['Seat Observed 1 would-revoke']],
    ['a leave that SCIM hides', (trial) => trial.scim({ leave: [1] }), ['Seat Observed 1 would-revoke']],
    [
      'a disabled user',
      (trial) => {
        trial.center.setStatus(user(1), 'DISABLED');
        return trial.start(aDisableUser({ userId: user(1), time: trial.now().toISOString() }));
      },
      ['Seat Observed 1 would-revoke'],
    ],
  ])('says what it would do for %s, and writes neither to Identity Center nor a seat', async (_what, change, told) => {
    const trial = await aTrial({ people: 5, seated: [1, 2, 3] });
    trial.deploy({ entitlements: OBSERVE });
    const before = await seatsOf(trial);
    const execution = await change(trial);
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.told().sort()).toEqual(told);
    expect(trial.assigned()).toEqual([1, 2, 3]);
    expect(WRITES.map((call) => trial.calls(call))).toEqual([0, 0]);
    expect(await seatsOf(trial)).toEqual(before);
  });

  it('says whom it would put in line, whom it would give days of grace, and what it would hold', async () => {
    const brake = { percent: 0, atLeast: 2 };
    const trial = await aTrial({ people: 12, settled: people(1, 10), brake });
    trial.deploy({ entitlements: [{ mode: 'observe', max: 11 }] });
    await trial.scim({ join: [11, 12] });
    await trial.play();
    expect(trial.told().sort()).toEqual(['Seat Observed 11 would-assign', 'Seat Observed 12 would-waitlist']);
    trial.deploy({ entitlements: [{ mode: 'observe', max: 11, graceDays: 5 }] });
    await trial.leaves(1);
    await trial.play();
    trial.deploy({ entitlements: [{ mode: 'observe', max: 11 }] });
    await trial.scim({ leave: [2, 3] });
    await trial.play();
    expect(trial.told().slice(2).sort()).toEqual([
      'Seat Observed 1 would-hold',
      'Seat Observed 1 would-leave',
      'Seat Observed 2 would-hold',
      'Seat Observed 3 would-hold',
    ]);
    expect(await trial.stack.hold(APPLICATION)).toBeUndefined();
    expect(trial.assigned()).toEqual(people(1, 10));
  });

  it('says the same once, not at every tick', async () => {
    const trial = await aTrial({
      people: 5,
      members: { [GROUP]: [1, 2, 3, 4, 5] },
      entitlements: [{ mode: 'observe', max: 3 }],
    });
    await trial.ticking(130);
    // The daily sweep.
    trial.after(25 * 3600, () => trial.tick());
    await trial.play();
    for (const input of [{ scope: 'everything' }, { userId: user(1) }, { groupId: GROUP }]) {
      await trial.start(input);
      await trial.play();
    }
    expect(trial.copies()).toHaveLength(5);
    expect(trial.told().sort()).toEqual([
      ...[1, 2, 3].map((number) => `Seat Observed ${number} would-assign`),
      ...[4, 5].map((number) => `Seat Observed ${number} would-waitlist`),
    ]);
    expect(trial.ends.every(({ outcome }) => outcome === 'converged')).toBe(true);
  });

  it('says another answer, and the old one again after it', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3], entitlements: [{}] });
    trial.deploy({ entitlements: OBSERVE });
    for (const change of [trial.joins, trial.leaves, trial.joins]) {
      await change(4);
      await trial.play();
    }
    // That nothing would change any more is not told.
    expect(trial.told()).toEqual(['Seat Observed 4 would-assign', 'Seat Observed 4 would-assign']);
  });

  it('sends what it has to say once the bus is there again', async () => {
    const trial = await aTrial({ people: 4, entitlements: OBSERVE });
    trial.stack.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await trial.joins(4);
    await trial.play();
    trial.stack.faults.clear();
    await trial.ticking(60);
    expect(trial.told()).toEqual(['Seat Observed 4 would-assign']);
  });

  it('sends what was still to be told of the time before, of seats and of a hold', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3], brake: { percent: 0, atLeast: 0 } });
    trial.stack.faults.add({ operation: 'EventBridge.PutEvents', kind: 'internal', times: 1000 });
    await trial.scim({ join: [4], leave: [1] });
    await trial.play();
    trial.stack.faults.clear();
    trial.deploy({ entitlements: OBSERVE });
    await trial.ticking(40);
    expect(trial.told().sort()).toEqual([
      'Revocations Held brake',
      'Seat Assigned 4 group-join',
      'Seat Observed 1 would-hold',
    ]);
    expect(await trial.seats()).toMatchObject({ 1: 'held', 4: 'assigned' });
  });

  it('leaves another entitlement to enforce', async () => {
    const entitlements = [...OBSERVE, { name: 'kiro', application: OTHER_APPLICATION }];
    const trial = await aTrial({ entitlements });
    await trial.joins(1);
    await trial.play();
    expect([trial.assigned(), trial.assigned(OTHER_APPLICATION)]).toEqual([[], [1]]);
    expect(trial.told().sort()).toEqual(['Seat Assigned 1 group-join', 'Seat Observed 1 would-assign']);
  });

  it('does, once it enforces, what it said', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.deploy({ entitlements: OBSERVE });
    await trial.scim({ join: [4], leave: [1] });
    await trial.play();
    trial.deploy({ entitlements: [{}] });
    await trial.ticking(65);
    expect(trial.assigned()).toEqual([2, 3, 4]);
    expect(trial.told().slice(2).sort()).toEqual(['Seat Assigned 4 reconciled', 'Seat Revoked 1 group-leave']);
  });

  it('leaves unmanaged assignments unmanaged, and counts them', async () => {
    const trial = await aTrial({ entitlements: OBSERVE, members: { [GROUP]: [1] }, assigned: [1, 2] });
    const execution = await trial.start({ scope: 'everything' });
    await trial.play();
    expect(trial.told()).toEqual([]);
    expect(trial.measured('UnmanagedAssignments')).toEqual([2]);
    expect(trial.reportOf(execution).report).toMatchObject([{ unmanaged: 2 }]);
  });
});
