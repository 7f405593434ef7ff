import { InvalidRequestError, RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { InputError } from '../../input/input-error.ts';
import { CommandFailed, EXIT, MissingPrecondition, UsageError } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { escaped } from '../ui/text.ts';

/** What the CLI prints of an error. */
interface ErrorReport {
  message: string;
  /** The fix, or the next command. */
  hint?: string;
  code: number;
}

/** Refusals that need a hint; the messages of the others say enough. */
const REFUSALS: Readonly<Record<string, Pick<ErrorReport, 'hint' | 'code'>>> = {
  'access-denied': {
    code: EXIT.failed,
    hint: 'The help of each command lists the permissions that it needs. docs/policies/ has a policy for reading and one for changes.',
  },
  credentials: {
    code: EXIT.precondition,
    hint: 'Credentials are missing, expired or wrong. Check them: aws sts get-caller-identity. Log in: aws sso login',
  },
  'ledger-missing': {
    code: EXIT.precondition,
    hint: 'This account and Region have no ledger of this stage. Is Usher deployed here? Check --stage, --region and --profile',
  },
  'not-deployed': {
    code: EXIT.precondition,
    hint: 'This account and Region have no state machine of this stage. Is Usher deployed here? Check --stage, --region and --profile',
  },
};

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

function reportOf(error: unknown): ErrorReport {
  if (error instanceof UsageError || error instanceof InputError || error instanceof InvalidRequestError) {
    return { message: error.message, code: EXIT.wrongUse };
  }
  if (error instanceof MissingPrecondition) return { message: error.message, code: EXIT.precondition };
  if (error instanceof CommandFailed) return { message: error.message, code: EXIT.failed };
  if (error instanceof RefusedError) {
    return { message: error.message, code: EXIT.failed, ...REFUSALS[error.reason] };
  }
  if (error instanceof TransientAwsError) {
    // Transient for the functions, whose credentials renew themselves; an operator's credentials don't.
    if (/ExpiredToken/.test(error.message))
      return { message: error.message, code: EXIT.precondition, ...REFUSALS['credentials'] };
    return { message: error.message, code: EXIT.failed, hint: 'AWS failed temporarily. Try again later.' };
  }
  const name = error instanceof Error ? error.name : 'Error';
  if (/Credentials|TokenProvider/.test(name))
    return { message: name, code: EXIT.precondition, ...REFUSALS['credentials'] };
  const message = error instanceof Error ? `${name}: ${error.message}` : 'not an error';
  return { message, code: EXIT.failed, hint: 'This is unexpected. Use --debug to see where it happened.' };
}

/** Escapes everything that moves the cursor, except line ends, which are ours. */
function escapedLines(text: string): string {
  return text.split('\n').map(escaped).join('\n');
}
