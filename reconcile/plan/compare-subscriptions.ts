import type { PlannedChange } from '../../domain/decision/batches.ts';
import { changesSubscriptions } from '../../domain/entitlements.ts';
import { recordFindings, type UserFindings } from '../../domain/findings/recorded-findings.ts';
import { type SubscriberReads, subscribersOf } from '../../domain/findings/subscribers.ts';
import { othersOf, type Profile, profileKey, profilesOf, type Subscribed, titleOf } from '../../domain/profiles.ts';
import { noteComparison } from '../../domain/queue/list-reads.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import {
  compareSubscriptions,
  coveredUsers,
  type FindingKind,
  pendingUsers,
  type Subscribers,
  type SubscriptionFinding,
  type SubscriptionReport,
  subscriptionsByUser,
} from '../../domain/subscription/findings.ts';
import { type Places, seeTwice, type Unseen } from '../../domain/subscription/twice.ts';
import { commitFindings } from './commit.ts';
import type { SharedReads } from './read-application.ts';
import type { Readers } from './readers.ts';
import type { ReconcileContext, SubscriptionCounts } from './result.ts';
import { type ApplicationReads, READ_SECONDS, recordsOf } from './snapshot.ts';
import { type ListReaders, membersFor, readClaims, readList, readOrError } from './subscription-lists.ts';
import { statusesOf } from './user-statuses.ts';

type CompareContext = Pick<ReconcileContext, 'readAt' | 'execution' | 'secondsLeft'> & { shared: SharedReads };
type CompareReaders = Readers & ListReaders;

/** What came of the comparisons of a pass. */
interface Compared {
  /** Audit events that are to be published. */
  records: PlannedChange[];
  subscriptions: SubscriptionCounts[];
}

/**
 * Compares the subscriptions of each profile whose leading application was swept with who is entitled, and records what is
 * new. A comparison changes nothing else, and fails no execution: while something cannot be read, the findings before stay.
 *
 * @param settled applications that were read as a whole, and in which nothing is left to change
 * @throws LeaseLostError
 */
export async function compareProfiles(
  settled: readonly ApplicationReads[],
  context: CompareContext,
  readers: CompareReaders,
): Promise<Compared> {
  const swept = new Set(settled.map(({ state }) => state.entitlement.application));
  const compared: Compared = { records: [], subscriptions: [] };
  const attempt = async (entitlement: string, compare: () => Promise<Compared>) => {
    const { records, subscriptions } = await compare().catch((error: unknown) => ({
      records: [],
      subscriptions: [{ entitlement, unread: reasonOf(error) }],
    }));
    compared.records.push(...records);
    compared.subscriptions.push(...subscriptions);
  };
  for (const { state, items } of settled) {
    const { name, subscription } = state.entitlement;
    if (!subscription && items) await attempt(name, () => endFindings(items.findings, context, readers));
  }
  for (const application of settled.length > 0 ? unconfiguredIn(readers) : []) {
    await attempt(application, async () => endFindings(await readers.ledger.findingsIn(application), context, readers));
  }
  for (const profile of profilesOf(readers.entitlements.entitlements)) {
    const { name, application } = leaderOf(profile);
    if (swept.has(application)) await attempt(name, () => compare(profile, context, readers));
  }
  return compared;
}

function reasonOf(error: unknown): { reason: string; message: string } {
  if (error instanceof RefusedError) return { reason: error.reason, message: error.message };
  if (error instanceof TransientAwsError) return { reason: 'unavailable', message: error.message };
  throw error;
}

/**
 * The entitlement with whose sweep a profile is compared, and that names it: the one that changes subscriptions, of which
 * the sweep then has left nothing to change, or the first.
 */
function leaderOf({ entitlements }: Profile): Subscribed {
  const [first] = entitlements;
  if (!first) throw new Error('A profile without an entitlement');
  return entitlements.find(changesSubscriptions) ?? first;
}

function unconfiguredIn({ entitlements, lease }: CompareReaders): string[] {
  const configured = new Set(entitlements.entitlements.map(({ application }) => application));
  return Object.keys(lease.queue.sweptAt).filter((application) => !configured.has(application));
}

const NOTHING = { findings: [], isPending: false };

/** Of an application that asks for no subscription, or no longer has an entitlement, what was found ends. */
async function endFindings(
  known: readonly UserFindings[],
  { readAt: now, execution }: CompareContext,
  readers: CompareReaders,
): Promise<Compared> {
  const ended = known.flatMap((one) => recordFindings(one, NOTHING, one, { now, execution }) ?? []);
  await commitFindings(ended, readers);
  return { records: recordsOf(ended), subscriptions: [] };
}

/** What was read for one entitlement. */
interface EntitledReads extends Pick<SubscriberReads, 'members'> {
  entitlement: Subscribed;
  recorded: NonNullable<SubscriberReads['recorded']>;
}

async function compare(profile: Profile, context: CompareContext, given: CompareReaders): Promise<Compared> {
  const { shared, readAt: now, execution } = context;
  const readers = { ...given, renewLease: untilDeadline(profile, context, given) };
  const users = [];
  for (const entitlement of profile.entitlements) {
    const { members } = await membersFor(entitlement, readers, shared);
    users.push({ entitlement, members });
  }
  const list = await readList(profile, { ...context, members: shared.members }, readers);
  if ('until' in list) return { records: [], subscriptions: [] };
  const entitled: EntitledReads[] = [];
  for (const one of users) {
    const items = await readers.ledger.itemsOf(one.entitlement.application);
    entitled.push({ ...one, recorded: { ...items, queue: readers.lease.queue } });
  }
  const subscribed = new Set(subscriptionsByUser(list.all).keys());
  const { enabled, unread } = await readEnabled(entitled, subscribed, shared, readers);
  const compared = entitled.map((one) => ({
    ...one,
    subscribers: subscribersOf(one.entitlement, { ...one, enabled, unread }),
  }));
  const twice = seeTwice({
    all: list.all,
    elsewhere: await listsElsewhere(profile, context, readers),
    claims: await readClaims(profile, list, readers),
    before: usersFoundTwice(entitled),
  });
  const report = compareSubscriptions(
    list.all,
    compared.map(({ subscribers }) => subscribers),
    { now, twice: twice.users },
  );
  const changed = changedFindings(compared, { ...report, pendingUsers: pendingUsers(list.all) }, { now, execution });
  await commitFindings(changed, given);
  const counts = countsOf(report);
  const totals = { missing: counts.missing, orphaned: counts.orphan, comparedAt: list.readAt.toISOString() };
  await readers.lease.change((queue) => ({ queue: noteComparison(queue, profileKey(profile), totals) }));
  return {
    records: recordsOf(changed),
    subscriptions: [
      {
        entitlement: leaderOf(profile).name,
        ...counts,
        unreadable: report.unreadable,
        ...(twice.unseen.length > 0 ? { unseen: twice.unseen.map(unseenInWords) } : {}),
      },
    ],
  };
}

/** Who has a subscription in another Region changes seldom: a list that was read since the last comparison will do. */
const ELSEWHERE_SECONDS = 3600;

async function listsElsewhere(
  profile: Profile,
  context: CompareContext,
  readers: CompareReaders,
): Promise<Places['elsewhere']> {
  const lists = [];
  for (const other of othersOf(profile, readers.entitlements.entitlements)) {
    const known = readers.lists.get(profileKey(other));
    const isYoung = known !== undefined && secondsBetween(known.readAt, readers.clock.now()) <= ELSEWHERE_SECONDS;
    const read = isYoung
      ? known
      : await readOrError(() => readList(other, { ...context, members: context.shared.members }, readers));
    const all = 'all' in read ? read.all : 'until' in read ? undefined : read;
    lists.push({ title: titleOf(other), all });
  }
  return lists;
}

function usersFoundTwice(entitled: readonly EntitledReads[]): ReadonlySet<string> {
  const items = entitled.flatMap(({ recorded }) => recorded.findings);
  return new Set(
    items.flatMap(({ userId, findings }) => (findings.some(({ kind }) => kind === 'twice') ? userId : [])),
  );
}

/** Says what could not be compared, in a few words: the message of an error is long. */
function unseenInWords({ where, error }: Unseen): string {
  return `${where}: ${error instanceof RefusedError ? error.reason : 'unavailable'}`;
}

/** What is new, has changed or has ended, by entitlement; of orphans, at the first. */
function changedFindings(
  entitled: readonly (EntitledReads & { subscribers: Subscribers })[],
  report: SubscriptionReport & { pendingUsers: ReadonlySet<string> },
  moment: { now: Date; execution: string },
): UserFindings[] {
  const first = entitled[0]?.entitlement.name;
  const byEntitlement = Map.groupBy(report.findings, ({ entitlement = first }) => entitlement);
  return entitled.flatMap(({ entitlement: { name, application: applicationArn }, recorded, subscribers }) => {
    const pending = report.pendingUsers.intersection(coveredUsers([subscribers]));
    const found = Map.groupBy(byEntitlement.get(name) ?? [], ({ userId }) => userId);
    const before = new Map(recorded.findings.map((one) => [one.userId, one]));
    return [...new Set([...found.keys(), ...before.keys(), ...pending])].flatMap((userId) => {
      const about = { applicationArn, userId, entitlement: name };
      const now = { findings: found.get(userId) ?? [], isPending: pending.has(userId) };
      return recordFindings(before.get(userId), now, about, moment) ?? [];
    });
  });
}

/** Renews the lease while groups and statuses are read, as long as there is time. */
function untilDeadline(profile: Profile, { secondsLeft }: CompareContext, { renewLease }: CompareReaders) {
  return async () => {
    if (secondsLeft() > 0) return renewLease();
    throw new RefusedError(
      'list-too-long',
      `There was not the time left to compare the subscriptions of ${titleOf(profile)}: its lists and those of the sweep take more than ${READ_SECONDS} s together`,
    );
  };
}

/**
 * Says who is enabled. A user with a seat was enabled when it was given, and is checked when that changes, or by the daily
 * sweep: of those who also have a subscription, nothing is asked.
 */
async function readEnabled(
  entitled: readonly Pick<EntitledReads, 'members' | 'recorded'>[],
  subscribed: ReadonlySet<string>,
  shared: SharedReads,
  readers: Readers,
): Promise<Pick<SubscriberReads, 'enabled' | 'unread'>> {
  const members = new Set(entitled.flatMap((one) => [...one.members]));
  const settled = new Set(
    entitled.flatMap(({ recorded: { seats } }) =>
      seats.flatMap((seat) => (seat.status === 'assigned' || seat.status === 'confirmed' ? seat.userId : [])),
    ),
  );
  const known = members.intersection(subscribed).intersection(settled);
  const { statuses, unread } = await statusesOf([...members.difference(known)], readers, shared);
  const read = [...statuses].flatMap(([userId, status]) => (status === 'enabled' ? userId : []));
  return { enabled: known.union(new Set(read)), unread };
}

function countsOf({ findings }: SubscriptionReport): Record<FindingKind, number> {
  const count = (wanted: FindingKind) => findings.filter(({ kind }: SubscriptionFinding) => kind === wanted).length;
  return {
    missing: count('missing'),
    orphan: count('orphan'),
    'wrong-plan': count('wrong-plan'),
    pending: count('pending'),
    'through-group': count('through-group'),
    twice: count('twice'),
  };
}
