/** Exit codes of all commands: done, failed, wrong use, a precondition is missing, Ctrl-C, SIGTERM. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2, precondition: 3, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What each exit code means, unless a command has meanings of its own. */
export const EXIT_MEANINGS: Readonly<Record<ExitCode, string>> = {
  [EXIT.done]: 'done',
  [EXIT.failed]: 'the command failed, or could not read everything: standard error says what',
  [EXIT.wrongUse]: 'wrong use: the command line, or what it names',
  [EXIT.precondition]: 'a precondition is missing: credentials, deployment, emulator',
  [EXIT.interrupted]: 'interrupted (Ctrl-C)',
  [EXIT.terminated]: 'terminated (SIGTERM)',
};

/** The command line is invalid, or something that it names: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A precondition is missing: credentials, a deployment, a file. Exit code 3. */
export class MissingPrecondition extends Error {
  override readonly name = 'MissingPrecondition';
}

/** The command ran and failed: exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

/** The command has printed its result, and has an exit code for it. */
export class EndsWith extends Error {
  override readonly name = 'EndsWith';
  readonly code: number;

  constructor(code: number) {
    super(`exit code ${code}`);
    this.code = code;
  }
}
