import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_BELIEFS } from '../../conformance/beliefs/all.ts';
import { PROBES } from '../../conformance/run.ts';

const ROOT = join(import.meta.dirname, '../..');
const ids = ALL_BELIEFS.map(({ id }) => id);

describe('a belief', () => {
  it('has an id of its own', () => {
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it.each(ALL_BELIEFS.map((one) => [one.id, one] as const))('has a probe or a tolerance: %s', (id, { tolerated }) => {
    expect(tolerated !== undefined || PROBES.some(({ beliefs }) => beliefs.includes(id))).toBe(true);
  });

  it.each(ALL_BELIEFS.filter(({ mark }) => mark !== 'documented').map((one) => [one.id, one] as const))(
    'that AWS does not document is harmless if it is false: %s',
    (_id, { tolerated }) => {
      expect(tolerated).toBeDefined();
    },
  );

  it.each(ALL_BELIEFS.map((one) => [one.id, one] as const))(
    'names files that exist: %s',
    (_id, { dependsOn, tolerated }) => {
      const files = [...dependsOn, ...(tolerated ? [tolerated.test] : [])];
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    },
  );

  it.each(ALL_BELIEFS.filter(({ tolerated }) => tolerated?.by).map((one) => [one.id, one] as const))(
    'names a test that plays the other answer: %s',
    (_id, { tolerated }) => {
      expect(readFileSync(join(ROOT, tolerated?.test ?? ''), 'utf8')).toContain(tolerated?.by);
    },
  );

  it('is one that exists, if a probe is about it', () => {
    expect(PROBES.flatMap(({ beliefs }) => beliefs).filter((id) => !ids.includes(id))).toEqual([]);
  });
});
