import type { Command } from './ask.ts';

export interface RunsOptions {
  command: Pick<Command, 'run'>;
  /** Waits for some seconds, or until the signal. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Called with a bug of a command. */
  onProblem(problem: string): void;
}

/** AWS allows 5 to 20 calls per second of an operation, for everyone in the account. */
const MOST_AT_ONCE = 4;
/** Longer than any question of a page takes. A command whose connection was lost while the machine slept may never end. */
const MOST_SECONDS = 300;
const TOO_LONG = JSON.stringify({
  type: 'error',
  message: `The command has not ended after ${MOST_SECONDS} seconds`,
  hint: 'Ask again. If it takes this long, run the command in a terminal: there, it may take as long as it needs',
  exitCode: 1,
});
const BUG = JSON.stringify({
  type: 'error',
  message: 'The command failed with a bug: the terminal of usher console says more',
  exitCode: 1,
});

/**
 * Runs questions, some at once, the others in their order. Each runs to its end, but not for ever, however slowly its lines
 * are read; one whose reader has left before it began does not begin.
 */
export class Runs {
  readonly #options: RunsOptions;
  readonly #waiting = new Set<() => void>();
  #running = 0;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Returns the lines that a command line prints. @param left aborted when no one reads them any more */
  async *run(args: readonly string[], left: AbortSignal, input?: string): AsyncGenerator<string> {
    if (!(await this.#place(left))) return;
    const printed = new Printed();
    this.#print(this.#options.command.run(args, input), printed);
    yield* printed.read(left);
  }

  /** Waits for a place. @returns whether there is one: none if the reader has left before */
  async #place(left: AbortSignal): Promise<boolean> {
    if (left.aborted) return false;
    if (this.#running < MOST_AT_ONCE) {
      this.#running += 1;
      return true;
    }
    return new Promise((resolve) => {
      const go = (hasPlace: boolean) => {
        this.#waiting.delete(begin);
        left.removeEventListener('abort', leave);
        resolve(hasPlace);
      };
      const begin = () => go(true);
      const leave = () => go(false);
      this.#waiting.add(begin);
      left.addEventListener('abort', leave);
    });
  }

  /** Takes the lines of a command, and gives its place to the next one when it has ended. */
  #print(lines: AsyncIterable<string>, printed: Printed): void {
    const { pause, onProblem } = this.#options;
    const ended = new AbortController();
    const end = (last?: string) => {
      if (ended.signal.aborted) return;
      if (last !== undefined) printed.add(last);
      printed.end();
      ended.abort();
      const [next] = this.#waiting;
      if (next) next();
      else this.#running -= 1;
    };
    pause(MOST_SECONDS, ended.signal).then(() => end(TOO_LONG), onProblem);
    const print = async () => {
      for await (const line of lines) printed.add(line);
    };
    print().then(
      () => end(),
      (error: unknown) => {
        onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
        end(BUG);
      },
    );
  }
}

/** What a command has printed, and its reader has not read yet. */
class Printed {
  #lines: string[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;

  add(line: string): void {
    if (this.#isEnded) return;
    this.#lines.push(line);
    this.#wake();
  }

  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  async *read(left: AbortSignal): AsyncGenerator<string> {
    const wake = () => this.#wake();
    left.addEventListener('abort', wake);
    try {
      for (;;) {
        const lines = this.#lines;
        this.#lines = [];
        yield* lines;
        if (left.aborted || (this.#isEnded && this.#lines.length === 0)) return;
        if (this.#lines.length > 0) continue;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    } finally {
      left.removeEventListener('abort', wake);
      // The command continues for no one.
      this.#isEnded = true;
      this.#lines = [];
    }
  }
}
