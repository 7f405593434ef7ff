import * as z from 'zod/mini';
import { ReasonSchema } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';

/** Most users of a batch. The more users a batch has, the fewer batches wait for their last answers. */
export const BATCH_SIZE = 500;

/** Longest time for the requests of a batch: within the function's time limit, which is shorter than a lease. */
const BATCH_SECONDS = 200;

/** To sso-admin: whether a create without answer took effect, the deletion, and the read that verifies it. */
const REQUESTS_PER_CHANGE = 3;

/**
 * Bounds a round's batches, and with them the payload of a state: some 3,300 ids of the usual 36 characters. Every round
 * reads all that a sweep reads, so that the more a round has, the fewer calls a seat takes.
 */
export const ROUND_BYTES = 130_000;

/** The quotes of an id in a payload, and its comma. */
const ID_MARKS_BYTES = 3;

/** Bounds the history of a round: many applications, each with changes of many kinds. */
export const ROUND_BATCHES = 100;

/**
 * Changes of one kind to one application. `record`: only audit events of these users are still to be published; `hold`:
 * that of the application's hold, without any user.
 */
export const BatchSchema = z.object({
  applicationArn: ApplicationArn,
  kind: z.enum(['grant', 'revoke', 'record', 'hold']),
  reason: ReasonSchema,
  userIds: z.array(ResourceId).check(z.maxLength(BATCH_SIZE)),
});

export type Batch = z.infer<typeof BatchSchema>;

/** A change of one user, before it is put into a batch. */
export type PlannedChange = Omit<Batch, 'userIds'> & { userId: string };

/**
 * Puts changes into batches of one application, kind and reason; revocations first, since they free slots.
 *
 * @param requestsPerSecond the pace at which they will be made
 * @returns at most {@link ROUND_BATCHES} of {@link ROUND_BYTES} together, and whether some changes were left for the next
 *   round
 */
export function toBatches(
  changes: readonly PlannedChange[],
  requestsPerSecond: number,
): { batches: Batch[]; more: boolean } {
  const size = Math.min(BATCH_SIZE, Math.floor((BATCH_SECONDS * requestsPerSecond) / REQUESTS_PER_CHANGE));
  const order = { revoke: 0, grant: 1, record: 2, hold: 3 };
  const sorted = [...changes].sort((a, b) => order[a.kind] - order[b.kind]);
  const groups = Map.groupBy(sorted, ({ applicationArn, kind, reason }) => `${applicationArn} ${kind} ${reason}`);
  const batches: Batch[] = [];
  let bytes = 0;
  for (const group of groups.values()) {
    for (let first = 0; first < group.length; first += size) {
      const batch = batchOf(group.slice(first, first + size), ROUND_BYTES - bytes);
      if (!batch || batches.length === ROUND_BATCHES) return { batches, more: true };
      batches.push(batch);
      bytes += bytesOf(batch);
    }
  }
  const users = batches.reduce((sum, { userIds }) => sum + userIds.length, 0);
  return { batches, more: users < changes.length };
}

/** As many of these changes, all of one kind, as fit into the remaining bytes; undefined if none does. */
function batchOf(changes: readonly PlannedChange[], bytesLeft: number): Batch | undefined {
  const [first] = changes;
  if (!first) return undefined;
  const { userId: _, ...what } = first;
  const batch: Batch = { ...what, userIds: [] };
  let left = bytesLeft - bytesOf(batch);
  for (const { userId } of changes) {
    left -= userId.length + ID_MARKS_BYTES;
    if (left >= 0) batch.userIds.push(userId);
  }
  return batch.userIds.length > 0 ? batch : undefined;
}

function bytesOf(batch: Batch): number {
  return JSON.stringify(batch).length + 1;
}
