/** An ISO time so many seconds after another. */
export function plusSeconds(time: Date | string, seconds: number): string {
  return new Date(new Date(time).getTime() + seconds * 1000).toISOString();
}

/** Seconds from one time to another; negative when it is the other way round. */
export function secondsBetween(from: Date | string, to: Date | string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** Whether a time has come; one that isn't set never comes. */
export function isDue(time: string | undefined, now: Date): boolean {
  return time !== undefined && Date.parse(time) <= now.getTime();
}

/** The later of two times, either of which may be missing. */
export function latest<T extends string | undefined>(a: T, b: T): T {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Date.parse(a) >= Date.parse(b) ? a : b;
}

/** Whole seconds until a time, at least 0, rounded up: a wait must never end too early. */
export function secondsUntil(time: string, now: Date): number {
  return Math.max(0, Math.ceil(secondsBetween(now, time)));
}
