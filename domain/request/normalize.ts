import { InvalidRequestError } from '../shared/errors.ts';
import { isEventId, parseResourceArn } from '../shared/ids.ts';
import type { Fields } from '../shared/json.ts';
import { isObject, isPresent, own } from '../shared/json.ts';
import { Timestamp } from '../shared/timestamp.ts';
import {
  EVENT_FAMILIES,
  type EventFamily,
  findId,
  isBlank,
  isReadOperation,
  type OperationMeaning,
  type Part,
  partsOf,
  storesIn,
  textAt,
} from './event-families.ts';
import { manualStart } from './manual-start.ts';
import { type Expectation, isWatched, type Origin, requestOf, type StartContext, type Started } from './request.ts';

/** Why an event needs no check; a field of the execution's output. */
export type IgnoredReason =
  /** The event is another service's. Some have operations of the same name: `quicksight` has `CreateGroupMembership`. */
  | 'foreign-service'
  /** AWS refused the call (`errorCode`), so nothing changed. */
  | 'call-failed'
  /** The call only reads. */
  | 'read-only'
  /** A write operation that this version does not know; the next full sweep finds what it changed. */
  | 'unknown-operation'
  /** The record names another identity store than the configured one. */
  | 'foreign-store'
  /** A user was created or a group renamed: each membership has an event of its own. */
  | 'no-membership-change'
  /** No entitlement names the group. */
  | 'unwatched-group';

/** What an execution checks and what it still waits for; or why it has nothing to do. */
export type Normalized = Started | { ignored: IgnoredReason };

const CLOUDTRAIL = 'AWS API Call via CloudTrail';

/** AWS publishes no bound for `resources`. For more than this, a sweep needs fewer reads, and the state stays small. */
const MOST_NATIVE_RESOURCES = 100;

/**
 * Makes a request of an execution's input: an EventBridge event, a bare CloudTrail record, a manual start, a tick, or an
 * input that only `onboarding-admin` accepts.
 *
 * Pure; reads only own properties and only those that it uses. The `eventSource` and `eventName` identify a CloudTrail
 * record, never the envelope's `source`. An input with `detail-type` or `source` is an event, never a manual start. Of
 * the input, only ids and a manual start's selector reach the result.
 *
 * @throws InvalidRequestError if the input is none of these, or lacks what its kind must have; the message names the path
 *   and quotes nothing
 */
export function normalize(input: unknown, context: StartContext): Normalized {
  if (!isObject(input)) throw new InvalidRequestError('input', 'expected an object');
  if (Object.hasOwn(input, 'detail-type') || Object.hasOwn(input, 'source')) return fromEnvelope(input, context);
  if (Object.hasOwn(input, 'eventSource') || Object.hasOwn(input, 'eventName')) {
    return fromRecord(input, '', originOf(input, [own(input, 'eventTime')], context), context);
  }
  return manualStart(input, context);
}

function fromEnvelope(envelope: Fields, context: StartContext): Normalized {
  const detail = own(envelope, 'detail');
  const times = [own(envelope, 'time'), own(detail, 'eventTime')];
  const origin = originOf(envelope, times, context);
  const detailType = textAt(envelope, 'detail-type', '');
  if (detailType !== CLOUDTRAIL) {
    const native = textAt(envelope, 'source', '') === 'aws.identitystore';
    return native ? fromNotification(envelope, origin, context) : { ignored: 'foreign-service' };
  }
  if (!isObject(detail)) throw new InvalidRequestError('detail', 'expected a CloudTrail record');
  return fromRecord(detail, 'detail.', origin, context);
}

/** Skips unknown entries of `resources`: AWS has not published how it names memberships there. */
function fromNotification(envelope: Fields, origin: Origin, context: StartContext): Normalized {
  const resources = own(envelope, 'resources') ?? [];
  if (!Array.isArray(resources)) throw new InvalidRequestError('resources', 'expected an array');
  const users = new Set<string>();
  const groups = new Set<string>();
  for (const resource of resources) {
    const arn = parseResourceArn(resource);
    if (arn?.kind === 'user') users.add(arn.id);
    if (arn?.kind === 'group') groups.add(arn.id);
  }
  const named = users.size + groups.size;
  if (named === 0 || named > MOST_NATIVE_RESOURCES) return requestOf(origin, { sweep: 'everything' });
  const watched = [...groups].filter((groupId) => isWatched(groupId, context));
  if (users.size + watched.length === 0) return { ignored: 'unwatched-group' };
  return requestOf(origin, { users: [...users].map((userId) => ({ userId })), groups: watched });
}

/** The order matters: a record that is not ours, or whose call failed, is ignored before its other fields are checked. */
function fromRecord(record: Fields, prefix: string, origin: Origin, context: StartContext): Normalized {
  const family = EVENT_FAMILIES.get(textAt(record, 'eventSource', prefix));
  if (!family) return { ignored: 'foreign-service' };
  if (!isBlank(own(record, 'errorCode'))) return { ignored: 'call-failed' };
  const eventName = textAt(record, 'eventName', prefix);
  if (own(record, 'readOnly') === true || isReadOperation(eventName)) return { ignored: 'read-only' };
  const meaning = family.meanings.get(eventName);
  if (meaning === undefined) return { ignored: 'unknown-operation' };

  const parts = partsOf(record, prefix);
  const store = context.entitlements.identityCenter.identityStoreId;
  if (storesIn(parts).some((named) => named !== store)) return { ignored: 'foreign-store' };

  return requestForOperation(meaning, { family, parts, origin, context });
}

interface KnownRecord {
  family: EventFamily;
  parts: readonly Part[];
  origin: Origin;
  context: StartContext;
}

/** A record that withholds what it is about says only that something has changed: what it still names is checked. */
function requestForOperation(meaning: OperationMeaning, known: KnownRecord): Normalized {
  const { family, parts } = known;
  switch (meaning) {
    case 'nothing':
      return { ignored: 'no-membership-change' };
    case 'user-changed':
      return requestForUser(findId(parts, family.userId, 'user'), known);
    case 'group-changed':
      return requestForGroup(findId(parts, family.groupId, 'group'), known);
    case 'joined':
      return requestForMembership('member', known);
    case 'left':
    case 'left-unnamed':
      return requestForMembership('absent', known);
  }
}

/** Without its id, any user may be the one who was disabled: a sweep shows that only with every user's status. */
function requestForUser(userId: string | undefined, { origin, context }: KnownRecord): Normalized {
  if (userId) return requestOf(origin, { users: [{ userId }] });
  const applications = context.entitlements.entitlements.map(({ application }) => application);
  return requestOf(origin, { sweep: 'everything', withStatus: applications });
}

function requestForGroup(groupId: string | undefined, { origin, context }: KnownRecord): Normalized {
  if (!groupId) return requestOf(origin, { sweep: 'everything' });
  return isWatched(groupId, context) ? requestOf(origin, { groups: [groupId] }) : { ignored: 'unwatched-group' };
}

function requestForMembership(membership: Expectation['membership'], known: KnownRecord): Normalized {
  const { family, parts, origin, context } = known;
  const groupId = findId(parts, family.membershipGroupId, 'group');
  if (groupId && !isWatched(groupId, context)) return { ignored: 'unwatched-group' };
  const userId = findId(parts, family.memberId, 'user');
  if (!userId) return requestForGroup(groupId, known);
  return requestOf(origin, { users: [{ userId, ...(groupId ? { expected: { groupId, membership } } : {}) }] });
}

/**
 * Counts the ids of an event that do not have the form in which AWS makes them: they may be any text, and are recorded
 * nowhere.
 */
export function countForeignIds(input: unknown): number {
  return eventIdsIn(input).filter((id) => isPresent(id) && !isEventId(id)).length;
}

/** Returns what an event says its ids are: those of its record and of its envelope. */
function eventIdsIn(input: unknown): readonly unknown[] {
  return [own(input, 'detail', 'eventID'), own(input, 'eventID'), own(input, 'id')];
}

/** Takes the first usable time and id. A time after the start of the execution is from another clock, or forged. */
function originOf(event: Fields, times: readonly unknown[], context: StartContext): Origin {
  const started = context.startedAt.getTime();
  const recorded = times.map(millisecondsOf).find((time) => time !== undefined) ?? started;
  return {
    version: context.machine ?? 1,
    trigger: 'event',
    cause: eventIdsIn(event).find(isEventId) ?? context.execution,
    at: new Date(Math.min(recorded, started)).toISOString(),
    startedAt: context.startedAt.toISOString(),
  };
}

/** Returns undefined for a time of the wrong form, such as `xxxx` in AWS's samples, or of no date, such as month 13. */
function millisecondsOf(time: unknown): number | undefined {
  const { success, data } = Timestamp.safeParse(time);
  const milliseconds = success ? Date.parse(data) : Number.NaN;
  return Number.isNaN(milliseconds) ? undefined : milliseconds;
}
