import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { historyAt, isTold } from './histories.ts';
import { playHistory } from './play-history.ts';

/** `npm run simulate` plays more, and any seed. */
const SEED = 1;
const HISTORIES = 300;
/** Each test few enough that the other worker isn't left waiting. */
const PARTS = 12;

/** So many parts are played by `npm test`; the others, too, where there is more time. */
const PARTS_AT_ONCE = 3;

async function expectUnbroken(part: number): Promise<void> {
  const broken: { index: number; violations: string[] }[] = [];
  for (let index = part; index < HISTORIES; index += PARTS) {
    const violations = await playHistory(historyAt(SEED, index));
    if (violations.length > 0) broken.push({ index, violations });
  }
  expect(broken).toEqual([]);
}

describe('random histories of the whole service', () => {
  const parts = Array.from({ length: PARTS }, (_, part) => part);
  it.each(parts.slice(0, PARTS_AT_ONCE))('keep every invariant, part %i', expectUnbroken);
  it.each(parts.slice(PARTS_AT_ONCE))('keep every invariant, part %i', { tags: 'long' }, expectUnbroken);

  it('depend on nothing but seed and number', () => {
    for (const index of [0, 7, 299]) expect(historyAt(SEED, index)).toEqual(historyAt(SEED, index));
    expect(historyAt(SEED, 1)).not.toEqual(historyAt(SEED, 2));
    expect(historyAt(SEED, 1)).not.toEqual(historyAt(SEED + 1, 1));
  });

  it('are of both kinds: with and without changes that no event announces', () => {
    const told = Array.from({ length: HISTORIES }, (_, index) => isTold(historyAt(SEED, index))).filter(Boolean).length;
    expect(told).toBeGreaterThan(HISTORIES / 6);
    expect(told).toBeLessThan(HISTORIES / 2);
  });
});

const MUTANTS = join(import.meta.dirname, 'mutants');

describe('the seeded faults of npm run mutants', () => {
  it.each(readdirSync(MUTANTS))('can be put into the source: %s', (patch) => {
    const { stderr, status } = spawnSync('git', ['apply', '--check', '-p1', join(MUTANTS, patch)], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
