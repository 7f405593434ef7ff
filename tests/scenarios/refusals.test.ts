import { describe, expect, it } from 'vitest';
import { GROUP, user } from '../support/stack.ts';
import { aTrial } from '../support/trial.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A person who has been refused, and for whom an execution has failed. */
async function aRefusedPerson() {
  const trial = await aTrial({ people: 4, seated: [1, 2, 3] });
  trial.stack.faults.add({ operation: CREATE, kind: 'quota', times: 1000 });
  await trial.joins(4);
  await trial.play();
  trial.forget();
  trial.newCalls();
  trial.ends.length = 0;
  return trial;
}

describe('a refusal that lasts', () => {
  it.each([
    ['the tick, which does not fail for what is known', { scope: 'tick' }, 'SUCCEEDED'],
    ['a manual start, which fails since a person waits for it', { userId: user(4) }, 'FAILED'],
    ['a manual sweep, which names nobody', { scope: 'everything' }, 'SUCCEEDED'],
  ])('is asked for once when its hour is over, and not told again: %s', async (_fact, input, status) => {
    const trial = await aRefusedPerson();
    trial.after(3700, () => trial.start(input));
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBe(1);
    expect(trial.ends.map((end) => end.status)).toEqual([status]);
    expect(trial.told().filter((told) => !told.startsWith('Onboarding Failed'))).toEqual([]);
  });

  it('is the same when the person joins once more after an hour', async () => {
    const trial = await aRefusedPerson();
    trial.after(3700, () => trial.joins(4));
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBe(1);
    expect(trial.told()).toEqual([]);
  });

  it('is asked for once by a manual start within the hour', async () => {
    const trial = await aRefusedPerson();
    trial.after(600, () => trial.start({ userId: user(4) }));
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBe(1);
  });
});

describe('a refusal of a manual start', () => {
  it('fails it with the reason, after one try', async () => {
    const trial = await aTrial({ people: 4, members: {}, seated: [1, 2, 3] });
    trial.stack.faults.add({ operation: CREATE, kind: 'quota', times: 1000 });
    trial.center.join(GROUP, user(4));
    const execution = await trial.start({ userId: user(4) });
    await trial.play();
    expect(trial.newCalls().get(CREATE)).toBe(1);
    expect(trial.stack.endOf(execution)?.cause).toBe(
      `RefusedError: AWS refused the change: quota-exceeded (user ${user(4)})`,
    );
  });

  it('is mended by one manual start within the hour', async () => {
    const trial = await aRefusedPerson();
    trial.stack.faults.clear();
    trial.after(600, () => trial.start({ userId: user(4) }));
    await trial.play();
    expect(await trial.standings(4)).toEqual([{ seat: 'confirmed', assigned: true, told: ['Seat Assigned'] }]);
  });
});
