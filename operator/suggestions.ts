import { UsageError } from './failures.ts';
import { nearest } from './nearest.ts';
import { escaped } from './text.ts';

/** More are no help. */
const MOST_LISTED = 8;

/**
 * Returns what ends an error about a name that does not exist: the nearest ones; without any, all that there are, if they are
 * few.
 */
export function suggestion(wanted: string, names: readonly string[]): string {
  const near = nearest(wanted, names).map(escaped);
  if (near.length > 0) return `. Did you mean ${near.join(' or ')}?`;
  return names.length > 0 && names.length <= MOST_LISTED ? `. Existing: ${names.map(escaped).join(', ')}` : '';
}

/** Returns the error that no entitlement has a name. */
export function unknownEntitlement(wanted: string, entitlements: readonly { name: string }[]): UsageError {
  const names = entitlements.map(({ name }) => name);
  return new UsageError(`No entitlement has the name ${escaped(wanted)}${suggestion(wanted, names)}`);
}

/** @throws UsageError if no entitlement has a name */
export function requireEntitlement(wanted: string, entitlements: readonly { name: string }[]): void {
  if (!entitlements.some(({ name }) => name === wanted)) throw unknownEntitlement(wanted, entitlements);
}
