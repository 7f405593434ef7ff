import { managedOf } from '../entitlements.ts';
import { type OwnSubscription, type Seat, takesSlot } from '../seat/seat.ts';
import { markAdopted, markSubscriptionAdopted } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { isOwn, type Subscription } from '../subscription/subscription.ts';
import type { ApplicationState, Evidence, Moment } from './application-state.ts';
import { type DecidedUser, isAdoptable } from './decide.ts';
import type { Granted } from './decide-grants.ts';

/** What an application has before the adoptions of a pass. */
interface Allocated {
  /** Its seats by user id, after the transitions of this pass. */
  seats: ReadonlyMap<string, Seat>;
  /** The users who get a slot in this pass. */
  seated: readonly Granted[];
}

/** A user who gets a seat by adoption. */
interface Adoption {
  userId: string;
  cause: string;
  seat: Seat | undefined;
  parts: Pick<Seat, 'access' | 'subscription'>;
}

/**
 * Adopts what others have made where an operator asked for it: unmanaged assignments of entitled users, their subscriptions,
 * and those of users whom no entitlement covers, to be cancelled under the brake. What needs a seat is adopted as far as slots
 * are free.
 */
export function decideAdoptions(
  decided: readonly DecidedUser[],
  { seats, seated }: Allocated,
  { entitlement, whole, evidence }: ApplicationState,
  { readAt, execution }: Moment,
): Seat[] {
  const { name, application, seats: cap } = entitlement;
  const settings = whole?.adoptSubscriptions === undefined ? undefined : managedOf(entitlement);
  const ownOf = (userId: string): OwnSubscription | undefined => {
    const own = settings && listedOf(evidence, userId).find(isOwn);
    if (!own) return undefined;
    const plan = own.plan === 'unknown' ? settings.plan : own.plan;
    return { plan, askedAt: readAt.toISOString(), ...(own.id === undefined ? {} : { id: own.id }) };
  };
  const contextOf = (cause: string) => ({ now: readAt, execution, cause, reason: 'manual' as const });

  const subscribed = decided.flatMap(({ checked, decision }): Seat[] => {
    const { user, cause } = checked;
    const seat = seats.get(user.userId);
    if (!user.entitled || decision.do !== 'nothing' || seat?.status !== 'confirmed' || seat.subscription) return [];
    const own = ownOf(user.userId);
    return own ? [markSubscriptionAdopted(seat, own, contextOf(cause))] : [];
  });
  const assigned = decided.flatMap(({ checked, seat, decision }): Adoption[] => {
    const { user, cause, adopt } = checked;
    if (!adopt || !isAdoptable({ ...user, seat }, decision)) return [];
    const subscription = ownOf(user.userId);
    return [{ userId: user.userId, cause, seat, parts: subscription ? { subscription } : {} }];
  });
  const entitled = new Set(decided.flatMap(({ checked: { user } }) => (user.entitled ? user.userId : [])));
  const orphans = (whole?.adoptSubscriptions === 'all' ? (whole.orphans ?? []) : []).flatMap((userId): Adoption[] => {
    const seat = seats.get(userId);
    const subscription = ownOf(userId);
    // Since the comparison that found it, the user may have become entitled.
    const isLeft = !entitled.has(userId) && (seat === undefined || !takesSlot(seat));
    // Whatever assignment there is belongs to the one who subscribed the user.
    return subscription && isLeft
      ? [{ userId, cause: execution, seat, parts: { access: 'foreign', subscription } }]
      : [];
  });

  const newSlots = seated.filter(({ seat }) => !(seat && takesSlot(seat))).length;
  const free = Math.max(0, cap.max - newSlots - [...seats.values()].filter(takesSlot).length);
  const adopted = [...assigned.toSorted(byUserId), ...orphans.toSorted(byUserId)]
    .slice(0, free)
    .map(({ userId, cause, seat, parts }) => {
      const target = { applicationArn: application, userId, entitlement: name, requestedAt: readAt.toISOString() };
      return markAdopted(seat, target, contextOf(cause), parts);
    });
  return [...subscribed, ...adopted];
}

function byUserId(a: Adoption, b: Adoption): number {
  return a.userId < b.userId ? -1 : 1;
}

/** The subscriptions that a list shows of a user; none if it was not read. */
function listedOf({ subscriptions }: Evidence, userId: string): readonly Subscription[] {
  if (subscriptions === undefined || subscriptions === 'assumed' || subscriptions instanceof RefusedError) return [];
  return 'byUser' in subscriptions ? (subscriptions.byUser.get(userId) ?? []) : [];
}
