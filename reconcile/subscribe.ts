import type { OpenSubscriptions } from '../adapters/subscriptions/connect.ts';
import { type Entitlement, managedOf, type SubscriptionSettings } from '../domain/entitlements.ts';
import { requestTokenOf } from '../domain/seat/request-token.ts';
import type { Seat } from '../domain/seat/seat.ts';
import { RefusedError } from '../domain/shared/errors.ts';
import { ACCOUNT_NOT_ELIGIBLE, type SubscriptionProvider } from '../domain/subscription/subscription.ts';

/** Opens the subscriptions of an application. */
export type ProviderOf = (application: string, settings: SubscriptionSettings) => Promise<SubscriptionProvider>;

/** Returns what opens the subscriptions of each application once. */
export function providersOf(open: OpenSubscriptions, instanceArn: string): ProviderOf {
  const opened = new Map<string, Promise<SubscriptionProvider>>();
  return (application, settings) => {
    const known = opened.get(application) ?? open({ ...settings, application, instanceArn });
    opened.set(application, known);
    return known;
  };
}

/** Whether AWS refuses new subscriptions to the whole account. */
export function isNotEligible(error: unknown): boolean {
  return error instanceof RefusedError && error.reason === ACCOUNT_NOT_ELIGIBLE;
}

/** Whether AWS refuses a call in one of the ways in which it refuses the first calls of a new profile. */
export function isDenied(error: unknown): error is RefusedError {
  return isNotEligible(error) || (error instanceof RefusedError && error.reason === 'access-denied');
}

/** To which applications AWS refuses new subscriptions, and to which it does so no longer, as a batch has found. */
export class Stops {
  readonly stopped = new Set<string>();
  /** Applications of which a subscription, or a change of one, was asked for, whatever the answer. */
  readonly tried = new Set<string>();
  readonly #known: ReadonlySet<string>;
  readonly #subscribed = new Set<string>();
  readonly #changed = new Set<string>();

  /** @param known applications that are stopped, without those that may be probed */
  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  has(application: string): boolean {
    return this.#known.has(application) || this.stopped.has(application);
  }

  stop(application: string): void {
    this.stopped.add(application);
  }

  accept(application: string, { isChange }: { isChange: boolean }): void {
    (isChange ? this.#changed : this.#subscribed).add(application);
  }

  /** An accepted change of plan ends a refusal, unless a new subscription was refused in the same batch. */
  get resumed(): ReadonlySet<string> {
    const changed = [...this.#changed].filter((application) => !this.stopped.has(application));
    return new Set([...this.#subscribed, ...changed]);
  }
}

/** What subscriptions are changed with. */
export interface SubscribeServices {
  providerOf: ProviderOf;
  stops: Stops;
  /** Whether the profile of an application is so new that a refusal of the account may pass by itself. */
  isNewProfile(application: string): boolean;
}

/**
 * Subscribes the user of a seat, or asks for another plan: what the seat says, which was saved before.
 *
 * @returns the seat with the id of the subscription, if the answer has one; undefined after a conflict
 * @throws RefusedError · TransientAwsError
 */
export async function askFor(
  seat: Seat,
  { entitlement, isChange }: { entitlement: Entitlement; isChange: boolean },
  { providerOf, stops }: SubscribeServices,
): Promise<Seat | undefined> {
  const settings = managedOf(entitlement);
  const { userId, subscription } = seat;
  if (!settings || !subscription) return seat;
  const provider = await providerOf(entitlement.application, settings);
  const { plan, id } = subscription;
  stops.tried.add(entitlement.application);
  const answer = isChange
    ? { outcome: await provider.changePlan({ userId, id }, plan), id: undefined }
    : await provider.subscribe(userId, plan, requestTokenOf(seat, plan));
  if (answer.outcome === 'conflict') return undefined;
  stops.accept(entitlement.application, { isChange });
  return answer.id === undefined ? seat : { ...seat, subscription: { ...subscription, id: answer.id } };
}

/**
 * Cancels the subscription of a seat; one that is gone counts as cancelled.
 *
 * @returns false after a conflict
 * @throws RefusedError · TransientAwsError
 */
export async function cancel(
  { userId, subscription }: Seat,
  { application, settings }: { application: string; settings: SubscriptionSettings },
  { providerOf }: SubscribeServices,
): Promise<boolean> {
  const provider = await providerOf(application, settings);
  return (await provider.cancel({ userId, id: subscription?.id })) !== 'conflict';
}
