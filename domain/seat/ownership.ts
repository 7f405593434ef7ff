import type { Plan } from '../subscription/plan.ts';
import { includesSubscription, type Part, type Seat, takesSlot } from './seat.ts';

/** What a grant makes of a seat. By default the assignment alone. */
export interface Making {
  /** Absent: the assignment, and the subscription if there is a plan. */
  part?: Part | undefined;
  /** The plan to subscribe to; absent if no subscription is managed. */
  plan?: Plan | undefined;
}

/**
 * Records whose the parts of a seat are, before the calls that make them. A part that the reads have shown, and that no seat
 * of Usher's had, is someone else's and stays so.
 */
export function withOwnership(
  made: Seat,
  before: Seat | undefined,
  { part, plan }: Making,
  { now }: { now: Date },
): Seat {
  const { access: _access, ...owned } = made;
  const isForeign = part !== undefined && part !== 'access' && !ownsAccess(before);
  const asks = plan !== undefined && includesSubscription(part);
  const { id } = owned.subscription ?? {};
  return {
    ...owned,
    ...(isForeign ? { access: 'foreign' as const } : {}),
    ...(asks ? { subscription: { plan, askedAt: now.toISOString(), ...(id === undefined ? {} : { id }) } } : {}),
  };
}

/** Whether an assignment is Usher's if there is one. */
export function ownsAccess(seat: Seat | undefined): boolean {
  return seat !== undefined && takesSlot(seat) && seat.access === undefined;
}

/** Whether a grant asks for another plan than the seat has asked for, or than its audit record has. */
export function asksForAnotherPlan({ status, subscription }: Seat, { part, plan }: Making): boolean {
  if (plan === undefined || !includesSubscription(part)) return false;
  return subscription === undefined ? status === 'assigned' : subscription.plan !== plan;
}

/** A seat that is gone owns nothing: what is visible later is someone else's, unless Usher has cancelled it. */
export function withoutParts({ access: _access, subscription, ...seat }: Seat): Seat {
  const cancelledAt = subscription?.cancelledAt;
  return cancelledAt === undefined ? seat : { ...seat, cancelledAt };
}

/** Makes a seat Usher's for its subscription alone: it has no assignment, so that one that shows later is someone else's. */
export function withoutAccess(seat: Seat): Seat {
  return { ...seat, access: 'foreign' };
}

/** Marks a cancellation that the provider has accepted and that no list has verified yet. */
export function markCancelled(seat: Seat, now: Date): Seat {
  const { subscription } = seat;
  if (!subscription) return seat;
  return {
    ...seat,
    revision: seat.revision + 1,
    subscription: { ...subscription, cancelledAt: now.toISOString() },
  };
}

/**
 * Notes at a seat what a list shows of the user's own subscription: the id by which it is changed. One that only a group gives
 * is not Usher's: AWS refused to start another, or has not started it.
 */
export function noteListed(seat: Seat, listed: { id?: string | undefined } | undefined): Seat {
  const { subscription, ...others } = seat;
  if (!subscription) return seat;
  if (!listed) return others;
  return listed.id === undefined || listed.id === subscription.id
    ? seat
    : { ...seat, subscription: { ...subscription, id: listed.id } };
}
