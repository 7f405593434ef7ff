import { describe, expect, it } from 'vitest';
import { APPLICATION, GROUP, user } from '../support/stack.ts';
import { aTrial, GONE, SEATED, type Trial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A tick every five minutes. */
function ticks(trial: Trial, hours: number) {
  for (let seconds = 300; seconds <= hours * 3600; seconds += 300) trial.after(seconds, () => trial.tick());
}

describe('a tick', () => {
  it('that finds nothing to do costs two calls to the ledger, and none to Identity Center', async () => {
    const trial = await aTrial({ seated: [1, 2, 3] });
    trial.after(300, () => trial.tick());
    await trial.stack.runUntilIdle();
    expect([...trial.newCalls()]).toEqual([
      ['DynamoDB.GetItem', 1],
      ['DynamoDB.Query', 1],
    ]);
    expect(trial.ends.map(({ outcome }) => outcome)).toEqual(['converged']);
  });

  it('sweeps everything when the last sweep is an hour old, and no sooner', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.center.join(GROUP, user(4));
    trial.center.leave(GROUP, user(1));
    trial.after(3300, () => trial.tick());
    await trial.play();
    expect(trial.assigned()).toEqual([1, 2, 3]);
    trial.after(400, () => trial.tick());
    await trial.play();
    expect(await trial.standings(1, 4)).toEqual([GONE, SEATED]);
    expect(trial.told().sort()).toEqual(['Seat Assigned 4 reconciled', 'Seat Revoked 1 group-leave']);
  });

  it('sweeps once an hour', async () => {
    const trial = await aTrial({ seated: [1, 2, 3] });
    ticks(trial, 6);
    await trial.play();
    expect(trial.newCalls().get('IdentityStore.ListGroupMemberships')).toBe(6);
  });

  it('gives again what somebody has taken away by hand', async () => {
    const trial = await aTrial({ seated: [1, 2, 3] });
    trial.center.unassignByHand(APPLICATION, user(2));
    ticks(trial, 1);
    await trial.play();
    expect(await trial.standings(2)).toEqual([SEATED]);
    expect(trial.told()).toEqual(['Seat Assigned 2 drift-healed']);
  });

  it.each(['internal', 'refuse'] as const)('sends an audit event that was left behind (%s)', async (kind) => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: 'EventBridge.PutEvents', kind, times: 100 });
    const execution = await trial.joins(4);
    await trial.play();
    expect(trial.stack.endOf(execution)?.status).toBe('FAILED');
    expect(trial.assigned()).toEqual([1, 2, 3, 4]);
    expect(trial.copies()).toEqual([]);
    trial.stack.faults.clear();
    ticks(trial, 0.5);
    await trial.play();
    expect(trial.copies()).toEqual(['Seat Assigned']);
    expect(await trial.standings(4)).toEqual([SEATED]);
    expect(trial.newCalls().get(CREATE)).toBe(1);
  });

  it('asks again for a person whom AWS refused, once an hour has passed', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: CREATE, kind: 'quota' });
    await trial.joins(4);
    await trial.play();
    trial.newCalls();
    ticks(trial, 0.95);
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBeUndefined();
    ticks(trial, 0.2);
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBe(1);
    expect(await trial.standings(4)).toEqual([
      { seat: 'confirmed', assigned: true, told: ['Seat Refused', 'Seat Assigned'] },
    ]);
  });

  it('takes up what an execution has left whose retries ran out', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: CREATE, kind: 'internal', times: 1000 });
    const execution = await trial.joins(4);
    await trial.play();
    expect(trial.stack.endOf(execution)?.status).toBe('FAILED');
    trial.stack.faults.clear();
    ticks(trial, 0.25);
    await trial.play();
    expect(await trial.standings(4)).toEqual([SEATED]);
  });

  it('leaves the work to the execution that is at it', async () => {
    const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: CREATE, kind: 'throttle', times: 8 });
    const execution = await trial.joins(4);
    for (const seconds of [5, 10, 20, 40, 80]) trial.after(seconds, () => trial.tick());
    await trial.play();
    expect(trial.stack.endOf(execution)?.outcome).toBe('converged');
    expect(trial.newCalls().get(CREATE)).toBe(9);
    expect(trial.copies()).toEqual(['Seat Assigned']);
  });
});
