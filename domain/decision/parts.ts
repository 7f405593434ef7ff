import type { SubscriptionSettings } from '../entitlements.ts';
import { noteListed } from '../seat/ownership.ts';
import { includesSubscription, isMadeAgain, isUnanswered, type Part, type Reason, type Seat } from '../seat/seat.ts';
import { keepInterrupted, recordLateGrant } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, latest, plusSeconds } from '../shared/time.ts';
import { isUpgrade, type Plan } from '../subscription/plan.ts';
import { isOwn, type Subscription } from '../subscription/subscription.ts';
import type { CheckedUser, Moment, SubscriptionEvidence, UserState } from './application-state.ts';
import { type DecidedUser, type Decision, decideUser, ifDue } from './decide.ts';

/** How the parts of the seats of an application are decided. */
export interface PartsContext {
  /** Absent if no subscription is managed. */
  settings: SubscriptionSettings | undefined;
  graceDays: number;
  /** An operator gives up all seats of the application, which has no entitlement. */
  isGivenUp: boolean;
  /** The whole application was read. */
  whole: boolean;
  /** Absent: not read so far. */
  list: SubscriptionEvidence | undefined;
}

/**
 * `unread`: the decision depends on the list; `refused`: the list cannot be read, or nothing says how to cancel a subscription
 * of Usher's.
 */
export type PartsDecision = { decided: DecidedUser; unread?: true; refused?: true };

/** A change of plan that AWS has accepted is asked for again at the earliest after this. */
const ASK_AGAIN_SECONDS = 24 * 3600;

/** A user to decide for, and what that depends on besides the list. */
interface Subject {
  checked: CheckedUser;
  graceDays: number;
  moment: Moment;
}

/** The same of a user whose subscription is managed. */
type Managed = Subject & { settings: SubscriptionSettings };

/**
 * Decides for a user whose seat is an assignment and, if it is managed, a subscription.
 *
 * The seat of an entitled user stands if both parts exist, no matter who made them; that of any other user, as long as a
 * part of Usher's is left. The list is asked for only if the decision depends on it: a confirmed seat of a user who is
 * checked by name counts as subscribed, since each full sweep compares it.
 */
export function decideParts(
  checked: CheckedUser,
  { settings, graceDays, isGivenUp, whole, list }: PartsContext,
  moment: Moment,
): PartsDecision {
  const subject = { checked, graceDays, moment };
  return settings ? decideManaged({ ...subject, settings }, { whole, list }) : decideUnmanaged(subject, isGivenUp);
}

/** Without a managed subscription, the seat is its assignment. What Usher subscribed before cannot be cancelled. */
function decideUnmanaged(subject: Subject, isGivenUp: boolean): PartsDecision {
  const { user } = subject.checked;
  const decided = decideStanding(user.assigned && (user.entitled || isAccessOurs(user)), subject);
  const isForgotten = isGivenUp && user.seat?.subscription !== undefined;
  return isForgotten ? { decided: withDecision(decided, { do: 'nothing' }, user), refused: true } : { decided };
}

function decideManaged(subject: Managed, { whole, list }: Pick<PartsContext, 'whole' | 'list'>): PartsDecision {
  const { user } = subject.checked;
  const likely = decideIf(true, subject);
  if (list === 'assumed') return { decided: likely };
  const depends = dependsOnList(likely, subject);
  if (!depends || (depends === 'if-read' && !whole)) return { decided: likely };
  if (list === undefined) return { decided: likely, unread: true };
  // What a sweep only compares counts as subscribed until a list shows something else.
  const unlisted = (decision: Decision) => (depends === 'if-read' ? likely : withDecision(likely, decision, user));
  if (list instanceof RefusedError) {
    return { decided: mayRevokeUnlisted(user) ? likely : unlisted({ do: 'nothing' }), refused: true };
  }
  if ('until' in list) return { decided: unlisted({ do: 'wait', until: list.until }) };
  if (isTooOld(user.seat, list.readAt)) return { decided: unlisted({ do: 'wait', until: list.againAt }) };
  const shown = { ...shownOf(user, list.byUser.get(user.userId) ?? []), readAt: new Date(list.readAt) };
  if (user.entitled) return { decided: decideEntitled(shown, subject) };
  if (isIdUnknown(shown, subject)) return { decided: decideWithoutId(subject, list.againAt) };
  return { decided: decideIneligible(shown, subject) };
}

/**
 * Whether a seat is revoked although the list cannot be read: no one keeps access for that. Once AWS has accepted the end of
 * both parts, the seat waits for the list; so does one whose create got no answer, as long as no read shows its assignment.
 */
function mayRevokeUnlisted(user: UserState): boolean {
  const { entitled, assigned, seat } = user;
  if (entitled || !seat) return false;
  if (seat.status === 'creating') return assigned && isAccessOurs(user);
  return seat.removedAt === undefined || seat.subscription?.cancelledAt === undefined;
}

/** Decides by the rules of access about a seat that stands, or does not. */
function decideStanding(stands: boolean, subject: Subject, seat = subject.checked.user.seat): DecidedUser {
  const { checked, graceDays, moment } = subject;
  const shown = { ...checked.user, seat, assigned: stands };
  const one = decideUser({ ...checked, user: shown }, graceDays, moment);
  // What the ledger holds stays what a change is compared with.
  return { ...one, checked: { ...checked, user: { ...shown, seat: checked.user.seat } } };
}

/** Decides as if the list showed that the user is subscribed, or not. */
function decideIf(subscribed: boolean, subject: Managed, seat = subject.checked.user.seat): DecidedUser {
  const { user } = subject.checked;
  const isLeft = (user.assigned && isAccessOurs(user)) || (subscribed && seat?.subscription !== undefined);
  return decideStanding(user.entitled ? user.assigned && subscribed : isLeft, subject, seat);
}

function isAccessOurs({ seat }: UserState): boolean {
  return seat?.access === undefined;
}

/** What is missing is made, and a subscription of another plan is changed. */
function decideEntitled(shown: Shown, subject: Managed): DecidedUser {
  const { checked, settings } = subject;
  const { assigned, seat } = checked.user;
  const subscribed = shown.live.length > 0;
  const one =
    seat && isHalfRevoked(checked.user, shown) ? decideHalfRevoked(seat, subject) : decideIf(subscribed, subject);
  const decided = noted(one, shown);
  const isOther = isOfOtherPlan(decided, shown, settings);
  if (decided.decision.do === 'grant') {
    const part = missingPart(assigned, subscribed);
    // The last change of plan failed, or its answer was lost: there is no other plan so far.
    if (part === 'nothing' && isOther) return withPlan(decided, shown, subject);
    const reason = reasonOf(decided.decision.reason, { seat, part, plan: settings.plan });
    return { ...decided, decision: { do: 'grant', reason }, ...(part ? { part } : {}) };
  }
  const isStanding = decided.decision.do === 'nothing' && decided.seat?.status === 'confirmed';
  return isStanding && isOther && !isAsked(decided.seat, subject) ? withPlan(decided, shown, subject) : decided;
}

/** Whether a revocation was interrupted that has made an end of one part, and a part of Usher's is left. */
function isHalfRevoked(user: UserState, shown: Shown): boolean {
  const { live, own } = shown;
  const { assigned, seat } = user;
  if (seat?.status !== 'revoking' || seat.grantedAt === undefined) return false;
  const isSubscribed = seat.subscription !== undefined && (own !== undefined || mayBeUnlisted(seat, shown));
  const isLeft = (assigned && isAccessOurs(user)) || isSubscribed;
  return isLeft && !(assigned && live.length > 0);
}

/** What is left of the seat is kept, and what is gone is made again. */
function decideHalfRevoked(seat: Seat, subject: Managed): DecidedUser {
  const one = decideStanding(true, subject);
  if (one.first.do !== 'restore') return one;
  const kept = keepInterrupted(seat, { assigned: false, now: subject.moment.readAt });
  return { ...decideStanding(false, subject, kept), first: one.first, seat: kept };
}

/** The reason of a grant of which the user may have a part, or had one. */
function reasonOf(
  reason: Reason,
  { seat, part, plan }: { seat: Seat | undefined; part: Part | undefined; plan: Plan },
): Reason {
  if (!seat || !includesSubscription(part)) return reason;
  if (seat.subscription === undefined) {
    const isAdded = part === 'subscription' && reason === 'drift-healed';
    // The last grant, of access alone, is audited and not verified yet.
    return isAdded || seat.status === 'assigned' ? 'subscription-started' : reason;
  }
  // The plan was changed before the last grant was verified.
  const isUnverified = seat.status === 'assigned' || isMadeAgain(seat);
  return isUnverified && seat.subscription.plan !== plan ? 'plan-changed' : reason;
}

/** Whether a subscription of Usher's is of a plan that Usher may change. */
function isOfOtherPlan({ seat }: DecidedUser, { own }: Shown, { plan, allowDowngrade }: SubscriptionSettings): boolean {
  if (!own || !seat?.subscription || own.plan === 'unknown' || own.plan === plan) return false;
  return allowDowngrade === true || isUpgrade(own.plan, plan);
}

function withPlan(one: DecidedUser, { own }: Shown, { checked, graceDays, moment }: Managed): DecidedUser {
  if (!one.seat) return one;
  const named = checked.key === checked.user.userId;
  const context = { ...moment, trigger: checked.trigger, graceDays, named };
  const seat = noteListed(one.seat, own);
  return { ...one, seat, decision: ifDue({ do: 'grant', reason: 'plan-changed' }, seat, context), part: 'plan' };
}

/** What is left of Usher's is taken back, and its end verified: of the subscription by the list, of access by a read. */
function decideIneligible(shown: Shown, subject: Managed): DecidedUser {
  const { own } = shown;
  const { checked, moment } = subject;
  const { seat } = checked.user;
  if (seat?.subscription && own && isUnanswered(seat)) {
    // The answer to the call was lost: the grant is audited before the revocation.
    const { readAt: now, execution } = moment;
    const granted = noteListed(recordLateGrant(seat, { now, execution, cause: checked.cause }), own);
    return decideIf(true, subject, granted);
  }
  const isLeft = own !== undefined || mayBeUnlisted(seat, shown);
  const decided = decideIf(isLeft, subject, seat && own ? noteListed(seat, own) : seat);
  if (decided.decision.do !== 'revoke' || isLeft) return decided;
  return { ...decided, part: seat?.access === 'foreign' ? 'nothing' : 'access' };
}

/** Whether a subscription may exist that cannot be cancelled: Amazon Q Business takes the id, which only a list shows. */
function isIdUnknown(shown: Shown, { checked, settings }: Managed): boolean {
  const { seat } = checked.user;
  return lacksId(seat, settings) && shown.own === undefined && mayBeUnlisted(seat, shown);
}

function lacksId(seat: Seat | undefined, { provider }: SubscriptionSettings): boolean {
  return provider === 'amazon-q-business' && seat?.subscription?.id === undefined;
}

/** Revokes access; the subscription waits for the next list. */
function decideWithoutId(subject: Managed, againAt: string): DecidedUser {
  const { user } = subject.checked;
  const decided = decideIf(true, subject);
  if (decided.decision.do !== 'revoke') return decided;
  const isAssigned = user.assigned && isAccessOurs(user);
  return isAssigned ? { ...decided, part: 'access' } : withDecision(decided, { do: 'wait', until: againAt }, user);
}

/** What the list shows of a user. */
interface Shown {
  /** Subscriptions that are not cancelled, those of groups too. */
  live: readonly Subscription[];
  /** The user's own among them. */
  own: Subscription | undefined;
  /** When its reads began. */
  readAt: Date;
}

function shownOf({ seat }: UserState, listed: readonly Subscription[]): Omit<Shown, 'readAt'> {
  // A cancellation that the provider has accepted may leave an entry without a known status until the end of the month.
  const isEnding = seat?.subscription?.cancelledAt !== undefined;
  const live = listed.filter(({ status }) => status !== 'cancelled' && !(isEnding && status === 'unknown'));
  return { live, own: live.find(isOwn) };
}

/** A list may lag as reads of assignments do: until then, one without the subscription does not say that there is none. */
const LISTED_AFTER_SECONDS = 75 * 60;

/** Whether a subscription that no list shows may exist nevertheless, since its cancellation is not accepted. */
export function mayBeUnlisted(seat: Seat | undefined, { readAt }: { readAt: Date }): boolean {
  if (!seat?.subscription || seat.subscription.cancelledAt !== undefined) return false;
  return !isDue(plusSeconds(seat.subscription.askedAt, LISTED_AFTER_SECONDS), readAt);
}

/**
 * Whether the list was read too soon after what Usher last asked for to show it. A list from before a grant or a removal
 * verifies nothing either, no matter whose the subscription is: with the assignment, AWS may have ended it.
 */
function isTooOld(seat: Seat | undefined, readAt: string): boolean {
  const { askedAt, cancelledAt } = seat?.subscription ?? {};
  const written = seat?.status === 'assigned' || seat?.status === 'revoked' ? seat.changedAt : undefined;
  const last = latest(latest(askedAt, cancelledAt), written);
  return last !== undefined && !isDue(plusSeconds(last, SETTLE_SECONDS), new Date(readAt));
}

/** Whether the list would change a decision that takes the user as subscribed. `if-read`: only a full sweep compares it. */
function dependsOnList(subscribed: DecidedUser, subject: Managed): boolean | 'if-read' {
  const { entitled, assigned, seat } = subject.checked.user;
  const not = decideIf(false, subject);
  if (!entitled) {
    if (!seat?.subscription) return false;
    if (seat.status === 'revoking' || isUnanswered(seat)) return true;
    if (lacksId(seat, subject.settings)) return true;
    return subscribed.decision.do !== not.decision.do;
  }
  // Its cancellation may have begun: only the list says what is left.
  if (seat?.subscription && (seat.status === 'revoking' || seat.subscription.cancelledAt !== undefined)) return true;
  const isStanding = seat !== undefined && ['confirmed', 'leaving', 'held'].includes(seat.status);
  if (isStanding && assigned) return 'if-read';
  if (subscribed.decision.do === 'grant' || not.decision.do === 'grant') return true;
  return subscribed.decision.do !== not.decision.do || subscribed.first.do !== not.first.do;
}

function withDecision(one: DecidedUser, decision: Decision, { seat }: UserState): DecidedUser {
  const user = { ...one.checked.user, seat };
  return { checked: { ...one.checked, user }, first: decision, decision, seat };
}

/**
 * Notes at a confirmed seat what the list shows of its subscription. If only a group gives one, Usher has none, unless the
 * list may be too early to show it: what Usher has started must not be forgotten.
 */
function noted(one: DecidedUser, shown: Shown): DecidedUser {
  const { live, own } = shown;
  const { seat } = one;
  if (seat?.status !== 'confirmed' || live.length === 0) return one;
  if (own === undefined && mayBeUnlisted(seat, shown)) return one;
  return { ...one, seat: noteListed(seat, own) };
}

function missingPart(assigned: boolean, subscribed: boolean): Part | undefined {
  if (assigned) return subscribed ? 'nothing' : 'subscription';
  return subscribed ? 'access' : undefined;
}

/** Whether the plan was asked for so recently that it is not asked for again. */
function isAsked(seat: Seat | undefined, { settings, moment }: Managed): boolean {
  const { plan, askedAt } = seat?.subscription ?? {};
  return (
    plan === settings.plan && askedAt !== undefined && !isDue(plusSeconds(askedAt, ASK_AGAIN_SECONDS), moment.readAt)
  );
}
