import type { Directory } from '../../adapters/identity-store.ts';
import { type Profile, type Subscribed, titleOf } from '../../domain/profiles.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { latest } from '../../domain/shared/time.ts';
import { compareSubscriptions, type Subscribers, type SubscriptionReport } from '../../domain/subscription/findings.ts';
import { joinLists, withMembers } from '../../domain/subscription/lists.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { type StatusCache, statusesOf } from '../../reconcile/plan/user-statuses.ts';
import { count } from '../ui/text.ts';
import type { Context } from './context.ts';
import { readersOf } from './readers.ts';
import type { Unread } from './unread.ts';

/** What the lists of a profile say, and what they come to. */
export interface ProfileReading {
  all: Subscription[];
  subscribers: Subscribers[];
  report: SubscriptionReport;
  /** Configured groups without members. */
  emptyGroups: string[];
  /** ISO time of the grant of each seat, by user. Undefined if nothing is deployed. */
  grantedAt: ReadonlyMap<string, string> | undefined;
  /** Why there is no ledger; undefined if there is one. */
  ledgerMissing: RefusedError | undefined;
}

export interface ProfileReport extends Profile {
  /** Undefined if the list, the members of a group or the ledger could not be read. */
  reading: ProfileReading | undefined;
}

/** What is shared by the reads of all profiles. */
interface Reads {
  context: Context;
  unread: Unread;
  say(detail: string): void;
  cache: StatusCache;
  /** Members by group; undefined for a group that does not exist. */
  groups: Map<string, readonly string[] | undefined>;
}

/** Reads the lists of profiles, and compares each with who is entitled. */
export async function readProfiles(
  profiles: readonly Profile[],
  context: Context,
  unread: Unread,
  say: (detail: string) => void,
): Promise<ProfileReport[]> {
  const reads: Reads = { context, unread, say, cache: { userPages: undefined }, groups: new Map() };
  const reports: ProfileReport[] = [];
  for (const profile of profiles) {
    say(titleOf(profile));
    const read = await unread.attempt(() => readProfile(profile, reads));
    reports.push({ ...profile, reading: read?.value });
  }
  return reports;
}

async function readProfile(profile: Profile, reads: Reads): Promise<ProfileReading> {
  const all = await listOf(profile, reads);
  const found: Awaited<ReturnType<typeof subscribersOf>>[] = [];
  for (const entitlement of profile.entitlements) found.push(await subscribersOf(entitlement, reads));
  const subscribers = found.map((one) => one.subscribers);
  return {
    all,
    subscribers,
    report: compareSubscriptions(all, subscribers),
    emptyGroups: [...new Set(found.flatMap((one) => one.emptyGroups))],
    grantedAt: grantsIn(found),
    ledgerMissing: found.find((one) => one.ledgerMissing)?.ledgerMissing,
  };
}

async function listOf(profile: Profile, { context, say, groups }: Reads): Promise<Subscription[]> {
  const { provider, region, roleArns, entitlements } = profile;
  const { identityCenter } = await context.entitlements();
  const services = await context.services();
  const lists: Subscription[][] = [];
  let read = 0;
  for (const roleArn of roleArns) {
    // Of a role, the configuration has one external id.
    const externalId = entitlements.find((one) => one.subscription.roleArn === roleArn)?.subscription.externalId;
    const found = await services.subscriptions({
      provider,
      region,
      instanceArn: identityCenter.instanceArn,
      application: entitlements[0]?.application ?? '',
      ...(roleArn === undefined ? {} : { roleArn }),
      ...(externalId === undefined ? {} : { externalId }),
    });
    const list: Subscription[] = [];
    for await (const page of found.subscriptions()) {
      // A call takes a limited number of arguments, and AWS decides the page size.
      for (const one of page) list.push(one);
      read += page.length;
      say(`${titleOf(profile)}: ${count(read, 'subscription')}`);
    }
    lists.push(list);
  }
  const all = joinLists(lists);
  // For Kiro, a member without a subscription of their own is what to find: there, AWS makes one for each member.
  if (provider === 'kiro') return all;
  const directory = await services.directory(identityCenter.identityStoreId);
  const members = new Map<string, readonly string[]>();
  for (const { principal } of all) {
    if ('group' in principal) members.set(principal.group, (await membersOf(principal.group, directory, groups)) ?? []);
  }
  return withMembers(all, members);
}

/** Returns undefined if there is no such group. */
async function membersOf(
  group: string,
  directory: Directory,
  groups: Reads['groups'],
): Promise<readonly string[] | undefined> {
  if (groups.has(group)) return groups.get(group);
  const members: string[] = [];
  let exists = true;
  for await (const page of directory.membersOf(group)) {
    exists &&= page !== undefined;
    for (const userId of page ?? []) members.push(userId);
  }
  groups.set(group, exists ? members : undefined);
  return groups.get(group);
}

/**
 * Reads who is entitled: the members of the groups, without those who are disabled or deleted.
 *
 * @throws RefusedError `group-missing`: without a group that is misspelt or deleted, all its users would seem to have left
 */
async function subscribersOf(
  { name, application, groups, subscription }: Subscribed,
  { context, unread, cache, groups: known }: Reads,
) {
  const readers = await readersOf(context);
  const members = new Set<string>();
  const emptyGroups: string[] = [];
  for (const group of groups) {
    const found = await membersOf(group, readers.directory, known);
    if (!found) throw new RefusedError('group-missing', `There is no group ${group} (entitlement ${name})`);
    if (found.length === 0) emptyGroups.push(group);
    for (const userId of found) members.add(userId);
  }
  const { statuses, unread: unknown } = await statusesOf([...members], readers, cache);
  for (const userId of unknown) unread.addUser(userId);
  const { seats, ledgerMissing } = await seatsOf(application, readers);
  const since = new Map(seats?.filter(takesSlot).map(({ userId, grantedAt }) => [userId, grantedAt]));
  const usersWith = (...wanted: readonly Seat['status'][]) =>
    new Set(seats?.flatMap(({ userId, status }) => (wanted.includes(status) ? userId : [])));
  const enabled = new Set([...members].filter((userId) => statuses.get(userId) === 'enabled'));
  // Until there is a slot, "Subscribe the user" would be wrong.
  const waiting = enabled.intersection(usersWith('waitlisted'));
  const entitled = enabled.difference(waiting);
  // Who left keeps the seat during the grace and while the brake holds, and the subscription with it.
  const keeping = usersWith('leaving', 'held').difference(entitled);
  const subscribers: Subscribers = {
    entitlement: name,
    plan: subscription.plan,
    entitled: new Map([...entitled].map((userId) => [userId, since.get(userId)])),
    tolerated: new Set([...waiting, ...keeping, ...unknown]),
  };
  return { subscribers, emptyGroups, seats: seats?.filter(takesSlot), ledgerMissing };
}

/**
 * Returns no seats if nothing is deployed: then no one waits, and no one is in their grace. A ledger that fails fails the
 * profile: users in their grace would seem to have left.
 */
async function seatsOf(
  application: string,
  { ledger }: Awaited<ReturnType<typeof readersOf>>,
): Promise<{ seats?: readonly Seat[]; ledgerMissing?: RefusedError }> {
  try {
    return { seats: (await ledger.holdings(application)).seats };
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'ledger-missing') return { ledgerMissing: error };
    throw error;
  }
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
