import { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import * as z from 'zod/mini';
import { EVENT_FAMILIES, findId, isBlank, partsOf, storesIn } from '../../domain/request/event-families.ts';
import { InvalidRequestError } from '../../domain/shared/errors.ts';
import { own } from '../../domain/shared/json.ts';
import type { ClientSettings, Pacer } from '../clients.ts';
import { lookUpWith } from './lookup-events.ts';

/** A call that changed the identity store, as CloudTrail has recorded it. */
export interface DirectoryCall {
  at: Date;
  /** The operation. */
  call: string;
  /** The service in whose name it is recorded: `identitystore`, `identitystore-scim` or `sso-directory`. */
  source: string;
  /** ARN of the caller, or an id of theirs. */
  by?: string;
  /** What it names; AWS hides members from SCIM, and names no group where a membership is deleted by its id. */
  groupId?: string;
  userId?: string;
}

/**
 * The calls that took users from groups, or changed users, as CloudTrail has recorded them in this account and Region.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface DirectoryChanges {
  /** Those of one operation that succeeded, newest first, by pages; without those that only add to a group. */
  between(call: string, from: Date, to: Date): AsyncIterable<readonly DirectoryCall[]>;
}

const IdSchema = z.optional(z.catch(z.optional(z.string()), undefined));
const RecordSchema = z.looseObject({
  eventName: z.string(),
  eventSource: z.string(),
  eventTime: z.string(),
  userIdentity: z.nullish(
    z.object({
      arn: IdSchema,
      invokedBy: IdSchema,
      onBehalfOf: z.nullish(z.object({ userId: IdSchema })),
      accessKeyId: IdSchema,
    }),
  ),
});
type Record = z.infer<typeof RecordSchema>;

/** The calls of one identity store, over the SDK. */
export function cloudTrailChanges(client: CloudTrailClient, pacer: Pacer, identityStoreId: string): DirectoryChanges {
  const lookUp = lookUpWith(client, pacer);
  return {
    async *between(call, from, to) {
      for await (const page of lookUp(call, from, to))
        yield page.flatMap((record) => callIn(record, identityStoreId) ?? []);
    },
  };
}

/** Parses a record; undefined if its call failed, is about something else, or only adds to a group. */
function callIn(value: unknown, identityStoreId: string): DirectoryCall | undefined {
  const { success, data } = RecordSchema.safeParse(value);
  if (!success || !isBlank(data['errorCode']) || !mayRemove(data)) return undefined;
  const named = idsIn(data, identityStoreId);
  const at = new Date(data.eventTime);
  if (!named || Number.isNaN(at.getTime())) return undefined;
  const { arn, invokedBy, onBehalfOf, accessKeyId } = data.userIdentity ?? {};
  // Through SCIM, only the id of the access token says who it was.
  const by = arn ?? invokedBy ?? onBehalfOf?.userId ?? accessKeyId;
  const source = data.eventSource.replace(/\.amazonaws\.com$/, '');
  return { at, call: data.eventName, source, ...(by === undefined ? {} : { by }), ...named };
}

/** @returns undefined for another service, and for another identity store */
function idsIn(record: Record, identityStoreId: string): Pick<DirectoryCall, 'groupId' | 'userId'> | undefined {
  const family = EVENT_FAMILIES.get(record.eventSource);
  const meaning = family?.meanings.get(record.eventName);
  if (!family || meaning === undefined) return undefined;
  try {
    const parts = partsOf(record, '');
    if (storesIn(parts).some((store) => store !== identityStoreId)) return undefined;
    const isOfUser = meaning === 'user-changed';
    const isOfMembership = meaning === 'left';
    const groupId = isOfUser
      ? undefined
      : findId(parts, isOfMembership ? family.membershipGroupId : family.groupId, 'group');
    const userId = isOfUser
      ? findId(parts, family.userId, 'user')
      : isOfMembership
        ? findId(parts, family.memberId, 'user')
        : undefined;
    return { ...(groupId === undefined ? {} : { groupId }), ...(userId === undefined ? {} : { userId }) };
  } catch (error) {
    if (!(error instanceof InvalidRequestError)) throw error;
    return undefined;
  }
}

/** SCIM adds, removes and renames by one operation. What a record does not say may be anything. */
function mayRemove(record: Record): boolean {
  if (record.eventName !== 'PatchGroup') return true;
  const operations = own(record, 'requestParameters', 'httpBody', 'operations');
  if (!Array.isArray(operations)) return true;
  return operations.some((one) => String(own(one, 'op')).toUpperCase() !== 'ADD');
}

/** {@link cloudTrailChanges} with a client of its own. */
export function connectDirectoryChanges(
  settings: ClientSettings,
  pacer: Pacer,
  identityStoreId: string,
): DirectoryChanges {
  return cloudTrailChanges(new CloudTrailClient(settings), pacer, identityStoreId);
}
