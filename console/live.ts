import type { Command, Question } from './ask.ts';
import { type Answer, Follower, type News } from './follower.ts';
import type { Runs } from './runs.ts';

interface LiveOptions {
  now: Command['now'];
  runs: Runs;
  /** Waits for some seconds, or until the signal. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Called with a bug. The pages then ask by themselves. */
  onProblem(problem: string): void;
  /** Between two rounds while an execution runs, and otherwise. */
  seconds: { running: number; idle: number };
}

/** Browsers open six connections to a host: two are left for whatever else the pages ask. */
const MOST_FOLLOWERS = 4;
/** How long a round waits for its slowest answer. The others are asked again then, and that one comes when it is there. */
const ROUND_SECONDS = 15;

/**
 * Asks what the pages follow, each question once per round, however many pages follow it; nothing while there is no page. A page
 * more than there are connections for takes the place of the one that has followed longest.
 */
export class Live {
  readonly #options: LiveOptions;
  /** The oldest first. */
  readonly #followers = new Set<Follower>();
  /** What was answered last, by question. */
  readonly #answers = new Map<string, Answer>();
  /** The questions that are being asked. */
  readonly #asked = new Map<string, Promise<void>>();
  /** The present pause between two rounds. */
  #pausing = new AbortController();
  #isRunning = false;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** Yields the answers to questions: each at once if another page has it, then whenever it changes, until the signal. */
  async *follow(questions: readonly Question[], ended: AbortSignal): AsyncGenerator<News> {
    const now = await this.#now();
    const follower = new Follower(questions);
    for (const oldest of this.#followers) if (this.#followers.size >= MOST_FOLLOWERS) this.#leave(oldest);
    this.#followers.add(follower);
    for (const { ask } of questions) {
      const answer = this.#answers.get(ask);
      if (answer) follower.tell(now, answer);
    }
    this.#start(questions.filter(({ ask }) => !this.#answers.has(ask)));
    try {
      yield* follower.news(ended);
    } finally {
      this.#leave(follower);
    }
  }

  #leave(follower: Follower): void {
    follower.leave();
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this.#pausing.abort();
  }

  /** Starts the rounds or, within them, asks what has no answer yet. */
  #start(unanswered: readonly Question[]): void {
    const asking = this.#isRunning ? Promise.all(unanswered.map((question) => this.#ask(question))) : this.#run();
    asking.catch((error: unknown) => {
      this.#options.onProblem(error instanceof Error ? (error.stack ?? error.message) : String(error));
      for (const follower of this.#followers) this.#leave(follower);
    });
  }

  /** The rounds, until no one follows. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    const { pause, seconds } = this.#options;
    try {
      while (this.#followers.size > 0) {
        const followed = this.#followed();
        for (const ask of this.#answers.keys()) if (!followed.has(ask)) this.#answers.delete(ask);
        const round = Promise.all([...followed.values()].map((question) => this.#ask(question)));
        const isOver = new AbortController();
        await Promise.race([round, pause(ROUND_SECONDS, isOver.signal)]);
        isOver.abort();
        const now = await this.#now();
        for (const follower of this.#followers) follower.tell(now);
        if (this.#followers.size === 0) break;
        this.#pausing = new AbortController();
        await pause(this.#isBusy() ? seconds.running : seconds.idle, this.#pausing.signal);
      }
    } finally {
      this.#isRunning = false;
      this.#answers.clear();
    }
  }

  #followed(): Map<string, Question> {
    return new Map([...this.#followers].flatMap(({ questions }) => questions.map((one) => [one.ask, one])));
  }

  async #now(): Promise<string> {
    return (await this.#options.now()).toISOString();
  }

  /** Asks a question, unless it is being asked. */
  #ask(question: Question): Promise<void> {
    const { ask } = question;
    const asked = this.#asked.get(ask) ?? this.#answer(question).finally(() => this.#asked.delete(ask));
    this.#asked.set(ask, asked);
    return asked;
  }

  async #answer({ ask, args, command }: Question): Promise<void> {
    // What was asked for one page may be of use to the next one.
    const lines = this.#options.runs.run(args, new AbortController().signal);
    const answer = { ask, command, lines: await Array.fromAsync(lines) };
    if (!this.#followed().has(ask)) return;
    const before = this.#answers.get(ask);
    const wasBusy = this.#isBusy();
    this.#answers.set(ask, answer);
    // The pause may be that of a time when nothing ran.
    if (this.#isBusy() && !wasBusy) this.#pausing.abort();
    if (before?.lines.join('\n') === answer.lines.join('\n')) return;
    const now = await this.#now();
    for (const follower of this.#followers) if (follower.follows(ask)) follower.tell(now, answer);
  }

  /** Whether an execution runs, by what was answered last. */
  #isBusy(): boolean {
    return [...this.#answers.values()].some(({ lines }) =>
      lines.some((line) => /"status":"RUNNING"|"running":[1-9]/.test(line)),
    );
  }
}
