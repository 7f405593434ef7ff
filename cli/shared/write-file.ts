import { closeSync, fchmodSync, openSync, writeFileSync } from 'node:fs';
import { UsageError } from '../../operator/failures.ts';

/**
 * Writes a file for an operator.
 *
 * @param how `isPrivate`: only for them, also if the file was there before. `isNew`: only if there is no such file by now
 * @throws UsageError if it cannot be written
 */
export function writeFor(
  path: string,
  text: string,
  { isPrivate = false, isNew = false }: { isPrivate?: boolean; isNew?: boolean },
): void {
  try {
    const file = openSync(path, isNew ? 'wx' : 'w', isPrivate ? 0o600 : 0o666);
    try {
      if (isPrivate) fchmodSync(file, 0o600);
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    throw new UsageError(
      error.code === 'EEXIST'
        ? `${path} exists by now, and was not replaced`
        : `${path} cannot be written (${String(error.code)})`,
    );
  }
}
