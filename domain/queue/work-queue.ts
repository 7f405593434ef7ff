import * as z from 'zod/mini';
import { ExpectationSchema } from '../request/request.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { latest, plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

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

export type WorkItem = UserItem | SweepItem;

export function mapItems(work: WorkQueue, change: (entry: WorkItem) => Partial<WorkItem> | undefined): WorkQueue {
  const map = <T extends WorkItem>(entries: Record<string, T>): Record<string, T> =>
    Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, { ...entry, ...change(entry) }]));
  return { ...work, users: map(work.users), sweeps: map(work.sweeps) };
}

export function itemsOf(work: WorkQueue): WorkItem[] {
  return [...Object.values(work.users), ...Object.values(work.sweeps)];
}

/** The looks that a plan was made for, as they stood in the mailbox when its reads began. */
export interface WorkItems {
  users: Readonly<Record<string, UserItem>>;
  sweeps: Readonly<Record<string, SweepItem>>;
}

/** A second sweep of an application begins no sooner than this after the first: a storm of hints becomes a few sweeps. */
const SWEEP_SPACING_SECONDS = 30;

/** The earliest time from one on at which a further sweep may begin. */
export function spaceSweep(time: string, sweptAt: string | undefined): string {
  return sweptAt ? latest(time, plusSeconds(sweptAt, SWEEP_SPACING_SECONDS)) : time;
}
