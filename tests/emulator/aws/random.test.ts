import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../emulator/aws/random.ts';

describe('seeded random numbers', () => {
  it('are the same for the same seed, and differ for another', () => {
    const numbers = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
  });

  it('are spread from 0 to below 1', async () => {
    await fc.assert(
      fc.property(fc.integer(), (seed) => {
        const numbers = Array.from({ length: 200 }, seededRandom(seed));
        expect(numbers.every((one) => one >= 0 && one < 1)).toBe(true);
        const quarters = new Set(numbers.map((one) => Math.floor(one * 4)));
        expect(quarters.size).toBe(4);
      }),
      { numRuns: 50 },
    );
  });
});
