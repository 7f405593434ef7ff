import {
  comparesClaims,
  type Profile,
  profileKey,
  profilesOf,
  type Subscribed,
  titleOf,
} from '../../domain/profiles.ts';
import { beginListRead, endListRead, LIST_EVERY_SECONDS, listBlockedUntil } from '../../domain/queue/list-reads.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { joinLists, withMembers } from '../../domain/subscription/lists.ts';
import type { Subscription, SubscriptionProvider } from '../../domain/subscription/subscription.ts';
import type { Unread } from '../../domain/subscription/twice.ts';
import type { LeaseSession } from '../lease.ts';
import { membersOf, type SharedReads } from './read-application.ts';
import type { Readers } from './readers.ts';

/** The subscriptions of one profile. */
export interface SubscriptionList {
  /** When their reads began. */
  readAt: Date;
  all: readonly Subscription[];
  /** Users by application, as claims name them; absent: not read since. */
  claims?: readonly ReadonlySet<string>[] | Unread;
}

/** `until`: ISO time before which the list may not be read again. */
export type ListReading = SubscriptionList | { until: string };

/** The latest list of each profile that a process has read, by key. */
export type ListCache = Map<string, SubscriptionList>;

/** What lists are read with by the holder of the lease. */
export type ListReaders = Pick<Readers, 'entitlements' | 'directory' | 'subscriptions'> & {
  clock: Clock;
  lists: ListCache;
  lease: Pick<LeaseSession, 'queue' | 'change' | 'renewLease'>;
};

/** What the read of a list shares with the other reads of a pass. */
export interface ListContext extends Pick<SharedReads, 'members'> {
  /** Returns how many seconds are left for reading before the function has to come to an end. */
  secondsLeft(): number;
}

/**
 * Reads the subscriptions of a profile, unless that was tried in the last five minutes: then it returns what this process
 * has read since, or when they may be read again. The work queue notes each read before it begins.
 *
 * @throws TransientAwsError · RefusedError, `list-too-long` if there is not the time for all pages · LeaseLostError
 */
export async function readList(profile: Profile, context: ListContext, readers: ListReaders): Promise<ListReading> {
  const { clock, lists, lease, entitlements } = readers;
  const key = profileKey(profile);
  const now = clock.now();
  const known = lists.get(key);
  if (known && secondsBetween(known.readAt, now) <= LIST_EVERY_SECONDS) return known;
  const until = listBlockedUntil(lease.queue, key, now);
  if (until !== undefined) return { until };
  const configured = profilesOf(entitlements.entitlements).map(profileKey);
  await lease.change((queue) => ({ queue: beginListRead(queue, key, { now, configured }) }));
  const all = await listInTime(profile, context, readers);
  const list = { readAt: now, all };
  lists.set(key, list);
  await lease.change((queue) => ({ queue: endListRead(queue, key, now) }));
  return list;
}

/** Reads the claims that belong to a list, once for each list. */
export async function readClaims(
  profile: Profile,
  list: SubscriptionList,
  readers: Pick<ListReaders, 'entitlements' | 'subscriptions' | 'lists'> & Pick<Readers, 'renewLease'>,
): Promise<readonly ReadonlySet<string>[] | Unread> {
  if (list.claims) return list.claims;
  const claims = await readOrError(() => listClaims(profile, readers));
  readers.lists.set(profileKey(profile), { ...list, claims });
  return claims;
}

/** Returns what was read, or why it could not be. */
export async function readOrError<T>(read: () => Promise<T>): Promise<T | Unread> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientAwsError) return error;
    throw error;
  }
}

/** Reads a list under the lease, as long as there is time. */
async function listInTime(
  profile: Profile,
  { members, secondsLeft }: ListContext,
  readers: ListReaders,
): Promise<Subscription[]> {
  let read = 0;
  const onPage = (subscriptions: number) => {
    read = subscriptions;
  };
  const atFirst = secondsLeft();
  const renewLease = async () => {
    if (secondsLeft() <= 0) {
      throw new RefusedError(
        'list-too-long',
        `Reading the subscriptions of ${titleOf(profile)} takes more than the ${Math.max(0, Math.floor(atFirst))} s that the plan had left: ${read} were read`,
      );
    }
    await readers.lease.renewLease();
  };
  return listSubscriptions(profile, { members, onPage }, { ...readers, renewLease });
}

/**
 * Lists all subscriptions of a profile, with all its roles. Those of groups are added for each member, where AWS does not
 * list them for members itself.
 *
 * @param context `onPage` is called after each page with the number of subscriptions read so far
 * @throws TransientAwsError · RefusedError
 */
export async function listSubscriptions(
  profile: Profile,
  { members, onPage }: Pick<SharedReads, 'members'> & { onPage(subscriptions: number): void },
  readers: Pick<Readers, 'entitlements' | 'directory' | 'subscriptions' | 'renewLease'>,
): Promise<Subscription[]> {
  const { provider, roleArns, entitlements } = profile;
  const application = entitlements[0]?.application ?? '';
  const lists: Subscription[][] = [];
  let read = 0;
  for (const roleArn of roleArns) {
    const found = await openList(profile, { application, roleArn }, readers);
    const list: Subscription[] = [];
    for await (const page of found.subscriptions()) {
      // A call takes a limited number of arguments, and AWS decides the page size.
      for (const one of page) list.push(one);
      read += page.length;
      onPage(read);
      await readers.renewLease();
    }
    lists.push(list);
  }
  const all = joinLists(lists);
  // For Kiro, a member without a subscription of their own is what to find: there, AWS makes one for each member.
  if (provider === 'kiro') return all;
  const given = new Map<string, Iterable<string>>();
  for (const { principal } of all) {
    if (!('group' in principal) || given.has(principal.group)) continue;
    given.set(principal.group, (await membersOf(principal.group, readers, { members })) ?? []);
  }
  return withMembers(all, given);
}

/** Opens the list of a profile with one of its roles; reads nothing yet. */
export async function openList(
  { provider, region, entitlements }: Profile,
  { application, roleArn }: { application: string; roleArn: string | undefined },
  { entitlements: { identityCenter }, subscriptions }: Pick<Readers, 'entitlements' | 'subscriptions'>,
): Promise<SubscriptionProvider> {
  // Of a role, the configuration has one external id.
  const externalId = entitlements.find((one) => one.subscription.roleArn === roleArn)?.subscription.externalId;
  return subscriptions({
    provider,
    region,
    instanceArn: identityCenter.instanceArn,
    application,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(externalId === undefined ? {} : { externalId }),
  });
}

/**
 * Lists the users whom claims name, by application of a profile; none if the list alone tells who is charged twice.
 *
 * @throws TransientAwsError · RefusedError
 */
export async function listClaims(
  profile: Profile,
  readers: Pick<Readers, 'entitlements' | 'subscriptions' | 'renewLease'>,
): Promise<ReadonlySet<string>[]> {
  if (!comparesClaims(profile)) return [];
  const applications: ReadonlySet<string>[] = [];
  for (const { application, subscription } of profile.entitlements) {
    const found = await openList(profile, { application, roleArn: subscription.roleArn }, readers);
    const users = new Set<string>();
    for await (const page of found.claimants?.(application) ?? []) {
      for (const userId of page) users.add(userId);
      await readers.renewLease();
    }
    applications.push(users);
  }
  return applications;
}

/**
 * Reads the members of the groups of an entitlement.
 *
 * @throws RefusedError `group-missing`: without a group that is misspelt or deleted, all its users would seem to have left
 */
export async function membersFor(
  { name, groups }: Subscribed,
  readers: Pick<Readers, 'directory' | 'renewLease'>,
  shared: Pick<SharedReads, 'members'>,
): Promise<{ members: ReadonlySet<string>; emptyGroups: string[] }> {
  const members = new Set<string>();
  const emptyGroups: string[] = [];
  for (const group of groups) {
    const found = await membersOf(group, readers, shared);
    if (!found) throw new RefusedError('group-missing', `There is no group ${group} (entitlement ${name})`);
    if (found.size === 0) emptyGroups.push(group);
    for (const userId of found) members.add(userId);
  }
  return { members, emptyGroups };
}
