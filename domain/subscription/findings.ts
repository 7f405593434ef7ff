import { isDue, plusSeconds } from '../shared/time.ts';
import type { Plan } from './plan.ts';
import type { Subscription } from './subscription.ts';

/** An entitlement with a subscription, and who it is for. */
export interface Subscribers {
  entitlement: string;
  plan: Plan;
  /** The users who are entitled now, each with the ISO time since when, where that is known. */
  entitled: ReadonlyMap<string, string | undefined>;
  /**
   * Users who may have a subscription and need not: those who wait for a seat or still keep one, and those whose status is
   * not known.
   */
  tolerated: ReadonlySet<string>;
  /** By user whose seat is gone, ISO time when Usher cancelled the subscription. */
  ended?: ReadonlyMap<string, string>;
  /** By user, ISO time since when comparisons see a subscription pending. Absent if none is recorded: nothing is deployed. */
  pendingSince?: ReadonlyMap<string, string>;
}

/** A subscription that is pending is a finding once it has been for this long. */
export const PENDING_DAYS = 14;

/**
 * What is not as the entitlements of one profile say.
 *
 * `missing`: an entitled user has no subscription. `orphan`: a subscription is for a user whom no entitlement of the profile
 * covers or tolerates. `wrong-plan`: it is of another plan. `pending`: its user has not used it for 14 days.
 * `through-group`: a group's subscription gives it, or would give it, so that it cannot be changed for this user alone.
 * `twice`: the user has another one in another profile, and AWS charges both.
 */
export const FINDING_KINDS = ['missing', 'orphan', 'wrong-plan', 'pending', 'through-group', 'twice'] as const;
export type FindingKind = (typeof FINDING_KINDS)[number];

/** One finding about one user. */
export interface SubscriptionFinding {
  kind: FindingKind;
  userId: string;
  /** Absent if none covers the user. */
  entitlement?: string;
  /** What the list shows of all subscriptions of the user; absent if there is none. */
  plan?: Plan | 'unknown';
  status?: Subscription['status'];
  source?: Subscription['source'];
  /** The plan that the entitlement asks for. */
  expected?: Plan;
  /** ISO time, where it is known: of a missing one, since when the user is entitled; of a pending one, since when it is. */
  since?: string;
}

/** What the subscriptions of one profile come to. */
export interface SubscriptionReport {
  /** Users with a subscription that is not cancelled, by status. */
  active: number;
  pending: number;
  unknown: number;
  /** Entitled users whose subscription has been pending for too short a time to be a finding. */
  recentlyPending: number;
  /** Subscriptions of whole groups. */
  groups: readonly string[];
  /** Subscriptions whose principal the list names in no known way: a missing one may be among them. */
  unreadable: number;
  findings: SubscriptionFinding[];
}

/** What a comparison depends on besides the list and who is entitled. */
export interface CompareContext {
  now: Date;
  /** Users of the list whom AWS charges in another profile, too. */
  twice: ReadonlySet<string>;
}

/**
 * Compares the subscriptions of one profile with the entitlements that ask for them.
 *
 * A cancelled subscription counts as gone. A plan or a status that is unknown is never wrong. AWS charges a user once per
 * profile, at the highest plan: of a user whom several entitlements cover, any of their plans is right.
 *
 * @param all the whole list: of one with missing pages, users would seem to have no subscription
 */
export function compareSubscriptions(
  all: readonly Subscription[],
  entitlements: readonly Subscribers[],
  { now, twice }: CompareContext,
): SubscriptionReport {
  const left = all.filter(isLeft);
  const unreadable = left.filter(({ principal }) => 'unknown' in principal).length;
  const byUser = subscriptionsByUser(all);
  const plansFor = (userId: string) =>
    entitlements.filter(({ entitled }) => entitled.has(userId)).map(({ plan }) => plan);
  const covered = coveredUsers(entitlements);
  const findings = [
    ...entitlements.flatMap((one) =>
      [...one.entitled.keys()].flatMap((userId) =>
        findingsOf(userId, one, { some: byUser.get(userId), right: plansFor(userId), now }),
      ),
    ),
    ...[...byUser].flatMap(([userId, some]) =>
      covered.has(userId) || isEnding(userId, some, { entitlements, now }) ? [] : [orphanOf(userId, some)],
    ),
    ...[...byUser].flatMap(([userId, some]) => (twice.has(userId) ? twiceOf(userId, some, entitlements) : [])),
  ];
  const entitled = new Set(entitlements.flatMap((one) => [...one.entitled.keys()]));
  const longPending = new Set(findings.flatMap(({ kind, userId }) => (kind === 'pending' ? userId : [])));
  const shown = [...byUser.values()].map((some) => statusOf(some));
  const counted = (status: Subscription['status']) => shown.filter((one) => one === status).length;
  return {
    active: counted('active'),
    pending: counted('pending'),
    unknown: counted('unknown'),
    recentlyPending: pendingUsers(all).intersection(entitled).difference(longPending).size,
    groups: [...new Set(left.flatMap(({ principal }) => ('group' in principal ? [principal.group] : [])))],
    unreadable,
    findings: findings.sort(byKindAndUser),
  };
}

/** Returns the users who may have a subscription: all others' are orphans. */
export function coveredUsers(entitlements: readonly Subscribers[]): ReadonlySet<string> {
  return new Set(entitlements.flatMap(({ entitled, tolerated }) => [...entitled.keys(), ...tolerated]));
}

/** A cancelled subscription counts as gone. */
function isLeft({ status }: Subscription): boolean {
  return status !== 'cancelled';
}

/** Returns the subscriptions of each user that are not cancelled. A user may be listed more than once. */
export function subscriptionsByUser(all: readonly Subscription[]): Map<string, Subscription[]> {
  const byUser = new Map<string, Subscription[]>();
  for (const one of all.filter(isLeft)) {
    if (!('user' in one.principal)) continue;
    const { user } = one.principal;
    const some = byUser.get(user);
    if (some) some.push(one);
    else byUser.set(user, [one]);
  }
  return byUser;
}

/** Returns the status of a user with these subscriptions: what was used counts more than what was not. */
export function statusOf(some: readonly Subscription[]): Subscription['status'] {
  if (some.some(({ status }) => status === 'active')) return 'active';
  return some.some(({ status }) => status === 'unknown') ? 'unknown' : 'pending';
}

/** Returns the users who have a subscription and have never used it. */
export function pendingUsers(all: readonly Subscription[]): ReadonlySet<string> {
  return new Set(
    [...subscriptionsByUser(all)].flatMap(([userId, some]) => (statusOf(some) === 'pending' ? userId : [])),
  );
}

interface Listed {
  some: readonly Subscription[] | undefined;
  /** The plans of all entitlements that cover the user. */
  right: readonly Plan[];
  now: Date;
}

function findingsOf(
  userId: string,
  { entitlement, plan: expected, entitled, pendingSince }: Subscribers,
  { some, right, now }: Listed,
): SubscriptionFinding[] {
  const about = { userId, entitlement, expected };
  const since = entitled.get(userId);
  if (!some) return [{ kind: 'missing', ...about, ...(since === undefined ? {} : { since }) }];
  const plans = some.map(({ plan }) => plan);
  const plan = plans.find((one) => one === 'unknown' || right.includes(one)) ?? plans[0] ?? 'unknown';
  const [status, source] = [statusOf(some), sourceOf(some)];
  const found = (kind: FindingKind): SubscriptionFinding => ({ kind, ...about, plan, status, source });
  const pendingFrom = pendingSince?.get(userId);
  return [
    ...(plan !== 'unknown' && !right.includes(plan) ? [found('wrong-plan')] : []),
    ...(status === 'pending' && (!pendingSince || isLongPending(pendingFrom, now))
      ? [{ ...found('pending'), ...(pendingFrom === undefined ? {} : { since: pendingFrom }) }]
      : []),
    ...(source === 'group' || source === 'both' ? [found('through-group')] : []),
  ];
}

/** No list says since when a subscription is pending: it counts from the first comparison that saw it so. */
function isLongPending(since: string | undefined, now: Date): boolean {
  return since !== undefined && isDue(plusSeconds(since, PENDING_DAYS * 24 * 3600), now);
}

/** Amazon Q Business lists what is cancelled until the end of the month, and does not say so. */
const CANCELLED_LISTED_DAYS = 32;

/** Whether Usher has cancelled what the list shows without a known status. */
function isEnding(
  userId: string,
  some: readonly Subscription[],
  { entitlements, now }: { entitlements: readonly Subscribers[]; now: Date },
): boolean {
  const times = entitlements.flatMap(({ ended }) => ended?.get(userId) ?? []);
  const isRecent = times.some((at) => !isDue(plusSeconds(at, CANCELLED_LISTED_DAYS * 24 * 3600), now));
  return isRecent && some.every(({ status }) => status === 'unknown');
}

function orphanOf(userId: string, some: readonly Subscription[]): SubscriptionFinding {
  const plan = some.find((one) => one.plan !== 'unknown')?.plan ?? 'unknown';
  return { kind: 'orphan', userId, plan, status: statusOf(some), source: sourceOf(some) };
}

/** Of a user who only may have a subscription, neither is a finding. */
function twiceOf(
  userId: string,
  some: readonly Subscription[],
  entitlements: readonly Subscribers[],
): SubscriptionFinding[] {
  const about = { ...orphanOf(userId, some), kind: 'twice' as const };
  const first = entitlements.find(({ entitled }) => entitled.has(userId));
  if (first) return [{ ...about, entitlement: first.entitlement, expected: first.plan }];
  return coveredUsers(entitlements).has(userId) ? [] : [about];
}

/** Returns what gives a user these subscriptions. */
function sourceOf(some: readonly Subscription[]): Subscription['source'] {
  const sources = new Set(some.map(({ source }) => source));
  if (sources.has('both') || (sources.has('individual') && sources.has('group'))) return 'both';
  if (sources.has('group')) return 'group';
  return sources.has('individual') ? 'individual' : 'unknown';
}

function byKindAndUser(a: SubscriptionFinding, b: SubscriptionFinding): number {
  const [one, other] = [FINDING_KINDS.indexOf(a.kind), FINDING_KINDS.indexOf(b.kind)];
  if (one !== other) return one - other;
  const [first, second] = [`${a.userId} ${a.entitlement}`, `${b.userId} ${b.entitlement}`];
  return first < second ? -1 : 1;
}
