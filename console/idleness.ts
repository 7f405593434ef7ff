interface IdlenessOptions {
  seconds: number;
  /** Waits for some seconds, or until the signal. */
  pause(seconds: number, signal: AbortSignal): Promise<void>;
  /** Called once no page has been there for so long. */
  onIdle(): void;
}

/** Notices that no page has been there for a while. */
export class Idleness {
  readonly #options: IdlenessOptions;
  /** Requests that are being answered: streams, too. */
  #open = 0;
  #waiting = new AbortController();

  constructor(options: IdlenessOptions) {
    this.#options = options;
    this.#wait();
  }

  /** Counts a request of a page, until the signal. */
  count(ended: AbortSignal): void {
    this.#waiting.abort();
    this.#open += 1;
    ended.addEventListener('abort', () => {
      this.#open -= 1;
      if (this.#open === 0) this.#wait();
    });
  }

  /** Notices nothing from now on. */
  stop(): void {
    this.#waiting.abort();
    this.#open = Number.POSITIVE_INFINITY;
  }

  #wait(): void {
    const { seconds, pause, onIdle } = this.#options;
    const waiting = new AbortController();
    this.#waiting = waiting;
    pause(seconds, waiting.signal).then(
      () => {
        if (!waiting.signal.aborted) onIdle();
      },
      () => undefined,
    );
  }
}
