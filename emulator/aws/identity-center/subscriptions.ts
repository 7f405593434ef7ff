import { PLANS, planOf } from '../../../domain/subscription/plan.ts';
import type { SeedSubscription } from './directory-seed.ts';
import { type Moment, TemporalMap } from './temporal-map.ts';

/** The provider of the applications of Identity Center that belong to Kiro and Amazon Q Developer. */
export const KIRO_PROVIDER = 'codewhisperer';
/** The provider of the applications of Identity Center that belong to Amazon Q Business. AWS's own name is not known. */
export const Q_BUSINESS_PROVIDER = 'qbusiness';

/** A change of a user's subscription that took effect: of Usher, or of an administrator. */
export interface SubscriptionChange {
  /** Milliseconds since the epoch. */
  at: number;
  applicationArn: string;
  userId: string;
  change: 'subscribed' | 'changed' | 'cancelled';
}

/** Whether the user has it by themselves, perhaps also through a group. */
function isOwn({ source }: SeedSubscription): boolean {
  return source !== 'GROUP';
}

/** Whether a subscription also has the one source of another. */
function isFrom({ source }: SeedSubscription, other: SeedSubscription): boolean {
  return source === 'INDIVIDUAL_AND_GROUP' || (source === 'GROUP') === (other.source === 'GROUP');
}

/** Whether a subscription is not cancelled. */
export function isLive({ status }: SeedSubscription): boolean {
  return status !== 'CANCELLED';
}

function rankOf(name: string): number {
  const plan = planOf(name);
  return plan === undefined ? -1 : PLANS.indexOf(plan);
}

/** Returns what is left of a subscription when the user's own part is cancelled. */
function withoutOwn(subscription: SeedSubscription): SeedSubscription {
  return subscription.source === 'INDIVIDUAL_AND_GROUP'
    ? { ...subscription, source: 'GROUP' }
    : { ...subscription, status: 'CANCELLED' };
}

/** A subscription with its key. */
interface Entry {
  key: string;
  value: SeedSubscription;
}

/** The subscriptions of all applications, with their history in virtual time. */
export class Subscriptions {
  /** Changes of users' own subscriptions, the oldest first. */
  readonly changes: SubscriptionChange[] = [];
  /** By application; the keys have the order in which the subscriptions were made. */
  readonly #all = new Map<string, TemporalMap<SeedSubscription>>();
  /** The keys of a user's subscriptions, by application and user. */
  readonly #keys = new Map<string, string[]>();
  /** What {@link of} returned last, by application, until a change: a list is read in many pages. */
  readonly #listed = new Map<string, { moment: Moment; values: readonly SeedSubscription[] }>();
  #made = 0;

  /** Returns the subscriptions of an application in the order in which they were made, cancelled ones included. */
  of(applicationArn: string, moment?: Moment): readonly SeedSubscription[] {
    const before = this.#listed.get(applicationArn);
    if (before && before.moment === moment) return before.values;
    const values = this.#all.get(applicationArn)?.page(Number.POSITIVE_INFINITY, undefined, moment).values ?? [];
    this.#listed.set(applicationArn, { moment, values });
    return values;
  }

  /** Returns the subscriptions of a user that are not cancelled. */
  ofUser(applicationArn: string, userId: string, moment?: Moment): SeedSubscription[] {
    return this.#found(applicationArn, userId, moment).flatMap(({ value }) => (isLive(value) ? value : []));
  }

  /** Adds a subscription, whatever the user or group has. */
  add(applicationArn: string, subscription: SeedSubscription, at: number): void {
    this.#made += 1;
    const key = String(this.#made).padStart(9, '0');
    this.#set(applicationArn, { key, value: subscription }, at);
    if (subscription.user === undefined) return;
    const pair = pairOf(applicationArn, subscription.user);
    this.#keys.set(pair, [...(this.#keys.get(pair) ?? []), key]);
  }

  /**
   * Subscribes a user: replaces what is cancelled, and joins a second source to the first. Does nothing if the user has a
   * subscription from the same source.
   */
  subscribe(applicationArn: string, subscription: SeedSubscription & { user: string }, at: number): void {
    const { user: userId } = subscription;
    const found = this.#found(applicationArn, userId);
    const live = found.find(({ value }) => isLive(value));
    if (live && isFrom(live.value, subscription)) return;
    const replaced = live ?? found.at(-1);
    const value: SeedSubscription = live ? { ...live.value, source: 'INDIVIDUAL_AND_GROUP' } : subscription;
    if (replaced) this.#set(applicationArn, { key: replaced.key, value }, at);
    else this.add(applicationArn, value, at);
    if (isOwn(subscription)) this.changes.push({ at, applicationArn, userId, change: 'subscribed' });
  }

  /** Notes that a user is charged once more for what the user has. */
  charge(applicationArn: string, userId: string, at: number): void {
    this.changes.push({ at, applicationArn, userId, change: 'subscribed' });
  }

  /** Changes the plan of the user's own subscription, if there is one: to a higher one at once, to a lower one next month. */
  changePlan(applicationArn: string, { userId, plan }: { userId: string; plan: string }, at: number): void {
    const own = this.#own(applicationArn, userId);
    if (own === undefined) return;
    const { activePlan = own.value.plan, ...rest } = own.value;
    const isLater = rest.status !== 'PENDING' && rankOf(plan) < rankOf(activePlan);
    const value: SeedSubscription = { ...rest, plan, ...(isLater ? { activePlan } : {}) };
    this.#set(applicationArn, { key: own.key, value }, at);
    this.changes.push({ at, applicationArn, userId, change: 'changed' });
  }

  /** Cancels the user's own subscription; what a group gives stays. @returns false if there is none */
  cancel(applicationArn: string, userId: string, at: number): boolean {
    const own = this.#own(applicationArn, userId);
    if (own === undefined) return false;
    this.#set(applicationArn, { key: own.key, value: withoutOwn(own.value) }, at);
    this.changes.push({ at, applicationArn, userId, change: 'cancelled' });
    return true;
  }

  /** Removes all subscriptions of an application. */
  clear(applicationArn: string, at: number): void {
    this.#all.get(applicationArn)?.clear(at);
    this.#listed.delete(applicationArn);
  }

  #set(applicationArn: string, { key, value }: Entry, at: number): void {
    const all = this.#all.get(applicationArn) ?? new TemporalMap();
    this.#all.set(applicationArn, all);
    all.set(key, value, at);
    this.#listed.delete(applicationArn);
  }

  #own(applicationArn: string, userId: string): Entry | undefined {
    return this.#found(applicationArn, userId).find(({ value }) => isLive(value) && isOwn(value));
  }

  #found(applicationArn: string, userId: string, moment?: Moment): Entry[] {
    const all = this.#all.get(applicationArn);
    return (this.#keys.get(pairOf(applicationArn, userId)) ?? []).flatMap((key) => {
      const value = all?.get(key, moment);
      return value === undefined ? [] : { key, value };
    });
  }
}

function pairOf(applicationArn: string, userId: string): string {
  return `${applicationArn} ${userId}`;
}
