import { isDue, latest } from '../shared/time.ts';
import type { Moment } from './application-state.ts';

/** The next check of a work item, at an ISO time. */
export interface Recheck {
  key: string;
  at: string;
}

/** One time per work item, the latest; a time that has come is none. */
export function latestOf(rechecks: readonly Recheck[], { readAt }: Pick<Moment, 'readAt'>): Map<string, string> {
  const times = new Map<string, string>();
  for (const { key, at } of rechecks) if (!isDue(at, readAt)) times.set(key, latest(times.get(key) ?? at, at));
  return times;
}
