/** The command line, or something that it names, is not as it must be: exit code 2. */
export class WrongUse extends Error {
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
