import type { Clock } from '../../domain/shared/clock.ts';

/** AWS allows 20 requests per second. That it allows a burst of the same size is an assumption. */
const PER_SECOND = 20;
const BURST = 20;
/** Cost of one request. It equals the milliseconds of a second, so that all amounts are whole numbers. */
const COST = 1000;

/** Requests per second of other callers: to SSOAdmin, and by each operation of IdentityStore. */
export interface OtherCallers {
  ssoAdmin: number;
  identityStore: number;
}

/**
 * A token bucket in virtual time: 20 requests per second, and 20 at once after a pause. Other callers have their part of it.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/limits.html
 */
export class RateLimit {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #credit = BURST * COST;
  #countedAt: number;

  /** @param othersPerSecond requests of other callers: a steady stream that AWS never refuses */
  constructor(clock: Clock, othersPerSecond = 0) {
    this.#clock = clock;
    this.#perSecond = PER_SECOND - othersPerSecond;
    this.#countedAt = clock.now().getTime();
  }

  /** Admits or refuses one request. @returns 0 if admitted, else the seconds until a retry passes. A refusal costs nothing. */
  take(): number {
    const now = this.#clock.now().getTime();
    this.#credit = Math.min(BURST * COST, this.#credit + (now - this.#countedAt) * this.#perSecond);
    this.#countedAt = now;
    if (this.#credit < COST) return (COST - this.#credit) / this.#perSecond / 1000;
    this.#credit -= COST;
    return 0;
  }
}
