import type { Clock } from '../domain/shared/clock.ts';

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
};
