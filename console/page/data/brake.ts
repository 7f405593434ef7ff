import type { EntitlementLine } from './entitlement.ts';

export type Budget = NonNullable<EntitlementLine['budget']>;

/** The hours of the brake's window, the one that has begun last at the end. */
const HOURS = 24;
const HOUR = 3_600_000;

/** Returns how many revocations each of the last hours had, by the clock; the oldest first. */
export function hoursOf({ byHour }: Pick<Budget, 'byHour'>, now: Date): { since: Date; count: number }[] {
  const last = Math.floor(now.getTime() / HOUR) * HOUR;
  const counts = new Map(byHour.map(({ since, count }) => [Date.parse(since), count]));
  // The window begins within an hour: of 24 hours, 25 hours of the clock have a part.
  return Array.from({ length: HOURS + 1 }, (_, index) => {
    const since = last - (HOURS - index) * HOUR;
    return { since: new Date(since), count: counts.get(since) ?? 0 };
  });
}
