import * as z from 'zod/mini';

/** `<UUID>` or, for identities from Active Directory and older stores, `<10 hex>-<UUID>`. */
const RESOURCE_ID = '(?:[0-9a-f]{10}-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const BARE_ID = new RegExp(`^${RESOURCE_ID}$`, 'i');
const RESOURCE_ARN = new RegExp(`^arn:aws[a-z-]*:identitystore:::(user|group|membership)/(${RESOURCE_ID})$`, 'i');

const RESOURCE_KINDS = ['user', 'group', 'membership'] as const;
/** The kinds of resources that an identity store ARN may name. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/**
 * Normalizes an id or an ARN to the id that the identity store's API takes, in lower case.
 *
 * @returns undefined if the value is not an id, or is the ARN of another kind of resource
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html
 */
export function normalizeId(value: unknown, kind: ResourceKind): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (BARE_ID.test(value)) return value.toLowerCase();
  const [, found, id] = RESOURCE_ARN.exec(value) ?? [];
  return found?.toLowerCase() === kind ? id?.toLowerCase() : undefined;
}

/** Some answers and files of AWS put the identity store in front of an id: `d-1234567890.<UUID>`. Its id may be a UUID. */
const STORE = /^(?:d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\./i;

/** Returns an id without the identity store in front of it. */
export function withoutStore(id: string): string {
  return id.replace(STORE, '');
}

/** Parses an identity store ARN into kind and id; returns undefined for anything else. */
export function parseResourceArn(value: unknown): { kind: ResourceKind; id: string } | undefined {
  if (typeof value !== 'string') return undefined;
  const [, kind, id] = RESOURCE_ARN.exec(value) ?? [];
  const known = RESOURCE_KINDS.find((one) => one === kind?.toLowerCase());
  return known && id ? { kind: known, id: id.toLowerCase() } : undefined;
}

/** Id of a user or group in the form that {@link normalizeId} returns. */
export const ResourceId = z
  .string()
  .check(z.regex(new RegExp(`^${RESOURCE_ID}$`), 'expected a UUID or <10 hex>-<UUID>'));

/** `arn:aws:sso::<12 digits>:application/<instance>/apl-<16 hex>` */
export const ApplicationArn = z
  .string()
  .check(
    z.regex(
      /^arn:aws[a-z-]*:sso::\d{12}:application\/(?:sso)?ins-[0-9a-zA-Z-]{16}\/apl-[0-9a-zA-Z]{16}$/,
      'expected the ARN of an Identity Center application',
    ),
  );

export const Region = z.string().check(z.regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, 'expected a Region such as us-east-1'));

/** A SHA-256 in hex that identifies exactly what a hold covered at one time. */
export const DigestSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'expected the digest of a hold: 64 hex digits'));

/** Control, format, private-use and unpaired code points, and the line and paragraph separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Whether a text from outside may appear in a log or a state. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** Returns the account id of an ARN. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
