/** Returns the ISO time this number of seconds after another time. */
export function plusSeconds(time: Date | string, seconds: number): string {
  return new Date(new Date(time).getTime() + seconds * 1000).toISOString();
}

/** Returns the seconds from one time to another; negative if the second time is earlier. */
export function secondsBetween(from: Date | string, to: Date | string): number {
  return (new Date(to).getTime() - new Date(from).getTime()) / 1000;
}

/** Whether a time has come; a missing time never comes. */
export function isDue(time: string | undefined, now: Date): boolean {
  return time !== undefined && Date.parse(time) <= now.getTime();
}

/** Returns the later of two times, either of which may be missing. */
export function latest<T extends string | undefined>(a: T, b: T): T {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Date.parse(a) >= Date.parse(b) ? a : b;
}

/** Returns the earlier of two times, either of which may be missing. */
export function earliest<T extends string | undefined>(a: T, b: T): T {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return Date.parse(a) <= Date.parse(b) ? a : b;
}

/** Returns the whole seconds until a time, at least 0, rounded up: a wait must never end too early. */
export function secondsUntil(time: string, now: Date): number {
  return Math.max(0, Math.ceil(secondsBetween(now, time)));
}
