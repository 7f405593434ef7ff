/**
 * The time of a sandbox: `Date` and `setTimeout` of the code that it loads. It stands still while the code runs. When the
 * code only waits for a timer, and for no answer to a request, the sandbox asks when to go on.
 */
export class SandboxTime {
  #now = 0;
  readonly #timers = new Map<object, { due: number; run(): void }>();
  /** Requests without a whole answer. */
  #requests = 0;
  #considering = false;
  /** Outside of invocations, it asks for nothing. */
  #asleep = true;
  readonly #sleepUntil: (moment: number) => void;

  /** @param sleepUntil called with the time of the next timer, in milliseconds, when nothing else is left to do */
  constructor(sleepUntil: (moment: number) => void) {
    this.#sleepUntil = sleepUntil;
  }

  /** Takes the place of the clock and the timers of this thread. */
  install(): void {
    const now = () => this.#now;
    const VirtualDate = new Proxy(Date, {
      construct: (target, parts) => (parts.length === 0 ? new target(this.#now) : Reflect.construct(target, parts)),
      get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
    });
    Object.assign(globalThis, {
      Date: VirtualDate,
      setTimeout: (run: (...parts: unknown[]) => void, milliseconds = 0, ...parts: unknown[]) => {
        const timer = new Timer();
        // Like Node, in whole milliseconds, and never at once.
        const delay = Math.max(1, Math.trunc(milliseconds));
        this.#timers.set(timer, { due: this.#now + delay, run: () => run(...parts) });
        this.#consider();
        return timer;
      },
      clearTimeout: (timer: object) => {
        this.#timers.delete(timer);
      },
    });
  }

  /** Begins an invocation. */
  begin(now: number): void {
    this.#now = now;
    this.#asleep = false;
  }

  /** Ends it. What it has left behind never happens. */
  end(): void {
    this.#timers.clear();
    this.#asleep = true;
  }

  /** Goes on after a sleep. */
  wake(now: number): void {
    this.#now = now;
    this.#asleep = false;
    this.#runDue();
  }

  /** @returns a function to be called once the answer is there, or never will be */
  request(): () => void {
    this.#requests += 1;
    return () => {
      this.#requests -= 1;
      this.#consider();
    };
  }

  #runDue(): void {
    const due = [...this.#timers].filter(([, timer]) => timer.due <= this.#now);
    for (const [timer, { run }] of due.sort(([, one], [, other]) => one.due - other.due)) {
      // One that ran before may have cleared it.
      if (this.#timers.delete(timer)) run();
    }
    this.#consider();
  }

  /** Sleeps once the code has done all that it can do now. */
  #consider(): void {
    if (this.#considering) return;
    this.#considering = true;
    // Callbacks of resolved promises, and what they begin, come before the second turn.
    setImmediate(() =>
      setImmediate(() => {
        this.#considering = false;
        if (this.#asleep || this.#requests > 0 || this.#timers.size === 0) return;
        this.#asleep = true;
        this.#sleepUntil(Math.min(...[...this.#timers.values()].map(({ due }) => due)));
      }),
    );
  }
}

/** What Node returns for a timer, as far as the SDK uses it. */
class Timer {
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
