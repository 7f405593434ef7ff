import type { Directory } from '../adapters/identity-store.ts';
import { keepsBack } from '../domain/decision/hold.ts';
import { waitForGrantToShow } from '../domain/decision/timing.ts';
import { managedOf } from '../domain/entitlements.ts';
import { markCancelled, withoutAccess } from '../domain/seat/ownership.ts';
import { isUnanswered, type Seat } from '../domain/seat/seat.ts';
import { dropSeat, markRemoved, markRevoked, markRevoking, recordLateGrant } from '../domain/seat/transitions.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { cancel } from './subscribe.ts';
import {
  type BatchServices,
  type ChangeOutcome,
  CONFLICT,
  contextOf,
  isSuperseded,
  recordRefusal,
  type Setback,
  type Task,
} from './task.ts';

/**
 * Revokes a seat: confirms that it has to go, writes the intention, makes the calls, reads the assignment, records. A
 * subscription is cancelled first. No read shows its end before the next list: until then, the seat is not revoked.
 */
export async function revoke(task: Task, services: BatchServices): Promise<ChangeOutcome | Setback> {
  const { change, entitlement } = task;
  const { clock, ledger, applications, measure } = services;
  const { applicationArn, userId } = change;
  if (!task.seat || task.seat.status === 'revoked' || isSuperseded(task)) return 'done';
  if (!(await isStillDue(task.seat, task, services))) return 'later';
  let seat = task.seat;
  const context = contextOf(task, clock.now());
  const isForeign = seat.access === 'foreign';
  if (isUnanswered(seat) && !isForeign && (await applications.isAssigned(applicationArn, userId))) {
    // The answer to the create was lost: the grant has to be audited before the revocation.
    seat = recordLateGrant(seat, context);
    await ledger.saveSeat(seat);
  }
  // The create got no answer, and no read shows an assignment: the grant was never audited.
  const unaudited = seat.grantedAt === undefined;
  seat = markRevoking(seat, context);
  await ledger.saveSeat(seat);
  const settings = managedOf(entitlement);
  const cancels = settings !== undefined && seat.subscription !== undefined && change.part === undefined;
  const unassigns = !isForeign && change.part !== 'nothing';
  const waitsForList = cancels || leavesSubscription(seat, task);
  const cancelled = cancels
    ? await tryToCancel(seat, { application: applicationArn, settings }, services)
    : 'cancelled';
  if (cancels && cancelled === 'cancelled') {
    seat = markCancelled(seat, clock.now());
    await ledger.saveSeat(seat);
  }
  try {
    // A user who is no longer entitled loses access, too, if the subscription cannot be cancelled.
    if (unassigns && (await applications.unassign(applicationArn, userId)) === 'conflict') return CONFLICT;
    if (cancelled !== 'cancelled') {
      seat = markRemoved(seat, clock.now());
      await ledger.saveSeat(seat);
    }
    if (cancelled === 'conflict') return CONFLICT;
    if (cancelled instanceof Error) throw cancelled;
  } catch (error) {
    return recordRefusal(error, seat, task, services);
  }
  let isVerified = false;
  try {
    const isAccessGone = !unassigns || (await isGone(task.seat, services));
    isVerified = isAccessGone && !waitsForList;
    // What someone assigns while the end of the subscription is awaited is theirs.
    if (isAccessGone && unassigns && waitsForList) seat = withoutAccess(seat);
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

/**
 * Whether access alone is revoked, and the subscription may be there: Amazon Q Business takes an id to cancel it, which perhaps
 * only a list will show. If there is none, the next plan ends the seat.
 */
function leavesSubscription({ subscription }: Seat, { change, entitlement }: Task): boolean {
  const isCancelled = subscription === undefined || subscription.cancelledAt !== undefined;
  return change.part === 'access' && managedOf(entitlement)?.provider === 'amazon-q-business' && !isCancelled;
}

/** Cancels a subscription; returns an error of AWS as a value. */
async function tryToCancel(
  seat: Seat,
  about: Parameters<typeof cancel>[1],
  services: BatchServices,
): Promise<'cancelled' | 'conflict' | RefusedError | TransientAwsError> {
  try {
    return (await cancel(seat, about, services)) ? 'cancelled' : 'conflict';
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientAwsError) return error;
    throw error;
  }
}

/** Whether a fresh read shows no assignment, and is not too early to show the last grant. */
async function isGone(seat: Seat, { clock, applications }: BatchServices): Promise<boolean> {
  if (waitForGrantToShow(seat, clock.now())) return false;
  return !(await applications.isAssigned(seat.applicationArn, seat.userId));
}

/** Whether the revocation is to be made now: the plan may be half an hour old. */
async function isStillDue(seat: Seat, task: Task, services: BatchServices): Promise<boolean> {
  if (task.entitlement?.mode === 'observe' || (await isKeptBack(seat, services))) return false;
  return isConfirmed(task, services.directory);
}

/**
 * Whether the revocation has not begun, and a hold keeps it from it: between two batches of a round, a check of other users may
 * have begun one. What a hold that cannot be read means is the plan's to say.
 */
async function isKeptBack(seat: Seat, { holdOf }: BatchServices): Promise<boolean> {
  if (seat.status === 'revoking') return false;
  try {
    return keepsBack(await holdOf(seat.applicationArn), seat);
  } catch (error) {
    if (error instanceof RefusedError) return true;
    throw error;
  }
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
