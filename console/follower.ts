import type { Question } from './ask.ts';

/** The present answer to a question that a page follows. */
export interface Answer {
  ask: string;
  command: string;
  /** Each as the command prints it. */
  lines: readonly string[];
}

/** What a page that follows questions gets: the time once per round, and each answer that has changed. */
export interface News {
  now: string;
  answer?: Answer;
  /** There are more pages than connections: this one hears no more by itself. */
  isLast?: true;
}

/** A page that follows questions. It reads as fast as it can: of each question, only the newest answer waits for it. */
export class Follower {
  readonly questions: readonly Question[];
  readonly #answers = new Map<string, Answer>();
  /** The time that the page has not heard yet. */
  #now: string | undefined;
  #hasLeft = false;
  #wake: () => void = () => undefined;

  constructor(questions: readonly Question[]) {
    this.questions = questions;
  }

  follows(ask: string): boolean {
    return this.questions.some((question) => question.ask === ask);
  }

  /** Says what time it is, and what is new. */
  tell(now: string, answer?: Answer): void {
    this.#now = now;
    if (answer) this.#answers.set(answer.ask, answer);
    this.#wake();
  }

  /** Ends what the page follows. */
  leave(): void {
    this.#hasLeft = true;
    this.#wake();
  }

  /** Yields what is new, until the signal or until it has to leave. */
  async *news(ended: AbortSignal): AsyncGenerator<News> {
    const wake = () => this.#wake();
    ended.addEventListener('abort', wake);
    let now = '';
    try {
      while (!ended.aborted) {
        now = this.#now ?? now;
        const [answer] = this.#answers.values();
        if (answer) {
          this.#answers.delete(answer.ask);
          this.#now = undefined;
          yield { now, answer };
        } else if (this.#hasLeft) {
          yield { now, isLast: true };
          return;
        } else if (this.#now !== undefined) {
          this.#now = undefined;
          yield { now };
        } else {
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      }
    } finally {
      ended.removeEventListener('abort', wake);
    }
  }
}
