import type { Entitlement, SubscriptionSettings } from '../../domain/entitlements.ts';
import { APPLICATION, numberOf } from './ids.ts';
import { KIRO } from './subscriptions.ts';
import { openWorld, type World, type WorldOptions } from './world.ts';

/** The calls that change a user's subscription, and that list all, by provider. */
export const CALLS = {
  kiro: {
    subscribe: 'Q.CreateAssignment',
    cancel: 'Q.DeleteAssignment',
    list: 'UserSubscriptions.ListUserSubscriptions',
  },
  'amazon-q-business': {
    subscribe: 'QBusiness.CreateSubscription',
    cancel: 'QBusiness.CancelSubscription',
    list: 'QBusiness.ListSubscriptions',
  },
} as const;

export interface ManagedOptions extends WorldOptions {
  settings?: SubscriptionSettings;
  entitlement?: Partial<Entitlement>;
}

/** A world in which Usher manages the subscriptions of APPLICATION. */
export function openManaged({ settings = KIRO, entitlement = {}, ...options }: ManagedOptions = {}): Promise<World> {
  return openWorld({ entitlements: [{ subscription: settings, ...entitlement }], ...options });
}

/** A user joins; returns the outcome when all is over. */
export async function joinAlone(world: World, number: number): Promise<string> {
  const execution = await world.joins(number);
  await world.play();
  return String(world.stack.endOf(execution)?.outcome);
}

/** What is left of one user: seat, assignment, subscription. */
export async function partsOf(world: World, number: number): Promise<[string | undefined, boolean, boolean]> {
  return [(await world.seats())[number], world.isAssigned(number), subscribedIn(world).includes(number)];
}

/** The audit events of seats, without those of findings and failures. */
export function seatEvents(world: World): string[] {
  return world.audited().filter((event) => event.startsWith('Seat '));
}

/** Who has a subscription of their own that is not cancelled, by number, in order. */
export function subscribedIn({ center }: Pick<World, 'center'>): number[] {
  return center
    .subscriptionsOf(APPLICATION)
    .flatMap(({ user, status, source }) =>
      user === undefined || status === 'CANCELLED' || source === 'GROUP' ? [] : numberOf(user),
    )
    .sort((a, b) => a - b);
}
