import type { Clock } from '../../domain/shared/clock.ts';

/** AWS allows 20 requests a second; that it forgives a burst of as many is an assumption. */
const PER_SECOND = 20;
const BURST = 20;
/** A request costs as much as a second's milliseconds, so that all amounts are whole numbers. */
const COST = 1000;

/**
 * A token bucket on virtual time: 20 requests a second, and 20 at once after a pause.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
 */
export class RateLimit {
  readonly #clock: Clock;
  #credit = BURST * COST;
  #countedAt: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAt = clock.now().getTime();
  }

  /** Lets one request through. @returns 0, or the seconds after which another try would pass; a refusal costs nothing */
  take(): number {
    const now = this.#clock.now().getTime();
    this.#credit = Math.min(BURST * COST, this.#credit + (now - this.#countedAt) * PER_SECOND);
    this.#countedAt = now;
    if (this.#credit < COST) return (COST - this.#credit) / PER_SECOND / 1000;
    this.#credit -= COST;
    return 0;
  }
}
