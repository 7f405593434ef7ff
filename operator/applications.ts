import type { Readers } from '../reconcile/plan/readers.ts';
import type { Attempts } from './unread.ts';

/**
 * Reads the applications of which Usher may know something: configured, retired, or swept before they were removed from the
 * configuration. Without those if AWS refuses to show the work queue.
 */
export async function knownApplications(
  { ledger, entitlements: { entitlements, retired } }: Pick<Readers, 'ledger' | 'entitlements'>,
  unread: Attempts,
): Promise<Set<string>> {
  const swept = (await unread.attempt(() => ledger.queue()))?.value.sweptAt ?? {};
  return new Set([...entitlements.map(({ application }) => application), ...retired, ...Object.keys(swept)]);
}
