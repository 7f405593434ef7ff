import * as z from 'zod/mini';

/** `<UUID>` or, for identities from Active Directory and older stores, `<10 hex>-<UUID>`. */
const RESOURCE_ID = '(?:[0-9a-f]{10}-)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';
const BARE_ID = new RegExp(`^${RESOURCE_ID}$`, 'i');
const RESOURCE_ARN = new RegExp(`^arn:aws[a-z-]*:identitystore:::(user|group|membership)/(${RESOURCE_ID})$`, 'i');

const RESOURCE_KINDS = ['user', 'group', 'membership'] as const;
/** What an identity store ARN names. */
export type ResourceKind = (typeof RESOURCE_KINDS)[number];

/**
 * An id as the identity store's API takes it: in lower case, an ARN cut down to its tail.
 *
 * @returns undefined when the value is not an id, or is the ARN of another kind of resource
 * @see https://docs.aws.amazon.com/singlesignon/latest/IdentityStoreAPIReference/API_User.html
 */
export function normalizeId(value: unknown, kind: ResourceKind): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (BARE_ID.test(value)) return value.toLowerCase();
  const [, found, id] = RESOURCE_ARN.exec(value) ?? [];
  return found?.toLowerCase() === kind ? id?.toLowerCase() : undefined;
}

/** Kind and id of an identity store ARN; undefined for anything else. */
export function parseResourceArn(value: unknown): { kind: ResourceKind; id: string } | undefined {
  if (typeof value !== 'string') return undefined;
  const [, kind, id] = RESOURCE_ARN.exec(value) ?? [];
  const known = RESOURCE_KINDS.find((one) => one === kind?.toLowerCase());
  return known && id ? { kind: known, id: id.toLowerCase() } : undefined;
}

/** A user's or group's id in the form that {@link normalizeId} gives. */
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

/** A SHA-256 in hex: names exactly what a hold covered at one time. */
export const DigestSchema = z.string().check(z.regex(/^[0-9a-f]{64}$/, 'expected the digest of a hold: 64 hex digits'));

/** Control, format, private-use and unpaired code points, and the separators that end a line. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Whether a text from outside can stand in a log or a state. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text);
}

/** The account in an ARN. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
