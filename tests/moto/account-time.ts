import { type Activity, VirtualTime } from '../../emulator/engine/virtual-time.ts';

/** A piece of work that keeps time from passing: an execution, or what invokes a function. */
export class Work {
  readonly #time: VirtualTime;
  #activity: Activity;

  constructor(time: VirtualTime) {
    this.#time = time;
    this.#activity = time.begin();
  }

  /** Lets time pass until the moment, and calls back then. @returns a function that wakes it at once */
  sleepUntil(moment: Date, onWake: () => void): () => void {
    let asleep = true;
    const wake = () => {
      if (!asleep) return;
      asleep = false;
      cancel();
      this.#activity = this.#time.begin();
      onWake();
    };
    const cancel = this.#time.after(Math.max(0, moment.getTime() - this.#time.now().getTime()) / 1000, wake);
    this.#activity.end();
    return wake;
  }

  end(): void {
    this.#activity.end();
  }
}

/** What moto asks for. */
export type TimeRequest =
  | { do: 'begin' }
  | { do: 'end' | 'wake'; work: string }
  | { do: 'sleep'; work: string; seconds: number };

/**
 * The time of one account of moto, which passes only when none of its executions and functions runs. A wait of an hour
 * takes no real time, and a slow machine changes no result.
 */
export class AccountTime {
  readonly time: VirtualTime;
  readonly #works = new Map<string, Work>();
  /** Ends the sleep of a work. */
  readonly #wakes = new Map<string, () => void>();
  #count = 0;
  #lastProgress = performance.now();

  constructor(start: Date) {
    this.time = new VirtualTime(start);
  }

  /** Remembers that something has happened. */
  progress(): void {
    this.#lastProgress = performance.now();
  }

  /** Work that moto has begun. @throws Error if it has not, or has ended it */
  workOf(id: string): Work {
    const work = this.#works.get(id);
    if (!work) throw new Error(`No work ${id} has begun`);
    return work;
  }

  /** Answers moto. `now` is the time of the answer; a sleep of no seconds only asks for it. */
  async answer(request: TimeRequest): Promise<{ now: string; work: string }> {
    this.progress();
    const work = request.do === 'begin' ? this.#begin() : request.work;
    if (request.do === 'sleep' && request.seconds > 0) await this.#sleep(work, request.seconds);
    if (request.do === 'wake') this.#wakes.get(work)?.();
    if (request.do === 'end') {
      this.workOf(work).end();
      this.#works.delete(work);
    }
    return { now: this.time.now().toISOString(), work };
  }

  async #sleep(work: string, seconds: number): Promise<void> {
    const moment = new Date(this.time.now().getTime() + seconds * 1000);
    await new Promise<void>((resolve) => {
      this.#wakes.set(work, this.workOf(work).sleepUntil(moment, resolve));
    });
    this.#wakes.delete(work);
    this.progress();
  }

  #begin(): string {
    this.#count += 1;
    const id = String(this.#count);
    this.#works.set(id, new Work(this.time));
    return id;
  }

  /**
   * Lets time pass until nothing is left to do.
   *
   * @throws Error if for so many real seconds nothing happens, although something runs
   */
  async runUntilIdle(stalledAfterSeconds: number): Promise<void> {
    const { promise: stalled, reject } = Promise.withResolvers<never>();
    const watch = setInterval(() => {
      if (performance.now() - this.#lastProgress < stalledAfterSeconds * 1000) return;
      reject(new Error(`nothing has happened for ${stalledAfterSeconds} s, at ${this.time.now().toISOString()}`));
    }, 1000);
    this.progress();
    try {
      await Promise.race([this.time.runUntilIdle(), stalled]);
    } finally {
      clearInterval(watch);
    }
  }
}
