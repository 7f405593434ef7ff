import type { Directory, UserStatus } from '../../adapters/identity-store.ts';
import type { Ledger } from '../../adapters/ledger.ts';
import type { Applications } from '../../adapters/sso-admin.ts';
import type { Ineligibility, UserState } from '../../domain/decision/decide.ts';
import { waitForWriteToSettle } from '../../domain/decision/timing.ts';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import type { SweepItem, UserItem } from '../../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { isDue, plusSeconds } from '../../domain/shared/time.ts';
import { allSettled } from '../concurrency.ts';
import { readStatuses, type StatusCache, type StatusReaders, statusesOf } from './user-statuses.ts';

/** What the reads of a plan are made with. */
export interface Readers extends StatusReaders {
  entitlements: Entitlements;
  applications: Applications;
  ledger: Ledger;
}

/** How users stand with one application, as freshly read. */
export interface ApplicationSnapshot {
  standings: UserState[];
  /** A configured group is empty or missing. */
  emptyGroup: boolean;
  /** Assigned users without a seat of ours. */
  unmanaged: number;
  /** Groups that are assigned as a whole: their members have access whatever happens to their seats. */
  assignedGroups: string[];
}

/** What one user's look showed; `unmet` when the reads don't show yet what an event led to expect. */
export interface UserSnapshot {
  unmet: boolean;
  standings: { entitlement: Entitlement; standing: UserState }[];
}

/**
 * Reads one user afresh: ledger, memberships, status where it matters, and the assignments in question.
 *
 * @param entry what the mailbox says of the user
 */
export async function readUser(userId: string, entry: UserItem, readAt: Date, readers: Readers): Promise<UserSnapshot> {
  const { entitlements, directory, applications, ledger, renewLease } = readers;
  await renewLease();
  const rules = entitlements.entitlements;
  const seats = await ledger.seats(rules.map(({ application }) => ({ applicationArn: application, userId })));
  const groups = await directory.groupsOf(userId, [...new Set(rules.flatMap((rule) => rule.groups))]);
  const awaited = entry.expected.filter(({ at }) => !isDue(plusSeconds(at, EXPECTATION_SECONDS), readAt));
  if (awaited.some(({ groupId, membership }) => (groups?.has(groupId) ?? false) !== (membership === 'member'))) {
    return { unmet: true, standings: [] };
  }
  const concerned = rules.flatMap((entitlement) => {
    const seat = seats.find(({ applicationArn }) => applicationArn === entitlement.application);
    const member = entitlement.groups.some((group) => groups?.has(group));
    // What was told of somebody by an entitlement that observes may be true no more.
    return member || seat || entitlement.mode === 'observe' ? [{ entitlement, seat, member }] : [];
  });
  const status = await statusIfNeeded(userId, entry, concerned, groups !== undefined, directory);
  if (groups && status === 'missing' && !isDue(plusSeconds(entry.at, EXPECTATION_SECONDS), readAt)) {
    return { unmet: true, standings: [] };
  }
  const standings = [];
  for (const { entitlement, seat, member } of concerned) {
    const matters = member || (seat !== undefined && takesSlot(seat));
    const assigned = matters && (await applications.isAssigned(entitlement.application, userId));
    standings.push({ entitlement, standing: { userId, ...standingOf(member, status), assigned, seat } });
  }
  return { unmet: false, standings };
}

/** UserStatus matters before a seat is given, and when it may be what the event was about. */
async function statusIfNeeded(
  userId: string,
  entry: UserItem,
  concerned: readonly { seat: Seat | undefined; member: boolean }[],
  exists: boolean,
  directory: Directory,
): Promise<UserStatus> {
  if (!exists) return 'missing';
  const aboutStatus = entry.whole === true || entry.expected.length === 0;
  const seated = ({ seat }: { seat: Seat | undefined }) => seat?.status === 'assigned' || seat?.status === 'confirmed';
  const granting = concerned.some((one) => one.member && !seated(one));
  return concerned.length > 0 && (aboutStatus || granting) ? directory.statusOf(userId) : 'enabled';
}

function standingOf(
  member: boolean,
  status: UserStatus,
  givenUp = false,
): { entitled: boolean; ineligibility?: Ineligibility } {
  // A member who doesn't exist: one of the two reads lags. Neither is ground enough for a change.
  if (status === 'missing') return member ? { entitled: false } : { entitled: false, ineligibility: 'user-deleted' };
  if (status === 'disabled') return { entitled: false, ineligibility: 'user-disabled' };
  if (givenUp) return { entitled: false, ineligibility: 'entitlement-removed' };
  return member ? { entitled: true } : { entitled: false, ineligibility: 'group-leave' };
}

/** What is read once for all applications of a sweep. */
export interface SweepCache extends StatusCache {
  members: Map<string, ReadonlySet<string> | undefined>;
}

/** An application that is to be read, its seats, and what the mailbox says of it. */
interface ApplicationSubject {
  entitlement: Entitlement;
  seats: readonly Seat[];
  orders: Pick<SweepItem, 'withStatus' | 'adopt' | 'giveUp'>;
}

/**
 * Reads an application afresh by all pages: assignments, memberships, and the status of those whom it may change
 * something for. A page that fails fails the whole.
 */
export async function readApplication(
  { entitlement, seats: ledgerSeats, orders }: ApplicationSubject,
  readAt: Date,
  readers: Readers,
  cache: SweepCache,
): Promise<ApplicationSnapshot> {
  const { withStatus, adopt, giveUp } = orders;
  const { assigned, assignedGroups, members, emptyGroup } = await listsOf(entitlement, readers, cache);
  const seats = new Map(ledgerSeats.map((seat) => [seat.userId, seat]));
  const users = new Set([...members, ...seats.keys()]);
  // A seat without its assignment may turn out to be gone in this very plan.
  const kept = ledgerSeats.filter((seat) => takesSlot(seat) && assigned.has(seat.userId));
  const full = kept.length >= entitlement.seats.max;
  const wanted = [...users].filter(
    (userId) => withStatus || adopt || isCandidate(userId, { members, assigned, seats, full }),
  );
  const statuses = await statusesOf(wanted, readers, cache);
  const standings = [...users].map((userId) => ({
    userId,
    ...standingOf(members.has(userId), statuses.get(userId) ?? 'enabled', giveUp),
    assigned: assigned.has(userId),
    seat: seats.get(userId),
  }));
  const ours = (userId: string) => {
    const seat = seats.get(userId);
    // One that was revoked a moment ago may still be listed.
    return seat !== undefined && (takesSlot(seat) || waitForWriteToSettle(seat, { readAt }) !== undefined);
  };
  const unmanaged = [...assigned].filter((userId) => !ours(userId)).length;
  return { standings, emptyGroup, unmanaged, assignedGroups };
}

async function assigneesOf(application: string, { applications, renewLease }: Readers) {
  const assigned = new Set<string>();
  const assignedGroups: string[] = [];
  for await (const page of applications.assigneesOf(application)) {
    await renewLease();
    for (const { principalId, principalType } of page) {
      if (principalType === 'USER') assigned.add(principalId);
      else assignedGroups.push(principalId);
    }
  }
  return { assigned, assignedGroups };
}

/** They are counted by different quotas: no list has to wait for another. */
async function listsOf({ application, groups }: Entitlement, readers: Readers, cache: SweepCache) {
  const [assignees, members] = await allSettled([
    assigneesOf(application, readers),
    membersOfAny(groups, readers, cache),
    cache.listUsers && !cache.statuses ? readStatuses(readers, cache) : undefined,
  ]);
  return { ...assignees, ...members };
}

async function membersOfAny(groups: readonly string[], readers: Readers, cache: SweepCache) {
  const members = new Set<string>();
  let emptyGroup = false;
  for (const group of groups) {
    const found = await membersOf(group, readers, cache);
    if (!found || found.size === 0) emptyGroup = true;
    for (const userId of found ?? []) members.add(userId);
  }
  return { members, emptyGroup };
}

/** Whether one of these groups has no members, or doesn't exist; reads no more than the first members of each. */
export async function isAnyEmpty(groups: readonly string[], { directory, renewLease }: Readers): Promise<boolean> {
  for (const group of groups) {
    let empty = true;
    for await (const page of directory.membersOf(group)) {
      await renewLease();
      empty = !page || page.length === 0;
      if (!empty) break;
    }
    if (empty) return true;
  }
  return false;
}

/** So many people are asked for at the most before a sweep costs less. */
const MOST_ASKED = 5;

/** Whether one of the first few of these people is still entitled. */
export async function isAnyEntitled(
  seats: readonly Pick<Seat, 'userId'>[],
  groups: readonly string[],
  { directory, renewLease }: Readers,
): Promise<boolean> {
  for (const { userId } of seats.slice(0, MOST_ASKED)) {
    await renewLease();
    const member = ((await directory.groupsOf(userId, groups))?.size ?? 0) > 0;
    if (member && (await directory.statusOf(userId)) === 'enabled') return true;
  }
  return false;
}

/**
 * Somebody for whom something may change: a member without a seat, or a seat without a member. Whoever has a seat was
 * enabled when it was given, and is looked at when that changes, or by the daily sweep.
 */
function isCandidate(
  userId: string,
  read: {
    members: ReadonlySet<string>;
    assigned: ReadonlySet<string>;
    seats: ReadonlyMap<string, Seat>;
    full: boolean;
  },
): boolean {
  const { members, assigned, seats, full } = read;
  const seat = seats.get(userId);
  const taken = seat !== undefined && takesSlot(seat);
  if (!members.has(userId)) return taken;
  // What was begun because of their status must not be undone without asking for it.
  if (seat && ['leaving', 'held', 'revoking'].includes(seat.status)) return true;
  // Whoever waits is not asked about as long as no place is free.
  if (seat?.status === 'waitlisted') return !full;
  return !assigned.has(userId);
}

async function membersOf(
  group: string,
  { directory, renewLease }: Readers,
  { members }: SweepCache,
): Promise<ReadonlySet<string> | undefined> {
  if (members.has(group)) return members.get(group);
  const found = new Set<string>();
  let exists = true;
  for await (const page of directory.membersOf(group)) {
    await renewLease();
    if (page) for (const userId of page) found.add(userId);
    else exists = false;
  }
  members.set(group, exists ? found : undefined);
  return members.get(group);
}
