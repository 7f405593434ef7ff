import { type Zippable, zipSync } from 'fflate';

/** The local time that a zip holds for each file, in every time zone. */
const TIME = new Date(1980, 0, 1);
/** A file that everyone may read: Lambda runs as another user than the one that packages. */
const MODE = 0o100644;
const UNIX = 3;

/**
 * Zips files, by their paths.
 *
 * The same files make the same bytes on every machine. Node's own zlib may compress in another way on another processor, and in
 * another version.
 */
export function zipOf(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  for (const [path, bytes] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    entries[path] = [bytes, { level: 9, mtime: TIME, os: UNIX, attrs: MODE << 16 }];
  }
  return zipSync(entries);
}
