import type { Plan } from './plan.ts';

/** The code of a refusal with which AWS refuses new subscriptions to the whole account. */
export const ACCOUNT_NOT_ELIGIBLE = 'account-not-eligible';

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

/** The subscription of a user that a call changes. */
interface SubscriptionKey {
  userId: string;
  /** As the list, or the answer to `subscribe`, has it. */
  id?: string | undefined;
}

/**
 * Reads and changes the subscriptions of one profile or application.
 *
 * No write is retried. After any error, also a refusal, it may have taken effect: only the list says what there is.
 *
 * @throws TransientAwsError · RefusedError `account-not-eligible` if AWS's own check of the account refuses it
 */
export interface SubscriptionProvider {
  /** Lists all subscriptions, by pages of up to 100. */
  subscriptions(): AsyncIterable<readonly Subscription[]>;
  /**
   * Lists the users whom the claims of an application of Identity Center name, by pages: AWS bills these. Only of Kiro, where
   * a list is that of a whole Region.
   */
  claimants?(applicationArn: string): AsyncIterable<readonly string[]>;
  /**
   * Subscribes a user. `conflict` is no success: only the list says what there is. The id, where the answer has one.
   *
   * @param clientToken makes a repetition the same request, where the provider takes one: a second one may be a second price
   */
  subscribe(
    userId: string,
    plan: Plan,
    clientToken?: string,
  ): Promise<{ outcome: 'subscribed' | 'conflict'; id?: string }>;
  /** Asks for another plan of a subscription that exists. */
  changePlan(subscription: SubscriptionKey, plan: Plan): Promise<'changed' | 'conflict'>;
  /** Cancels the user's own subscription; one that is gone counts as cancelled. */
  cancel(subscription: SubscriptionKey): Promise<'cancelled' | 'conflict'>;
}
