import type { Context } from './context.ts';

/** Options of an operation of the AWS command line; an object is written as JSON. */
type Options = Readonly<Record<string, string | object>>;

/**
 * Shows how the AWS command line asks the emulator for the same, with `--local` and only where someone reads standard error.
 *
 * @param operation service and operation, as in `identitystore delete-user`
 */
export function noteAwsEquivalent(
  { emulator, terminal }: Pick<Context, 'emulator' | 'terminal'>,
  operation: string,
  options: Options,
): void {
  if (!emulator || !terminal.isNoteLive) return;
  const { endpoint, region } = emulator;
  // The emulator checks no signature, so that no credentials are needed.
  const where = `--endpoint-url ${quoted(endpoint)} --region ${quoted(region)} --no-sign-request`;
  const given = Object.entries(options).map(
    ([name, value]) => `--${name} ${quoted(typeof value === 'string' ? value : JSON.stringify(value))}`,
  );
  terminal.note(terminal.noteColors.dim(`The same: aws ${operation} ${given.join(' ')} ${where}`));
}

/** Returns a text as one word of a shell. */
function quoted(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
