import type { Line } from '../../../operator/lines/all.ts';

export type AccessLine = Extract<Line, { type: 'access' }>;
export type ChangeLine = Extract<Line, { type: 'audited-change' }>;

/** A time span. */
export interface Span {
  from: Date;
  to: Date;
}

/** From `at` on, there are `count`. */
export interface Level {
  at: number;
  count: number;
}

/**
 * Returns how many seats there were over a time: the number at its beginning, and from each change on.
 *
 * A seat whose beginning no record says counts from the beginning of the time; one whose end no record says, as long as one
 * says that it was there.
 */
export function seatsOver(access: readonly AccessLine[], { from, to }: Span): Level[] {
  const [first, last] = [from.getTime(), to.getTime()];
  const steps = new Map<number, number>([[first, 0]]);
  const add = (time: number, count: number) => {
    const at = Math.max(time, first);
    if (at <= last) steps.set(at, (steps.get(at) ?? 0) + count);
  };
  for (const { status, since, until, untilAfter } of access) {
    if (status !== 'seat') continue;
    const end = until ?? untilAfter;
    add(since === undefined ? first : Date.parse(since), 1);
    if (end !== undefined) add(Date.parse(end), -1);
  }
  let count = 0;
  return [...steps]
    .sort(([a], [b]) => a - b)
    .map(([at, step]) => {
      count += step;
      return { at, count };
    });
}

/** Keeps, of each of so many equal parts of a time, the lowest, the highest and the last number: no more can be seen. */
export function thinned(levels: readonly Level[], { from, to }: Span, parts: number): Level[] {
  if (levels.length <= parts) return [...levels];
  const size = (to.getTime() - from.getTime()) / parts || 1;
  return [...Map.groupBy(levels, ({ at }) => Math.floor((at - from.getTime()) / size)).values()].flatMap((group) => {
    const by = group.toSorted((a, b) => a.count - b.count);
    return [...new Set([by[0], by.at(-1), group.at(-1)])]
      .filter((level) => level !== undefined)
      .sort((a, b) => a.at - b.at);
  });
}

/** A seat that someone joined for: when it was there, how long it took, and what asked for it. */
export interface Join {
  at: number;
  seconds: number;
  source: 'event' | 'manual' | 'sweep';
}

/** Returns the joins among changes of an entitlement. */
export function joinsIn(changes: readonly ChangeLine[]): Join[] {
  return changes.flatMap(({ at, joinToSeatSeconds: seconds, source }) =>
    seconds === undefined || source === undefined ? [] : [{ at: Date.parse(at), seconds, source }],
  );
}

/** Returns the number that a part of all numbers does not exceed, as the report counts it; undefined without numbers. */
export function percentile(numbers: readonly number[], part: number): number | undefined {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)];
}

/** Returns round numbers from 0 to at least the highest, at most about five. */
export function ticksTo(highest: number): number[] {
  const rough = Math.max(highest, 1) / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((one) => one * power >= rough) ?? 10) * power);
  return Array.from({ length: Math.ceil(Math.max(highest, 1) / step) + 1 }, (_, index) => index * step);
}

const DURATIONS = [1, 10, 60, 600, 3600, 21_600, 86_400, 604_800, 2_592_000, 31_536_000];

/** Returns round durations, in seconds, the first of which is at most the lowest and the last at least the highest. */
export function durationTicks(lowest: number, highest: number): number[] {
  const first = DURATIONS.findLastIndex((one) => one <= lowest);
  const last = DURATIONS.findIndex((one) => one >= highest);
  return DURATIONS.slice(Math.max(0, first), last < 0 ? undefined : Math.max(last, first + 1, 1) + 1);
}
