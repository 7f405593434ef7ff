import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { ApplicationArn } from '../shared/ids.ts';
import type { Batch } from './batches.ts';

/** What an execution carries from one plan to the next. */
export const ProgressSchema = z.object({
  /** Plans made so far. */
  round: z.int(),
  /** Batches planned so far. */
  batches: z.int(),
  /** How often in a row the same changes were planned. */
  stalled: z.int(),
  /** Of the changes that were planned last. */
  digest: z.optional(z.string()),
  /** The last plan read UserStatus from the list of all users, and left changes for this one. */
  listUsers: z.optional(z.boolean()),
  /** Entitlements whose application's own settings were read: once an execution. */
  checked: z.array(z.string()),
  /** Looks, by user id or application, whose changes this execution has made and not seen proven itself. */
  proving: z.optional(z.array(z.string())),
  /** Applications in which the brake kept revocations that were planned last. */
  held: z.optional(z.array(ApplicationArn)),
});
export type Progress = z.infer<typeof ProgressSchema>;

/** Nothing planned so far. */
export const INITIAL_PROGRESS: Progress = { round: 0, batches: 0, stalled: 0, checked: [] };

/** The same plan so often without effect is a fault, not a delay: 5 times 30 s to settle. */
const MOST_STALLED = 5;
/** History events that a round and a batch take on AWS, rounded up, with a retry each. */
const EVENTS_A_ROUND = 24;
const EVENTS_A_BATCH = 10;
/** AWS ends an execution at 25,000 history events; this leaves room for retries. */
const MOST_EVENTS = 20_000;

/** Counts a plan. An empty one says nothing about progress: it may only be too soon to see. */
export function countRound(before: Progress, batches: readonly Batch[]): Progress {
  const counted = { ...before, round: before.round + 1, batches: before.batches + batches.length };
  if (batches.length === 0) return counted;
  const digest = createHash('sha256').update(JSON.stringify(batches)).digest('hex');
  return { ...counted, digest, stalled: digest === before.digest ? before.stalled + 1 : 0 };
}

/** Whether the same changes were planned too often. */
export function isStalled({ stalled }: Progress): boolean {
  return stalled >= MOST_STALLED;
}

/** Whether the execution has to end before AWS ends it: what is left is taken up by the next tick. */
export function isSpent({ round, batches }: Progress): boolean {
  return round * EVENTS_A_ROUND + batches * EVENTS_A_BATCH > MOST_EVENTS;
}
