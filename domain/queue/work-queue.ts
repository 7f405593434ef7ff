import * as z from 'zod/mini';
import type { Entitlement } from '../entitlements.ts';
import { ExpectationSchema, type Request, type UserHint } from '../request/request.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, latest, plusSeconds, secondsUntil } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** A hint that names nobody gives nothing to wait for: it is looked at once more this long after the event. */
const RECHECK_SECONDS = 120;
/** Longer than any Lambda that writes may run; a holder that died is replaced after it. */
export const LEASE_SECONDS = 300;
/** A second sweep of an application begins no sooner than this after the first: a storm of hints becomes a few sweeps. */
const SWEEP_SPACING_SECONDS = 30;
/** Above this many named users a sweep reads less than looking at each. */
const MOST_NAMED_USERS = 100;
/** With the bound on named users it keeps the item far below DynamoDB's 400 KB: an expectation takes some 110 bytes. */
const MOST_EXPECTATIONS = 1000;
/** An execution that should have come back by now and has not is taken for dead. */
const OVERDUE_SECONDS = 60;

const ItemFields = {
  /** The execution that will look. */
  by: z.string(),
  dueAt: Timestamp,
  /** Time of the newest hint. */
  at: Timestamp,
  cause: z.string(),
  trigger: z.enum(['event', 'manual', 'tick']),
  /** An empty plan before this is no proof yet. */
  lookAgainAt: z.optional(Timestamp),
  /** Revision of the item with the newest hint: a look may be struck off only when nothing was added meanwhile. */
  hints: z.int(),
  /** The lease term in which changes for this look were planned. */
  planned: z.optional(z.int()),
  /** Its last look ended in an error; whoever comes back first looks at once. */
  failed: z.optional(z.boolean()),
};
const UserItemSchema = z.object({
  ...ItemFields,
  expected: z.array(z.extend(ExpectationSchema, { at: Timestamp })),
  /** Time of the oldest hint: the place in the line. */
  since: Timestamp,
  /** Some hint named no group: all entitlements and UserStatus are to be looked at, whatever else is expected. */
  whole: z.optional(z.boolean()),
});
const SweepItemSchema = z.object({
  ...ItemFields,
  /** Whether everybody's UserStatus is to be read as well. */
  withStatus: z.boolean(),
  /** A person has asked for it: unmanaged assignments of people who are entitled are taken over. */
  adopt: z.optional(z.boolean()),
  /** A person has asked for it: all seats of an application that isn't configured any more are given up. */
  giveUp: z.optional(z.boolean()),
});
export type UserItem = z.infer<typeof UserItemSchema>;
export type SweepItem = z.infer<typeof SweepItemSchema>;

/** Mailbox and lease: what still has to be looked at, and who may write. One item of the ledger. */
export const WorkQueueSchema = z.object({
  schemaVersion: z.literal(1),
  revision: z.int(),
  /** Counts the times that the lease changed hands. */
  term: z.int(),
  lease: z.optional(z.object({ holder: z.string(), term: z.int(), until: Timestamp })),
  users: z.record(ResourceId, UserItemSchema),
  sweeps: z.record(ApplicationArn, SweepItemSchema),
  /** Start of the latest sweep of each application. */
  sweptAt: z.record(ApplicationArn, Timestamp),
  /** Start of the latest sweep of everything that ended in an empty plan. */
  lastSweepAt: z.optional(Timestamp),
  /** Start of the latest of these that read everybody's UserStatus. */
  lastStatusSweepAt: z.optional(Timestamp),
  /** Applications in which people wait for a place. */
  lines: z.optional(z.array(ApplicationArn)),
  /** Assignments that nobody's seat stands for, as counted last. */
  unmanaged: z.optional(z.record(ApplicationArn, z.int())),
  /** Pages that ListUsers last took: tells which way of reading UserStatus costs fewer calls. */
  userPages: z.optional(z.int()),
});
export type WorkQueue = z.infer<typeof WorkQueueSchema>;

/** An empty mailbox that nobody holds. */
export function emptyQueue(): WorkQueue {
  return { schemaVersion: 1, revision: 0, term: 0, users: {}, sweeps: {}, sweptAt: {} };
}

/** Who holds the lease at this moment, if anybody. */
export function holderOf(work: WorkQueue, now: Date): string | undefined {
  return work.lease && !isDue(work.lease.until, now) ? work.lease.holder : undefined;
}

/** Whether a holder has neither renewed the lease nor given it back. */
export function hasExpiredLease({ lease }: WorkQueue, now: Date): boolean {
  return lease !== undefined && isDue(lease.until, now);
}

/** Takes or renews the lease; undefined when somebody else holds it. */
export function acquireLease(work: WorkQueue, me: string, now: Date): WorkQueue | undefined {
  const holder = holderOf(work, now);
  if (holder !== undefined && holder !== me) return undefined;
  const term = holder === me && work.lease ? work.lease.term : work.term + 1;
  return { ...work, term, lease: { holder: me, term, until: plusSeconds(now, LEASE_SECONDS) } };
}

/** Renews the lease of one term; undefined when it has run out or changed hands: an expired holder can't write. */
export function renewTerm(work: WorkQueue, me: string, term: number, now: Date): WorkQueue | undefined {
  if (holderOf(work, now) !== me || work.lease?.term !== term) return undefined;
  return acquireLease(work, me, now);
}

function releaseLease(work: WorkQueue, me: string): WorkQueue {
  if (work.lease?.holder !== me) return work;
  const { lease: _, ...free } = work;
  return free;
}

/** Applications that a request wants swept. */
function applicationsOf(request: Request, entitlements: readonly Entitlement[]): string[] {
  const { applications = [], adopt, groups } = request;
  const named = request.sweep === 'everything' ? entitlements.map(({ application }) => application) : [];
  const adopting = adopt === undefined ? [] : [adopt];
  return [...new Set([...named, ...concerned(groups, entitlements), ...applications, ...adopting])];
}

function concerned(groups: readonly string[], entitlements: readonly Entitlement[]): string[] {
  return entitlements
    .filter((entitlement) => entitlement.groups.some((group) => groups.includes(group)))
    .map(({ application }) => application);
}

/**
 * Puts what a request wants looked at into the mailbox, for the holder of the lease or, when nobody holds it, for `me`.
 *
 * Looks at the same user or application are merged: the newest hint counts, and nothing that was expected is lost.
 */
export function enqueue(
  work: WorkQueue,
  request: Request,
  context: { me: string; entitlements: readonly Entitlement[]; now: Date },
): WorkQueue {
  const { entitlements, now } = context;
  const holder = holderOf(work, now);
  const by = holder ?? context.me;
  const next = { ...work, users: { ...work.users }, sweeps: { ...work.sweeps } };
  const { at, cause, trigger } = request;
  for (const look of request.users) {
    const folded = pendingSweepsOf(next, look, entitlements, now);
    if (folded)
      for (const application of folded) mergeSweep(next, application, { at, cause, trigger }, { by, holder, now });
    else next.users[look.userId] = mergeUser(next, look, request, by, now);
  }
  const configured = new Set(entitlements.map(({ application }) => application));
  for (const application of applicationsOf(request, entitlements)) {
    const orders = {
      withStatus: request.withStatus ?? false,
      adopt: request.adopt === application,
      giveUp: trigger === 'manual' && !configured.has(application),
    };
    mergeSweep(next, application, { at, cause, trigger, ...orders }, { by, holder, now });
  }
  if (isOverfull(next)) replaceUsersBySweeps(next, entitlements, { by, now });
  return next;
}

function isOverfull({ users }: WorkQueue): boolean {
  const named = Object.values(users);
  const expectations = named.reduce((sum, { expected }) => sum + expected.length, 0);
  return named.length > MOST_NAMED_USERS || expectations > MOST_EXPECTATIONS;
}

/** Applications of a look that a sweep about to begin reads anyway; undefined when it has to be looked at by itself. */
function pendingSweepsOf(
  work: WorkQueue,
  look: UserHint,
  entitlements: readonly Entitlement[],
  now: Date,
): string[] | undefined {
  if (!look.expected) return undefined;
  const applications = concerned([look.expected.groupId], entitlements);
  const pending = applications.every((application) => {
    const sweep = work.sweeps[application];
    // Where people wait for a place, the time of each request counts.
    return sweep && isReady(work, sweep, now) && !work.lines?.includes(application);
  });
  return pending ? applications : undefined;
}

function mergeUser(work: WorkQueue, look: UserHint, request: Request, by: string, now: Date): UserItem {
  const before = work.users[look.userId];
  const newer = !before || Date.parse(request.at) >= Date.parse(before.at);
  // Nobody tells what an update changed, so that there is nothing to wait for: look a second time.
  const second = request.trigger === 'event' && !look.expected ? plusSeconds(request.at, RECHECK_SECONDS) : undefined;
  const again = latest(before?.lookAgainAt, second);
  const expected = [...(before?.expected ?? [])];
  if (look.expected) {
    const { groupId } = look.expected;
    const known = expected.findIndex((other) => other.groupId === groupId);
    const entry = { ...look.expected, at: request.at };
    if (known < 0) expected.push(entry);
    // Join and leave may arrive in either order; the later event tells how it ended.
    else if (Date.parse(request.at) >= Date.parse(expected[known]?.at ?? '')) expected[known] = entry;
  }
  return {
    by,
    dueAt: now.toISOString(),
    at: newer ? request.at : before.at,
    cause: newer ? request.cause : before.cause,
    trigger: newer ? request.trigger : before.trigger,
    since: before && Date.parse(before.since) < Date.parse(request.at) ? before.since : request.at,
    hints: work.revision + 1,
    expected,
    ...(before?.whole || !look.expected ? { whole: true } : {}),
    ...(again === undefined ? {} : { lookAgainAt: again }),
  };
}

type SweepHint = Pick<Request, 'at' | 'cause' | 'trigger'> &
  Partial<Pick<SweepItem, 'withStatus' | 'adopt' | 'giveUp'>> & { lookAgainAt?: string };

function mergeSweep(
  work: WorkQueue,
  application: string,
  hint: SweepHint,
  { by, holder, now }: { by: string; holder?: string | undefined; now: Date },
): void {
  const before = work.sweeps[application];
  const newer = !before || Date.parse(hint.at) >= Date.parse(before.at);
  const dueAt = spaceSweep(now.toISOString(), work.sweptAt[application]);
  const second = hint.lookAgainAt ?? (hint.trigger === 'event' ? plusSeconds(hint.at, RECHECK_SECONDS) : undefined);
  const again = latest(before?.lookAgainAt, second);
  // Somebody who waits comes back soon enough: he looks, and this hint is only added to what he looks for.
  const covered =
    before && !holder && !before.failed && !isDue(before.dueAt, now) && Date.parse(before.dueAt) <= Date.parse(dueAt);
  work.sweeps[application] = {
    by: covered ? before.by : by,
    dueAt: covered ? before.dueAt : dueAt,
    at: newer ? hint.at : before.at,
    cause: newer ? hint.cause : before.cause,
    trigger: newer ? hint.trigger : before.trigger,
    hints: work.revision + 1,
    withStatus: (before?.withStatus ?? false) || (hint.withStatus ?? false),
    ...(before?.adopt || hint.adopt ? { adopt: true } : {}),
    ...(before?.giveUp || hint.giveUp ? { giveUp: true } : {}),
    ...(again === undefined ? {} : { lookAgainAt: again }),
  };
}

/** Has applications swept, as the holder of the lease found necessary: a place is free, and people wait for one. */
export function enqueueSweeps(
  work: WorkQueue,
  applications: ReadonlyMap<string, { withStatus: boolean }>,
  { me, cause, now }: { me: string; cause: string; now: Date },
): WorkQueue {
  const next = { ...work, sweeps: { ...work.sweeps } };
  for (const [application, { withStatus }] of applications) {
    const hint = { at: now.toISOString(), cause, trigger: 'tick', withStatus } as const;
    mergeSweep(next, application, hint, { by: me, holder: me, now });
  }
  return next;
}

/** The earliest time from one on at which a further sweep may begin. */
function spaceSweep(time: string, sweptAt: string | undefined): string {
  return sweptAt ? latest(time, plusSeconds(sweptAt, SWEEP_SPACING_SECONDS)) : time;
}

/** Turns all named users into sweeps of the applications that they concern. */
function replaceUsersBySweeps(
  work: WorkQueue,
  entitlements: readonly Entitlement[],
  { by, now }: { by: string; now: Date },
): void {
  const everywhere = entitlements.map(({ application }) => application);
  for (const user of Object.values(work.users)) {
    const groups = user.expected.map(({ groupId }) => groupId);
    const applications = user.whole ? everywhere : concerned(groups, entitlements);
    for (const application of applications) {
      mergeSweep(
        work,
        application,
        {
          at: user.at,
          cause: user.cause,
          trigger: user.trigger,
          withStatus: user.whole ?? false,
          // What was expected of each can't be kept; a second look takes its place.
          lookAgainAt: latest(user.lookAgainAt ?? user.at, plusSeconds(user.at, RECHECK_SECONDS)),
        },
        // The holder itself, so that the sweep is due now and not folded into somebody's wait.
        { by, holder: by, now },
      );
    }
  }
  work.users = {};
}

type WorkItem = UserItem | SweepItem;

/** Whether an entry wants a look now: due, and not among the changes that the present holder is carrying out. */
function isReady(work: WorkQueue, entry: WorkItem, now: Date): boolean {
  const inHand = holderOf(work, now) !== undefined && entry.planned === work.lease?.term;
  return !inHand && isDue(entry.dueAt, now);
}

/** Everything that wants a look now: named users first, then whole applications. */
export function dueItems(
  work: WorkQueue,
  now: Date,
): { users: Record<string, UserItem>; sweeps: Record<string, SweepItem> } {
  const up = <T extends WorkItem>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).filter(([, entry]) => isReady(work, entry, now)));
  return { users: up(work.users), sweeps: up(work.sweeps) };
}

function mapItems(work: WorkQueue, change: (entry: WorkItem) => Partial<WorkItem> | undefined): WorkQueue {
  const map = <T extends WorkItem>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, { ...entry, ...change(entry) }]));
  return { ...work, users: map(work.users), sweeps: map(work.sweeps) };
}

function itemsOf(work: WorkQueue): WorkItem[] {
  return [...Object.values(work.users), ...Object.values(work.sweeps)];
}

/** What an execution does next. `waitSeconds` is counted from now. */
export type Claim =
  | { turn: 'work'; work: WorkQueue; term: number }
  | { turn: 'wait'; work: WorkQueue; waitSeconds: number }
  | { turn: 'handedOver'; work: WorkQueue; to: string | undefined };

/**
 * Whose turn it is, once this execution's request is in the mailbox: takes the lease when it is free and something is
 * due; waits when what it has to look at is due later; else it is done, because another execution looks.
 */
export function claim(before: WorkQueue, me: string, now: Date): Claim {
  const work = mapItems(before, (entry) =>
    entry.failed && entry.by === me ? { dueAt: now.toISOString(), failed: undefined } : undefined,
  );
  const holder = holderOf(work, now);
  if (holder !== undefined && holder !== me) {
    return {
      turn: 'handedOver',
      to: holder,
      work: mapItems(work, (entry) => (entry.by === me ? { by: holder } : undefined)),
    };
  }
  const mine = itemsOf(work).filter(({ by }) => by === me);
  if (mine.length === 0 && holder === undefined) {
    // Only what concerns whole applications is folded into somebody's wait.
    return { turn: 'handedOver', to: Object.values(work.sweeps).find(({ dueAt }) => !isDue(dueAt, now))?.by, work };
  }
  const { users, sweeps } = dueItems(work, now);
  const held = acquireLease(work, me, now);
  if (held?.lease && Object.keys(users).length + Object.keys(sweeps).length > 0) {
    return { turn: 'work', work: held, term: held.lease.term };
  }
  return { turn: 'wait', work: releaseLease(work, me), waitSeconds: secondsToFirst(mine, now) };
}

function secondsToFirst(entries: readonly WorkItem[], now: Date): number {
  const [first] = entries.map(({ dueAt }) => dueAt).sort((a, b) => Date.parse(a) - Date.parse(b));
  return first ? secondsUntil(first, now) : 0;
}

/** Whether this execution failed before and was started again at the step that failed. */
export function isRedriven(work: WorkQueue, me: string): boolean {
  return itemsOf(work).some((entry) => entry.failed === true && entry.by === me);
}

/**
 * Marks the looks for which changes were planned in this term, so that they are not planned a second time meanwhile.
 * Changes nothing once the lease has changed hands.
 */
export function markPlanned(
  work: WorkQueue,
  looks: WorkItems,
  { term, startedAt }: { term: number; startedAt: Date },
): WorkQueue {
  const { lease } = work;
  if (lease?.term !== term) return work;
  return updateItems(work, looks, startedAt, () => ({ by: lease.holder, planned: term, failed: undefined }));
}

/** The looks that a plan was made for, as they stood in the mailbox when its reads began. */
export interface WorkItems {
  users: Readonly<Record<string, UserItem>>;
  sweeps: Readonly<Record<string, SweepItem>>;
}

type Update = (key: string, entry: WorkItem) => Partial<WorkItem> | undefined;

/**
 * Changes the looks of which `startedAt` began the reads; `change` strikes one off by undefined. One to which a hint was
 * added meanwhile stays as it is, but for a pause: a storm of hints must not keep one sweep following on the other.
 */
function updateItems(work: WorkQueue, looks: WorkItems, startedAt: Date, change: Update): WorkQueue {
  const sweptAt = { ...work.sweptAt };
  for (const application of Object.keys(looks.sweeps)) sweptAt[application] = startedAt.toISOString();
  const users = updateSnapshotted(work.users, looks.users, change, () => ({}));
  const sweeps = updateSnapshotted(work.sweeps, looks.sweeps, change, (application, { dueAt }) => ({
    dueAt: spaceSweep(dueAt, sweptAt[application]),
  }));
  return { ...work, users, sweeps, sweptAt };
}

function updateSnapshotted<T extends WorkItem>(
  entries: Record<string, T>,
  looks: Readonly<Record<string, T>>,
  change: Update,
  added: Update,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(entries).flatMap(([key, entry]): [string, T][] => {
      const look = looks[key];
      if (!look) return [[key, entry]];
      const update = look.hints === entry.hints ? change(key, entry) : added(key, entry);
      return update ? [[key, { ...entry, ...update }]] : [];
    }),
  );
}

/**
 * Closes looks that led to no change. Changes nothing when the lease has changed hands: the look is another's now.
 *
 * @param lookAt by user id or application: when to look again; an absent key means proven, and strikes the look off
 */
export function completeItems(
  work: WorkQueue,
  looks: WorkItems,
  { me, startedAt, lookAt }: { me: string; startedAt: Date; lookAt: ReadonlyMap<string, string> },
): WorkQueue {
  if (work.lease?.holder !== me) return work;
  return updateItems(work, looks, startedAt, (key) => {
    const dueAt = lookAt.get(key);
    return dueAt ? { by: me, dueAt, failed: undefined } : undefined;
  });
}

/** Begins the time to settle after the changes of a round, and gives the lease back if nothing else is due. */
export function startSettleWait(work: WorkQueue, me: string, now: Date): { work: WorkQueue; waitSeconds: number } {
  const term = holderOf(work, now) === me ? work.lease?.term : undefined;
  const settling = mapItems(work, (entry) =>
    term !== undefined && entry.planned === term
      ? {
          planned: undefined,
          dueAt: latest(entry.lookAgainAt, plusSeconds(now, SETTLE_SECONDS)) ?? now.toISOString(),
        }
      : undefined,
  );
  const { work: settled, waitSeconds } = releaseIfIdle(settling, me, now);
  return { work: settled, waitSeconds: waitSeconds ?? 0 };
}

/**
 * Gives the lease back after a failure; what was looked at stays in the mailbox for a redrive, and later for anybody.
 * Where a hint was added meanwhile, anybody may look at once.
 */
export function requeueFailed(
  work: WorkQueue,
  looks: WorkItems,
  { me, retryAt }: { me: string; retryAt: string },
): WorkQueue {
  if (work.lease?.holder !== me) return work;
  const failed = { by: me, failed: true };
  const later = () => ({ ...failed, dueAt: retryAt });
  const users = updateSnapshotted(work.users, looks.users, later, () => failed);
  const sweeps = updateSnapshotted(work.sweeps, looks.sweeps, later, () => failed);
  return releaseLease({ ...work, users, sweeps }, me);
}

/** Gives the lease back if nothing is due; `waitSeconds` undefined means that nothing is left to look at for `me`. */
export function releaseIfIdle(
  work: WorkQueue,
  me: string,
  now: Date,
): { work: WorkQueue; due: boolean; waitSeconds: number | undefined } {
  const { users, sweeps } = dueItems(work, now);
  if (Object.keys(users).length + Object.keys(sweeps).length > 0) return { work, due: true, waitSeconds: 0 };
  const mine = itemsOf(work).filter(({ by }) => by === me);
  return {
    work: releaseLease(work, me),
    due: false,
    waitSeconds: mine.length > 0 ? secondsToFirst(mine, now) : undefined,
  };
}

/** Takes over what an execution should have looked at by now and has not. */
export function reclaimOverdue(work: WorkQueue, me: string, now: Date): WorkQueue {
  if (holderOf(work, now) !== undefined) return work;
  return mapItems(work, (entry) => (isDue(plusSeconds(entry.dueAt, OVERDUE_SECONDS), now) ? { by: me } : undefined));
}
