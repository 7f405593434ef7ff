import { crc32, deflateSync, inflateSync } from 'node:zlib';

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Types of colour: three bytes per pixel, four with transparency, or one that is an index in a palette. */
const RGB = 2;
const RGBA = 6;
const INDEXED = 3;
const MOST_COLORS = 256;

/**
 * Writes a picture of a page with its 256 most frequent colours, which areas and text have, as bytes that take a third of the
 * room: one byte per pixel. The other shades, of the edges of letters, become the nearest of these.
 *
 * @param png as browsers write it: eight bits per channel, not interlaced
 * @throws Error if it is another one
 */
export function withFewerShades(png: Buffer): Buffer {
  const chunks = chunksIn(png);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data;
  if (!header) throw new Error('expected a PNG');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const [depth, type, , , interlace] = header.subarray(8);
  if (depth !== 8 || (type !== RGB && type !== RGBA) || interlace !== 0) throw new Error('expected a PNG of a browser');
  const bytes = type === RGBA ? 4 : 3;
  const data = inflateSync(Buffer.concat(chunks.filter((chunk) => chunk.type === 'IDAT').map((chunk) => chunk.data)));
  const pixels = unfiltered(data, { width, height, bytes });
  const colorAt = (at: number) => pixels.readUIntBE(at, 3);
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += bytes) counts.set(colorAt(at), (counts.get(colorAt(at)) ?? 0) + 1);
  const byFrequency = [...counts].sort(([a, many], [b, few]) => few - many || a - b).map(([color]) => color);
  const palette = byFrequency.slice(0, MOST_COLORS);
  const indexes = new Map(
    byFrequency.map((color, place) => [color, place < MOST_COLORS ? place : nearest(color, palette)]),
  );
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows[y * (width + 1) + 1 + x] = indexes.get(colorAt((y * width + x) * bytes)) ?? 0;
    }
  }
  const colors = Buffer.from(palette.flatMap(channelsOf));
  const head = Buffer.from(header);
  head[9] = INDEXED;
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', head),
    chunk('PLTE', colors),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function channelsOf(color: number): [number, number, number] {
  return [color >> 16, (color >> 8) & 255, color & 255];
}

/** Returns the index of the colour of a palette that differs least. */
function nearest(color: number, palette: readonly number[]): number {
  const differences = palette.map((other) => {
    const [channels, others] = [channelsOf(color), channelsOf(other)];
    return channels.reduce((sum, channel, index) => sum + (channel - (others[index] ?? 0)) ** 2, 0);
  });
  return differences.indexOf(Math.min(...differences));
}

function chunksIn(png: Buffer): { type: string; data: Buffer }[] {
  const chunks: { type: string; data: Buffer }[] = [];
  for (let at = SIGNATURE.length; at + 8 < png.length; ) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += 12 + length;
  }
  return chunks;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

/** Undoes the filter of each row. @see https://www.w3.org/TR/png-3/#9Filters */
function unfiltered(data: Buffer, { width, height, bytes }: { width: number; height: number; bytes: number }): Buffer {
  const row = width * bytes;
  const pixels = Buffer.alloc(row * height);
  const before = (at: number, x: number) => (x >= bytes ? (pixels[at - bytes] ?? 0) : 0);
  const above = (at: number) => (at >= row ? (pixels[at - row] ?? 0) : 0);
  for (let y = 0; y < height; y += 1) {
    const filter = data[y * (row + 1)];
    for (let x = 0; x < row; x += 1) {
      const at = y * row + x;
      const [left, up] = [before(at, x), above(at)];
      const corner = x >= bytes ? above(at - bytes) : 0;
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter ?? 0] ?? 0;
      pixels[at] = (data[y * (row + 1) + 1 + x] ?? 0) + predicted;
    }
  }
  return pixels;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [fromLeft, fromUp, fromCorner] = [left, up, corner].map((value) => Math.abs(estimate - value));
  if (fromLeft === undefined || fromUp === undefined || fromCorner === undefined) return 0;
  if (fromLeft <= fromUp && fromLeft <= fromCorner) return left;
  return fromUp <= fromCorner ? up : corner;
}
