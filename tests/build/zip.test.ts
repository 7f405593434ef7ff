import { strFromU8, strToU8, unzipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { zipOf } from '../../build/zip.ts';

/** The header of the first file of a zip, as its directory at the end has it. */
function firstEntry(zip: Uint8Array): DataView {
  const end = new DataView(zip.buffer, zip.byteOffset + zip.length - 22);
  return new DataView(zip.buffer, zip.byteOffset + end.getUint32(16, true));
}

describe('a zip', () => {
  const files = [
    ['functions/b.mjs', strToU8('b'.repeat(1000))],
    ['a.json', strToU8('{}')],
  ] as const;

  it('has the files, sorted by path', () => {
    const unzipped = unzipSync(zipOf(new Map(files)));
    expect(Object.keys(unzipped)).toEqual(['a.json', 'functions/b.mjs']);
    expect(strFromU8(unzipped['functions/b.mjs'] ?? new Uint8Array())).toBe('b'.repeat(1000));
  });

  it('is the same for files in another order', () => {
    expect(zipOf(new Map(files.toReversed()))).toEqual(zipOf(new Map(files)));
  });

  it('says for each file that everyone may read it, and that it is of the first of January 1980', () => {
    const entry = firstEntry(zipOf(new Map(files)));
    const [madeOnUnix, mode, date] = [3, 0o100644, 0b0000000_0001_00001];
    expect(entry.getUint8(5)).toBe(madeOnUnix);
    expect(entry.getUint32(38, true) >>> 16).toBe(mode);
    expect([entry.getUint16(12, true), entry.getUint16(14, true)]).toEqual([0, date]);
  });
});
