// @module-tag long
import { describe, expect, it } from 'vitest';
import { readYaml } from '../../input/entitlements-file.ts';
import { InputError } from '../../input/input-error.ts';

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

/** Returns the least time that this thread needs for a text, in microseconds: what disturbs it only adds to it. */
function timeOf(text: string): number {
  return Math.min(
    ...many(3, () => {
      const before = process.threadCpuUsage();
      try {
        readYaml(text, 'f.yml');
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
      return process.threadCpuUsage(before).user;
    }),
  );
}

describe('a text of many parts', () => {
  it.each([
    ['keys', (count: number) => many(count, (index) => `k${index}: 1\n`).join('')],
    ['anchors with an alias each', (count: number) => `[${many(count, (index) => `&a${index} 1, *a${index}`)}]`],
    ['aliases of one anchor', (count: number) => `[&a 1, ${many(count, () => '*a')}]`],
  ])('is read in a time in proportion to the number of its %s', (_what, textOf) => {
    // Ten times as much takes a hundred times as long where each is compared with all others.
    expect(timeOf(textOf(30_000)) / timeOf(textOf(3000))).toBeLessThan(30);
  });

  it('has a thousand aliases at most, and each of its keys once', () => {
    const aliases = many(1001, (index) => `- &a${index} 1\n- *a${index}\n`).join('');
    expect(() => readYaml(aliases, 'f.yml')).toThrow('f.yml: line 2002, column 3: too many aliases');
    expect(readYaml(many(1000, (index) => `- &a${index} 1\n- *a${index}\n`).join(''), 'f.yml')).toHaveLength(2000);
    expect(() => readYaml('a: { b: 1, c: 2, b: 3 }', 'f.yml')).toThrow('f.yml: line 1, column 18: a duplicate key');
  });
});
