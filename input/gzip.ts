import { gunzipSync } from 'node:zlib';

/** Whether bytes are compressed, whatever the name of their file says. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What became of compressed bytes: what all members hold, one after another, or why they cannot be unpacked. */
export type Unpacked = { bytes: Uint8Array; problem?: undefined } | { bytes?: undefined; problem: string };

/**
 * Unpacks gzip of one or more members, up to a number of bytes: a small file may hold gigabytes.
 *
 * @param most the bytes that are left of the limit
 */
export function unpack(bytes: Uint8Array, limit: number, most = limit): Unpacked {
  try {
    return { bytes: gunzipSync(bytes, { maxOutputLength: Math.max(1, most) }) };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ERR_BUFFER_TOO_LARGE')
      return { problem: `unpacks to more than ${limit / 1024 / 1024} MiB, which is the limit` };
    if (code.startsWith('Z_')) return { problem: 'truncated or damaged gzip' };
    throw error;
  }
}
