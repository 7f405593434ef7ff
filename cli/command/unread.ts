import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { CommandFailed, EXIT } from '../shared/failures.ts';
import type { Terminal } from '../ui/terminal.ts';
import { count, escaped } from '../ui/text.ts';
import { type ErrorReport, reportOf } from './error-report.ts';

/** Whether AWS refuses a read, or does not answer for now, so that a command can go on without it. */
export function isReadFailure(error: unknown): error is Error {
  const failed = error instanceof RefusedError || error instanceof TransientAwsError;
  return failed && reportOf(error).code !== EXIT.precondition;
}

/** What a command could not read. The command continues with everything that does not depend on it. */
export class Unread {
  readonly #terminal: Terminal;
  /** By message: what is read twice is reported once. */
  readonly #reports = new Map<string, ErrorReport>();

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /**
   * Reads something that AWS may refuse, or not answer for now.
   *
   * @returns undefined if it could not be read
   * @throws every error that is a bug, or that leaves nothing to read, such as missing credentials
   */
  async attempt<T>(read: () => Promise<T>): Promise<{ value: T } | undefined> {
    try {
      return { value: await read() };
    } catch (error) {
      if (!isReadFailure(error)) throw error;
      this.add(error);
      return undefined;
    }
  }

  /** Adds what the read of something else showed that it could not read. */
  add(error: Error): void {
    const report = reportOf(error);
    this.#reports.set(report.message, report);
  }

  /** Adds a user whose status could not be read. */
  addUser(userId: string): void {
    this.add(new RefusedError('unread-user', `The status could not be read (user ${userId})`));
  }

  /** Whether everything could be read so far. */
  get isEmpty(): boolean {
    return this.#reports.size === 0;
  }

  /** Prints on standard error what could not be read, and what to do; each hint once. */
  print(): void {
    const { yellow, dim } = this.#terminal.noteColors;
    const hints = new Set<string>();
    for (const { message, hint } of this.#reports.values()) {
      this.#terminal.note(`${yellow('not read:')} ${escaped(message)}`);
      if (hint !== undefined) hints.add(hint);
    }
    for (const hint of hints) this.#terminal.note(dim(hint));
  }

  /** Ends a command that has printed what it could read. @throws CommandFailed if something could not be read */
  finish(): void {
    this.print();
    const { size } = this.#reports;
    if (size > 0)
      throw new CommandFailed(
        `${count(size, 'read')} failed: what depends on ${size === 1 ? 'it' : 'them'} is left out`,
      );
  }
}
