import { describe, expect, it } from 'vitest';
import { actOf, GOES, KEYS } from '../../../console/page/data/keys.ts';

const pressed = (key: string, more: { isTaken?: boolean; isAfterG?: boolean } = {}) =>
  actOf({ key, isTaken: false, isAfterG: false, ...more });

describe('a key', () => {
  it.each(Object.entries(KEYS))('%s does what the dialog says', (key, { act }) => {
    expect(pressed(key)).toBe(act);
  });

  it.each(Object.entries(GOES))('%s after g goes to a page', (key, { path }) => {
    expect(pressed(key, { isAfterG: true })).toEqual({ go: path });
  });

  it.each(['x', 'Enter', 'constructor', '__proto__', 'g'])('%s does nothing, also after g', (key) => {
    expect([pressed(key), pressed(key, { isAfterG: true })]).toEqual([undefined, undefined]);
  });

  it('does nothing while someone types', () => {
    expect(Object.keys(KEYS).map((key) => pressed(key, { isTaken: true }))).toEqual(
      Object.keys(KEYS).map(() => undefined),
    );
    expect(pressed('o', { isTaken: true, isAfterG: true })).toBeUndefined();
  });

  it('leads to each page by one letter', () => {
    const paths = Object.values(GOES).map(({ path }) => path);
    expect(new Set(paths).size).toBe(paths.length);
  });
});
