import { plusSeconds, secondsBetween } from './time.ts';

/** A day in UTC: `2026-11-25`. Days compare like texts. */
export type Day = string;

const SECONDS = 86_400;

/** Returns the day of a time. */
export function dayOf(time: Date | string): Day {
  return new Date(time).toISOString().slice(0, 10);
}

/** Returns the day this number of days after another one. */
export function plusDays(day: Day, days: number): Day {
  return dayOf(plusSeconds(day, days * SECONDS));
}

/** Returns the days from one day to another; negative if the second is earlier. */
export function daysBetween(from: Day, to: Day): number {
  return secondsBetween(from, to) / SECONDS;
}

/** Returns all days from one to another, both included; none if the second is earlier. */
export function daysFrom(from: Day, to: Day): Day[] {
  return Array.from({ length: Math.max(0, daysBetween(from, to) + 1) }, (_, index) => plusDays(from, index));
}

/** Whether a text of the form `2026-11-25` names a day of the calendar. */
export function isDay(text: string): text is Day {
  const time = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // JavaScript takes 30 February for 2 March.
  return !Number.isNaN(time) && dayOf(new Date(time)) === text;
}

/** Joins days that follow one another. */
export function rangesOf(days: Iterable<Day>): { from: Day; to: Day }[] {
  const ranges: { from: Day; to: Day }[] = [];
  for (const day of [...new Set(days)].sort()) {
    const last = ranges.at(-1);
    if (last && plusDays(last.to, 1) === day) last.to = day;
    else ranges.push({ from: day, to: day });
  }
  return ranges;
}
