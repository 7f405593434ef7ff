import { describe, expect, it } from 'vitest';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import { latencyOf } from '../../emulator/stack/latency.ts';
import { people } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

const AWS = { partition: { writes: 1000, reads: 3000 } };
/** What the SDK sees in the Region. */
const latency = latencyOf({ change: 0.15, read: 0.05, ledger: 0.005, bus: 0.02 });

describe('the throughput of a partition', () => {
  it('is enough for the first sweep of many users', { tags: ['long'] }, async () => {
    const members = people(1, 1500);
    const world = await openWorld({ people: 1500, members, latency, limits: AWS });
    const name = await world.stack.start({ scope: 'tick' });
    await world.play();
    expect(world.stack.endOf(name)?.outcome).toBe('converged');
    expect(world.assigned()).toEqual(members);
  });

  it.each<Quirks['overThroughput']>(['ThrottlingException', 'ProvisionedThroughputExceededException'])(
    'delays users, and loses none, if it is a hundredth of that: %s',
    async (overThroughput) => {
      const limits = { partition: { writes: 10, reads: 30 } };
      const world = await openWorld({
        people: 40,
        members: people(1, 30),
        latency,
        limits,
        quirks: { overThroughput },
      });
      await world.stack.start({ scope: 'tick' });
      await world.play();
      await world.stack.start({ scope: 'tick' });
      await world.play();
      expect(world.assigned()).toEqual(people(1, 30));
      expect(await world.having('confirmed')).toEqual(people(1, 30));
    },
  );
});

describe('the concurrency of Lambda', () => {
  it('delays executions, and fails none, if functions run one at a time', async () => {
    const world = await openWorld({ people: 6, latency, limits: { concurrency: 1 } });
    const names = await Promise.all(people(1, 6).map((number) => world.joins(number)));
    await world.play();
    expect(names.map((name) => world.stack.endOf(name)?.status)).toEqual(Array(6).fill('SUCCEEDED'));
    expect(world.assigned()).toEqual(people(1, 6));
  });
});
