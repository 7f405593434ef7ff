import { createHash } from 'node:crypto';
import * as z from 'zod/mini';
import { LEFT_BEHIND_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, DigestSchema } from '../shared/ids.ts';
import { plusSeconds, secondsBetween } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** Why revocations are held. */
const HoldReasonSchema = z.enum(['brake', 'nobody-entitled', 'group-empty']);
export type HoldReason = z.infer<typeof HoldReasonSchema>;

/** The event `Revocations Held` of a hold that has begun or grown, until it is on the bus. */
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
  /** Which execution released which digest, also of earlier holds, the newest last: its retry is no second release. */
  releases: z.optional(z.array(z.object({ digest: DigestSchema, execution: z.string() }))),
  /** The last event of its growth; absent if only its beginning has an event. */
  announced: z.optional(z.object({ at: Timestamp, generation: z.int() })),
  audit: z.array(HeldRecordSchema),
});
export type Hold = z.infer<typeof HoldSchema>;

/** How many digests of a growing hold can still be released; an operator with an older one lists the holds again. */
const MOST_DIGESTS = 200;

/** How many releases are remembered: of those that came before, no retry is left. */
const MOST_RELEASES = 10;
/** The least time between two events of one hold: five hundred single removals must not raise five hundred alarms. */
const HOLD_UPDATE_SECONDS = 300;

const LIST_HOLDS = 'List current holds: usher held';
/** Why a digest releases nothing. It stays so: no later hold has the same digest. */
export const RELEASES_NOTHING = {
  unknown: `No hold has this digest. ${LIST_HOLDS}`,
  noneHeld: `No user whom this digest covers is held. ${LIST_HOLDS}`,
} as const;

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
    ...(before?.releases ? { releases: before.releases } : {}),
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

/**
 * Adds the event that the hold has grown, once the last event is old enough. An event of its growth that is not on the bus
 * gives way to it: it counts the same users.
 *
 * @returns the same hold if there is nothing to announce now
 */
export function announceGrowth(hold: Hold, { now, execution }: { now: Date; execution: string }): Hold {
  const newest = hold.digests.at(-1);
  const last = announcedOf(hold);
  const isTooEarly = secondsBetween(last.at, now) < HOLD_UPDATE_SECONDS;
  if (!newest || !hasGrown(hold) || isTooEarly) return hold;
  const { digest, generation, count } = newest;
  const at = now.toISOString();
  const replaced = hold.announced && hold.digests.find((one) => one.generation === last.generation)?.digest;
  const audit = hold.audit.filter((record) => record.digest !== replaced);
  return {
    ...hold,
    revision: hold.revision + 1,
    announced: { at, generation },
    audit: [...audit, { at, reason: hold.reason, execution, digest, count }],
  };
}

function announcedOf({ announced, since, first }: Hold): { at: string; generation: number } {
  return announced ?? { at: since, generation: first };
}

/** Whether users have joined a hold since its last event, and it is not released: what is left of it then begins another. */
function hasGrown(hold: Hold): boolean {
  return (
    isHeld(hold) && hold.released === undefined && (hold.digests.at(-1)?.generation ?? 0) > announcedOf(hold).generation
  );
}

/** A digest, and the execution that releases it. */
type Release = NonNullable<Hold['releases']>[number];

/** Whether an execution has released a digest before, of this hold or an earlier one. */
export function isReleasedBy({ releases = [] }: Hold, { digest, execution }: Release): boolean {
  return releases.some((one) => one.digest === digest && one.execution === execution);
}

/** Whether a seat is held and an operator has released it. */
export function isReleased(hold: Hold, seat: { status: string; hold?: number | undefined }): boolean {
  return seat.status === 'held' && isMember(hold, seat.hold) && seat.hold <= (hold.released ?? 0);
}

/** Whether the hold keeps this seat's revocation from beginning. What has begun is completed: it was counted then. */
export function keepsBack(hold: Hold | undefined, seat: { status: string; hold?: number | undefined }): boolean {
  return isHeld(hold) && seat.status !== 'revoking' && !isReleased(hold, seat);
}

/** Releases what a digest covers; undefined when this hold never had that digest. */
export function releaseHold(hold: Hold, { digest, execution }: Release): Hold | undefined {
  const covered = hold.digests.find((one) => one.digest === digest);
  if (!isHeld(hold) || !covered) return undefined;
  return {
    ...hold,
    revision: hold.revision + 1,
    released: Math.max(covered.generation, hold.released ?? 0),
    releases: [...(hold.releases ?? []), { digest, execution }].slice(-MOST_RELEASES),
  };
}

/** Ends the hold: nothing that it covered is left. */
export function liftHold({ released: _, ...hold }: Hold): Hold {
  return { ...hold, revision: hold.revision + 1, status: 'lifted' };
}

/** ISO time when the tick has to check a hold although nothing happens; undefined: never. */
export function holdAttentionAt(hold: Hold): string | undefined {
  const [first] = hold.audit;
  if (first) return plusSeconds(first.at, LEFT_BEHIND_SECONDS);
  return hasGrown(hold) ? plusSeconds(announcedOf(hold).at, HOLD_UPDATE_SECONDS) : undefined;
}

function digestOf(before: readonly (string | undefined)[], userIds: readonly string[]): string {
  return createHash('sha256')
    .update(JSON.stringify([before, [...userIds].sort()]))
    .digest('hex');
}
