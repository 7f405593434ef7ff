import { createHash } from 'node:crypto';
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

/** Id of an identity store. */
const STORE_ID = 'd-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';

/** Some answers and files of AWS put the identity store in front of an id: `d-1234567890.<UUID>`. Its id may be a UUID. */
const STORE = new RegExp(`^(?:${STORE_ID})\\.`, 'i');

/** Returns an id without the identity store in front of it. */
export function withoutStore(id: string): string {
  return id.replace(STORE, '');
}

/** An identity store or its ARN, with the id of something in it, or without. */
const IN_STORE = new RegExp(
  `^(?:arn:aws[a-z-]*:identitystore::\\d{12}:identitystore/)?(${STORE_ID})(?:(?:\\.|/(user|group)/)(${RESOURCE_ID}))?$`,
  'i',
);

/** Why a text that names something in an identity store does not name the user or group that is asked for. */
export type Misnamed = `a-${ResourceKind}` | 'a-store' | 'another-store';

/**
 * Reads how AWS and its applications print a user or a group: the id, its ARN, or the identity store with the id.
 *
 * @param identityStoreId the store in which it must be, in lower case
 * @returns undefined if the value is none of these, such as a name
 */
export function idNamedBy(
  value: unknown,
  kind: 'user' | 'group',
  identityStoreId: string,
): { id: string; problem?: undefined } | { id?: undefined; problem: Misnamed } | undefined {
  const id = normalizeId(value, kind);
  if (id !== undefined) return { id };
  if (typeof value !== 'string') return undefined;
  const other = parseResourceArn(value);
  if (other) return { problem: `a-${other.kind}` };
  const [, store, found = kind, inner] = IN_STORE.exec(value) ?? [];
  if (store === undefined) return undefined;
  if (inner === undefined) return { problem: 'a-store' };
  if (found.toLowerCase() !== kind) return { problem: kind === 'user' ? 'a-group' : 'a-user' };
  return store.toLowerCase() === identityStoreId ? { id: inner.toLowerCase() } : { problem: 'another-store' };
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

/** The id that CloudTrail (`eventID`) and EventBridge (`id`) give to an event. */
const EVENT_ID = '[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}';
/** An execution gets a UUID, or two with `_` between them, as its name, if its caller gives none. */
const EXECUTIONS = 'arn:aws[a-z-]*:states:[a-z0-9-]+:\\d{12}:execution:[\\w-]{1,80}:';
const EXECUTION = `${EXECUTIONS}[\\w-]{1,80}`;

/**
 * ARN of an execution whose name has only letters, digits, `-` and `_`. Step Functions accepts other texts as names, such as
 * an e-mail address, and recommends these characters, because others keep executions from its logs.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export const ExecutionArn = z.string().check(z.regex(new RegExp(`^${EXECUTION}$`), 'expected the ARN of an execution'));

/** The id of an event, or the ARN of an execution: an auditor can find each of them. */
export const Cause = z
  .string()
  .check(
    z.regex(new RegExp(`^(?:${EVENT_ID}|${EXECUTION})$`), 'expected the id of an event or the ARN of an execution'),
  );

const WHOLE_EVENT_ID = new RegExp(`^${EVENT_ID}$`);

/** Whether a value is an id in the form in which AWS makes those of events. */
export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && WHOLE_EVENT_ID.test(value);
}

const UNSAFE_EXECUTION = new RegExp(`^(${EXECUTIONS})(.+)$`, 's');

/**
 * Returns the ARN of an execution as it may be recorded: a name that may be free text is replaced by its hash, which tells
 * such executions apart.
 *
 * @returns undefined if the value is not the ARN of an execution
 */
export function recordableExecution(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (ExecutionArn.safeParse(value).success) return value;
  const [, executions, name] = UNSAFE_EXECUTION.exec(value) ?? [];
  if (executions === undefined || name === undefined) return undefined;
  return `${executions}sha256-${createHash('sha256').update(name).digest('hex')}`;
}

/** Returns the account id of an ARN. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
