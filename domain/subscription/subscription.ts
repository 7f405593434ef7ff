import type { Plan } from './plan.ts';

/** A subscription as its provider lists it. What a list does not say, or says in an unknown way, is `unknown`. */
export interface Subscription {
  /** Whose it is, by id. */
  principal: { user: string } | { group: string } | { unknown: true };
  plan: Plan | 'unknown';
  /** `pending`: subscribed and never used, which costs nothing yet. A cancelled one counts as gone. */
  status: 'active' | 'pending' | 'cancelled' | 'unknown';
  /** Whether the user's own subscription or that of a group gives it; `both` if each would. */
  source: 'individual' | 'group' | 'both' | 'unknown';
  /** ISO time of the first use, where the list says it. */
  activatedAt?: string;
  /** Id by which its provider changes it, where the list has one. */
  id?: string;
}

/** Whether it is the user's own: one that only a group gives can be changed with the group alone. */
export function isOwn({ source }: Pick<Subscription, 'source'>): boolean {
  return source !== 'group';
}

/** Reads the subscriptions of one profile or application. */
export interface SubscriptionProvider {
  /**
   * Lists all subscriptions, by pages of up to 100.
   *
   * @throws TransientAwsError · RefusedError
   */
  subscriptions(): AsyncIterable<readonly Subscription[]>;
}
