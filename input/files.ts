import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { InputError } from './input-error.ts';

const READ_PROBLEMS: Partial<Record<string, string>> = {
  ENOENT: 'no such file',
  EISDIR: 'a directory: expected a file',
  EACCES: 'not readable: permission denied',
  ERR_ENCODING_INVALID_ENCODED_DATA: 'not UTF-8 text',
  ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB',
  ERR_STRING_TOO_LONG: 'larger than 512 MiB',
};

/** Standard input. Without an iterator there is none. */
export interface StandardInput {
  isTTY?: boolean;
  [Symbol.asyncIterator]?(): AsyncIterator<Uint8Array | string>;
}

/** Returns the name of a command-line file in errors; `-` is standard input. */
export function labelOf(file: string): string {
  return file === '-' ? 'standard input' : file;
}

/** Reads a text file. @param stdin what `-` is; by default that of the process @throws InputError if there is no such file, or if it is not UTF-8 */
export async function readText(file: string, stdin?: StandardInput): Promise<string> {
  return textIn(await readBytes(file, stdin), labelOf(file));
}

/** Reads a file. @param stdin see {@link readText} @throws InputError if there is no such file */
export async function readBytes(file: string, stdin: StandardInput = process.stdin): Promise<Uint8Array> {
  try {
    return file === '-' ? await buffer(iterableOf(stdin)) : await readFile(file);
  } catch (error) {
    throw readErrorOf(error, labelOf(file));
  }
}

function iterableOf(stdin: StandardInput): AsyncIterable<Uint8Array | string> {
  return { [Symbol.asyncIterator]: () => stdin[Symbol.asyncIterator]?.() ?? NOTHING };
}

const NOTHING: AsyncIterator<never> = { next: async () => ({ done: true, value: undefined }) };

/**
 * Returns the text that bytes are in UTF-8, without a byte order mark. With the mark of UTF-16 they are that: what
 * PowerShell's `>` writes.
 *
 * @throws InputError if they are not UTF-8
 */
export function textIn(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes);
  } catch (error) {
    throw readErrorOf(error, file);
  }
}

function encodingOf([first, second]: Uint8Array): string {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
}

/** Returns what to throw if a file could not be read: an error that is a bug stays as it is. */
export function readErrorOf(error: unknown, file: string): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  const problem = READ_PROBLEMS[code] ?? `not readable (${code})`;
  return new InputError(file, [{ path: '', problem }], { cause: error });
}
