import type * as z from 'zod/mini';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import { NOTICE_KINDS, type NoticesSchema } from '../../domain/notices/schema.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import { APPLICATION, ENTITLEMENT, GROUP, INSTANCE_ARN, REGION, STORE_ID } from './example-ids.ts';

/** The parts of a configuration that differ from the example. */
export interface EntitlementsOptions {
  /** One per entitlement; fields that are left out have the values of the example. */
  entitlements?: readonly Partial<Entitlement>[];
  retired?: readonly string[];
  brake?: Entitlements['brake'];
  requestsPerSecond?: number;
  /** Settings of notices, of which each entitlement then has all kinds. Without it, users get none. */
  notices?: Partial<z.input<typeof NoticesSchema>> | undefined;
}

/** Settings with which the emulated account may send notices. */
const EXAMPLE_NOTICES = { from: 'usher@example.com', signIn: { startUrl: 'https://acme.awsapps.com/start' } };

/**
 * Returns a configuration of the example account: members of GROUP get APPLICATION.
 *
 * @throws Error if an option is not valid
 */
export function exampleEntitlements({ entitlements = [{}], notices, ...rest }: EntitlementsOptions = {}): Entitlements {
  const example = {
    name: ENTITLEMENT,
    application: APPLICATION,
    groups: [GROUP],
    seats: { max: 20_000 },
    ...(notices && { notices: { product: 'Kiro', send: NOTICE_KINDS } }),
  };
  const parsed = parseEntitlements({
    identityCenter: { region: REGION, instanceArn: INSTANCE_ARN, identityStoreId: STORE_ID },
    entitlements: entitlements.map((one) => ({ ...example, ...one })),
    ...(notices && { notices: { ...EXAMPLE_NOTICES, ...notices } }),
    ...rest,
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.entitlements;
}
