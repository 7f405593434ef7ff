import { describe, expect, it } from 'vitest';
import { GROUP, user } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

const CREATE = 'SSOAdmin.CreateApplicationAssignment';

/** A user who was refused, and for whom an execution has failed. */
async function aRefusedPerson() {
  const world = await openWorld({ people: 4, seated: [1, 2, 3] });
  world.faults.add({ operation: CREATE, kind: 'quota', times: 1000 });
  await world.joins(4);
  await world.play();
  world.forgetAudit();
  world.newCalls();
  world.ends.length = 0;
  return world;
}

describe('a refusal that lasts', () => {
  it.each([
    ['the tick, which does not fail for a known refusal', { scope: 'tick' }, 'SUCCEEDED'],
    ['a manual start, which fails because an operator waits for it', { userId: user(4) }, 'FAILED'],
    ['a manual sweep, which names no user', { scope: 'everything' }, 'SUCCEEDED'],
  ])('is retried once when its hour is over, and not audited again: %s', async (_fact, input, status) => {
    const world = await aRefusedPerson();
    world.after(3700, () => world.start(input));
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(world.ends.map((end) => end.status)).toEqual([status]);
    expect(world.audited().filter((told) => !told.startsWith('Onboarding Failed'))).toEqual([]);
  });

  it('is the same if the user joins again after an hour', async () => {
    const world = await aRefusedPerson();
    world.after(3700, () => world.joins(4));
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(world.audited()).toEqual([]);
  });

  it('is retried once by a manual start within the hour', async () => {
    const world = await aRefusedPerson();
    world.after(600, () => world.start({ userId: user(4) }));
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
  });
});

describe('a refusal of a manual start', () => {
  it('fails the execution with the reason, after one try', async () => {
    const world = await openWorld({ people: 4, members: {}, seated: [1, 2, 3] });
    world.faults.add({ operation: CREATE, kind: 'quota', times: 1000 });
    world.center.join(GROUP, user(4));
    const execution = await world.start({ userId: user(4) });
    await world.play();
    expect(world.newCalls().get(CREATE)).toBe(1);
    expect(world.stack.endOf(execution)?.cause).toBe(
      `RefusedError: AWS refused the change: quota-exceeded (user ${user(4)})`,
    );
  });

  it('is fixed by one manual start within the hour', async () => {
    const world = await aRefusedPerson();
    world.faults.clear();
    world.after(600, () => world.start({ userId: user(4) }));
    await world.play();
    expect(await world.summaries(4)).toEqual([{ seat: 'confirmed', assigned: true, audited: ['Seat Assigned'] }]);
  });
});
