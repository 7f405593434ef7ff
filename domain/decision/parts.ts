import type { SubscriptionSettings } from '../entitlements.ts';
import { noteListed } from '../seat/ownership.ts';
import { isMadeAgain, isUnanswered, type Part, type Reason, type Seat } from '../seat/seat.ts';
import { keepInterrupted, recordLateGrant } from '../seat/transitions.ts';
import { RefusedError } from '../shared/errors.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, latest, plusSeconds } from '../shared/time.ts';
import { isUpgrade } from '../subscription/plan.ts';
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
 * `unread`: the decision depends on the list; `refused`: and it cannot be read, or there is nothing by which to cancel a
 * subscription of Usher's.
 */
export type PartsDecision = { decided: DecidedUser; unread?: true; refused?: true };

/** A change of plan that AWS has accepted is asked for again at the earliest after this. */
const ASK_AGAIN_SECONDS = 24 * 3600;

/**
 * Decides for a user whose seat is an assignment and, if it is managed, a subscription.
 *
 * To an entitled user, a seat stands if both parts are there, whoever made them; to others, as long as a part of Usher's is
 * left. The list is asked for only if the decision depends on it: a confirmed seat of a user who is checked by name counts
 * as subscribed, since each full sweep compares it.
 */
export function decideParts(checked: CheckedUser, context: PartsContext, moment: Moment): PartsDecision {
  const { user } = checked;
  const { settings, graceDays, list } = context;
  const isOurs = user.seat?.access === undefined;
  const decideAs = (subscribed: boolean, seat = user.seat, isWhole = false): DecidedUser => {
    const left =
      (user.assigned && isOurs) || (subscribed && settings !== undefined && seat?.subscription !== undefined);
    const complete = isWhole || (user.assigned && (subscribed || settings === undefined));
    const shown = { ...user, seat, assigned: user.entitled ? complete : left };
    const one = decideUser({ ...checked, user: shown }, graceDays, moment);
    // What the ledger holds stays what a change is compared with.
    return { ...one, checked: { ...checked, user: { ...shown, seat: user.seat } } };
  };
  if (!settings) {
    const decided = decideAs(false);
    const isForgotten = context.isGivenUp && user.seat?.subscription !== undefined;
    return isForgotten ? { decided: withDecision(decided, { do: 'nothing' }, user), refused: true } : { decided };
  }
  const assumed = decideAs(user.entitled ? user.assigned : user.seat?.subscription !== undefined);
  if (list === 'assumed') return { decided: assumed };
  const likely = decideAs(true);
  const depends = dependsOnList(user, [likely, decideAs(false)], settings);
  const isKept = depends === 'if-read' && !context.whole;
  if (!depends || isKept) return { decided: likely };
  if (list === undefined) return { decided: likely, unread: true };
  if (list instanceof RefusedError) {
    return depends === 'if-read'
      ? { decided: likely, refused: true }
      : { decided: withDecision(likely, { do: 'nothing' }, user), refused: true };
  }
  const until = 'until' in list ? list.until : isTooOld(user.seat, list.readAt) ? list.againAt : undefined;
  if (until !== undefined || 'until' in list) {
    const wait: Decision = { do: 'wait', until: until ?? moment.readAt.toISOString() };
    return { decided: depends === 'if-read' ? likely : withDecision(likely, wait, user) };
  }
  const shown = shownOf(user, list.byUser.get(user.userId) ?? []);
  return { decided: user.entitled ? grantParts(user, shown, decideAs) : revokeParts(user, shown, decideAs) };

  function grantParts({ seat }: UserState, { live, own }: Shown, as: typeof decideAs): DecidedUser {
    const subscribed = live.length > 0;
    const remains = (user.assigned && isOurs) || (own !== undefined && seat?.subscription !== undefined);
    const isHalfGone =
      seat?.status === 'revoking' && seat.grantedAt !== undefined && remains && !(user.assigned && subscribed);
    const one = isHalfGone ? kept(as(true, seat, true), seat) : as(subscribed);
    const decided = noted(one, { live, own }, moment);
    if (decided.decision.do === 'grant') {
      const part = missingPart(user.assigned, subscribed);
      // The last change of plan failed, or its answer was lost: there is no other plan so far.
      if (part === 'nothing' && isOfOtherPlan(decided, own)) return withPlan(decided);
      const reason = reasonFor(decided.decision.reason, seat, part);
      return { ...decided, decision: { do: 'grant', reason }, ...(part ? { part } : {}) };
    }
    const isStanding = decided.decision.do === 'nothing' && decided.seat?.status === 'confirmed';
    const isOther = isStanding && isOfOtherPlan(decided, own) && !isAsked(decided.seat, settings, moment);
    return isOther ? withPlan(decided) : decided;
  }

  /** The reason of a grant of which the user may have a part, or had one. */
  function reasonFor(reason: Reason, seat: Seat | undefined, part: Part | undefined): Reason {
    if (part === 'access' || part === 'nothing' || !seat || !settings) return reason;
    if (seat.subscription === undefined) {
      return part === 'subscription' && reason === 'drift-healed' ? 'subscription-started' : reason;
    }
    // The plan was changed before the last grant was verified.
    const isUnverified = seat.status === 'assigned' || isMadeAgain(seat);
    return isUnverified && seat.subscription.plan !== settings.plan ? 'plan-changed' : reason;
  }

  /** A revocation of which one part is made, of a user who is entitled again: what is gone is made again. */
  function kept(one: DecidedUser, seat: Seat): DecidedUser {
    if (one.first.do !== 'restore') return one;
    const after = keepInterrupted(seat, { assigned: false, now: moment.readAt });
    return { ...decideAs(false, after), first: one.first, seat: after };
  }

  /** Whether a subscription of Usher's is of a plan that Usher may change. */
  function isOfOtherPlan({ seat }: DecidedUser, own: Subscription | undefined): boolean {
    if (!settings || !own || !seat?.subscription || own.plan === 'unknown' || own.plan === settings.plan) return false;
    return settings.allowDowngrade === true || isUpgrade(own.plan, settings.plan);
  }

  function withPlan(one: DecidedUser): DecidedUser {
    if (!one.seat) return one;
    const named = checked.key === user.userId;
    const context = { ...moment, trigger: checked.trigger, graceDays, named };
    return { ...one, decision: ifDue({ do: 'grant', reason: 'plan-changed' }, one.seat, context), part: 'plan' };
  }

  function revokeParts({ seat }: UserState, { own }: Shown, as: typeof decideAs): DecidedUser {
    const isLeft = own !== undefined || mayBeUnlisted(seat, moment);
    if (seat && own && isUnanswered(seat) && seat.subscription) {
      // The answer to the call was lost: the grant is audited before the revocation.
      const { readAt: now, execution } = moment;
      const granted = noteListed(recordLateGrant(seat, { now, execution, cause: checked.cause }), own);
      return { ...as(true, granted), seat: granted, first: { do: 'confirm' } };
    }
    const known = seat && own ? noteListed(seat, own) : seat;
    const decided = as(isLeft, known);
    if (decided.decision.do !== 'revoke' || isLeft) return decided;
    return { ...decided, part: seat?.access === 'foreign' ? 'nothing' : 'access' };
  }
}

/** What the list shows of a user. */
interface Shown {
  /** Subscriptions that are not cancelled, those of groups too. */
  live: readonly Subscription[];
  /** The user's own among them. */
  own: Subscription | undefined;
}

function shownOf({ seat }: UserState, listed: readonly Subscription[]): Shown {
  // A cancellation that the provider has accepted may leave an entry without a known status until the end of the month.
  const isEnding = seat?.subscription?.cancelledAt !== undefined;
  const live = listed.filter(({ status }) => status !== 'cancelled' && !(isEnding && status === 'unknown'));
  return { live, own: live.find(isOwn) };
}

/** A list may lag as reads of assignments do: until then, one without the subscription does not say that there is none. */
const LISTED_AFTER_SECONDS = 3600;

/** Whether a subscription that no list shows may exist all the same, since its cancellation is not accepted. */
function mayBeUnlisted(seat: Seat | undefined, { readAt }: Moment): boolean {
  if (!seat?.subscription || seat.subscription.cancelledAt !== undefined) return false;
  return !isDue(plusSeconds(seat.subscription.askedAt, LISTED_AFTER_SECONDS), readAt);
}

/**
 * Whether the list was read too soon after what Usher last asked for to show it. A list from before a grant or a removal
 * verifies nothing either, whose ever the subscription is: with the assignment, AWS may have ended it.
 */
function isTooOld(seat: Seat | undefined, readAt: string): boolean {
  const { askedAt, cancelledAt } = seat?.subscription ?? {};
  const written = seat?.status === 'assigned' || seat?.status === 'revoked' ? seat.changedAt : undefined;
  const last = latest(latest(askedAt, cancelledAt), written);
  return last !== undefined && !isDue(plusSeconds(last, SETTLE_SECONDS), new Date(readAt));
}

/** `if-read`: only a full sweep compares it. */
function dependsOnList(
  { entitled, assigned, seat }: UserState,
  [subscribed, not]: readonly [DecidedUser, DecidedUser],
  { provider }: SubscriptionSettings,
): boolean | 'if-read' {
  if (!entitled) {
    if (!seat?.subscription) return false;
    if (seat.status === 'revoking' || isUnanswered(seat)) return true;
    if (provider === 'amazon-q-business' && seat.subscription.id === undefined) return true;
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
function noted(one: DecidedUser, { live, own }: Shown, moment: Moment): DecidedUser {
  const { seat } = one;
  if (seat?.status !== 'confirmed' || live.length === 0) return one;
  if (own === undefined && mayBeUnlisted(seat, moment)) return one;
  return { ...one, seat: noteListed(seat, own) };
}

function missingPart(assigned: boolean, subscribed: boolean): Part | undefined {
  if (assigned) return subscribed ? 'nothing' : 'subscription';
  return subscribed ? 'access' : undefined;
}

function isAsked(
  seat: Seat | undefined,
  settings: SubscriptionSettings | undefined,
  { readAt }: Pick<Moment, 'readAt'>,
): boolean {
  const { plan, askedAt } = seat?.subscription ?? {};
  return plan === settings?.plan && askedAt !== undefined && !isDue(plusSeconds(askedAt, ASK_AGAIN_SECONDS), readAt);
}
