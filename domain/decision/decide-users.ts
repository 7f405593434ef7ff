import { managedOf } from '../entitlements.ts';
import { RefusedError } from '../shared/errors.ts';
import { latest } from '../shared/time.ts';
import type { ApplicationDecision, ApplicationState, Failure, Moment } from './application-state.ts';
import type { DecidedUser } from './decide.ts';
import { decideParts, type PartsContext } from './parts.ts';

/** Whether an operator has asked to adopt subscriptions, and they are managed. */
export function adoptsSubscriptions({ entitlement, whole }: Pick<ApplicationState, 'entitlement' | 'whole'>): boolean {
  return whole?.adoptSubscriptions !== undefined && managedOf(entitlement) !== undefined;
}

/** What is decided for each user. `unread`: the list of subscriptions is needed; `refusal`: of that list. */
export function decideUsers(
  { users, entitlement, evidence, whole }: ApplicationState,
  moment: Moment,
): { decided: DecidedUser[]; unread: boolean; refusal: Failure[] } {
  const { onLeave, application, groups } = entitlement;
  const context: PartsContext = {
    settings: managedOf(entitlement),
    graceDays: onLeave.revokeAfterDays,
    // Every entitlement has a group.
    isGivenUp: groups.length === 0,
    whole: whole !== undefined,
    list: evidence.subscriptions,
  };
  const all = users.map((checked) => decideParts(checked, context, moment));
  const { list } = context;
  const refused = all.filter((one) => one.refused);
  const error = list instanceof RefusedError ? list : unmanaged(application, refused.length);
  return {
    decided: all.map(({ decided }) => decided),
    unread: all.some(({ unread }) => unread) || (list === undefined && adoptsSubscriptions({ entitlement, whole })),
    refusal: refused.length > 0 ? [{ key: application, error }] : [],
  };
}

/** Of an application without an entitlement, nothing says where its subscriptions are: they would be paid for good. */
function unmanaged(application: string, seats: number): RefusedError {
  return new RefusedError(
    'subscription-unmanaged',
    `${seats} seats of ${application} have subscriptions that Usher started. Configure their entitlement with subscription.mode manage again, and let their users leave its groups first`,
  );
}

/**
 * Returns the decisions without grants to users whose status was not read: their assignment is there, and the list shows that
 * their subscription is not. `assumed`: how many.
 */
export function withoutAssumed(decided: readonly DecidedUser[]): { known: readonly DecidedUser[]; assumed: number } {
  const isAssumed = ({ decision, checked }: DecidedUser) =>
    decision.do === 'grant' && checked.user.statusAssumed === true;
  const assumed = new Set(decided.filter(isAssumed));
  return { known: withNothing(decided, assumed), assumed: assumed.size };
}

/** Returns the decisions, with nothing to do for some. */
export function withNothing(
  decided: readonly DecidedUser[],
  some: { has(one: DecidedUser): boolean },
): readonly DecidedUser[] {
  return decided.map((one) => (some.has(one) ? { ...one, decision: { do: 'nothing' as const } } : one));
}

/** The application is read again, with the status of every user: until then, nothing is reported of it. */
export function withStatusNeeded({ report: _, ...decision }: ApplicationDecision): ApplicationDecision {
  return { ...decision, sweepNeeded: { withStatus: true } };
}

/** Of a list that may not be read yet, nothing is adopted: the application is checked again when it may be. */
export function whenListed(
  { recheck }: ApplicationDecision,
  { whole, evidence: { subscriptions } }: ApplicationState,
): Partial<ApplicationDecision> {
  if (!whole || typeof subscriptions !== 'object' || !('until' in subscriptions)) return {};
  const at = latest(recheck.get(whole.key), subscriptions.until) ?? subscriptions.until;
  return { recheck: new Map([...recheck, [whole.key, at]]), unverified: true };
}
