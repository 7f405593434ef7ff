import type { Entitlement, SubscriptionSettings } from '../../domain/entitlements.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { latest } from '../../domain/shared/time.ts';
import { compareSubscriptions, type Subscribers, type SubscriptionReport } from '../../domain/subscription/findings.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { type StatusCache, statusesOf } from '../../reconcile/plan/user-statuses.ts';
import type { Context } from './context.ts';
import { readersOf } from './readers.ts';
import type { Unread } from './unread.ts';

type Subscribed = Entitlement & { subscription: SubscriptionSettings };

/** The entitlements whose subscriptions one list shows. */
export interface Profile {
  provider: SubscriptionSettings['provider'];
  region: string;
  roleArn: string | undefined;
  /** Of Amazon Q Business: each application has a list of its own. */
  application: string | undefined;
  entitlements: Subscribed[];
}

/** What the list of a profile says, and what it comes to. */
export interface ProfileReading {
  all: Subscription[];
  subscribers: Subscribers[];
  report: SubscriptionReport;
  /** ISO time of the grant of each seat, by user. Undefined if the ledger could not be read. */
  grantedAt: ReadonlyMap<string, string> | undefined;
}

export interface ProfileReport extends Profile {
  /** Undefined if the list, or the members of a group, could not be read. */
  reading: ProfileReading | undefined;
}

function isSubscribed(entitlement: Entitlement): entitlement is Subscribed {
  return entitlement.subscription !== undefined;
}

/** Groups the entitlements with a subscription by the list that shows them. */
export function profilesOf(entitlements: readonly Entitlement[]): Profile[] {
  const profiles = new Map<string, Profile>();
  for (const entitlement of entitlements.filter(isSubscribed)) {
    const { provider, region, roleArn } = entitlement.subscription;
    const application = provider === 'amazon-q-business' ? entitlement.application : undefined;
    const key = [provider, region, roleArn, application].join(' ');
    const profile = profiles.get(key) ?? { provider, region, roleArn, application, entitlements: [] };
    profile.entitlements.push(entitlement);
    profiles.set(key, profile);
  }
  return [...profiles.values()];
}

/** Reads the lists of profiles, and compares each with who is entitled. */
export async function readProfiles(
  profiles: readonly Profile[],
  context: Context,
  unread: Unread,
  say: (detail: string) => void,
): Promise<ProfileReport[]> {
  const cache: StatusCache = { userPages: undefined };
  const reports: ProfileReport[] = [];
  for (const profile of profiles) {
    say(titleOf(profile));
    const read = await unread.attempt(async () => {
      const all = await listOf(profile, context);
      const found: Awaited<ReturnType<typeof subscribersOf>>[] = [];
      for (const entitlement of profile.entitlements)
        found.push(await subscribersOf(entitlement, context, { cache, unread }));
      const subscribers = found.map((one) => one.subscribers);
      return { all, subscribers, report: compareSubscriptions(all, subscribers), grantedAt: grantsIn(found) };
    });
    reports.push({ ...profile, reading: read?.value });
  }
  return reports;
}

async function listOf({ provider, region, roleArn, entitlements }: Profile, context: Context): Promise<Subscription[]> {
  const { identityCenter } = await context.entitlements();
  const services = await context.services();
  const [first] = entitlements;
  const found = await services.subscriptions({
    provider,
    region,
    instanceArn: identityCenter.instanceArn,
    application: first?.application ?? '',
    ...(roleArn === undefined ? {} : { roleArn }),
  });
  const all: Subscription[] = [];
  for await (const page of found.subscriptions()) all.push(...page);
  return all;
}

/** Reads who is entitled: the members of the groups, without those who are disabled or deleted. */
async function subscribersOf(
  { name, application, groups, subscription }: Subscribed,
  context: Context,
  { cache, unread }: { cache: StatusCache; unread: Unread },
): Promise<{ subscribers: Subscribers; seats: readonly Seat[] | undefined }> {
  const readers = await readersOf(context);
  const members = new Set<string>();
  for (const group of groups) {
    for await (const page of readers.directory.membersOf(group)) for (const userId of page ?? []) members.add(userId);
  }
  const { statuses, unread: unknown } = await statusesOf([...members], readers, cache);
  const seats = (await unread.attempt(() => readers.ledger.holdings(application)))?.value.seats.filter(takesSlot);
  const since = new Map(seats?.map(({ userId, grantedAt }) => [userId, grantedAt]));
  const entitled = [...members].filter((userId) => unknown.has(userId) || statuses.get(userId) === 'enabled');
  return {
    subscribers: {
      entitlement: name,
      plan: subscription.plan,
      entitled: new Map(entitled.map((userId) => [userId, since.get(userId)])),
    },
    seats,
  };
}

/** Of a user with several seats, the newest counts. */
function grantsIn(found: readonly { seats: readonly Seat[] | undefined }[]): ReadonlyMap<string, string> | undefined {
  const grants = new Map<string, string>();
  for (const { seats } of found) {
    if (!seats) return undefined;
    for (const { userId, grantedAt } of seats) {
      const newest = latest(grants.get(userId), grantedAt);
      if (newest !== undefined) grants.set(userId, newest);
    }
  }
  return grants;
}

/** Names a profile in a few words. */
export function titleOf({ provider, region, application, roleArn }: Profile): string {
  const account = roleArn?.split(':')[4];
  return [provider, region, application?.split('/').at(-1), account].filter((part) => part !== undefined).join(' ');
}
