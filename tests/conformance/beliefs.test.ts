import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_BELIEFS } from '../../conformance/beliefs/all.ts';
import { isOfCode } from '../../conformance/beliefs/belief.ts';
import { PROBES } from '../../conformance/run.ts';

const ROOT = join(import.meta.dirname, '../..');
const ids = ALL_BELIEFS.map(({ id }) => id);

describe('a belief', () => {
  it('has an id of its own', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it.each(ALL_BELIEFS.map((one) => [one.id, one] as const))(
    'has a probe or a tolerance, if code depends on it: %s',
    (id, belief) => {
      const isProbed = PROBES.some(({ beliefs }) => beliefs.includes(id));
      expect(belief.tolerated !== undefined || isProbed || !isOfCode(belief)).toBe(true);
    },
  );

  it.each(ALL_BELIEFS.filter(({ mark }) => mark !== 'documented').map((one) => [one.id, one] as const))(
    'that AWS does not document is harmless if it is false: %s',
    (_id, belief) => {
      expect(belief.tolerated !== undefined || !isOfCode(belief)).toBe(true);
    },
  );

  it.each(ALL_BELIEFS.map((one) => [one.id, one] as const))(
    'names files that exist: %s',
    (_id, { dependsOn, tolerated }) => {
      const files = [...dependsOn, ...(tolerated ? [tolerated.test] : [])];
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    },
  );

  it.each(ALL_BELIEFS.flatMap(({ id, tolerated }) => (tolerated ? [[id, tolerated] as const] : [])))(
    'names one test, or the tests of one name, that play the other answer: %s',
    (_id, { test, by }) => {
      const names = readFileSync(join(ROOT, test), 'utf8')
        .split('\n')
        .filter((line) => line.includes(by));
      expect(names).toHaveLength(1);
    },
  );

  it('is one that exists, if a probe is about it', () => {
    expect(PROBES.flatMap(({ beliefs }) => beliefs).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
