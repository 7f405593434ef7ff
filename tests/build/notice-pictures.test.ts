import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DIGEST, digestOf, PICTURE, picturedPage } from '../../build/notice-pictures.ts';
import { withFewerShades } from '../../build/png.ts';

describe('the picture of a notice', () => {
  it('shows the present templates: make it anew with node build/notice-pictures.ts', () => {
    expect(readFileSync(DIGEST, 'utf8')).toBe(digestOf(picturedPage()));
  });

  it('is in docs/notices.md, and small', () => {
    const page = readFileSync(new URL('../../docs/notices.md', import.meta.url), 'utf8');
    expect(page).toMatch(/!\[[^\]]{20,}\]\(notices-assigned\.png\)/);
    expect(readFileSync(PICTURE).length).toBeLessThan(60_000);
  });
});

describe('a PNG with fewer shades', () => {
  const picture = readFileSync(PICTURE);

  it('is one byte per pixel', () => {
    const [width, height] = [picture.readUInt32BE(16), picture.readUInt32BE(20)];
    expect([...picture.subarray(24, 29)]).toEqual([8, 3, 0, 0, 0]);
    const at = picture.indexOf('IDAT');
    const pixels = inflateSync(picture.subarray(at + 4, at + 4 + picture.readUInt32BE(at - 4)));
    expect(pixels).toHaveLength((width + 1) * height);
  });

  it('is made of what a browser writes', () => {
    expect(() => withFewerShades(picture)).toThrow('expected a PNG of a browser');
    expect(() => withFewerShades(Buffer.from('<svg>'))).toThrow('expected a PNG');
  });
});
