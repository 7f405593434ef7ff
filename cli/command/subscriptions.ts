import { type SubscriberReads, subscribersOf } from '../../domain/findings/subscribers.ts';
import { othersOf, type Profile, profileKey, type Subscribed, titleOf } from '../../domain/profiles.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { latest } from '../../domain/shared/time.ts';
import { compareSubscriptions, type Subscribers, type SubscriptionReport } from '../../domain/subscription/findings.ts';
import type { Subscription } from '../../domain/subscription/subscription.ts';
import { type Places, seeTwice, type Unseen } from '../../domain/subscription/twice.ts';
import { readersOf } from '../../operator/readers.ts';
import { count } from '../../operator/text.ts';
import type { Unread } from '../../operator/unread.ts';
import type { SharedReads } from '../../reconcile/plan/read-application.ts';
import { listClaims, listSubscriptions, membersFor, readOrError } from '../../reconcile/plan/subscription-lists.ts';
import { type StatusCache, statusesOf } from '../../reconcile/plan/user-statuses.ts';
import type { Context } from './context.ts';

/** What the lists of a profile say, and what they come to. */
export interface ProfileReading {
  all: Subscription[];
  subscribers: Subscribers[];
  report: SubscriptionReport;
  /** Where it could not be seen who is charged twice. */
  unseen: readonly Unseen[];
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
  members: SharedReads['members'];
  /** Of each profile, by key: it is read once, also for the comparison of another. */
  lists: Map<string, Promise<Subscription[]>>;
}

/** Reads the lists of profiles, and compares each with who is entitled. */
export async function readProfiles(
  profiles: readonly Profile[],
  context: Context,
  unread: Unread,
  say: (detail: string) => void,
): Promise<ProfileReport[]> {
  const reads: Reads = { context, unread, say, cache: { userPages: undefined }, members: new Map(), lists: new Map() };
  const reports: ProfileReport[] = [];
  for (const profile of profiles) {
    say(titleOf(profile));
    const read = await unread.attempt(() => readProfile(profile, reads));
    reports.push({ ...profile, reading: read?.value });
  }
  return reports;
}

async function readProfile(profile: Profile, reads: Reads): Promise<ProfileReading> {
  const readers = await readersOf(reads.context);
  const all = await readListOf(profile, reads);
  const found: Awaited<ReturnType<typeof readSubscribers>>[] = [];
  for (const entitlement of profile.entitlements) found.push(await readSubscribers(entitlement, reads));
  const subscribers = found.map((one) => one.subscribers);
  const elsewhere: Places['elsewhere'][number][] = [];
  for (const other of othersOf(profile, readers.entitlements.entitlements))
    elsewhere.push({ title: titleOf(other), all: await readOrError(() => readListOf(other, reads)) });
  const claims = await readOrError(() => listClaims(profile, readers));
  const { users: twice, unseen } = seeTwice({ all, elsewhere, claims, before: new Set() });
  return {
    all,
    subscribers,
    report: compareSubscriptions(all, subscribers, { now: reads.context.clock.now(), twice }),
    unseen,
    emptyGroups: [...new Set(found.flatMap((one) => one.emptyGroups))],
    grantedAt: grantsIn(found),
    ledgerMissing: found.find((one) => one.ledgerMissing)?.ledgerMissing,
  };
}

function readListOf(profile: Profile, { context, members, lists, say }: Reads): Promise<Subscription[]> {
  const key = [profileKey(profile), ...profile.roleArns].join(' ');
  const onPage = (read: number) => say(`${titleOf(profile)}: ${count(read, 'subscription')}`);
  const list =
    lists.get(key) ?? readersOf(context).then((readers) => listSubscriptions(profile, { members, onPage }, readers));
  lists.set(key, list);
  return list;
}

/**
 * Reads who is entitled: the members of the groups, without those who are disabled or deleted.
 *
 * @throws RefusedError `group-missing`
 */
async function readSubscribers(entitlement: Subscribed, { context, unread, cache, members: known }: Reads) {
  const readers = await readersOf(context);
  const { members, emptyGroups } = await membersFor(entitlement, readers, { members: known });
  const { statuses, unread: unknown } = await statusesOf([...members], readers, cache);
  for (const userId of unknown) unread.addUser(userId);
  const { recorded, ledgerMissing } = await recordedOf(entitlement.application, readers);
  const subscribers = subscribersOf(entitlement, {
    members,
    enabled: new Set([...members].filter((userId) => statuses.get(userId) === 'enabled')),
    unread: unknown,
    recorded,
  });
  return { subscribers, emptyGroups, seats: recorded?.seats.filter(takesSlot), ledgerMissing };
}

/**
 * Returns nothing if nothing is deployed: then no one waits, and no one is in their grace. A ledger that fails fails the
 * profile: users in their grace would seem to have left.
 */
async function recordedOf(
  application: string,
  { ledger }: Awaited<ReturnType<typeof readersOf>>,
): Promise<{ recorded: SubscriberReads['recorded']; ledgerMissing?: RefusedError }> {
  try {
    return { recorded: { ...(await ledger.itemsOf(application)), queue: await ledger.queue() } };
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'ledger-missing')
      return { recorded: undefined, ledgerMissing: error };
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
