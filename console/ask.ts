import { commandFor, typed } from './questions.ts';

/** How the console learns anything: it runs a command line with `--json`. */
export interface Command {
  /**
   * Runs a command line.
   *
   * @param args without `usher`, its global options and `--json`
   * @param input its standard input
   * @returns the lines that it prints, each without its end; they arrive as they are printed
   */
  run(args: readonly string[], input?: string): AsyncIterable<string>;
  /** What comes before `args` where one types it: `usher --local`. */
  prefix: readonly string[];
  /** Returns the time of what the command asks: the emulator has its own. */
  now(): Promise<Date>;
}

/** A question, the command that answers it, and what it says. */
export interface Answered {
  /** The question, as in a query. */
  ask: string;
  /** The command line, to be copied. */
  command: string;
  lines: AsyncIterable<string>;
}

/** Asks a question. Undefined if there is no such question. */
export function answerTo(ask: string, command: Command): Answered | undefined {
  const args = commandFor(ask);
  return args && { ask, command: typed([...command.prefix, ...args]), lines: command.run(args) };
}
