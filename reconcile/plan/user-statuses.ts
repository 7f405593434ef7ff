import type { ListedStatus, UserStatus } from '../../adapters/identity-store.ts';
import { MAX_PER_PAGE } from '../../domain/pace.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import type { Readers } from './readers.ts';

type StatusReaders = Pick<Readers, 'directory' | 'renewLease'>;

/** What is known of the list of all users. */
export interface StatusCache {
  /** Pages that ListUsers took when it was last read to its end. */
  userPages: number | undefined;
  /** Whether the list of all users was read; if the plan before read it, it is read again at the same time as the other lists. */
  listUsers?: boolean | undefined;
  /** UserStatus of every user, where it was read at the same time as the other lists. */
  statuses?: ReadonlyMap<string, ListedStatus>;
}

/** When more users than this cannot be read, the cause lies with the operation and not with them. */
export const MOST_UNREAD = 20;

/** Up to this many users are asked for one by one before it is known how long the list of all users is. */
const FEW_USERS = 3;

/** Pages of the list of all users if an identity store has as many as it takes, 200,000. */
export const MOST_USER_PAGES = 200_000 / MAX_PER_PAGE;

/** Reads UserStatus of every user from the list of all users. */
export async function readStatuses({ directory, renewLease }: StatusReaders, cache: StatusCache): Promise<void> {
  const statuses = new Map<string, ListedStatus>();
  let pages = 0;
  cache.listUsers = true;
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
 *
 * @returns `unread`: users whose status could not be read, or is one that this version does not know
 */
export async function statusesOf(
  userIds: readonly string[],
  { directory, renewLease }: StatusReaders,
  cache: StatusCache,
): Promise<{ statuses: ReadonlyMap<string, UserStatus>; unread: ReadonlySet<string> }> {
  const known = userIds.flatMap((userId) => {
    const status = cache.statuses?.get(userId);
    return status ? [[userId, status] as const] : [];
  });
  const statuses = new Map<string, ListedStatus | 'missing'>(known);
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
  const single = await askOneByOne(left, { directory, renewLease });
  const all = [...statuses, ...single.statuses];
  return {
    statuses: new Map(all.flatMap(([userId, status]) => (status === 'unknown' ? [] : [[userId, status] as const]))),
    unread: new Set([...single.unread, ...all.flatMap(([userId, status]) => (status === 'unknown' ? userId : []))]),
  };
}

/** One user who cannot be read must not keep an application from being read. */
async function askOneByOne(userIds: Iterable<string>, { directory, renewLease }: StatusReaders) {
  const statuses = new Map<string, UserStatus>();
  const unread = new Set<string>();
  for (const userId of userIds) {
    await renewLease();
    try {
      statuses.set(userId, await directory.statusOf(userId));
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof TransientAwsError)) throw error;
      unread.add(userId);
      if (unread.size > MOST_UNREAD) throw error;
    }
  }
  return { statuses, unread };
}
