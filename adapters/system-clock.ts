import type { Clock } from '../domain/shared/clock.ts';

/** The real clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  sleep: (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000)),
};
