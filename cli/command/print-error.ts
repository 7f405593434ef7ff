import { InvalidRequestError, RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { InputError } from '../../input/input-error.ts';
import { CommandFailed, EXIT, MissingPrecondition, UsageError } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { escaped } from '../ui/text.ts';

/** What a person is told of an error. */
interface ErrorReport {
  message: string;
  /** What to do about it. */
  hint?: string;
  code: number;
}

/** What AWS refuses, and what to do about it; other reasons speak for themselves. */
const REFUSALS: Readonly<Record<string, Pick<ErrorReport, 'hint' | 'code'>>> = {
  'access-denied': {
    code: EXIT.failed,
    hint: 'The help of each command lists the permissions that it needs; docs/operator.md has two policies.',
  },
  credentials: {
    code: EXIT.precondition,
    hint: 'Credentials are missing, expired or wrong. Try: aws sts get-caller-identity, or log in: aws sso login',
  },
  'ledger-missing': {
    code: EXIT.precondition,
    hint: 'There is no ledger of this stage in this account and Region. Is Usher deployed here? --stage, --region, --profile',
  },
  'not-deployed': {
    code: EXIT.precondition,
    hint: 'There is no state machine of this stage in this account and Region. Is Usher deployed here? --stage, --region, --profile',
  },
};

/** Says on standard error what went wrong. @returns the exit code */
export function printError(error: unknown, terminal: Terminal, { debug }: { debug: boolean }): number {
  // Ctrl-C while a question is asked.
  if (error instanceof Error && error.name === 'ExitPromptError') return EXIT.interrupted;
  const { message, hint, code } = told(error);
  const { red, dim } = terminal.noteColors;
  terminal.note(`${red('error:')} ${escapedLines(message)}`);
  if (hint !== undefined) terminal.note(dim(hint));
  if (debug && error instanceof Error) terminal.note(escapedLines(error.stack ?? ''));
  return code;
}

function told(error: unknown): ErrorReport {
  if (error instanceof UsageError || error instanceof InputError || error instanceof InvalidRequestError) {
    return { message: error.message, code: EXIT.wrongUse };
  }
  if (error instanceof MissingPrecondition) return { message: error.message, code: EXIT.precondition };
  if (error instanceof CommandFailed) return { message: error.message, code: EXIT.failed };
  if (error instanceof RefusedError) {
    return { message: error.message, code: EXIT.failed, ...REFUSALS[error.reason] };
  }
  if (error instanceof TransientAwsError) {
    // The adapters of the functions count on credentials that renew themselves; those of a person don't.
    if (/ExpiredToken/.test(error.message))
      return { message: error.message, code: EXIT.precondition, ...REFUSALS['credentials'] };
    return { message: error.message, code: EXIT.failed, hint: 'AWS failed for now: try again later.' };
  }
  const name = error instanceof Error ? error.name : 'Error';
  if (/Credentials|TokenProvider/.test(name))
    return { message: name, code: EXIT.precondition, ...REFUSALS['credentials'] };
  const message = error instanceof Error ? `${name}: ${error.message}` : 'not an error';
  return { message, code: EXIT.failed, hint: 'This is unexpected. --debug shows where it happened.' };
}

/** Line ends are ours; anything else that moves the cursor isn't. */
function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}
