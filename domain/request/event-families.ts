import { InvalidRequestError } from '../shared/errors.ts';
import { normalizeId, type ResourceKind } from '../shared/ids.ts';
import type { Fields } from '../shared/json.ts';
import { isObject, isPresent, own } from '../shared/json.ts';

/** What a write operation says about memberships. */
export type OperationMeaning =
  /** This user was added to this group. */
  | 'joined'
  /** This user was removed from this group. */
  | 'left'
  /** A user was removed from a group; AWS records only the id of the membership, which is gone. */
  | 'left-unnamed'
  /** A user joined or left this group, or the group was created or deleted; AWS does not record the user. */
  | 'group-changed'
  /** This user was changed, enabled, disabled or deleted. */
  | 'user-changed'
  /** No membership and no status has changed. */
  | 'nothing';

/** Paths at which a record may have an id, each as a list of nested keys; the family's usual path comes first. */
export type IdPaths = readonly [usual: readonly string[], ...others: readonly (readonly string[])[]];

/** The operations of one CloudTrail `eventSource`, and the paths of ids in its records. */
export interface EventFamily {
  /** By `eventName`. An operation that AWS adds later is absent. */
  meanings: ReadonlyMap<string, OperationMeaning>;
  /** The user of `joined` and `left`. */
  memberId: IdPaths;
  /** The group of `joined` and `left`. */
  membershipGroupId: IdPaths;
  /** The group of `group-changed`. */
  groupId: IdPaths;
  /** The user of `user-changed`. */
  userId: IdPaths;
}

const ID_PATHS = {
  memberId: [['member', 'memberId'], ['memberId', 'userId'], ['memberId'], ['userId']],
  membershipGroupId: [['groupId'], ['group', 'groupId']],
  groupId: [['groupId'], ['group', 'groupId'], ['id']],
  userId: [['userId'], ['user', 'userId'], ['id']],
} as const satisfies Omit<EventFamily, 'meanings'>;

/**
 * The three families of CloudTrail records that the identity store writes, by `eventSource`: console (and SCIM with
 * an access token from before September 2024), SCIM, and the Identity Store API.
 *
 * To create a user or rename a group means `nothing`: a new user is in no group yet, and each membership has an event
 * of its own.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/scim-logging-using-cloudtrail.html
 */
export const EVENT_FAMILIES: ReadonlyMap<string, EventFamily> = new Map([
  [
    'sso-directory.amazonaws.com',
    {
      ...ID_PATHS,
      meanings: new Map<string, OperationMeaning>([
        ['AddMemberToGroup', 'joined'],
        ['RemoveMemberFromGroup', 'left'],
        ['CreateGroup', 'group-changed'],
        ['DeleteGroup', 'group-changed'],
        ['UpdateGroup', 'nothing'],
        ['CreateUser', 'nothing'],
        ['UpdateUser', 'user-changed'],
        ['EnableUser', 'user-changed'],
        ['DisableUser', 'user-changed'],
        ['DeleteUser', 'user-changed'],
      ]),
    },
  ],
  [
    'identitystore.amazonaws.com',
    {
      ...ID_PATHS,
      memberId: [['memberId', 'userId'], ['member', 'memberId'], ['memberId'], ['userId']],
      meanings: new Map<string, OperationMeaning>([
        ['CreateGroupMembership', 'joined'],
        ['DeleteGroupMembership', 'left-unnamed'],
        ['CreateGroup', 'group-changed'],
        ['DeleteGroup', 'group-changed'],
        ['UpdateGroup', 'nothing'],
        ['CreateUser', 'nothing'],
        ['UpdateUser', 'user-changed'],
        ['DeleteUser', 'user-changed'],
      ]),
    },
  ],
  [
    'identitystore-scim.amazonaws.com',
    {
      ...ID_PATHS,
      groupId: [['id'], ['groupId'], ['group', 'groupId']],
      userId: [['id'], ['userId'], ['user', 'userId']],
      meanings: new Map<string, OperationMeaning>([
        ['PatchGroup', 'group-changed'],
        ['CreateGroup', 'group-changed'],
        ['DeleteGroup', 'group-changed'],
        ['CreateUser', 'nothing'],
        ['PutUser', 'user-changed'],
        ['PatchUser', 'user-changed'],
        ['DeleteUser', 'user-changed'],
      ]),
    },
  ],
]);

/** Whether an operation of these families only reads; its name says so, since a record may have no `readOnly`. */
export function isReadOperation(eventName: string): boolean {
  return /^(?:Get|List|Describe|Search|IsMember)/.test(eventName) || eventName === 'ServiceProviderConfig';
}

/** How exports write a field that has no value: CloudTrail's null becomes a text, and some list an object as an array. */
const BLANK = /^\s*(?:none|null|nan|n\/a|-)?\s*$/i;

/** Whether a field has no value: missing, null, or what exports write instead. */
export function isBlank(value: unknown): boolean {
  if (typeof value === 'string') return BLANK.test(value);
  return !isPresent(value) || (typeof value === 'object' && Object.keys(Object(value)).length === 0);
}

/** Whether AWS hides a value, or CloudTrail omitted it because the record was too large. */
function isHidden(value: unknown): boolean {
  return (typeof value === 'string' && value.startsWith('HIDDEN_')) || own(value, 'omitted') === true;
}

/** Whether a record does not say what a field was: it has no value, or a hidden one, or an object of nothing else. */
function isWithheld(value: unknown): boolean {
  if (isBlank(value) || isHidden(value)) return true;
  return isObject(value) && Object.values(value).every((inner) => isBlank(inner) || isHidden(inner));
}

/** A part of a record that has ids, with its path in the input. */
export interface Part {
  path: string;
  value: unknown;
}

/**
 * Returns the two parts of a record that have ids, that of the request first.
 *
 * A part that the record withholds has none.
 *
 * @throws InvalidRequestError if one of them is anything else than an object
 */
export function partsOf(record: Fields, prefix: string): readonly Part[] {
  return ['requestParameters', 'responseElements'].map((name) => {
    const value = own(record, name);
    const path = `${prefix}${name}`;
    if (isWithheld(value)) return { path, value: null };
    if (!isObject(value)) throw new InvalidRequestError(path, 'expected an object or null');
    return { path, value };
  });
}

const STORE_ID_OR_ARN =
  /^(?:arn:aws[a-z-]*:identitystore::\d{12}:identitystore\/)?(d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * Returns the ids of the identity stores that a record names, in the short form that the configuration has.
 *
 * @throws InvalidRequestError if a name is neither the id nor the ARN of an identity store
 */
export function storesIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ path, value }) => {
    const store = own(value, 'identityStoreId');
    if (isWithheld(store)) return [];
    const id = typeof store === 'string' ? STORE_ID_OR_ARN.exec(store)?.[1] : undefined;
    if (!id) throw new InvalidRequestError(`${path}.identityStoreId`, 'expected the id of an identity store');
    return [id.toLowerCase()];
  });
}

/**
 * Finds the id at one of these paths; the first path with a value decides.
 *
 * @returns undefined if no path has a value, or the record withholds it
 * @throws InvalidRequestError if the value is not an id of this kind
 */
export function findId(parts: readonly Part[], paths: IdPaths, kind: ResourceKind): string | undefined {
  for (const { path, value } of parts) {
    for (const keys of paths) {
      const found = own(value, ...keys);
      if (isWithheld(found)) continue;
      const id = normalizeId(found, kind);
      if (!id) throw new InvalidRequestError([path, ...keys].join('.'), `expected the id of a ${kind}`);
      return id;
    }
  }
  return undefined;
}

/**
 * Reads a text field.
 *
 * @throws InvalidRequestError if the field is missing or not a string
 */
export function textAt(fields: Fields, key: string, prefix: string): string {
  const value = own(fields, key);
  if (typeof value !== 'string') throw new InvalidRequestError(`${prefix}${key}`, 'expected a string');
  return value;
}
