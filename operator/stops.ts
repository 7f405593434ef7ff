import type { Stop } from '../domain/queue/stops.ts';
import { relative } from './text.ts';

/** Says since when AWS refuses new subscriptions, and when Usher tries again. */
export function stopInWords({ since, probeAt }: Pick<Stop, 'since' | 'probeAt'>, now: Date): string {
  return `AWS has refused new subscriptions to the account since ${relative(since, now)}; Usher tries one again ${relative(probeAt, now)}`;
}
