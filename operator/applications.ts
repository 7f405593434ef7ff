import type { Entitlements } from '../domain/entitlements.ts';
import type { WorkQueue } from '../domain/queue/work-queue.ts';
import type { Readers } from '../reconcile/plan/readers.ts';
import type { Attempts } from './unread.ts';

/**
 * Reads the applications of which Usher may know something: configured, retired, or swept before they were removed from the
 * configuration. Without those if AWS refuses to show the work queue.
 */
export async function knownApplications(
  { ledger, entitlements }: Pick<Readers, 'ledger' | 'entitlements'>,
  unread: Attempts,
): Promise<Set<string>> {
  const queue = await unread.attempt(() => ledger.queue());
  return applicationsIn(entitlements, queue?.value);
}

/** Returns what {@link knownApplications} reads, from a work queue that was read. */
export function applicationsIn(
  { entitlements, retired }: Entitlements,
  queue: Pick<WorkQueue, 'sweptAt'> | undefined,
): Set<string> {
  const swept = Object.keys(queue?.sweptAt ?? {});
  return new Set([...entitlements.map(({ application }) => application), ...retired, ...swept]);
}
