import { EXIT } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { escaped } from '../ui/text.ts';
import { reportOf } from './error-report.ts';

/** Prints an error on standard error. @returns the exit code */
export function printError(error: unknown, terminal: Terminal, { debug }: { debug: boolean }): number {
  // Ctrl-C in a question.
  if (error instanceof Error && error.name === 'ExitPromptError') return EXIT.interrupted;
  const { message, hint, code } = reportOf(error);
  const { red, dim } = terminal.noteColors;
  terminal.note(`${red('error:')} ${escapedLines(message)}`);
  if (hint !== undefined) terminal.note(dim(hint));
  if (debug && error instanceof Error) terminal.note(escapedLines(error.stack ?? ''));
  return code;
}

/** Escapes everything that moves the cursor, except line ends, which are ours. */
function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}
