import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { type ErrorReport, reportOf } from './error-report.ts';
import { EXIT } from './failures.ts';

/** Whether AWS refuses a read, or does not answer for now, so that a question can be answered without it. */
export function isReadFailure(error: unknown): error is Error {
  const failed = error instanceof RefusedError || error instanceof TransientAwsError;
  return failed && reportOf(error).code !== EXIT.precondition;
}

/** How a question reads what AWS may refuse. */
export type Attempts = Pick<Unread, 'attempt'>;

/** Reads that have no answer without all of them: a refusal is thrown. */
export const ALL_OR_NOTHING: Attempts = { attempt: async (read) => ({ value: await read() }) };

/** What could not be read. The answer has everything that does not depend on it. */
export class Unread {
  /** By message: what is read twice is reported once. */
  readonly #reports = new Map<string, ErrorReport>();
  readonly #reported = new Set<string>();

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

  /** The number of reads that failed so far. */
  get size(): number {
    return this.#reports.size;
  }

  /** Whether everything could be read so far. */
  get isEmpty(): boolean {
    return this.size === 0;
  }

  /** Returns what has not been reported yet, and counts it as reported. */
  report(): ErrorReport[] {
    const unreported = [...this.#reports].filter(([message]) => !this.#reported.has(message));
    for (const [message] of unreported) this.#reported.add(message);
    return unreported.map(([, report]) => report);
  }
}
