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

/** A question, and the command that answers it. */
export interface Question {
  /** As in a query. */
  ask: string;
  args: readonly string[];
  /** The command line, to be copied. */
  command: string;
}

/** Returns a question of the page. Undefined if there is no such question. */
export function questionOf(ask: string, { prefix }: Pick<Command, 'prefix'>): Question | undefined {
  const args = commandFor(ask);
  return args && { ask, args, command: typed([...prefix, ...args]) };
}
