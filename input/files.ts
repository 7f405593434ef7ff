import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { InputError } from './input-error.ts';

const READ_PROBLEMS: Partial<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a directory: expected a file',
  EACCES: 'not readable: permission denied',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB',
  ERR_STRING_TOO_LONG: 'larger than 512 MiB',
};

/** Returns the name of a command-line file in errors; `-` is standard input. */
export function labelOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** Reads a text file. @throws InputError if there is no such file, or if it is not UTF-8 */
export async function readText(file: string): Promise<string> {
  try {
    const bytes = file === '-' ? await buffer(process.stdin) : await readFile(file);
    // Rejects what is not UTF-8, and drops a byte order mark.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const code = String(error.code);
    const problem = code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'not UTF-8 text' : READ_PROBLEMS[code];
    throw new InputError(labelOf(file), [{ path: '', problem: problem ?? `not readable (${code})` }], { cause: error });
  }
}
