import type { UserState, WholeState } from '../../domain/decision/application-state.ts';
import type { GroupSize } from '../../domain/decision/group-sizes.ts';
import { waitForWriteToSettle } from '../../domain/decision/timing.ts';
import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import type { SweepItem } from '../../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { allSettled } from '../concurrency.ts';
import { eligibilityOf } from './read-user.ts';
import type { Readers } from './readers.ts';
import { MOST_USER_PAGES, readStatuses, type StatusCache, statusesOf } from './user-statuses.ts';

/** What is read once for all applications of a pass. */
export interface SharedReads extends StatusCache {
  members: Map<string, ReadonlySet<string> | undefined>;
}

/** An application that is to be read, its seats, and what the work item asks for. */
interface ApplicationQuestion {
  entitlement: Entitlement;
  seats: readonly Seat[];
  item: Pick<SweepItem, 'withStatus' | 'adopt' | 'adoptSubscriptions' | 'giveUp'>;
}

/** An application as all pages of its lists show it. */
export interface ApplicationSnapshot {
  users: UserState[];
  whole: WholeState;
  /** Users whose status could not be read: nothing is decided about them. */
  unread: string[];
}

/**
 * Reads an application afresh by all pages: assignments, memberships, and the status of the users for whom it may change
 * something. A page that fails fails the whole.
 */
export async function readApplication(
  { entitlement, seats: ledgerSeats, item }: ApplicationQuestion,
  readAt: Date,
  readers: Readers,
  shared: SharedReads,
): Promise<ApplicationSnapshot> {
  const { withStatus, adopt, adoptSubscriptions, giveUp } = item;
  const seats = new Map(ledgerSeats.map((seat) => [seat.userId, seat]));
  const { assigned, assignedGroups, members, emptyGroup, sizes } = await listsOf(entitlement, seats, readers, shared);
  const userIds = new Set([...members, ...seats.keys()]);
  // A seat without its assignment may turn out to be gone in this very plan.
  const kept = ledgerSeats.filter((seat) => takesSlot(seat) && assigned.has(seat.userId));
  const isManaged = managedOf(entitlement) !== undefined;
  const lists = { members, assigned, seats, full: kept.length >= entitlement.seats.max, isManaged };
  const wanted = [...userIds].filter((userId) => withStatus || adopt || needsStatus(userId, lists));
  const { statuses, unread } = await statusesOf(wanted, readers, shared);
  const eligibility = (userId: string) => {
    const status = statuses.get(userId);
    const found = eligibilityOf(members.has(userId), status ?? 'enabled', giveUp);
    return isManaged && found.entitled && status === undefined ? { ...found, statusAssumed: true as const } : found;
  };
  const users = [...userIds].map((userId) => ({
    userId,
    ...(unread.has(userId) ? { entitled: false } : eligibility(userId)),
    assigned: assigned.has(userId),
    seat: seats.get(userId),
  }));
  const isOurs = (userId: string) => {
    const seat = seats.get(userId);
    // A seat that was revoked a moment ago may still be listed.
    if (seat?.access === 'foreign') return false;
    return seat !== undefined && (takesSlot(seat) || waitForWriteToSettle(seat, { readAt }) !== undefined);
  };
  return {
    users,
    unread: [...unread],
    whole: {
      key: entitlement.application,
      emptyGroup,
      groups: sizes,
      nobodyEntitled: !users.some(({ entitled }) => entitled),
      unmanaged: [...assigned].filter((userId) => !isOurs(userId)).length,
      assignedGroups,
      ...(adoptSubscriptions ? { adoptSubscriptions } : {}),
    },
  };
}

/**
 * Different quotas count these lists: none has to wait for another. That of all users is read as soon as it is certain that
 * it takes fewer calls than to ask for the status of members one by one, who have neither seat nor assignment.
 */
async function listsOf(
  { application, groups }: Entitlement,
  seats: ReadonlyMap<string, Seat>,
  readers: Readers,
  shared: SharedReads,
) {
  const listing = Promise.withResolvers<void>();
  let isListed = shared.statuses !== undefined;
  const listUsers = () => {
    if (!isListed) listing.resolve(readStatuses(readers, shared));
    isListed = true;
  };
  if (shared.listUsers) listUsers();
  let assigned: ReadonlySet<string> | undefined;
  let askedFor = 0;
  const onMembers = (members: readonly string[]) => {
    if (assigned === undefined) return;
    for (const userId of members) if (!(seats.has(userId) || assigned.has(userId))) askedFor += 1;
    if (askedFor > (shared.userPages ?? MOST_USER_PAGES)) listUsers();
  };
  const [assignees, members] = await allSettled([
    assigneesOf(application, readers).then((found) => {
      assigned = found.assigned;
      return found;
    }),
    membersOfAny(groups, readers, { ...shared, onMembers }).finally(() => listing.resolve()),
    listing.promise,
  ]);
  return { ...assignees, ...members };
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

/** `onMembers`: called with each page of members that is read. */
type MemberReads = Pick<SharedReads, 'members'> & { onMembers?(members: readonly string[]): void };

async function membersOfAny(groups: readonly string[], readers: Readers, shared: MemberReads) {
  const members = new Set<string>();
  const sizes: GroupSize[] = [];
  for (const group of groups) {
    const found = await membersOf(group, readers, shared);
    sizes.push({ groupId: group, members: found?.size ?? 0 });
    for (const userId of found ?? []) members.add(userId);
  }
  return { members, sizes, emptyGroup: sizes.some((one) => one.members === 0) };
}

/** Reads the members of a group, once for all reads that share them. Returns undefined if there is no such group. */
export async function membersOf(
  group: string,
  { directory, renewLease }: Pick<Readers, 'directory' | 'renewLease'>,
  { members, onMembers }: MemberReads,
): Promise<ReadonlySet<string> | undefined> {
  if (members.has(group)) return members.get(group);
  const found = new Set<string>();
  let exists = true;
  for await (const page of directory.membersOf(group)) {
    await renewLease();
    if (!page) exists = false;
    for (const userId of page ?? []) found.add(userId);
    onMembers?.(page ?? []);
  }
  members.set(group, exists ? found : undefined);
  return members.get(group);
}

/**
 * Whether something may change for a user: a member without a seat, or a seat without a member. A user with a seat was
 * enabled when it was given, and is checked when that changes, or by the daily sweep.
 */
function needsStatus(
  userId: string,
  lists: {
    members: ReadonlySet<string>;
    assigned: ReadonlySet<string>;
    seats: ReadonlyMap<string, Seat>;
    full: boolean;
    /** A seat has a subscription, too, which only its list shows. */
    isManaged: boolean;
  },
): boolean {
  const { members, assigned, seats, full, isManaged } = lists;
  const seat = seats.get(userId);
  const taken = seat !== undefined && takesSlot(seat);
  if (!members.has(userId)) return taken;
  // What was begun because of the user's status must not be undone without asking for it.
  if (seat && ['leaving', 'held', 'revoking'].includes(seat.status)) return true;
  // A user on the waitlist is not asked about as long as no slot is free.
  if (seat?.status === 'waitlisted') return !full;
  return !assigned.has(userId) || (isManaged && seat?.status === 'creating');
}
