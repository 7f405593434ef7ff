import { setTimeout as realSleep } from 'node:timers/promises';
import { createClock } from '@sinonjs/fake-timers';
import type { Clock } from '../../domain/shared/clock.ts';

/** Some 25 days. A longer timer of JavaScript ends at once; events may be months apart. */
const LONGEST_TIMER_MILLISECONDS = 2 ** 31 - 1;

/** How far time that follows real time may be behind it. */
const FOLLOW_MILLISECONDS = 20;

/** Something under way that may itself be waiting for virtual time. */
export interface Activity {
  /** Waits in virtual time; never returns once the activity has ended, as in a Lambda that was killed. */
  sleep(seconds: number): Promise<void>;
  end(): void;
}

/**
 * Time that passes only when nothing else is left to do: a day of waiting takes no time, and the order of things is the
 * same in every run.
 *
 * Timers are given to those who must live in it; the realm's own timers, on which sockets depend, stay real.
 */
export class VirtualTime implements Clock {
  readonly #clock;
  #busy = 0;
  #idle: (() => void) | undefined;
  #failure: { error: unknown } | undefined;

  constructor(start: Date) {
    this.#clock = createClock(start, Number.POSITIVE_INFINITY);
  }

  /** What a realm that lives in virtual time takes for its own. */
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

  /** Runs something after so many seconds. @returns cancels it */
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

  /** Moves time on at once, for callers that do not wait. What falls due meanwhile begins in order. */
  advance(seconds: number): void {
    this.#clock.tick(seconds * 1000);
  }

  /** Begins something during which time stands still, except while it sleeps. */
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

  /** Time stands still while this runs. Its failure is thrown by the {@link settle} that it happens in. */
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

  /** Lets time pass, timer by timer, until none is left. */
  async settle(): Promise<void> {
    for (;;) {
      await this.#calm();
      if (this.#clock.countTimers() === 0) return;
      this.#clock.next();
    }
  }

  /**
   * Lets time pass as real time does, so many times as fast, until the signal. While something is under way it stands
   * still; it catches up afterwards.
   *
   * @param onCalm called every now and then when nothing is under way
   */
  async follow(speed: number, signal: AbortSignal, onCalm: () => Promise<void>): Promise<void> {
    const [start, realStart] = [this.#clock.now, performance.now()];
    while (!signal.aborted) {
      let reached = false;
      const target = start + (performance.now() - realStart) * speed;
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

  /** Resolves when nothing is under way. @throws the failure of something that was */
  async #calm(): Promise<void> {
    await this.#quiet();
    if (!this.#failure) return;
    const { error } = this.#failure;
    this.#failure = undefined;
    throw error;
  }

  /** Resolves when nothing is under way; what follows from promises that have resolved is done by then. */
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
