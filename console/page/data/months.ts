import type { LineOf } from './answers.ts';

type Month = LineOf<'month'>;

/** Returns the months up to that of a time, the newest first, as `2026-11`. */
export function monthsUpTo(now: Date, count: number): string[] {
  return Array.from({ length: count }, (_, back) =>
    new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - back, 1)).toISOString().slice(0, 7),
  );
}

const DAY_MILLISECONDS = 86_400_000;

/** Returns the seats of a month on average: its days of seats by its days, or by those of which there are records. */
export function averageOf({ month, since, until, seatDays }: Month): number {
  const start = Date.parse(since ?? `${month}-01T00:00:00Z`);
  const first = new Date(`${month}-01T00:00:00Z`);
  const end = until === undefined ? Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1) : Date.parse(until);
  const days = (end - start) / DAY_MILLISECONDS;
  return days > 0 ? seatDays / days : 0;
}

/** Says how a month differs from the one before: `+12 %`. Undefined if there is none to compare. */
export function trendOf(average: number, before: number | undefined): string | undefined {
  if (before === undefined || before === 0) return undefined;
  const percent = Math.round((average / before - 1) * 100);
  return `${percent > 0 ? '+' : ''}${percent} %`;
}
