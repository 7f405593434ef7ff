import type { ListedStatus, UserStatus } from '../../adapters/identity-store.ts';
import { isUnknownStatus } from '../../domain/shared/unknown-status.ts';
import type { Readers } from './readers.ts';

type StatusReaders = Pick<Readers, 'directory' | 'renewLease'>;

/** Status of a user who may have one that this version does not know. */
type AnyStatus = UserStatus | ListedStatus;

/** What is known of the list of all users. */
export interface StatusCache {
  /** Pages that ListUsers took when it was last read to its end. */
  userPages: number | undefined;
  /** Whether the list of all users was read; if the plan before read it, it is read again at the same time as the other lists. */
  listUsers?: boolean | undefined;
  /** UserStatus of every user, where it was read at the same time as the other lists. */
  statuses?: ReadonlyMap<string, AnyStatus>;
}

/** Up to this many users are asked for one by one before it is known how long the list of all users is. */
const FEW_USERS = 3;

/** Reads UserStatus of every user from the list of all users. */
export async function readStatuses({ directory, renewLease }: StatusReaders, cache: StatusCache): Promise<void> {
  const statuses = new Map<string, AnyStatus>();
  let pages = 0;
  for await (const page of directory.users()) {
    await renewLease();
    pages += 1;
    for (const { userId, status } of page) statuses.set(userId, status);
  }
  Object.assign(cache, { statuses, userPages: pages });
}

/**
 * Reads UserStatus of many users: by pages of all users or one by one, whichever costs fewer calls.
 *
 * How long the list of all users is shows only by reading it. Until it is known, at most as many pages are read as
 * asking one by one would have cost.
 */
export async function statusesOf(
  userIds: readonly string[],
  { directory, renewLease }: StatusReaders,
  cache: StatusCache,
): Promise<Map<string, AnyStatus>> {
  const known = userIds.flatMap((userId) => {
    const status = cache.statuses?.get(userId);
    return status ? [[userId, status] as const] : [];
  });
  const statuses = new Map<string, AnyStatus>(known);
  // A user who came while the list was read is asked for.
  const left = new Set(userIds.filter((userId) => !statuses.has(userId)));
  const byPages = !cache.statuses && left.size > (cache.userPages ?? FEW_USERS);
  if (byPages) {
    let pages = 0;
    const affordable = cache.userPages === undefined ? left.size : Number.POSITIVE_INFINITY;
    let complete = true;
    cache.listUsers = true;
    for await (const page of directory.users()) {
      await renewLease();
      pages += 1;
      for (const { userId, status } of page) if (left.delete(userId)) statuses.set(userId, status);
      complete = left.size > 0 && pages < affordable;
      if (!complete) break;
    }
    if (complete) {
      cache.userPages = pages;
      for (const userId of left) statuses.set(userId, 'missing');
      left.clear();
    }
  }
  for (const userId of left) {
    await renewLease();
    statuses.set(userId, await statusOf(userId, directory));
  }
  return statuses;
}

/** Reads the status of one user of many: an unknown one concerns only this user. */
async function statusOf(userId: string, directory: StatusReaders['directory']): Promise<AnyStatus> {
  try {
    return await directory.statusOf(userId);
  } catch (error) {
    if (isUnknownStatus(error)) return 'unknown';
    throw error;
  }
}
