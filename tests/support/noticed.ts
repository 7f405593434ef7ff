import type { Entitlements } from '../../domain/entitlements.ts';
import { type EntitlementsOptions, exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';

/** Returns a configuration whose users get all notices. */
export function noticed(settings: NonNullable<EntitlementsOptions['notices']> = {}): Entitlements {
  return exampleEntitlements({ notices: settings });
}
