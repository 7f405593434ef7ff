import type { Directory } from '../adapters/identity-store.ts';
import type { Ledger } from '../adapters/ledger.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import type { PlannedChange } from '../domain/decision/batches.ts';
import { mayStillShow, waitForGrantToShow } from '../domain/decision/timing.ts';
import type { Entitlement, Entitlements } from '../domain/entitlements.ts';
import { askedAtOf, joinedAtOf, type WorkItem, type WorkQueue } from '../domain/queue/work-queue.ts';
import { hasBegun, isUnanswered, type Seat, takesSlot } from '../domain/seat/seat.ts';
import type { ChangeContext, SeatTarget } from '../domain/seat/transitions.ts';
import {
  dropSeat,
  markAssigned,
  markCreating,
  markNotBegun,
  markRefused,
  markRemoved,
  markRevoked,
  markRevoking,
  putAside,
  recordLateGrant,
} from '../domain/seat/transitions.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { NotConvergedError, RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { secondsBetween } from '../domain/shared/time.ts';
import type { Measure } from './ports.ts';

/** What the changes are made with. */
export interface ApplyServices {
  clock: Clock;
  entitlements: Entitlements;
  ledger: Ledger;
  directory: Directory;
  applications: Applications;
  measure: Measure;
}

/** The outcome of one change. `later`: nothing was changed, and the next plan decides again. */
export type ChangeOutcome = 'granted' | 'revoked' | 'refused' | 'later' | 'done';

/** Why a change did not succeed, in a short code. */
export interface Setback {
  reason: string;
  /** Failed attempts that it counts for: AWS refused a read on which the change depends, and will do so again. */
  tries: number;
}

const CONFLICT: Setback = { reason: 'conflict', tries: 1 };
/** A refusal counts for this number of failed attempts: an execution fails for it, and the next attempt is an hour later. */
const REFUSED_TRIES = 7;

/** Tries one change. */
export async function attempt(task: Task, services: ApplyServices): Promise<ChangeOutcome | Setback> {
  try {
    return await (task.change.kind === 'grant' ? grant(task, services) : revoke(task, services));
  } catch (error) {
    if (error instanceof RefusedError) return { reason: error.reason, tries: REFUSED_TRIES };
    if (!(error instanceof TransientAwsError)) throw error;
    return { reason: error.isThrottled ? 'throttled' : 'unavailable', tries: 1 };
  }
}

/** One change of a batch. */
export interface Task {
  change: PlannedChange;
  entitlement: Entitlement | undefined;
  seat: Seat | undefined;
  plannedAt: string;
  execution: string;
  origin: ChangeOrigin;
  /** Whether an operator has given up all seats of the application. */
  isGivenUp: boolean;
}

/** What a change is made with: its seat, the queue whose items caused it, and when the reads began from which it was decided. */
interface TaskParts {
  seat: Seat | undefined;
  queue: WorkQueue;
  plannedAt: string;
  execution: string;
}

export function taskOf(
  change: PlannedChange,
  { seat, queue, plannedAt, execution }: TaskParts,
  { entitlements }: Entitlements,
): Task {
  const { applicationArn, userId } = change;
  return {
    change,
    entitlement: entitlements.find(({ application }) => application === applicationArn),
    seat,
    plannedAt,
    execution,
    origin: queue.users[userId] ?? queue.sweeps[applicationArn],
    // The batch alone does not say so: only a confirmed request of an operator marks the work item.
    isGivenUp: queue.sweeps[applicationArn]?.giveUp === true,
  };
}

/** What caused a change: the newest hint about the user, else the one about the application; absent: the execution itself. */
type ChangeOrigin = WorkItem | undefined;

function contextOf({ change, execution, origin }: Task, now: Date): ChangeContext {
  return { now, execution, cause: origin?.cause ?? execution, reason: change.reason };
}

/** The seat that a grant makes. The time of the first request decides the order of the waitlist. */
function targetOf({ change, seat, origin }: Task, { name }: Entitlement, now: Date): SeatTarget {
  const { applicationArn, userId } = change;
  const askedAt = seat?.status === 'revoked' ? undefined : seat?.requestedAt;
  const requestedAt = askedAt ?? (origin ? askedAtOf(origin, userId) : now.toISOString());
  return { applicationArn, userId, entitlement: name, requestedAt };
}

/**
 * Puts a user aside whose change did not succeed: at the seat or, if there is none because the change has not begun, at one
 * that takes no slot.
 *
 * @returns false if there is neither: the application is no longer configured
 */
export async function putChangeAside(
  task: Task,
  { reason, tries }: Setback,
  { clock, ledger }: Pick<ApplyServices, 'clock' | 'ledger'>,
): Promise<boolean> {
  const { change, entitlement, execution } = task;
  const now = clock.now();
  const seat = hasBegun(task.seat)
    ? task.seat
    : entitlement && markNotBegun(task.seat, targetOf(task, entitlement, now), contextOf(task, now));
  if (!seat) return false;
  const reportAgain = isAskedAgain(seat, change, execution);
  const aside = putAside(seat, reason, { now, execution, reportAgain }, tries);
  await ledger.saveSeat({ ...aside, revision: (task.seat?.revision ?? 0) + 1 });
  return true;
}

/** A create that was repeated so often without effect is put aside: an execution fails for it. */
const MOST_REPEATS = 3;

function afterRepeats(seat: Seat, { seat: before, execution }: Task, now: Date): Seat {
  const { repeats = 0, revision } = seat;
  if (repeats < MOST_REPEATS) return seat;
  const known = before?.refusal ? { ...seat, refusal: before.refusal } : seat;
  const tries = before?.refusal ? 1 : repeats + 1;
  return { ...putAside(known, NotConvergedError.REASON, { now, execution }, tries), revision };
}

/**
 * Whether the seat was written since the plan's reads: by an earlier try of this task, or by an urgent plan that came after
 * it. What that plan itself has written is as old as its reads; what has only begun is made once more.
 */
function isSuperseded({ seat, plannedAt }: Task): boolean {
  if (!seat || seat.status === 'creating' || seat.status === 'revoking') return false;
  const written = Date.parse(seat.changedAt) - Date.parse(plannedAt);
  return written > 0 || (written === 0 && seat.status === 'assigned');
}

/**
 * Grants a seat: confirms that the user is entitled, writes the intention, makes the call, records the answer.
 *
 * The plan's reads have shown that no one else made an assignment. A seat that an earlier try left as `creating` is read
 * again, because its call may have been made.
 */
async function grant(task: Task, services: ApplyServices): Promise<ChangeOutcome | Setback> {
  const { change, entitlement, origin } = task;
  const { clock, ledger, applications, measure } = services;
  const { applicationArn, userId } = change;
  // A deployment since the plan has removed the entitlement or its enforce mode.
  if (entitlement?.mode !== 'enforce') return 'later';
  if (isSuperseded(task)) return 'done';
  if (!(await isEntitled(task, entitlement, services))) return 'later';
  // A list may lag behind an assignment that was verified: before it counts as drift, this one assignment is read.
  const unfinished = task.seat !== undefined && isUnanswered(task.seat);
  if (!unfinished && change.reason === 'drift-healed' && (await applications.isAssigned(applicationArn, userId))) {
    return 'later';
  }
  const now = clock.now();
  let seat = markCreating(task.seat, targetOf(task, entitlement, now), contextOf(task, now));
  await ledger.saveSeat(seat);
  try {
    if (!(unfinished && (await applications.isAssigned(applicationArn, userId)))) {
      if ((await applications.assign(applicationArn, userId)) === 'conflict') return CONFLICT;
    }
  } catch (error) {
    return recordRefusal(error, seat, task, services);
  }
  seat = afterRepeats(markAssigned(seat, contextOf(task, clock.now())), task, clock.now());
  await ledger.saveSeat(seat);
  measure('SeatsGranted', 1);
  if (change.reason === 'group-join') {
    const joinedAt = origin ? joinedAtOf(origin) : seat.requestedAt;
    measure('JoinToSeat', Math.max(0, secondsBetween(joinedAt, clock.now())));
  }
  return 'granted';
}

/** Revokes a seat: confirms that it has to go, writes the intention, makes the call, reads the assignment, records. */
async function revoke(task: Task, services: ApplyServices): Promise<ChangeOutcome | Setback> {
  const { change, entitlement } = task;
  const { clock, ledger, applications, directory, measure } = services;
  const { applicationArn, userId } = change;
  if (!task.seat || task.seat.status === 'revoked' || isSuperseded(task)) return 'done';
  if (entitlement?.mode === 'observe' || !(await isConfirmed(task, directory))) return 'later';
  let seat = task.seat;
  const context = contextOf(task, clock.now());
  if (isUnanswered(seat) && (await applications.isAssigned(applicationArn, userId))) {
    // The answer to the create was lost: the grant has to be audited before the revocation.
    seat = recordLateGrant(seat, context);
    await ledger.saveSeat(seat);
  }
  // The create got no answer, and no read shows an assignment: the grant was never audited.
  const unaudited = seat.grantedAt === undefined;
  seat = markRevoking(seat, context);
  await ledger.saveSeat(seat);
  try {
    if ((await applications.unassign(applicationArn, userId)) === 'conflict') return CONFLICT;
  } catch (error) {
    return recordRefusal(error, seat, task, services);
  }
  let isVerified = false;
  try {
    isVerified =
      !waitForGrantToShow(task.seat, clock.now()) && !(await applications.isAssigned(applicationArn, userId));
  } finally {
    // Also if the read fails: that AWS has accepted the removal must not be forgotten.
    if (!isVerified) await ledger.saveSeat(markRemoved(seat, clock.now()));
  }
  if (!isVerified) return 'later';
  if (unaudited) {
    await ledger.saveSeat(dropSeat(seat, clock.now()));
    return 'done';
  }
  await ledger.saveSeat(markRevoked(seat, contextOf(task, clock.now())));
  measure('SeatsRevoked', 1);
  return 'revoked';
}

/** The plan has read the status of everyone who gets a seat; later than this, it is read again. */
const STATUS_HOLDS_SECONDS = 60;

/** Whether fresh reads of this one user, right before the call, confirm the grant. */
async function isEntitled(
  { change: { userId }, plannedAt }: Task,
  { groups }: Entitlement,
  { clock, directory }: ApplyServices,
): Promise<boolean> {
  const found = await directory.groupsOf(userId, groups);
  if (!found || found.size === 0) return false;
  if (secondsBetween(plannedAt, clock.now()) <= STATUS_HOLDS_SECONDS) return true;
  return (await directory.statusOf(userId)) === 'enabled';
}

/** Whether fresh reads of this one user, right before the call, confirm the revocation. */
async function isConfirmed(
  { change: { reason, userId }, entitlement, isGivenUp }: Task,
  directory: Directory,
): Promise<boolean> {
  if (reason === 'user-deleted') return (await directory.statusOf(userId)) === 'missing';
  if (reason === 'user-disabled') return (await directory.statusOf(userId)) !== 'enabled';
  if (!entitlement) return reason === 'entitlement-removed' && isGivenUp;
  const groups = await directory.groupsOf(userId, entitlement.groups);
  return (groups?.size ?? 0) === 0;
}

/** Whether an earlier call may have made the assignment although no read has shown it so far. */
function isAmbiguous({ seat }: Task, now: Date): boolean {
  return seat !== undefined && takesSlot(seat) && mayStillShow(seat, { readAt: now });
}

/** Whether an operator has started or redriven the execution: to them, what is known is reported again. */
function isAskedAgain(seat: Seat | undefined, { reason }: PlannedChange, execution: string): boolean {
  return seat?.refusal?.execution === execution || reason === 'manual';
}

/**
 * Records a refusal at the seat.
 *
 * @throws every error that is not a refusal
 */
async function recordRefusal(
  error: unknown,
  seat: Seat,
  task: Task,
  { clock, ledger, measure }: ApplyServices,
): Promise<ChangeOutcome | Setback> {
  if (!(error instanceof RefusedError)) throw error;
  // AWS may not know the user yet, or no longer.
  if (error.reason === 'principal-or-application-missing') return { reason: error.reason, tries: 1 };
  const reportAgain = isAskedAgain(task.seat, task.change, task.execution);
  const now = clock.now();
  await ledger.saveSeat(
    markRefused(seat, error.reason, { ...contextOf(task, now), reportAgain, ambiguous: isAmbiguous(task, now) }),
  );
  measure('SeatsRefused', 1);
  return 'refused';
}
