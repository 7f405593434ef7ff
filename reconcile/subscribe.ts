import type { OpenSubscriptions } from '../adapters/subscriptions/connect.ts';
import type { Entitlement, SubscriptionSettings } from '../domain/entitlements.ts';
import type { Seat } from '../domain/seat/seat.ts';
import { RefusedError } from '../domain/shared/errors.ts';
import type { SubscriptionProvider } from '../domain/subscription/subscription.ts';

/** The subscription of an entitlement, if Usher changes it. */
export function managedOf(entitlement: Entitlement | undefined): SubscriptionSettings | undefined {
  const { subscription } = entitlement ?? {};
  return subscription?.mode === 'manage' ? subscription : undefined;
}

/** Opens the subscriptions of each application once. */
export function providersOf(open: OpenSubscriptions, instanceArn: string) {
  const opened = new Map<string, Promise<SubscriptionProvider>>();
  return (application: string, settings: SubscriptionSettings): Promise<SubscriptionProvider> => {
    const known = opened.get(application) ?? open({ ...settings, application, instanceArn });
    opened.set(application, known);
    return known;
  };
}

/** AWS's own check of the account refuses new subscriptions. */
export const NOT_ELIGIBLE = 'account-not-eligible';

export function isNotEligible(error: unknown): error is RefusedError {
  return error instanceof RefusedError && error.reason === NOT_ELIGIBLE;
}

/** Applications to which AWS refuses new subscriptions, or accepts them again. */
export class Stops {
  readonly #stopped = new Set<string>();
  readonly #resumed = new Set<string>();

  has(application: string): boolean {
    return this.#stopped.has(application);
  }

  stop(application: string): void {
    this.#stopped.add(application);
  }

  resume(application: string): void {
    this.#resumed.add(application);
  }
}

/** Asks a provider for what a seat says, which was saved before. @returns the id of the subscription, if the answer has one */
export async function ask(
  provider: SubscriptionProvider,
  { userId, subscription }: Seat,
  isChange: boolean,
): Promise<{ outcome: 'accepted' | 'conflict'; id?: string | undefined }> {
  if (!subscription) return { outcome: 'accepted' };
  const { plan, id } = subscription;
  if (isChange) {
    const changed = await provider.changePlan({ userId, id }, plan);
    return { outcome: changed === 'conflict' ? 'conflict' : 'accepted', id };
  }
  const { outcome, id: made } = await provider.subscribe(userId, plan);
  return { outcome: outcome === 'conflict' ? 'conflict' : 'accepted', id: made };
}
