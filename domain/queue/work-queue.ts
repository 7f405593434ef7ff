import * as z from 'zod/mini';
import { AdoptedSubscriptionsSchema, ExpectationSchema } from '../request/request.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { earliest, latest, plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

const ItemFields = {
  /** The execution that checks the item. */
  by: z.string(),
  dueAt: Timestamp,
  /** Time of the newest hint: an event's own time. */
  at: Timestamp,
  cause: z.string(),
  trigger: z.enum(['event', 'manual', 'tick']),
  /** An empty plan before this time verifies nothing yet. */
  lookAgainAt: z.optional(Timestamp),
  /** Revision of the queue that added the newest hint: an item is completed only if no hint was added since it was read. */
  hints: z.int(),
  /** The stored round that changes what this item names: until its end, the item is not due. */
  planned: z.optional(z.int()),
  /** The last check ended in an error; the execution that failed checks the item at once when it is redriven. */
  failed: z.optional(z.boolean()),
  /** Checks in a row that could not be completed: reads failed, or what failed waits for everything else. */
  attempts: z.optional(z.int()),
  /** Why an execution failed because of this item, and when: no other fails for the same reason within the hour. */
  reported: z.optional(z.object({ reason: z.string(), at: Timestamp })),
};
const UserItemSchema = z.object({
  ...ItemFields,
  expected: z.array(z.extend(ExpectationSchema, { at: Timestamp })),
  /** Start of the execution that asked first: it decides the order of the waitlist. */
  since: Timestamp,
  /** A hint named no group: all entitlements and UserStatus are checked, whatever else is expected. */
  whole: z.optional(z.boolean()),
});
const SweepItemSchema = z.object({
  ...ItemFields,
  /** Whether UserStatus of every user is read, too. */
  withStatus: z.boolean(),
  /** A sweep with UserStatus that began after this has answered `withStatus`: later checks of the item need none. */
  statusAfter: z.optional(Timestamp),
  /** An operator asked to adopt the unmanaged assignments of entitled users. */
  adopt: z.optional(z.boolean()),
  /** Whose subscriptions are adopted, too. */
  adoptSubscriptions: z.optional(AdoptedSubscriptionsSchema),
  /** An operator asked to give up all seats of an application that is no longer configured. */
  giveUp: z.optional(z.boolean()),
  /** Start of the execution that asked first, among those that no read has answered. */
  since: z.optional(Timestamp),
  /** The same for users who asked by name, whose own items this one replaces. */
  asked: z.optional(z.record(ResourceId, Timestamp)),
  /** The application was read after its newest hint. */
  answered: z.optional(z.boolean()),
  /**
   * Hints that name groups alone, or come from a tick, added while the item was due or planned: a stored round stays, and
   * who has joined these groups is checked by name. `hints` does not count them.
   */
  hinted: z.optional(
    z.object({
      groups: z.array(ResourceId),
      /** When the first of these hints was added. */
      dueAt: Timestamp,
      cause: z.string(),
      at: Timestamp,
      /** Start of the execution that asked first. */
      since: Timestamp,
      /** Revision of the queue that added the newest. */
      hints: z.int(),
    }),
  ),
});
/** What the latest sweeps of an application found. */
const SweepReportSchema = z.object({
  /** Start of its latest full sweep: everything was read, and nothing was left to change. */
  fullAt: z.optional(Timestamp),
  /** Start of its latest sweep that read UserStatus of every user and left nothing to change because of it. */
  statusAt: z.optional(Timestamp),
  /** Start of its first sweep, as long as none was full. */
  firstAt: z.optional(Timestamp),
  /** Start of its first full sweep since its users get notices: they get none of an earlier change. */
  noticesFrom: z.optional(Timestamp),
  /** Seats that take a slot. */
  seats: z.int(),
  waiting: z.int(),
  /** Since when the first of the waitlist waits. */
  waitingSince: z.optional(Timestamp),
  /** Seats above `seats.max`. */
  overCap: z.int(),
  /** Revocations that the brake holds. */
  held: z.int(),
  /** Users who are put aside because AWS refuses calls about them, or they keep failing. */
  aside: z.optional(z.int()),
  /** Users who are put aside because AWS accepts the changes and no read shows their effect. */
  notConverged: z.optional(z.int()),
  /** Assignments without a seat of Usher's. */
  unmanaged: z.int(),
  /** Groups that are assigned as a whole, at most ten. */
  assignedGroups: z.int(),
});
export type SweepReport = z.infer<typeof SweepReportSchema>;

/** Changes that are planned and stored in batches; the next batch is made when it is the round's turn. */
const StoredRoundSchema = z.object({
  /** Its number: higher than that of every earlier round. */
  id: z.int(),
  /** When its reads began. */
  readAt: Timestamp,
  /** Digest of the configuration under which it was decided. */
  configuration: z.string(),
  /** When it had its last turn. */
  servedAt: Timestamp,
  /** Number of the next batch. */
  next: z.int(),
  /** Number of its batches. */
  batches: z.int(),
  applications: z.array(ApplicationArn),
  /** Items with users whom it has considered, and for whom it changes nothing. */
  considered: z.optional(z.int()),
  /** Some changes did not fit into the round: they are planned anew after its end. */
  more: z.optional(z.boolean()),
});
export type StoredRound = z.infer<typeof StoredRoundSchema>;

/** When the subscriptions of a profile were read, and what they came to. */
const ProfileReadsSchema = z.object({
  /** When the latest read began, also if it failed. */
  readAt: Timestamp,
  /** When the first read began that succeeded. */
  firstReadAt: z.optional(Timestamp),
  /** Reads in a row that have not succeeded. */
  failures: z.optional(z.int()),
  /** What the latest comparison found: users without a subscription, and subscriptions that no one should have. */
  missing: z.optional(z.int()),
  orphaned: z.optional(z.int()),
  /** When its reads began. */
  comparedAt: z.optional(Timestamp),
});
export type ProfileReads = z.infer<typeof ProfileReadsSchema>;

export type UserItem = z.infer<typeof UserItemSchema>;
export type SweepItem = z.infer<typeof SweepItemSchema>;
export type Hinted = NonNullable<SweepItem['hinted']>;

/** Work queue and lease: what is still to be checked, and which execution may write. One item of the ledger. */
export const WorkQueueSchema = z.object({
  schemaVersion: z.literal(1),
  revision: z.int(),
  /** Counts how often the lease has changed hands. */
  term: z.int(),
  lease: z.optional(z.object({ holder: z.string(), term: z.int(), until: Timestamp })),
  users: z.record(ResourceId, UserItemSchema),
  sweeps: z.record(ApplicationArn, SweepItemSchema),
  /** By application: start of its latest sweep. */
  sweptAt: z.record(ApplicationArn, Timestamp),
  /** Rounds that are not over, in the order of their turns. */
  rounds: z.optional(z.array(StoredRoundSchema)),
  /** What had the last turn while something else was due, too; also a batch after the first of its round. */
  served: z.optional(z.enum(['users', 'sweeps', 'joins', 'round'])),
  /** Applications with a waitlist: users wait there for a slot. */
  lines: z.optional(z.array(ApplicationArn)),
  /** By configured application: what its latest sweeps found, and when. */
  reports: z.optional(z.record(ApplicationArn, SweepReportSchema)),
  /** Pages that ListUsers took last: shows which way to read UserStatus costs fewer calls. */
  userPages: z.optional(z.int()),
  /** By key of a profile: when its subscriptions were read, and what they came to. */
  profiles: z.optional(z.record(z.string(), ProfileReadsSchema)),
  /** Applications to which AWS refuses new subscriptions: since when, and when one is tried again. */
  stopped: z.optional(z.record(ApplicationArn, z.object({ since: Timestamp, probeAt: Timestamp }))),
});
export type WorkQueue = z.infer<typeof WorkQueueSchema>;

/** Returns a queue without items whose lease is free. */
export function emptyQueue(): WorkQueue {
  return { schemaVersion: 1, revision: 0, term: 0, users: {}, sweeps: {}, sweptAt: {} };
}

/** A user or an application that is to be checked. */
export type WorkItem = UserItem | SweepItem;

/** Returns when a user first asked, as far as a work item tells: the start of an execution. */
export function askedAtOf(item: WorkItem, userId: string): string {
  const asked = 'expected' in item ? undefined : item.asked?.[userId];
  return asked ?? item.since ?? item.dueAt;
}

/** Returns when a user joined, as far as a work item tells: an event's own time, for metrics only. */
export function joinedAtOf(item: WorkItem): string {
  if (!('expected' in item)) return item.at;
  const joins = item.expected.filter(({ membership }) => membership === 'member');
  return joins.reduce((first, { at }) => earliest(first, at), item.since);
}

/** Updates every item with what `update` returns for it, if anything. */
export function mapItems(queue: WorkQueue, update: (item: WorkItem) => Partial<WorkItem> | undefined): WorkQueue {
  const map = <T extends WorkItem>(items: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(items).map(([key, item]) => [key, { ...item, ...update(item) }]));
  return { ...queue, users: map(queue.users), sweeps: map(queue.sweeps) };
}

/** Lists all items, those of users first. */
export function itemsOf(queue: WorkQueue): WorkItem[] {
  return [...Object.values(queue.users), ...Object.values(queue.sweeps)];
}

/** The items that a plan serves, as they were in the queue when its reads began. */
export interface WorkItems {
  users: Readonly<Record<string, UserItem>>;
  sweeps: Readonly<Record<string, SweepItem>>;
}

/** The work items whose keys are not among these. */
export function itemsWithout({ users, sweeps }: WorkItems, keys: ReadonlySet<string>): WorkItems {
  return { users: entriesWithout(users, keys), sweeps: entriesWithout(sweeps, keys) };
}

function entriesWithout<T>(entries: Readonly<Record<string, T>>, keys: ReadonlySet<string>): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([key]) => !keys.has(key)));
}

/** Least time between the starts of two sweeps of an application: many hints become a few sweeps. */
const SWEEP_SPACING_SECONDS = 30;

/** Returns the earliest time, not before `time`, at which an application may be swept again. Times are ISO times. */
export function spaceSweep(time: string, sweptAt: string | undefined): string {
  return sweptAt ? latest(time, plusSeconds(sweptAt, SWEEP_SPACING_SECONDS)) : time;
}
