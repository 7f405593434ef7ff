import { managedOf } from '../domain/entitlements.ts';
import { type Stop, stopsOf } from '../domain/queue/stops.ts';
import type { Asker } from './asker.ts';
import { relative } from './text.ts';
import type { Unread } from './unread.ts';

/** Reads to which entitlements AWS refuses new subscriptions; undefined if none manages any, or the ledger could not be read. */
export async function readStops(asker: Asker, unread: Unread): Promise<readonly Stop[] | undefined> {
  const { entitlements } = await asker.entitlements();
  if (!entitlements.some(managedOf)) return undefined;
  const ledger = await (await asker.services()).ledger();
  const queue = await unread.attempt(() => ledger.queue());
  return queue && stopsOf(queue.value, entitlements);
}

/** Says since when AWS refuses new subscriptions, and when Usher tries again. */
export function stopInWords({ since, probeAt }: Pick<Stop, 'since' | 'probeAt'>, now: Date): string {
  return `AWS has refused new subscriptions to the account since ${relative(since, now)}; Usher tries one again ${relative(probeAt, now)}`;
}
