import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualTime } from '../../../emulator/engine/virtual-time.ts';

const START = new Date('2026-11-01T10:00:00Z');

/** Work that takes turns of the real event loop, like a request to a service. */
async function working(turns = 5): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function aTime() {
  const time = new VirtualTime(START);
  const log: string[] = [];
  const seconds = () => (time.now().getTime() - START.getTime()) / 1000;
  return { time, log, seconds, note: (what: string) => log.push(`${seconds()} ${what}`) };
}

describe('virtual time', () => {
  it('stands still until it is run', async () => {
    const { time, log, note } = aTime();
    time.after(5, () => note('fired'));
    await working();
    expect(log).toEqual([]);
    await time.runUntilIdle();
    expect(log).toEqual(['5 fired']);
  });

  it('passes timer by timer; timers of the same moment keep the order in which they were set', async () => {
    const { time, log, note } = aTime();
    time.after(10, () => note('b'));
    time.after(5, () => note('a'));
    time.after(10, () => note('c'));
    time.after(0, () => note('now'));
    await time.runUntilIdle();
    expect(log).toEqual(['0 now', '5 a', '10 b', '10 c']);
  });

  it('passes a year at once', async () => {
    const { time, seconds } = aTime();
    const sleeping = time.sleep(365 * 86_400);
    await time.runUntilIdle();
    await sleeping;
    expect(seconds()).toBe(365 * 86_400);
  });

  it('moves on at once, and runs the timers that are due by then', () => {
    const { time, log, note, seconds } = aTime();
    time.after(5, () => note('due'));
    time.after(11, () => note('later'));
    time.advance(10);
    expect(log).toEqual(['5 due']);
    expect(seconds()).toBe(10);
  });

  it('runs timers that are set meanwhile', async () => {
    const { time, log, note } = aTime();
    time.after(1, () => time.after(1, () => time.after(1, () => note('last'))));
    await time.runUntilIdle();
    expect(log).toEqual(['3 last']);
  });

  it('does not run a cancelled timer', async () => {
    const { time, log, note, seconds } = aTime();
    const cancel = time.after(5, () => note('never'));
    cancel();
    await time.runUntilIdle();
    expect(log).toEqual([]);
    expect(seconds()).toBe(0);
  });

  it('does not run a timer of a year that is cancelled after a month', async () => {
    const { time, log, note } = aTime();
    const cancel = time.after(365 * 86_400, () => note('never'));
    time.after(30 * 86_400, cancel);
    await time.runUntilIdle();
    expect(log).toEqual([]);
  });

  it('has its own timers and Date', async () => {
    const { time, log, note } = aTime();
    const { setTimeout, clearTimeout, Date: VirtualDate } = time.timers;
    setTimeout(() => note(new VirtualDate().toISOString()), 60_000);
    clearTimeout(setTimeout(() => note('never'), 1000));
    await time.runUntilIdle();
    expect(log).toEqual(['60 2026-11-01T10:01:00.000Z']);
  });

  it('continues from where it stopped', async () => {
    const { time, log, note } = aTime();
    time.after(5, () => note('first'));
    await time.runUntilIdle();
    time.after(5, () => note('second'));
    await time.runUntilIdle();
    expect(log).toEqual(['5 first', '10 second']);
  });
});

describe('work in virtual time', () => {
  it('stops time', async () => {
    const { time, log, note } = aTime();
    time.after(5, () => note('timer'));
    time.during(async () => {
      await working(20);
      note('done');
    });
    await time.runUntilIdle();
    expect(log).toEqual(['0 done', '5 timer']);
  });

  it('lets time pass while it sleeps, and no longer', async () => {
    const { time, log, note } = aTime();
    const activity = time.begin();
    time.after(15, () => note('timer'));
    const work = async () => {
      await activity.sleep(10);
      note('awake');
      await working(20);
      note('done');
      activity.end();
    };
    await Promise.all([work(), time.runUntilIdle()]);
    expect(log).toEqual(['10 awake', '10 done', '15 timer']);
  });

  it('lets time pass only while all work sleeps', async () => {
    const { time, log, note } = aTime();
    const sleeper = time.begin();
    const sleeping = sleeper.sleep(10).then(() => {
      note('sleeper awake');
      sleeper.end();
    });
    time.during(async () => {
      await working(20);
      note('worker done');
    });
    await Promise.all([sleeping, time.runUntilIdle()]);
    expect(log).toEqual(['0 worker done', '10 sleeper awake']);
  });

  it('lets time pass while it sleeps twice at once, until the longer sleep ends', async () => {
    const { time, log, note } = aTime();
    const activity = time.begin();
    const both = async () => {
      await Promise.all([activity.sleep(5), activity.sleep(10)]);
      note('awake');
      await working();
      activity.end();
    };
    time.after(12, () => note('timer'));
    await Promise.all([both(), time.runUntilIdle()]);
    expect(log).toEqual(['10 awake', '12 timer']);
  });

  it('never wakes up after it has ended, as in a function that was killed', async () => {
    const { time, log, note } = aTime();
    const activity = time.begin();
    const sleeping = activity.sleep(10).then(() => note('awake'));
    time.after(3, () => activity.end());
    time.after(20, () => note('timer'));
    await time.runUntilIdle();
    await Promise.race([sleeping, working()]);
    expect(log).toEqual(['20 timer']);
  });

  it('never wakes up if it begins to sleep after it has ended', async () => {
    const { time, log, note } = aTime();
    const activity = time.begin();
    activity.end();
    const sleeping = activity.sleep(1).then(() => note('awake'));
    time.after(5, () => note('timer'));
    await time.runUntilIdle();
    await Promise.race([sleeping, working()]);
    expect(log).toEqual(['5 timer']);
  });

  it('can end twice', async () => {
    const { time, log, note } = aTime();
    const [first, second] = [time.begin(), time.begin()];
    first.end();
    first.end();
    time.after(1, () => note('timer'));
    const settled = time.runUntilIdle();
    await working();
    expect(log).toEqual([]);
    second.end();
    await settled;
    expect(log).toEqual(['1 timer']);
  });
});

describe('an error of work', () => {
  it.each([
    [
      'at once',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'later',
      async () => {
        await working();
        throw new Error('broken');
      },
    ],
  ])('is thrown by the call that lets time pass, before any later timer: %s', async (_fact, work) => {
    const { time, log, note } = aTime();
    time.after(5, () => time.during(work));
    time.after(10, () => note('later'));
    await expect(time.runUntilIdle()).rejects.toThrow('broken');
    expect(log).toEqual([]);
    await time.runUntilIdle();
    expect(log).toEqual(['10 later']);
  });

  it('is the first of several errors', async () => {
    const { time } = aTime();
    time.during(() => {
      throw new Error('first');
    });
    time.during(async () => {
      await working();
      throw new Error('second');
    });
    await expect(time.runUntilIdle()).rejects.toThrow('first');
    await time.runUntilIdle();
  });
});

describe('the order of events', () => {
  /** Activities that work and sleep by turns, begun at some time. */
  const plans = fc.array(
    fc.record({
      at: fc.integer({ min: 0, max: 20 }),
      steps: fc.array(fc.record({ turns: fc.nat(4), sleep: fc.integer({ min: 0, max: 10 }) }), { maxLength: 4 }),
    }),
    { minLength: 1, maxLength: 6 },
  );

  it('is the same in every run, and time moves only to the time of a timer', async () => {
    await fc.assert(
      fc.asyncProperty(plans, async (activities) => {
        const play = async () => {
          const { time, log, note, seconds } = aTime();
          const running: Promise<void>[] = [];
          for (const [index, { at, steps }] of activities.entries()) {
            let expected = at;
            time.after(at, () => {
              const activity = time.begin();
              const run = async () => {
                for (const { turns, sleep } of steps) {
                  await working(turns);
                  await activity.sleep(sleep);
                  expected += sleep;
                  note(`activity ${index}`);
                  expect(seconds()).toBe(expected);
                }
              };
              running.push(run().finally(activity.end));
            });
          }
          await time.runUntilIdle();
          await Promise.all(running);
          return log;
        };
        const first = await play();
        expect(await play()).toEqual(first);
        expect(first).toHaveLength(activities.reduce((sum, { steps }) => sum + steps.length, 0));
      }),
      { numRuns: 25 },
    );
  });
});
