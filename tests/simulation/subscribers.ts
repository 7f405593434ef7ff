import { Buffer } from 'node:buffer';
import type { SeedSubscription } from '../../emulator/aws/identity-center/directory-seed.ts';
import type { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import { KIRO_PROVIDER, Q_BUSINESS_PROVIDER } from '../../emulator/aws/identity-center/subscriptions.ts';
import type { Answer } from '../../emulator/aws/json-service.ts';
import { APPLICATIONS, SUBSCRIPTION_REGIONS } from './cast.ts';
import type { Moment, Truth } from './truth.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** A list is read at most once in this time: the one behind a call may be so much older than the plan. */
export const LIST_AGE = 5 * MINUTE;
/** Calls of one batch, which begin before the account's refusal is known to all. */
const REFUSED_TOGETHER = 10 * MINUTE;
/** Within this time after the first list of a profile was read, a refusal of the account may pass by itself. */
const NEW_PROFILE = 11 * MINUTE;

/** One person and one application. */
interface Pair {
  applicationArn: string;
  userId: string;
}

/** A call that changes a subscription, and whose it is. */
export interface SubscriptionCall extends Pair {
  change: 'subscribe' | 'changePlan' | 'cancel';
}

/** Input of the calls that change subscriptions, as far as it is looked at. */
interface CallInput {
  region?: string;
  subscriptionRegion?: string;
  principalId?: string;
  applicationId?: string;
  principal?: { user: string };
  subscriptionId?: string;
}

const CHANGES: ReadonlyMap<string, SubscriptionCall['change']> = new Map([
  ['Q.CreateAssignment', 'subscribe'],
  ['QBusiness.CreateSubscription', 'subscribe'],
  ['Q.UpdateAssignment', 'changePlan'],
  ['QBusiness.UpdateSubscription', 'changePlan'],
  ['Q.DeleteAssignment', 'cancel'],
  ['QBusiness.CancelSubscription', 'cancel'],
]);

/** Returns what a call changes; undefined if it changes no subscription. */
export function subscriptionCallIn(call: string, body: Uint8Array): SubscriptionCall | undefined {
  const change = CHANGES.get(call);
  if (!change) return undefined;
  const input: CallInput = JSON.parse(Buffer.from(body).toString());
  const { region, principalId, applicationId, principal, subscriptionId = '' } = input;
  if (principalId !== undefined) {
    return { change, applicationArn: profileIn(region), userId: principalId };
  }
  const userId = principal?.user ?? subscriptionId.replace(/^s-/, '');
  return { change, applicationArn: applicationWith(applicationId), userId };
}

/** Each Region of a history has one profile. */
function profileIn(region = ''): string {
  return APPLICATIONS[SUBSCRIPTION_REGIONS.indexOf(region)] ?? '';
}

/** The emulator makes the ids of Amazon Q Business applications from those of Identity Center. */
function applicationWith(applicationId = ''): string {
  const digits = applicationId.replaceAll('-', '').slice(0, 16);
  return APPLICATIONS.find((arn) => arn.endsWith(digits)) ?? '';
}

/** Follows whose the subscriptions are that users have by themselves. */
export class Subscribers {
  readonly #center: IdentityCenter;
  readonly #truth: Truth;
  readonly #now: () => Moment;
  /** Of the subscriptions that exist, by application and user. */
  readonly #origins = new Map<string, { by: 'usher' | 'hand'; since: Moment }>();
  /** By application and user: when Usher first asked, or meant to ask, for the subscription that is its own now. */
  readonly #firstAsked = new Map<string, Moment>();
  readonly #adoptedAt = new Map<string, Moment>();
  /** By application: refusals of the account in a row, and the end of them. */
  readonly #refusedAt = new Map<string, Moment>();
  readonly #firstReadAt = new Map<string, Moment>();
  /** Whether an application has subscriptions at all: others cost nothing. */
  readonly any: boolean;

  constructor(truth: Truth, center: IdentityCenter, now: () => Moment) {
    this.#truth = truth;
    this.#center = center;
    this.#now = now;
    this.any = center.applications().some(({ provider }) => provider !== undefined);
    for (const key of this.#present()) this.#origins.set(key, { by: 'hand', since: Number.NEGATIVE_INFINITY });
  }

  /** Whose a user's own subscription is; undefined if there is none. */
  originOf(pair: Pair): 'usher' | 'hand' | undefined {
    return this.#origins.get(keyOf(pair))?.by;
  }

  /** The keys of all that are Usher's. */
  ofUsher(applicationArn: string): string[] {
    return [...this.#origins].flatMap(([key, { by }]) =>
      by === 'usher' && key.startsWith(applicationArn) ? [key] : [],
    );
  }

  /** Whether a user has a subscription of their own, which is not cancelled. */
  isOwn({ applicationArn, userId }: Pair): boolean {
    return this.#center.subscriptionsOfUser(applicationArn, userId).some(isOwn);
  }

  /** Whether a user has any subscription, also through a group. */
  isSubscribed(pair: Pair, at?: Moment): boolean {
    const { applicationArn, userId } = pair;
    return this.#center.subscriptionsOfUser(applicationArn, userId, at).length > 0 || this.#isThroughGroup(pair, at);
  }

  /**
   * Whether the list does not say that a subscription is cancelled: Amazon Q Business may show it until the end of the month,
   * and gives access until then.
   */
  isSubscribedThisMonth({ applicationArn, userId }: Pair): boolean {
    const isShown = this.#center.quirks.cancelledSubscriptions !== 'absent';
    const isQBusiness = this.#center.application(applicationArn)?.provider === Q_BUSINESS_PROVIDER;
    const all = isShown && isQBusiness ? this.#center.subscriptionsOf(applicationArn) : [];
    return all.some(({ user }) => user === userId);
  }

  /** Amazon Q Business subscribes a group as such. */
  #isThroughGroup({ applicationArn, userId }: Pair, at: Moment = this.#now()): boolean {
    return this.#center
      .subscriptionsOf(applicationArn, at)
      .some(({ group }) => group !== undefined && this.#truth.isMember(group, userId, at));
  }

  /** Whether someone else's subscription, or that of a group, has been there all the time. */
  isOthersSince({ applicationArn, userId }: Pair, from: Moment): boolean {
    const origin = this.#origins.get(keyOf({ applicationArn, userId }));
    if (origin?.by === 'hand' && origin.since <= from) return true;
    return this.#truth.always(from, this.#now(), (at) => {
      const some = this.#center.subscriptionsOfUser(applicationArn, userId, at);
      const isFromGroup = some.some(({ source }) => source !== undefined && source !== 'INDIVIDUAL');
      return isFromGroup || this.#isThroughGroup({ applicationArn, userId }, at);
    });
  }

  /** Usher asks for a subscription, or has written that it will: AWS may throttle the call. */
  asks(pair: Pair): void {
    const key = keyOf(pair);
    if (!this.#firstAsked.has(key)) this.#firstAsked.set(key, this.#now());
  }

  /** Whether a cancel would end what is Usher's: what was there before the list from which it decided is someone else's. */
  isUshersOwn(pair: Pair, age: number): boolean {
    const key = keyOf(pair);
    const origin = this.#origins.get(key);
    if (!origin || origin.by === 'usher') return true;
    if ((this.#adoptedAt.get(key) ?? Number.NEGATIVE_INFINITY) >= origin.since) return true;
    return origin.since >= (this.#firstAsked.get(key) ?? Number.POSITIVE_INFINITY) - age;
  }

  adopts(pair: Pair): void {
    const origin = this.#origins.get(keyOf(pair));
    this.#adoptedAt.set(keyOf(pair), this.#now());
    if (origin) this.#origins.set(keyOf(pair), { ...origin, by: 'usher' });
  }

  /** The seat no longer has a subscription. */
  forgets(pair: Pair): void {
    this.#firstAsked.delete(keyOf(pair));
  }

  /** Brings the origins in line with what there is, after somebody's change. @returns the keys of what began and ended */
  follow(by: 'usher' | 'hand'): { begun: string[]; ended: { key: string; was: 'usher' | 'hand' }[] } {
    if (!this.any) return { begun: [], ended: [] };
    const present = this.#present();
    const ended = [...this.#origins].flatMap(([key, { by: was }]) => (present.has(key) ? [] : [{ key, was }]));
    for (const { key } of ended) this.#origins.delete(key);
    const begun = [...present].filter((key) => !this.#origins.has(key));
    for (const key of begun) this.#origins.set(key, { by, since: this.#now() });
    return { begun, ended };
  }

  /** Keys of all users' own subscriptions that are not cancelled. */
  #present(): Set<string> {
    return new Set(
      this.#center
        .applications()
        .flatMap(({ applicationArn, provider }) =>
          provider === undefined
            ? []
            : this.#center.subscriptionsOf(applicationArn).map((one) => ({ applicationArn, one })),
        )
        .flatMap(({ applicationArn, one }) =>
          one.user !== undefined && isLive(one) && isOwn(one) ? [keyOf({ applicationArn, userId: one.user })] : [],
        ),
    );
  }

  /** AWS has answered to a request for a page of a list: with the last page, the list of a profile is read. */
  listed({ subscriptionRegion, applicationId }: CallInput, { statusCode, body }: Answer): void {
    if (statusCode !== 200) return;
    const { nextToken, NextToken = nextToken } = JSON.parse(String(body));
    if (NextToken) return;
    const applicationArn =
      subscriptionRegion === undefined ? applicationWith(applicationId) : profileIn(subscriptionRegion);
    if (!this.#firstReadAt.has(applicationArn)) this.#firstReadAt.set(applicationArn, this.#now());
  }

  /** AWS has answered to a request to subscribe: whatever else it says, its check of the account has let it pass or not. */
  answered({ applicationArn }: Pair): void {
    if (!this.isAccountRefused(applicationArn)) this.#refusedAt.delete(applicationArn);
    else if (!this.#isNew(applicationArn))
      this.#refusedAt.set(applicationArn, this.#refusedAt.get(applicationArn) ?? this.#now());
  }

  /** Whether AWS's own check of the account refuses subscriptions to an application: it has one for Kiro. */
  isAccountRefused(applicationArn: string): boolean {
    const { accountRefusal } = this.#center.quirks;
    return this.#center.application(applicationArn)?.provider === KIRO_PROVIDER && accountRefusal !== 'none';
  }

  /** A refusal of the account may pass by itself. */
  #isNew(applicationArn: string): boolean {
    const now = this.#now();
    return now <= (this.#firstReadAt.get(applicationArn) ?? now) + NEW_PROFILE;
  }

  /** Whether Usher may ask AWS for a subscription, after refusals of the account: one a day says whether they last. */
  mayAsk({ applicationArn }: Pair): boolean {
    const since = this.#refusedAt.get(applicationArn);
    if (since === undefined) return true;
    const now = this.#now();
    if (now <= since + REFUSED_TOGETHER) return true;
    if (now < since + 24 * HOUR) return false;
    // The probe: the next one is due a day later.
    this.#refusedAt.set(applicationArn, now);
    return true;
  }
}

function isLive({ status }: SeedSubscription): boolean {
  return status !== 'CANCELLED';
}

function isOwn({ source }: SeedSubscription): boolean {
  return source !== 'GROUP';
}

function keyOf({ applicationArn, userId }: Pair): string {
  return `${applicationArn} ${userId}`;
}
