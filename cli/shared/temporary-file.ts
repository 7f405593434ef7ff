import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeFor } from './write-file.ts';

/**
 * Writes a file that only the operator can read, in a new folder of the system's temporary ones. It stays: the program that
 * opens it may read it later.
 *
 * @returns its path
 */
export function writeTemporary(name: string, text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'usher-')), name);
  writeFor(path, text, { isPrivate: true, isNew: true });
  return path;
}
