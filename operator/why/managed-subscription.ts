import { managedOf } from '../../domain/entitlements.ts';
import { profileKey, profilesOf } from '../../domain/profiles.ts';
import { listBlockedUntil } from '../../domain/queue/list-reads.ts';
import { stopsOf } from '../../domain/queue/stops.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { isUnanswered, type Seat } from '../../domain/seat/seat.ts';
import { stopInWords } from '../stops.ts';
import { relative } from '../text.ts';
import type { EntitlementFinding } from './user-findings.ts';

/** Refusals that concern the subscription of a seat alone. */
const OF_SUBSCRIPTIONS: ReadonlySet<string> = new Set([
  'account-not-eligible',
  'principal-or-profile-missing',
  'profile-missing',
  'role-refused',
  'subscription-or-application-missing',
  'subscription-unknown',
]);

/** Says how a user stands with the subscription of an entitlement that Usher manages, as far as the ledger shows. */
export function subscriptionInWords(
  { entitlement, user, verdict }: Pick<EntitlementFinding, 'entitlement' | 'user' | 'verdict'>,
  queue: WorkQueue | undefined,
  now: Date,
): string[] {
  if (!managedOf(entitlement)) return [];
  const { seat, entitled } = user;
  const owned = seat?.status === 'revoked' ? undefined : seat;
  const words = [ownerInWords(owned, now)];
  if (owned?.access === 'foreign')
    words.push('The assignment was made by someone else, so it stays when the seat ends.');
  if (owned?.refusal && OF_SUBSCRIPTIONS.has(owned.refusal.reason))
    words.push('AWS refuses the subscription, not the assignment.');
  if (!queue) return words;
  const stop = stopsOf(queue, [entitlement])?.[0];
  const hasSubscription = owned?.subscription !== undefined && !isUnanswered(owned);
  if (stop && entitled && !hasSubscription) words.push(`${stopInWords(stop, now)}. Until then, no seat begins.`);
  const until = isOpen(owned, verdict) ? blockedUntil(entitlement, queue, now) : undefined;
  if (until !== undefined)
    words.push(`What follows needs the list of subscriptions, which may be read again ${relative(until, now)}.`);
  return words;
}

function ownerInWords(seat: Seat | undefined, now: Date): string {
  const { subscription: own } = seat ?? {};
  if (!(seat && own)) return 'Subscription: none that Usher started or adopted, so Usher cancels none of this user.';
  const about = `${own.plan}, asked for or adopted ${relative(own.askedAt, now)}`;
  if (own.cancelledAt !== undefined)
    return `Subscription: Usher cancelled it ${relative(own.cancelledAt, now)} (${about}); no list has verified that yet.`;
  if (isUnanswered(seat)) return `Subscription: Usher is starting it (${about}); no list has verified that yet.`;
  return `Subscription: Usher's own (${about}). Usher cancels it when the seat ends.`;
}

/** Whether something is under way that only the list can settle. */
function isOpen(seat: Seat | undefined, { do: next }: EntitlementFinding['verdict']): boolean {
  return (
    next === 'grant' ||
    next === 'wait' ||
    (seat !== undefined && ['creating', 'assigned', 'revoking'].includes(seat.status))
  );
}

function blockedUntil(entitlement: EntitlementFinding['entitlement'], queue: WorkQueue, now: Date): string | undefined {
  const [profile] = profilesOf([entitlement]);
  return profile && listBlockedUntil(queue, profileKey(profile), now);
}

/**
 * Says what comes next where only the list of subscriptions decides, which the command does not read; undefined if the
 * decision does not depend on it.
 */
export function nextByList({
  entitlement,
  user,
  verdict,
}: Pick<EntitlementFinding, 'entitlement' | 'user' | 'verdict'>): string | undefined {
  if (!managedOf(entitlement) || !user.entitled || verdict.do !== 'nothing') return undefined;
  const { seat, assigned } = user;
  if (seat?.status === 'confirmed' && seat.subscription) return 'nothing, as long as the list shows the subscription.';
  const isSeated = seat?.status === 'confirmed' || (assigned && (!seat || seat.status === 'revoked'));
  return isSeated
    ? 'whether the user has a subscription decides, which was not read: a user without one gets it with the next full sweep.'
    : undefined;
}
