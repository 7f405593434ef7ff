import { describe, expect, it } from 'vitest';
import { aCreateGroupMembership, anAddMemberToGroup } from '../support/events.ts';
import { GROUP, people, user } from '../support/stack.ts';
import { aTrial, LEASE_OUT_SECONDS, SEATED, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** AWS throttles, so that the execution holds the lease and gets nowhere for a while. */
function hinder(trial: Trial, times: number) {
  trial.stack.faults.add({ operation: CREATE, kind: 'throttle', times });
}

describe('of two executions that want the same person', () => {
  it.each([
    { arrival: 'at once', seconds: 0 },
    { arrival: 'while the first assigns', seconds: 1 },
    { arrival: 'while the first lets its change settle', seconds: 200 },
  ])('one assigns, and the other is done: the second comes $arrival', async ({ seconds }) => {
    const trial = await aTrial({ people: 1 });
    hinder(trial, 5);
    const first = await trial.joins(1);
    let second = '';
    trial.after(seconds, async () => {
      second = await trial.start(
        aCreateGroupMembership({ groupId: GROUP, userId: user(1), time: trial.now().toISOString() }),
      );
    });
    await trial.play();
    expect(await trial.standings(1)).toEqual([SEATED]);
    expect(trial.copies()).toEqual(['Seat Assigned']);
    expect(trial.newCalls().get(CREATE)).toBe(6);
    expect(trial.ends).toHaveLength(2);
    if (seconds === 200) return;
    expect(trial.ends.map(({ execution, outcome, cause }) => [execution, outcome, cause])).toEqual([
      [second, 'handedOver', trial.stack.arnOf(first)],
      [first, 'converged', undefined],
    ]);
  });
});

describe('an execution that holds the lease', () => {
  it('works off what others leave to it, named people and whole groups', async () => {
    const trial = await aTrial({ people: 40 });
    hinder(trial, 5);
    const holder = await trial.joins(1);
    for (const number of people(2, 10)) trial.after(0.5 + number / 10, () => trial.joins(number));
    trial.after(2, () => trial.scim({ join: people(11, 40) }));
    await trial.play();
    expect(await trial.standings(...people(1, 40))).toEqual(people(1, 40).map(() => SEATED));
    expect(new Set(trial.ends.map(({ status }) => status))).toEqual(new Set(['SUCCEEDED']));
    expect(trial.stack.endOf(holder)?.outcome).toBe('converged');
  });
});

describe('a holder that is stopped with a full mailbox', () => {
  const aDeadHolder = async () => {
    const trial = await aTrial({ people: 30 });
    hinder(trial, 1000);
    const holder = await trial.scim({ join: people(1, 10) });
    for (const number of people(11, 18)) trial.after(11 + number / 100, () => trial.joins(number));
    trial.after(12, () => trial.stop(holder));
    await trial.stack.runUntilIdle();
    trial.stack.faults.clear();
    expect(trial.stack.endOf(holder)?.status).toBe('ABORTED');
    expect(trial.ends.filter(({ cause }) => cause === trial.stack.arnOf(holder))).toHaveLength(8);
    expect(trial.assigned()).toEqual([]);
    return trial;
  };

  it.each<[string, (trial: Trial) => Promise<string>]>([
    ['the next event', (trial) => trial.joins(19)],
    [
      'the next event of somebody who was left',
      (trial) => trial.start(anAddMemberToGroup({ groupId: GROUP, userId: user(11), time: trial.now().toISOString() })),
    ],
    ['the next hint at the group', (trial) => trial.scim({})],
    ['the next tick', (trial) => trial.tick()],
  ])('is replaced by %s once the lease has run out', async (_fact, comes) => {
    const trial = await aDeadHolder();
    trial.after(LEASE_OUT_SECONDS, () => comes(trial));
    await trial.play();
    expect(trial.ends.at(-1)?.outcome).toBe('converged');
    expect(await trial.standings(...people(1, 18))).toEqual(people(1, 18).map(() => SEATED));
  });

  it('is replaced by nobody before', async () => {
    const trial = await aDeadHolder();
    trial.after(100, () => trial.joins(19));
    trial.after(150, () => trial.tick());
    await trial.play();
    expect(trial.assigned()).toEqual([]);
    trial.after(LEASE_OUT_SECONDS, () => trial.tick());
    await trial.play();
    expect(await trial.standings(...people(1, 19))).toEqual(people(1, 19).map(() => SEATED));
  });
});

describe('an execution that is stopped half-way', () => {
  it('through its changes, makes no more of them; the tick makes the rest', async () => {
    const trial = await aTrial({ people: 80, requestsPerSecond: 1 });
    const execution = await trial.scim({ join: people(1, 80) });
    // In the middle of the first batch, which goes on: stopping an execution doesn't stop its function.
    trial.after(30, () => trial.stop(execution));
    await trial.stack.runUntilIdle();
    expect(trial.assigned()).toEqual(people(1, 66));
    trial.after(LEASE_OUT_SECONDS, () => trial.tick());
    await trial.play();
    expect(await trial.standings(...people(1, 80))).toEqual(people(1, 80).map(() => SEATED));
    expect(trial.copies()).toHaveLength(81);
    expect(trial.newCalls().get(CREATE)).toBe(80);
  });

  it('after its changes, is completed by the tick, which tells of them', async () => {
    const trial = await aTrial({ people: 40 });
    const execution = await trial.scim({ join: people(1, 40) });
    trial.after(12, () => trial.stop(execution));
    await trial.stack.runUntilIdle();
    expect(trial.assigned()).toEqual(people(1, 40));
    expect(trial.copies()).toEqual(['Onboarding Failed']);
    trial.after(LEASE_OUT_SECONDS, () => trial.tick());
    await trial.play();
    expect(await trial.standings(...people(1, 40))).toEqual(people(1, 40).map(() => SEATED));
    expect(trial.copies()).toHaveLength(41);
    expect(trial.newCalls().get(CREATE)).toBe(40);
  });

  it('through its wait, is replaced by the tick, which proves what was done', async () => {
    const trial = await aTrial({ people: 1 });
    const execution = await trial.joins(1);
    trial.after(10, () => trial.stop(execution));
    trial.after(300, () => trial.tick());
    await trial.play();
    expect(await trial.standings(1)).toEqual([SEATED]);
    expect(trial.newCalls().get(CREATE)).toBe(1);
  });
});
