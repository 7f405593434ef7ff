import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { ApplicationArn } from '../shared/ids.ts';
import type { Changes } from './batches.ts';

/** What an execution carries from one plan to the next. */
export const ProgressSchema = z.object({
  /** Plans and waits so far. */
  round: z.int(),
  /** Batches begun so far. */
  batches: z.int(),
  /** How many times in a row the same changes were planned. */
  stalled: z.int(),
  /** SHA-256 of the changes that were planned last. */
  digest: z.optional(z.string()),
  /** The last plan read UserStatus from the list of all users, and left changes for this one. */
  listUsers: z.optional(z.boolean()),
  /** Entitlements whose application's settings were read: once per execution. */
  checked: z.array(z.string()),
  /** Work items, by user id or application, whose changes this execution made and has not verified. */
  proving: z.optional(z.array(z.string())),
  /** Applications in which the brake held revocations of the last plan. */
  held: z.optional(z.array(ApplicationArn)),
  /** The batch that was to be made last, and the lease under which. */
  making: z.optional(z.object({ round: z.int(), batch: z.int(), term: z.int() })),
  /** A change of some user failed and is left to a tick. */
  aside: z.optional(z.boolean()),
  /** How often the execution had to fail, and served others first. */
  deferred: z.optional(z.int()),
});
export type Progress = z.infer<typeof ProgressSchema>;

/** The progress of an execution that has planned nothing. */
export const INITIAL_PROGRESS: Progress = { round: 0, batches: 0, stalled: 0, checked: [] };

/** The same plan, made this often without effect, is an error and not a delay: 5 settle waits of 30 s have passed. */
const MOST_STALLED = 5;
/** History events that a round and a batch take on AWS, rounded up, with one retry each. */
const EVENTS_PER_ROUND = 24;
const EVENTS_PER_BATCH = 10;
/** AWS ends an execution at 25,000 history events; this leaves room for retries. */
const MOST_EVENTS = 20_000;

/** Counts a plan. An empty plan does not reset `stalled`: perhaps reads do not show the last changes yet. */
export function countPlan(before: Progress, batches: readonly (readonly Changes[])[]): Progress {
  const counted = { ...before, round: before.round + 1 };
  if (batches.length === 0) return counted;
  const digest = createHash('sha256').update(JSON.stringify(batches)).digest('hex');
  return { ...counted, digest, stalled: digest === before.digest ? before.stalled + 1 : 0 };
}

/** Counts a batch that is to be made. */
export function countBatch(before: Progress): Progress {
  return { ...before, batches: before.batches + 1 };
}

/** Whether the same changes were planned too often without effect. */
export function isStalled({ stalled }: Progress): boolean {
  return stalled >= MOST_STALLED;
}

/** Whether the execution must end before AWS ends it; the next tick picks up what is left. */
export function isSpent({ round, batches }: Progress): boolean {
  return round * EVENTS_PER_ROUND + batches * EVENTS_PER_BATCH > MOST_EVENTS;
}
