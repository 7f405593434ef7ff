import type { Directory, UserStatus } from '../../adapters/identity-store.ts';
import type { Eligibility, UserState } from '../../domain/decision/application-state.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { UserItem } from '../../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { isDue, plusSeconds } from '../../domain/shared/time.ts';
import type { Readers } from './readers.ts';

/** What a read of one user has to know of the work item. */
export type UserQuestion = Pick<UserItem, 'expected' | 'whole' | 'at'>;

/** What one user's reads showed. */
export interface UserSnapshot {
  /** They do not show yet what an event announced: applications for which that matters are left out. */
  unmet: boolean;
  /** Why the assignment of an application, or the status of its user, could not be read. Other applications are not affected. */
  unread: (RefusedError | TransientAwsError)[];
  applications: { entitlement: Entitlement; user: UserState }[];
}

/** One entitlement that concerns a user. */
interface Concern {
  entitlement: Entitlement;
  seat: Seat | undefined;
  member: boolean;
}

const UNMET: UserSnapshot = { unmet: true, unread: [], applications: [] };

/**
 * Reads one user afresh: ledger, memberships, status where it matters, and the assignments in question. An application
 * that does not show its assignment keeps no other from being read.
 */
export async function readUser(
  userId: string,
  question: UserQuestion,
  readAt: Date,
  readers: Readers,
): Promise<UserSnapshot> {
  const { entitlements, directory, applications, ledger, renewLease } = readers;
  await renewLease();
  const rules = entitlements.entitlements;
  const seats = await ledger.seats(rules.map(({ application }) => ({ applicationArn: application, userId })));
  const groups = await directory.groupsOf(userId, [...new Set(rules.flatMap((rule) => rule.groups))]);
  const { awaited, shown } = announcedGroups(question, groups, readAt);
  // Of a user who is said to have joined a group, a read that finds no such user shows the time before.
  if (!groups && awaited.size > 0) return UNMET;
  const concerns = rules.flatMap((entitlement): Concern[] => {
    const seat = seats.find(({ applicationArn }) => applicationArn === entitlement.application);
    const member = entitlement.groups.some((group) => groups?.has(group) && !awaited.has(group));
    if (!member && entitlement.groups.some((group) => awaited.has(group))) return [];
    // The read may be older than anything that it does not show as announced.
    if (awaited.size > 0 && !entitlement.groups.some((group) => shown.has(group))) return [];
    // What an observing entitlement has recorded of the user may no longer be true.
    return member || seat || entitlement.mode === 'observe' ? [{ entitlement, seat, member }] : [];
  });
  const status = groups ? await statusIfNeeded(userId, question, concerns, directory) : 'missing';
  if (groups && status === 'missing' && !isDue(plusSeconds(question.at, EXPECTATION_SECONDS), readAt)) return UNMET;
  const known = status instanceof RefusedError ? 'enabled' : status;
  const found: UserSnapshot['applications'] = [];
  const unread: UserSnapshot['unread'] = [];
  for (const { entitlement, seat, member } of concerns) {
    // A user in no group loses the seat whatever the status is. With days of grace, it also decides when.
    const isOpen = status instanceof RefusedError && (member || entitlement.onLeave.revokeAfterDays > 0);
    if (isOpen) unread.push(status);
    if (isOpen && member) continue;
    const matters = member || (seat !== undefined && takesSlot(seat));
    try {
      const assigned = matters && (await applications.isAssigned(entitlement.application, userId));
      found.push({ entitlement, user: { userId, ...eligibilityOf(member, known), assigned, seat } });
    } catch (error) {
      if (!(error instanceof RefusedError || error instanceof TransientAwsError)) throw error;
      unread.push(error);
    }
  }
  return { unmet: awaited.size > 0, unread, applications: found };
}

/** Groups about which events announced a membership or its absence, by whether the read shows it. */
function announcedGroups(
  { expected }: UserQuestion,
  groups: ReadonlySet<string> | undefined,
  readAt: Date,
): { awaited: ReadonlySet<string>; shown: ReadonlySet<string> } {
  const young = expected.filter(({ at }) => !isDue(plusSeconds(at, EXPECTATION_SECONDS), readAt));
  const isShown = ({ groupId, membership }: UserQuestion['expected'][number]) =>
    (groups?.has(groupId) ?? false) === (membership === 'member');
  const idsOf = (some: typeof young) => new Set(some.map(({ groupId }) => groupId));
  return { awaited: idsOf(young.filter((one) => !isShown(one))), shown: idsOf(young.filter(isShown)) };
}

/** UserStatus matters before a seat is given, and when it may be what the event was about. @returns a refusal as a value */
async function statusIfNeeded(
  userId: string,
  { whole, expected }: UserQuestion,
  concerns: readonly Concern[],
  directory: Directory,
): Promise<UserStatus | RefusedError> {
  const aboutStatus = whole === true || expected.length === 0;
  const seated = ({ seat }: Concern) => seat?.status === 'assigned' || seat?.status === 'confirmed';
  const granting = concerns.some((concern) => concern.member && !seated(concern));
  if (concerns.length === 0 || !(aboutStatus || granting)) return 'enabled';
  return directory.statusOf(userId).catch((error: unknown) => {
    if (error instanceof RefusedError) return error;
    throw error;
  });
}

/** Whether a user is entitled, and if not, why; neither, if the reads contradict each other. */
export function eligibilityOf(member: boolean, status: UserStatus, givenUp = false): Eligibility {
  // A member who does not exist: one of the two reads lags, and neither justifies a change.
  if (status === 'missing') return member ? { entitled: false } : { entitled: false, ineligibility: 'user-deleted' };
  if (status === 'disabled') return { entitled: false, ineligibility: 'user-disabled' };
  if (givenUp) return { entitled: false, ineligibility: 'entitlement-removed' };
  return member ? { entitled: true } : { entitled: false, ineligibility: 'group-leave' };
}
