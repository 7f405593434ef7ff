import { InputError } from '../../input/input-error.ts';
import { type ErrorReport, reportOf } from '../../operator/error-report.ts';
import { EXIT } from '../../operator/failures.ts';
import { escaped } from '../../operator/text.ts';
import type { Terminal } from '../ui/terminal.ts';

/**
 * Prints an error on standard error and, for programs, as the last line of the result.
 *
 * @param how `isDetailed`: every error has the same exit code, since the others say what a plan changes
 * @returns the exit code
 */
export function printError(
  error: unknown,
  terminal: Terminal,
  { debug, json, isDetailed = false }: { debug: boolean; json: boolean; isDetailed?: boolean },
): number {
  // Ctrl-C in a question.
  if (error instanceof Error && error.name === 'ExitPromptError') return EXIT.interrupted;
  const { message, hint, ...report } = reported(error);
  const code = isDetailed ? EXIT.failed : report.code;
  if (json) terminal.json({ type: 'error', message, ...(hint === undefined ? {} : { hint }), exitCode: code });
  const { red, dim } = terminal.noteColors;
  terminal.note(`${red('error:')} ${escapedLines(message)}`);
  if (hint !== undefined) terminal.note(dim(hint));
  if (debug && error instanceof Error) terminal.note(escapedLines(error.stack ?? ''));
  return code;
}

/** Like {@link reportOf}, also for files of the operator. */
function reported(error: unknown): ErrorReport {
  return error instanceof InputError ? { message: error.message, code: EXIT.wrongUse } : reportOf(error);
}

/** Escapes everything that moves the cursor, except line ends, which are ours. */
function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}
