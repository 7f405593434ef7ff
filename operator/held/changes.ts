import type { DirectoryCall } from '../../adapters/operator/directory-changes.ts';
import { SWEEP_EVERY_SECONDS } from '../../domain/queue/sweep-reports.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import type { DirectoryChangeLine, HoldLine } from '../lines/holds.ts';

/** Each page has 50 calls, and CloudTrail answers two requests per second. */
const MOST_PAGES = 10;
/** Operations that take users from groups, and those that disable or delete users, of all three services. */
const OF_GROUPS = ['RemoveMemberFromGroup', 'DeleteGroupMembership', 'PatchGroup', 'DeleteGroup'];
const OF_USERS = ['DisableUser', 'DeleteUser', 'PatchUser', 'PutUser', 'UpdateUser'];
/** Reasons why users are not entitled that a change of the users themselves has made. */
const USERS_THEMSELVES: ReadonlySet<string> = new Set(['user-disabled', 'user-deleted']);

/** The time in which the cause of a hold has happened: what a count shows has happened since the sweep before. */
export function timeOfCause({
  since,
  cause = [],
  users = [],
}: Pick<HoldLine, 'since' | 'cause'> & { users?: readonly { since: string }[] }): { from: Date; to: Date } {
  const [first = since] = [since, ...cause.map((group) => group.since)].sort();
  const last = [since, ...cause.map(({ at }) => at), ...users.map((user) => user.since)].sort().at(-1) ?? since;
  return { from: new Date(plusSeconds(new Date(first), -SWEEP_EVERY_SECONDS)), to: new Date(last) };
}

/**
 * Looks in CloudTrail for the calls that may have caused a hold, each kind of one caller counted, the newest first. A company
 * may record them in another account.
 *
 * @returns undefined if AWS refuses to show them; {@link Asker.unread} then says so, as it does if there are too many
 */
export async function changesBehind(hold: HoldLine, asker: Asker): Promise<DirectoryChangeLine[] | undefined> {
  const { identityCenter } = await asker.entitlements();
  const services = await asker.services();
  const { from, to } = timeOfCause(hold);
  const reasons = new Set(hold.users.map(({ reason }) => reason ?? ''));
  const isByUsers = [...reasons].some((reason) => USERS_THEMSELVES.has(reason));
  const isByGroups = [...reasons].some((reason) => !USERS_THEMSELVES.has(reason)) || (hold.cause ?? []).length > 0;
  const found = await asker.unread.attempt(async () => {
    const changes = await services.directoryChanges(identityCenter.identityStoreId);
    const calls: DirectoryCall[] = [];
    for (const call of [...(isByGroups ? OF_GROUPS : []), ...(isByUsers ? OF_USERS : [])]) {
      asker.progress(`calls of ${call}`);
      let pages = 0;
      for await (const page of changes.between(call, from, to)) {
        calls.push(...page.filter((one) => concerns(one, hold)));
        pages += 1;
        if (pages < MOST_PAGES) continue;
        asker.unread.add(tooMany(call));
        break;
      }
    }
    return calls;
  });
  return found && counted(found.value, hold);
}

function tooMany(call: string): RefusedError {
  return new RefusedError(
    'too-many-changes',
    `Only the newest calls of ${call} were looked at: CloudTrail answers two requests per second`,
  );
}

/** Whether a call names a group that fell, or a held user; one that names neither may be about them. */
function concerns({ groupId, userId }: DirectoryCall, { cause = [], users }: HoldLine): boolean {
  if (groupId === undefined && userId === undefined) return true;
  return cause.some((group) => group.groupId === groupId) || users.some((user) => user.userId === userId);
}

function counted(calls: readonly DirectoryCall[], { entitlement, application }: HoldLine): DirectoryChangeLine[] {
  const lines = new Map<string, DirectoryChangeLine>();
  for (const { at, call, source, by, groupId, userId } of calls.toSorted((a, b) => b.at.getTime() - a.at.getTime())) {
    const key = JSON.stringify([call, source, by, groupId]);
    const time = at.toISOString();
    const line = lines.get(key) ?? {
      type: 'directory-change',
      entitlement,
      application,
      call,
      source,
      ...(by === undefined ? {} : { by }),
      ...(groupId === undefined ? {} : { groupId }),
      count: 0,
      since: time,
      until: time,
    };
    const userIds = userId === undefined ? line.userIds : [...new Set([...(line.userIds ?? []), userId])];
    lines.set(key, { ...line, ...(userIds ? { userIds } : {}), count: line.count + 1, since: time });
  }
  return [...lines.values()];
}
