import { setTimeout as realSleep } from 'node:timers/promises';
import { createClock } from '@sinonjs/fake-timers';
import type { Clock } from '../../domain/shared/clock.ts';
import type { Pace } from './pace.ts';

/** About 25 days. JavaScript fires a longer timer at once, but events may be months apart. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** How often virtual time catches up with real time. */
const FOLLOW_MILLISECONDS = 20;

/** Work during which virtual time stands still, except while the work itself sleeps. */
export interface Activity {
  /** Waits in virtual time. Never returns once the activity has ended, as in a Lambda function that was killed. */
  sleep(seconds: number): Promise<void>;
  end(): void;
}

/**
 * Time that passes only when no work is left: a day of waiting takes no real time, and events have the same order in every
 * run.
 *
 * Code that must run in virtual time gets {@link VirtualTime.timers}. The process's own timers, on which sockets depend,
 * stay real.
 */
export class VirtualTime implements Clock {
  readonly #clock;
  #busy = 0;
  #idle: (() => void) | undefined;
  #failure: { error: unknown } | undefined;

  constructor(start: Date) {
    this.#clock = createClock(start, Number.POSITIVE_INFINITY);
  }

  /** Timers and `Date` for code that runs in virtual time. */
  get timers() {
    const { setTimeout, clearTimeout, Date: VirtualDate } = this.#clock;
    return { setTimeout, clearTimeout, Date: VirtualDate };
  }

  now(): Date {
    return new Date(this.#clock.now);
  }

  sleep(seconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(seconds, resolve);
    });
  }

  /** Runs an action after this many seconds. @returns a function that cancels it */
  after(seconds: number, action: () => void): () => void {
    const begin = (milliseconds: number) => {
      const part = Math.min(milliseconds, LONGEST_TIMER_MILLISECONDS);
      return this.#clock.setTimeout(() => {
        if (milliseconds === part) action();
        else timer = begin(milliseconds - part);
      }, part);
    };
    let timer = begin(seconds * 1000);
    return () => this.#clock.clearTimeout(timer);
  }

  /** Moves time on at once, for callers that do not wait. Actions that fall due meanwhile begin in order. */
  advance(seconds: number): void {
    this.#clock.tick(seconds * 1000);
  }

  /** Begins work during which time stands still, except while it sleeps. */
  begin(): Activity {
    let ended = false;
    let sleepers = 0;
    this.#busy += 1;
    return {
      sleep: async (seconds) => {
        if (!ended && sleepers === 0) this.#leave();
        sleepers += 1;
        await this.sleep(seconds);
        sleepers -= 1;
        if (ended) await new Promise(() => undefined);
        if (sleepers === 0) this.#busy += 1;
      },
      end: () => {
        if (!ended && sleepers === 0) this.#leave();
        ended = true;
      },
    };
  }

  /** Stops time while this work runs. The {@link runUntilIdle} or {@link follow} that runs meanwhile throws its error. */
  during(work: () => void | Promise<void>): void {
    const { end } = this.begin();
    Promise.resolve()
      .then(work)
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(end);
  }

  #leave(): void {
    this.#busy -= 1;
    if (this.#busy === 0) this.#idle?.();
  }

  /** Lets time pass, timer by timer, until no timer is left. */
  async runUntilIdle(): Promise<void> {
    for (;;) {
      await this.#calm();
      if (this.#clock.countTimers() === 0) return;
      this.#clock.next();
    }
  }

  /**
   * Lets time pass like real time, at a pace, until the signal. Time stands still while work runs, and catches up
   * afterwards.
   *
   * @param onCalm called repeatedly, when no work runs
   */
  async follow(pace: Pace, signal: AbortSignal, onCalm: () => Promise<void>): Promise<void> {
    let target = this.#clock.now;
    let before = performance.now();
    while (!signal.aborted) {
      let reached = false;
      const now = performance.now();
      target += pace.take(now - before);
      before = now;
      this.#clock.setTimeout(
        () => {
          reached = true;
        },
        Math.max(0, target - this.#clock.now),
      );
      while (!(reached || signal.aborted)) {
        await this.#calm();
        this.#clock.next();
      }
      await this.#calm();
      await onCalm();
      await realSleep(FOLLOW_MILLISECONDS);
    }
  }

  /** Resolves when no work runs. @throws the error of work that failed */
  async #calm(): Promise<void> {
    await this.#quiet();
    if (!this.#failure) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  /** Resolves when no work runs and all callbacks of resolved promises have run. */
  async #quiet(): Promise<void> {
    await turn();
    while (this.#busy > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
      this.#idle = undefined;
      await turn();
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
