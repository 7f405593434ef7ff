/** Exit codes of all commands: done, failed, wrong use, a precondition is missing; ended by Ctrl-C, by a signal. */
export const EXIT = { done: 0, failed: 1, wrongUse: 2, precondition: 3, interrupted: 130, terminated: 143 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** The command line, or something that it names, is not as it must be: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'WrongUse';
}

/** Something that has to be there before isn't: credentials, a deployment, a file. Exit code 3. */
export class MissingPrecondition extends Error {
  override readonly name = 'MissingPrecondition';
}

/** The command did what it could, and it failed: exit code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}
