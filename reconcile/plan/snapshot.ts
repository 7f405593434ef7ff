import type { ApplicationItems } from '../../adapters/ledger.ts';
import type { ApplicationState, CheckedUser, Failure } from '../../domain/decision/application-state.ts';
import type { PlannedChange } from '../../domain/decision/batches.ts';
import type { Observation } from '../../domain/decision/observation.ts';
import type { Recheck } from '../../domain/decision/timing.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { UserFindings } from '../../domain/findings/recorded-findings.ts';
import { secondsToList, smallestPace } from '../../domain/pace.ts';
import { profileOf } from '../../domain/profiles.ts';
import { askedAtOf, type SweepItem, type WorkItem, type WorkItems } from '../../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { readApplication, type SharedReads } from './read-application.ts';
import { readUser } from './read-user.ts';
import type { Readers } from './readers.ts';
import type { ReconcileContext } from './result.ts';

/** What the due work items name of one application, as read. */
export interface ApplicationReads {
  state: Omit<ApplicationState, 'evidence'>;
  /** What the ledger holds of it, if the whole application was read. */
  items?: ApplicationItems | undefined;
}

/** What the due work items name, as read; nothing is decided yet. */
export interface Snapshot {
  applications: ApplicationReads[];
  /** Audit events to be published whatever is decided. */
  records: PlannedChange[];
  /** Applications whose hold has an event that is not on the bus. */
  holds: string[];
  recheck: Recheck[];
  failures: Failure[];
  /** By key of the work item: reads that failed for the time being. */
  faults: Faults;
  /** Users of whom the reads do not show yet what was announced: nothing fails for them before. */
  unmet: ReadonlySet<string>;
  /** Users of a sweep who could not be read: they are checked on their own. */
  unread: string[];
  /** Users and applications for which no time was left: they stay as due as they are. */
  unserved: string[];
  /** Pages that ListUsers took, if it was read to its end. */
  userPages: number | undefined;
  /** UserStatus was read from the list of all users. */
  listedUsers: boolean;
  /** What was read for all applications. */
  shared: SharedReads;
}

/** Reads that failed for the time being, by key of the work item. */
export type Faults = Map<string, TransientAwsError>;

/**
 * Reads afresh everything that due work items name; writes nothing. A read that fails concerns its own work item: no
 * decision is made from half of the reads of an application, and every other item is served.
 */
export async function takeSnapshot(items: WorkItems, context: ReconcileContext, readers: Readers): Promise<Snapshot> {
  const time = timeOf(context);
  const users = await readUsers(items.users, { ...context, time }, readers);
  const { found, ...sweeps } = await readSweeps(items.sweeps, { ...context, time }, readers);
  const states = Map.groupBy([...users.found, ...found], ({ state }) => state.entitlement.application);
  return {
    ...sweeps,
    unmet: users.unmet,
    applications: [...states.values()].flatMap(joined),
    recheck: [...users.recheck, ...sweeps.recheck],
    failures: [...users.failures, ...sweeps.failures],
    unserved: [...users.unserved, ...sweeps.unserved],
    faults: new Map([...users.faults, ...sweeps.faults]),
  };
}

/** The audit events of seats, observations or findings that are not on the bus. */
export function recordsOf(items: readonly (Seat | Observation | UserFindings)[]): PlannedChange[] {
  return items
    .filter(({ audit }) => audit.length > 0)
    .map(({ applicationArn, userId }) => ({ applicationArn, kind: 'record', reason: 'reconciled', userId }));
}

/** The reads of one application, whichever work item they were made for. */
function joined(reads: readonly ApplicationReads[]): ApplicationReads[] {
  const [first] = reads;
  if (!first) return [];
  const whole = reads.find(({ state }) => state.whole);
  const users = reads.flatMap(({ state }) => state.users);
  return [{ state: { ...first.state, users, whole: whole?.state.whole }, items: whole?.items }];
}

/** Reads the users who have been due the longest, as many as fit: AWS may take seconds for each answer. */
async function readUsers(users: WorkItems['users'], { readAt, time }: TimedContext, readers: Readers) {
  const unserved: string[] = [];
  const found: ApplicationReads[] = [];
  const recheck: Recheck[] = [];
  const failures: Failure[] = [];
  const faults: Faults = new Map();
  const awaiting = new Set<string>();
  for (const [index, [userId, item]] of Object.entries(users).entries()) {
    if (index > 0 && !time.hasTime()) {
      unserved.push(userId);
      continue;
    }
    const { unmet, unread, applications } = await readUser(userId, item, readAt, readers).catch((error: unknown) => {
      if (!(error instanceof RefusedError || error instanceof TransientAwsError)) throw error;
      return { unmet: false, unread: [error], applications: [] };
    });
    for (const error of unread) {
      if (error instanceof RefusedError) failures.push({ key: userId, error });
      else faults.set(userId, error);
    }
    if (unmet) awaiting.add(userId);
    if (item.lookAgainAt) recheck.push({ key: userId, at: item.lookAgainAt });
    for (const { entitlement, user } of applications) {
      found.push({ state: { entitlement, users: [checkedFor(userId, item, user)] } });
    }
  }
  // The last read may have outlasted the lease.
  if (unserved.length > 0) await readers.renewLease();
  return { found, recheck, failures, faults, unserved, unmet: awaiting };
}

/** @param key of the work item for which the user was read */
function checkedFor(key: string, item: WorkItem, user: CheckedUser['user']): CheckedUser {
  const { trigger, cause } = item;
  return {
    key,
    trigger,
    cause,
    askedAt: askedAtOf(item, user.userId),
    adopt: 'adopt' in item && item.adopt === true,
    user,
  };
}

/** After this, a pass begins to read no further user or application: it decides about those that it has read. */
const BEGIN_WITHIN_SECONDS = 240;

/** An application that does not fit into what is left now may fit if it is the first that a function reads. */
const BEGINNING_SECONDS = 60;

/** How much time a pass has. */
function timeOf({ secondsLeft }: ReconcileContext) {
  const atFirst = secondsLeft();
  return {
    /** Whether another read may begin. */
    hasTime: () => atFirst - secondsLeft() < BEGIN_WITHIN_SECONDS,
    isBeginning: atFirst > READ_SECONDS - BEGINNING_SECONDS,
  };
}

type TimedContext = ReconcileContext & { time: ReturnType<typeof timeOf> };

/** Reads the applications that have been due the longest, as many as fit. */
async function readSweeps(sweeps: WorkItems['sweeps'], context: TimedContext, readers: Readers) {
  const { hasTime, isBeginning } = context.time;
  const unserved: string[] = [];
  const shared: SharedReads = { members: new Map(), userPages: context.userPages, listUsers: context.listUsers };
  const reads: SweepReads[] = [];
  const faults: Faults = new Map();
  for (const [application, item] of Object.entries(sweeps)) {
    if (reads.length > 0 && !hasTime()) {
      unserved.push(application);
      continue;
    }
    await readers.renewLease();
    try {
      const items = await readers.ledger.itemsOf(application);
      const bounded = { ...readers, renewLease: untilDeadline(application, context, readers) };
      const read = await readSweep(application, { item, items, readAt: context.readAt }, bounded, shared);
      const isTooLarge = read.failure?.error.reason === TOO_LARGE;
      if (isTooLarge && !(isBeginning && reads.length === 0)) unserved.push(application);
      else reads.push(read);
    } catch (error) {
      // An application that cannot be read must not keep the others from being read.
      if (error instanceof RefusedError) reads.push({ records: [], holds: [], failure: { key: application, error } });
      else if (error instanceof TransientAwsError) faults.set(application, error);
      else throw error;
    }
  }
  return {
    found: reads.flatMap(({ found }) => found ?? []),
    records: reads.flatMap(({ records }) => records),
    holds: reads.flatMap(({ holds }) => holds),
    recheck: reads.flatMap(({ recheck = [] }) => recheck),
    failures: reads.flatMap(({ failure }) => failure ?? []),
    faults,
    unserved,
    unread: reads.flatMap(({ unread = [] }) => unread),
    userPages: shared.userPages,
    listedUsers: shared.listUsers === true,
    shared,
  };
}

/** A function reads for so long at most, and has two minutes left to decide and to write. */
export const READ_SECONDS = 780;

const TOO_LARGE = 'application-too-large';

/** Refuses an application before its first request, if its seats alone tell that its assignments take too long to list. */
function refuseUnlistable(
  application: string,
  seats: readonly Seat[],
  { entitlements: { requestsPerSecond } }: Readers,
) {
  const taken = seats.filter(takesSlot).length;
  const seconds = secondsToList(taken, requestsPerSecond);
  if (seconds <= READ_SECONDS) return;
  const pace = smallestPace(taken);
  throw new RefusedError(
    TOO_LARGE,
    `Listing the ${taken} seats of ${application} takes ${Math.ceil(seconds)} s at requestsPerSecond ${requestsPerSecond}, and a plan reads for at most ${READ_SECONDS} s. ${pace === undefined ? 'No pace is enough' : `Set requestsPerSecond to at least ${pace}`}`,
  );
}

/** Renews the lease while pages are read, as long as there is time. */
function untilDeadline(
  application: string,
  { secondsLeft }: ReconcileContext,
  { renewLease, entitlements: { requestsPerSecond } }: Readers,
) {
  let answers = 0;
  return async () => {
    if (secondsLeft() <= 0) {
      throw new RefusedError(
        TOO_LARGE,
        `Reading the lists of ${application} takes more than ${READ_SECONDS} s at requestsPerSecond ${requestsPerSecond}: AWS answered ${answers} times. usher doctor says which pace is enough`,
      );
    }
    answers += 1;
    await renewLease();
  };
}

/** What was read for one sweep. */
interface SweepReads {
  found?: ApplicationReads;
  records: PlannedChange[];
  holds: string[];
  recheck?: Recheck[];
  unread?: string[];
  failure?: Failure;
}

/**
 * Of an application that is no longer configured, or that AWS refuses to read, pending audit events are published and
 * nothing changes.
 */
async function readSweep(
  application: string,
  { item, items, readAt }: { item: SweepItem; items: ApplicationItems; readAt: Date },
  readers: Readers,
  shared: SharedReads,
): Promise<SweepReads> {
  const pending = {
    records: recordsOf([...items.seats, ...items.observations, ...items.findings]),
    holds: items.hold && items.hold.audit.length > 0 ? [application] : [],
  };
  const configured = readers.entitlements.entitlements.find((one) => one.application === application);
  const entitlement = configured ?? givenUp(application, item, items.seats);
  if (!entitlement) return pending;
  try {
    refuseUnlistable(application, items.seats, readers);
    const { users, whole, unread } = await readApplication(
      { entitlement, seats: items.seats, item },
      readAt,
      readers,
      shared,
    );
    const checked = users.map((user) => checkedFor(application, item, user));
    const orphans = await orphansFor(entitlement, { item, items }, readers);
    return {
      found: { state: { entitlement, users: checked, whole: { ...whole, ...orphans } }, items },
      records: recordsOf([...(entitlement.mode === 'observe' ? [] : items.observations), ...items.findings]),
      holds: [],
      unread,
      recheck: item.lookAgainAt ? [{ key: application, at: item.lookAgainAt }] : [],
    };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { ...pending, failure: { key: application, error } };
  }
}

/** Who has a subscription of the profile that no entitlement covers, if an operator has asked to adopt those: as the last comparison found. */
async function orphansFor(
  { application }: Entitlement,
  { item, items }: { item: SweepItem; items: ApplicationItems },
  { ledger, entitlements }: Readers,
): Promise<{ orphans?: string[] }> {
  if (item.adoptSubscriptions !== 'all') return {};
  const profile = profileOf(application, entitlements.entitlements);
  const first = profile?.entitlements[0]?.application ?? application;
  const { findings } = first === application ? items : await ledger.itemsOf(first);
  const isOrphan = ({ kind }: { kind: string }) => kind === 'orphan';
  return { orphans: findings.flatMap((one) => (one.findings.some(isOrphan) ? one.userId : [])) };
}

/** An application that an operator has given up is planned for as one to which no user is entitled. */
function givenUp(application: string, { giveUp }: SweepItem, seats: readonly Seat[]): Entitlement | undefined {
  const [first] = seats;
  if (!first || !giveUp) return undefined;
  const { entitlement: name } = first;
  return { name, application, groups: [], seats: { max: 0 }, onLeave: { revokeAfterDays: 0 }, mode: 'enforce' };
}
