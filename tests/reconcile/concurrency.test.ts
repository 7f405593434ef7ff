import { describe, expect, it } from 'vitest';
import { allSettled, inParallel } from '../../reconcile/concurrency.ts';
import { people } from '../support/ids.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('inParallel', () => {
  it.each([
    ['none', 0, 0],
    ['fewer than it may take at once', 2, 2],
    ['more than it may take at once', 7, 3],
  ])('works off each of %s, in order and never more at once', async (_fact, count, most) => {
    const done: number[] = [];
    let atOnce = 0;
    let highest = 0;
    await inParallel(people(1, count), 3, async (item) => {
      atOnce += 1;
      highest = Math.max(highest, atOnce);
      await turn();
      atOnce -= 1;
      done.push(item);
    });
    expect(done).toEqual(people(1, count));
    expect(highest).toBe(most);
  });

  it('throws the first error', async () => {
    const work = async (item: number) => {
      await turn();
      if (item >= 2) throw new Error(`item ${item}`);
    };
    await expect(inParallel(people(1, 9), 3, work)).rejects.toThrow('item 2');
  });

  it('begins nothing new after an error, and ends after what is under way', async () => {
    const begun: number[] = [];
    let ended = 0;
    const work = async (item: number) => {
      begun.push(item);
      await turn();
      if (item === 1) throw new Error('the first');
      await turn();
      ended += 1;
    };
    await expect(inParallel(people(1, 100), 2, work)).rejects.toThrow('the first');
    expect(begun).toEqual([1, 2]);
    expect(ended).toBe(1);
  });
});

describe('together', () => {
  it('gives the results in order', async () => {
    expect(await allSettled([turn().then(() => 1), Promise.resolve('two'), undefined])).toEqual([1, 'two', undefined]);
  });

  it('throws the first error once all has ended', async () => {
    let ended = false;
    const slow = turn().then(() => {
      ended = true;
    });
    await expect(allSettled([Promise.reject(new Error('the first')), slow])).rejects.toThrow('the first');
    expect(ended).toBe(true);
  });
});
