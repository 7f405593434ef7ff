import type { Clock } from '../../domain/shared/clock.ts';
import { START } from './ids.ts';

/** A clock that stands still until a test moves it on, or until someone sleeps. */
export interface ManualClock extends Clock {
  advance(seconds: number): void;
}

export function aClock(start = START): ManualClock {
  let now = start.getTime();
  const advance = (seconds: number) => {
    now += seconds * 1000;
  };
  return { now: () => new Date(now), advance, sleep: async (seconds) => advance(seconds) };
}
