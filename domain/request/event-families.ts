import { InvalidRequestError } from '../shared/errors.ts';
import { normalizeId, type ResourceKind } from '../shared/ids.ts';
import type { Fields } from '../shared/json.ts';
import { isObject, isPresent, own } from '../shared/json.ts';

/** What a write operation tells about memberships. */
export type OperationMeaning =
  /** This user was put into this group. */
  | 'joined'
  /** This user was taken out of this group. */
  | 'left'
  /** Somebody was taken out of some group: AWS records only the id of a membership that is gone. */
  | 'left-unnamed'
  /** Somebody joined or left this group, or the group itself came or went; who, isn't told. */
  | 'group-changed'
  /** This user was changed, enabled, disabled or deleted. */
  | 'user-changed'
  /** No membership and no status is touched. */
  | 'nothing';

/** Places where an id may stand, each as a list of nested keys; the family's usual place comes first. */
export type Places = readonly [usual: readonly string[], ...others: readonly (readonly string[])[]];

/** The operations of one CloudTrail `eventSource`, and where its records keep ids. */
export interface EventFamily {
  /** By `eventName`. Operations that AWS adds later are absent. */
  meanings: ReadonlyMap<string, OperationMeaning>;
  /** The user of `joined` and `left`. */
  memberId: Places;
  /** The group of `joined` and `left`. */
  membershipGroupId: Places;
  /** The group of `group-changed`. */
  groupId: Places;
  /** The user of `user-changed`. */
  userId: Places;
}

const PLACES = {
  memberId: [['member', 'memberId'], ['memberId', 'userId'], ['memberId'], ['userId']],
  membershipGroupId: [['groupId'], ['group', 'groupId']],
  groupId: [['groupId'], ['group', 'groupId'], ['id']],
  userId: [['userId'], ['user', 'userId'], ['id']],
} as const satisfies Omit<EventFamily, 'meanings'>;

/**
 * The three families of CloudTrail records that the identity store writes, by `eventSource`: console (and SCIM with
 * an access token from before September 2024), SCIM, and the Identity Store API.
 *
 * Creating a user and renaming a group lead to `nothing`: a new user is in no group yet, and each membership comes as
 * an event of its own.
 *
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/sso-info-in-cloudtrail.html
 * @see https://docs.aws.amazon.com/singlesignon/latest/userguide/scim-logging-using-cloudtrail.html
 */
export const EVENT_FAMILIES: ReadonlyMap<string, EventFamily> = new Map([
  [
    'sso-directory.amazonaws.com',
    {
      ...PLACES,
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
      ...PLACES,
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
      ...PLACES,
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

/** Whether an operation of these families only reads, by its name: `readOnly` may be missing from a record. */
export function isReadOperation(eventName: string): boolean {
  return /^(?:Get|List|Describe|Search|IsMember)/.test(eventName) || eventName === 'ServiceProviderConfig';
}

/** A part of a record where ids stand, with its path in the input. */
export interface Part {
  path: string;
  value: unknown;
}

/**
 * The two parts of a record where ids stand, that of the request first.
 *
 * @throws InvalidRequestError one of them is neither an object nor null
 */
export function partsOf(record: Fields, prefix: string): readonly Part[] {
  return ['requestParameters', 'responseElements'].map((name) => {
    const value = own(record, name);
    const path = `${prefix}${name}`;
    if (isPresent(value) && !isObject(value)) throw new InvalidRequestError(path, 'expected an object or null');
    return { path, value };
  });
}

const STORE =
  /^(?:arn:aws[a-z-]*:identitystore::\d{12}:identitystore\/)?(d-[0-9a-f]{10}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/**
 * The identity stores that a record names, in the short form of the configuration.
 *
 * @throws InvalidRequestError a name is neither the id nor the ARN of an identity store
 */
export function storesIn(parts: readonly Part[]): readonly string[] {
  return parts.flatMap(({ path, value }) => {
    const named = own(value, 'identityStoreId');
    if (!isPresent(named)) return [];
    const id = typeof named === 'string' ? STORE.exec(named)?.[1] : undefined;
    if (!id) throw new InvalidRequestError(`${path}.identityStoreId`, 'expected the id of an identity store');
    return [id.toLowerCase()];
  });
}

/**
 * The id at one of these places; the first place that holds anything decides.
 *
 * @returns undefined when all are empty
 * @throws InvalidRequestError what stands there is no id of this kind
 */
export function findId(parts: readonly Part[], places: Places, kind: ResourceKind): string | undefined {
  for (const { path, value } of parts) {
    for (const place of places) {
      const found = own(value, ...place);
      if (!isPresent(found)) continue;
      const id = normalizeId(found, kind);
      if (!id) throw new InvalidRequestError([path, ...place].join('.'), `expected the id of a ${kind}`);
      return id;
    }
  }
  return undefined;
}

/**
 * As {@link findId}, for an id that must be there.
 *
 * @throws InvalidRequestError it isn't, with the path of the usual place; or it is malformed
 */
export function requireId(parts: readonly Part[], places: Places, kind: ResourceKind): string {
  const id = findId(parts, places, kind);
  if (id) return id;
  throw new InvalidRequestError([parts[0]?.path, ...places[0]].join('.'), `expected the id of a ${kind}, found none`);
}

/** @throws InvalidRequestError the field is missing or not a string */
export function textAt(fields: Fields, key: string, prefix: string): string {
  const value = own(fields, key);
  if (typeof value !== 'string') throw new InvalidRequestError(`${prefix}${key}`, 'expected a string');
  return value;
}
