import * as z from 'zod/mini';
import { SUBSCRIPTIONS_PER_SECOND } from '../pace.ts';
import { includesSubscription, keyOf, PartSchema, ReasonSchema, type SeatKey } from '../seat/seat.ts';
import { chunksOf } from '../shared/chunks.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** Longest time for the requests of a batch: within the function's time limit, which is shorter than a lease. */
const BATCH_SECONDS = 180;

/** Requests to sso-admin that a change takes: a create, or the deletion and the read that verifies it. */
const REQUESTS: Readonly<Record<Changes['kind'], number>> = { grant: 1, revoke: 2, record: 0, hold: 0, none: 0 };

/** Bounds the audit events of a batch: they are published within one function, too. */
const BATCH_USERS = 3300;

/** Bounds the item of the ledger that holds a batch; DynamoDB takes 400 KB. */
const BATCH_BYTES = 250_000;

/** The quotes of an id in JSON, and its comma. */
const ID_MARKS_BYTES = 3;

/** No batch begins later than this after the reads of its round; what is left is decided anew, from fresh reads. */
export const ROUND_SECONDS = 30 * 60;

/** As many as begin in that time. */
export const ROUND_BATCHES = ROUND_SECONDS / BATCH_SECONDS;

/**
 * Changes of one kind to one application. `record`: only audit events of these users are still to be published; `hold`:
 * that of the application's hold, without any user; `none`: the round has considered these users, and changes nothing.
 */
const ChangesSchema = z.object({
  applicationArn: ApplicationArn,
  kind: z.enum(['grant', 'revoke', 'record', 'hold', 'none']),
  reason: ReasonSchema,
  /** What of the seats it concerns; absent: all that there is of them. */
  part: z.optional(PartSchema),
  userIds: z.array(ResourceId),
});
export type Changes = z.infer<typeof ChangesSchema>;

/** What one call of `ApplyChanges` makes: the changes of some users, in order. The ledger stores it. */
export const BatchSchema = z.object({
  schemaVersion: z.literal(1),
  /** When the reads began from which it was decided. */
  readAt: Timestamp,
  changes: z.array(ChangesSchema),
});
export type Batch = z.infer<typeof BatchSchema>;

/** The users whom changes name, each once per application. */
export function seatKeysOf(changes: readonly Changes[]): SeatKey[] {
  const keys = changes.flatMap(({ applicationArn, userIds }) => userIds.map((userId) => ({ applicationArn, userId })));
  return [...new Map(keys.map((key) => [keyOf(key), key])).values()];
}

/** A change of one user, before it is put into a batch. */
export type PlannedChange = Omit<Changes, 'userIds'> & { userId: string };

/** The grants and revocations among these changes, one per user. */
export function plannedChangesIn(changes: readonly Changes[]): PlannedChange[] {
  return changes
    .filter(({ kind }) => kind === 'grant' || kind === 'revoke')
    .flatMap(({ userIds, ...what }) => userIds.map((userId): PlannedChange => ({ ...what, userId })));
}

/** What is not on the bus yet comes first, and takes no time; then revocations, since they free slots. */
const ORDER: Readonly<Record<Changes['kind'], number>> = { hold: 0, record: 1, revoke: 2, grant: 3, none: 4 };

/** How fast changes are made. */
export interface BatchPace {
  requestsPerSecond: number;
  /** Applications whose subscriptions Usher changes, at a slower pace. */
  managed?: ReadonlySet<string>;
  /** Most users per batch, if fewer than time allows. */
  users?: number | undefined;
}

/** A call about a subscription takes the time of several others. */
function requestsOf({ kind, part, applicationArn }: Omit<Changes, 'userIds'>, pace: BatchPace): number {
  const calls = (kind === 'grant' || kind === 'revoke') && includesSubscription(part);
  if (!calls || !pace.managed?.has(applicationArn)) return REQUESTS[kind];
  return Math.max(REQUESTS[kind], pace.requestsPerSecond / SUBSCRIPTIONS_PER_SECOND);
}

/**
 * Puts changes into batches.
 *
 * @param holds applications whose hold has an event that is not on the bus
 * @returns at most {@link ROUND_BATCHES}, and whether some changes are left for another round
 */
export function toBatches(
  changes: readonly PlannedChange[],
  holds: readonly string[],
  pace: BatchPace,
): { batches: Changes[][]; more: boolean } {
  const { requestsPerSecond, users = BATCH_USERS } = pace;
  const sorted = [...changes].sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  const groups = Map.groupBy(sorted, ({ applicationArn, kind, reason, part }) =>
    [applicationArn, kind, reason, part].join(' '),
  );
  const empty: Cost = { requests: BATCH_SECONDS * requestsPerSecond, users, bytes: BATCH_BYTES };
  const batches: Changes[][] = holds.length > 0 ? [holds.map(announcementOf)] : [];
  let room = empty;
  for (const group of groups.values()) {
    let here: Changes | undefined;
    for (const change of group) {
      if (batches.length === 0 || !fits(costOf(change, here, pace), room)) {
        if (batches.length === ROUND_BATCHES) return { batches, more: true };
        batches.push([]);
        room = empty;
        here = undefined;
      }
      room = without(room, costOf(change, here, pace));
      const { userId, ...what } = change;
      if (here) here.userIds.push(userId);
      else {
        here = { ...what, userIds: [userId] };
        batches.at(-1)?.push(here);
      }
    }
  }
  return { batches, more: false };
}

/** Ids of an item: 40 characters and a few more each. */
const CONSIDERED_USERS = 5000;

/**
 * Puts users whom a round has considered, and for whom it changes nothing, into items of their own: who is not among them
 * has joined since.
 */
export function toConsidered(users: ReadonlyMap<string, readonly string[]>): Changes[] {
  return [...users].flatMap(([applicationArn, userIds]) =>
    chunksOf(userIds, CONSIDERED_USERS).map((some): Changes => {
      return { applicationArn, kind: 'none', reason: 'reconciled', userIds: [...some] };
    }),
  );
}

function announcementOf(applicationArn: string): Changes {
  return { applicationArn, kind: 'hold', reason: 'reconciled', userIds: [] };
}

/** What a change takes of a batch, or what is left of one. */
interface Cost {
  requests: number;
  users: number;
  bytes: number;
}

/** @param here the changes of the same kind that the batch has already */
function costOf({ userId, ...what }: PlannedChange, here: Changes | undefined, pace: BatchPace): Cost {
  const head = here ? 0 : JSON.stringify({ ...what, userIds: [] }).length + 1;
  return { requests: requestsOf(what, pace), users: 1, bytes: head + userId.length + ID_MARKS_BYTES };
}

function fits(cost: Cost, room: Cost): boolean {
  return cost.requests <= room.requests && cost.users <= room.users && cost.bytes <= room.bytes;
}

function without(room: Cost, { requests, users, bytes }: Cost): Cost {
  return { requests: room.requests - requests, users: room.users - users, bytes: room.bytes - bytes };
}
