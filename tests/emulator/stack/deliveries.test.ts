import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../../emulator/engine/virtual-time.ts';
import { Deliveries, type Target } from '../../../emulator/stack/deliveries.ts';

const START = new Date('2026-11-01T10:00:00Z');

/** Deliveries to a target that refuses as often as it is told, and when each try was made. */
function delivering({ refusals = 0, error = new Error('refused'), refuses = true, now = START } = {}) {
  const time = new VirtualTime(now);
  const tries: [event: string, second: number][] = [];
  const lost: string[] = [];
  const target: Target = {
    async deliver(event) {
      tries.push([event, (time.now().getTime() - START.getTime()) / 1000]);
      if (tries.length <= refusals) throw error;
    },
    refuses: () => refuses,
    retrySeconds: [60, 120],
    giveUp: (event) => lost.push(event),
  };
  return { time, tries, lost, deliveries: new Deliveries(time, { target }) };
}

describe('an event', () => {
  it('is delivered at once, or after its seconds', async () => {
    const { time, tries, deliveries } = delivering();
    deliveries.send('target', 'late', 3);
    deliveries.send('target', 'now');
    expect(deliveries.pending()).toMatchObject([{ event: 'late', tries: 0 }, { event: 'now' }]);
    await time.runUntilIdle();
    expect(tries).toEqual([
      ['now', 0],
      ['late', 3],
    ]);
    expect(deliveries.pending()).toEqual([]);
  });

  it('comes again where it is refused, and is given up in the end', async () => {
    const { time, tries, lost, deliveries } = delivering({ refusals: 3 });
    deliveries.send('target', 'event', 1);
    await time.runUntilIdle();
    expect(tries.map(([, second]) => second)).toEqual([1, 61, 181]);
    expect(lost).toEqual(['event']);
    expect(deliveries.pending()).toEqual([]);
  });

  it('that is pending at a stop is delivered after it, with the tries that are left', async () => {
    const before = delivering({ refusals: 9 });
    before.deliveries.send('target', 'event', 1);
    before.time.advance(61);
    await new Promise(setImmediate);
    const pending = before.deliveries.pending();
    expect(pending).toEqual([{ target: 'target', event: 'event', dueAt: START.getTime() + 121_000, tries: 1 }]);
    const after = delivering({ refusals: 9, now: new Date(START.getTime() + 3_600_000) });
    after.deliveries.restore(pending);
    await after.time.runUntilIdle();
    expect(after.tries.map(([, second]) => second)).toEqual([3600, 3720]);
    expect(after.lost).toEqual(['event']);
  });

  it('ends the call that advances time with the bug of its target', async () => {
    const { time, deliveries } = delivering({ refusals: 1, error: new TypeError('a bug'), refuses: false });
    deliveries.send('target', 'event');
    await expect(time.runUntilIdle()).rejects.toThrow('a bug');
  });
});
