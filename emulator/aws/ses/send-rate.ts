/**
 * A quota per second: as many at once as in one second, and no burst beyond. AWS allows short bursts, and does not say which.
 */
export class SendRate {
  /** When everything that was taken has its time, in milliseconds since the epoch. */
  #until = 0;

  /** Whether this amount passes now. What does not pass costs nothing. */
  take(now: Date, { perSecond, amount }: { perSecond: number; amount: number }): boolean {
    const interval = 1000 / perSecond;
    const atOnce = Math.max(0, perSecond - 1) * interval;
    const from = Math.max(now.getTime(), this.#until);
    // Half a microsecond, as sums of intervals are not exact.
    if (from - now.getTime() > atOnce + 0.0005) return false;
    this.#until = from + amount * interval;
    return true;
  }
}
