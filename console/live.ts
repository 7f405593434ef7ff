import { type Answered, answerTo, type Command } from './ask.ts';

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
}

interface LiveOptions {
  command: Command;
  /** Waits for some seconds, or until the signal. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Between two rounds while an execution runs, and otherwise. */
  seconds: { running: number; idle: number };
}

/** One that follows questions. */
interface Follower {
  asks: readonly string[];
  send(news: News): void;
}

/** Asks what the pages follow, each question once per round, however many pages follow it; nothing while there is no page. */
export class Live {
  readonly #options: LiveOptions;
  readonly #followers = new Set<Follower>();
  /** What was answered last, by question. */
  readonly #answers = new Map<string, Answer>();
  /** Ends the pause between two rounds, or the rounds if no one follows. */
  #hurry = new AbortController();
  #isRunning = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Yields the answers to questions: each at once if another page has it, then whenever it changes, until the signal. */
  async *follow(asks: readonly string[], ended: AbortSignal): AsyncGenerator<News> {
    const waiting: News[] = [];
    let wake: () => void = () => undefined;
    const follower: Follower = {
      asks,
      send(news) {
        waiting.push(news);
        wake();
      },
    };
    const now = await this.#now();
    for (const ask of asks) {
      const answer = this.#answers.get(ask);
      if (answer) waiting.push({ now, answer });
    }
    this.#followers.add(follower);
    this.#hurry.abort();
    this.#run().catch(() => undefined);
    const end = () => wake();
    ended.addEventListener('abort', end);
    try {
      while (!ended.aborted) {
        const next = waiting.shift();
        if (next) yield next;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    } finally {
      ended.removeEventListener('abort', end);
      this.#followers.delete(follower);
      if (this.#followers.size === 0) this.#hurry.abort();
    }
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#followers.size > 0) {
        this.#hurry = new AbortController();
        let isBusy = false;
        for (const ask of new Set([...this.#followers].flatMap(({ asks }) => asks))) {
          const answered = answerTo(ask, this.#options.command);
          if (answered) isBusy = (await this.#ask(answered)) || isBusy;
        }
        const now = await this.#now();
        for (const follower of this.#followers) follower.send({ now });
        const { running, idle } = this.#options.seconds;
        await this.#options.pause(isBusy ? running : idle, this.#hurry.signal);
      }
    } finally {
      this.#isRunning = false;
      this.#answers.clear();
    }
  }

  async #now(): Promise<string> {
    return (await this.#options.command.now()).toISOString();
  }

  /** @returns whether an execution runs, by this answer */
  async #ask({ ask, command, lines }: Answered): Promise<boolean> {
    const answer: Answer = { ask, command, lines: await Array.fromAsync(lines) };
    const before = this.#answers.get(ask);
    this.#answers.set(ask, answer);
    if (before?.lines.join('\n') !== answer.lines.join('\n')) {
      const now = await this.#now();
      for (const follower of this.#followers) if (follower.asks.includes(ask)) follower.send({ now, answer });
    }
    return answer.lines.some((line) => /"status":"RUNNING"|"running":[1-9]/.test(line));
  }
}
