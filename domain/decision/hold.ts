import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { LEFT_BEHIND_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, DigestSchema } from '../shared/ids.ts';
import { plusSeconds } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** Why revocations are held. */
const HoldReasonSchema = z.enum(['brake', 'nobody-entitled', 'group-empty']);
export type HoldReason = z.infer<typeof HoldReasonSchema>;

/** The event `Revocations Held`, until it is on the bus. */
const HeldRecordSchema = z.object({
  at: Timestamp,
  reason: HoldReasonSchema,
  execution: z.string(),
  digest: DigestSchema,
  /** Revocations that are held. */
  count: z.int(),
});
export type HeldRecord = z.infer<typeof HeldRecordSchema>;

/**
 * The revocations of an application that wait for an operator. A seat names the generation with which it joined; every
 * generation has a digest that covers it and those before, so that an older digest releases what it covered and no more.
 */
export const HoldSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  entitlement: z.string(),
  revision: z.int().check(z.minimum(1)),
  status: z.enum(['held', 'lifted']),
  since: Timestamp,
  reason: HoldReasonSchema,
  /** The generation with which it began. */
  first: z.int(),
  /** Oldest first. */
  digests: z.array(z.object({ digest: DigestSchema, generation: z.int(), count: z.int() })),
  /** An operator has released what this generation's digest covers. */
  released: z.optional(z.int()),
  audit: z.array(HeldRecordSchema),
});
export type Hold = z.infer<typeof HoldSchema>;

/** How many digests of a growing hold can still be released; an operator with an older one lists the holds again. */
const MOST_DIGESTS = 200;

/** Whether the hold is in force. */
export function isHeld(hold: Hold | undefined): hold is Hold {
  return hold?.status === 'held';
}

/** Whether a seat with this generation is in the hold, and not left over from an earlier one. */
export function isMember(hold: Hold, generation: number | undefined): generation is number {
  return generation !== undefined && generation >= hold.first;
}

/** The number of the next generation; it never falls, so that seats of an earlier hold aren't covered by a later one. */
export function nextGeneration(hold: Hold | undefined): number {
  return (hold?.digests.at(-1)?.generation ?? 0) + 1;
}

/** Begins a hold with its first generation, and its event. */
export function beginHold(
  before: Hold | undefined,
  { applicationArn, entitlement, userIds }: { applicationArn: string; entitlement: string; userIds: readonly string[] },
  { now, execution, reason }: { now: Date; execution: string; reason: HoldReason },
): Hold {
  const since = now.toISOString();
  const count = userIds.length;
  const digest = digestOf([applicationArn, since], userIds);
  const generation = nextGeneration(before);
  return {
    schemaVersion: 1,
    applicationArn,
    entitlement,
    revision: (before?.revision ?? 0) + 1,
    status: 'held',
    since,
    reason,
    first: generation,
    digests: [{ digest, generation, count }],
    audit: [...(before?.audit ?? []), { at: since, reason, execution, digest, count }],
  };
}

/** Adds users to the hold: a further generation. */
export function growHold(hold: Hold, userIds: readonly string[]): Hold {
  const last = hold.digests.at(-1);
  const added = {
    digest: digestOf([last?.digest], userIds),
    generation: nextGeneration(hold),
    count: (last?.count ?? 0) + userIds.length,
  };
  return { ...hold, revision: hold.revision + 1, digests: [...hold.digests, added].slice(-MOST_DIGESTS) };
}

/** Releases what a digest covers; undefined when this hold never had that digest. */
export function releaseHold(hold: Hold, digest: string): Hold | undefined {
  const covered = hold.digests.find((one) => one.digest === digest);
  if (!isHeld(hold) || !covered) return undefined;
  return { ...hold, revision: hold.revision + 1, released: Math.max(covered.generation, hold.released ?? 0) };
}

/** Ends the hold: nothing that it covered is left. */
export function liftHold({ released: _, ...hold }: Hold): Hold {
  return { ...hold, revision: hold.revision + 1, status: 'lifted' };
}

/** ISO time when the tick has to check a hold although nothing happens; undefined: never. */
export function holdAttentionAt({ audit: [first] }: Hold): string | undefined {
  return first && plusSeconds(first.at, LEFT_BEHIND_SECONDS);
}

function digestOf(before: readonly (string | undefined)[], userIds: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([before, [...userIds].sort()]))
    .digest('hex');
}
