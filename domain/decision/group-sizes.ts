import * as z from 'zod/mini';
import { BRAKE_WINDOW_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { secondsBetween } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** How many members a group has; none if there is no such group. */
const GroupSizeSchema = z.object({ groupId: ResourceId, members: z.int().check(z.minimum(0)) });
export type GroupSize = z.infer<typeof GroupSizeSchema>;

/** A group that has become smaller, as reads of all its members show. */
const FallSchema = z.object({
  groupId: ResourceId,
  /** Members before. */
  before: z.int(),
  /** Members now; absent if the entitlement no longer names the group. */
  after: z.optional(z.int()),
  /** When a read first showed fewer members. */
  since: Timestamp,
  /** When a read last showed fewer members than the one before it. */
  at: Timestamp,
});
export type Fall = z.infer<typeof FallSchema>;

/**
 * The sizes of an entitlement's groups when they were last read, and which have fallen lately or before a hold in force: its
 * cause (ADR 0048).
 */
export const GroupSizesSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  revision: z.int().check(z.minimum(1)),
  groups: z.array(GroupSizeSchema),
  falls: z.array(FallSchema),
});
export type GroupSizes = z.infer<typeof GroupSizesSchema>;

/** As many as an entitlement has groups: those that are no longer named give way first. */
const MOST_FALLS = 100;
const DAY_SECONDS = 86_400;

/** What the sizes are counted for. */
interface Count {
  applicationArn: string;
  /** `onLeave.revokeAfterDays`: a fall is followed by revocations only after these. */
  graceDays: number;
  /** Revocations are held: what they may be caused by is kept. */
  held: boolean;
  now: Date;
}

/** Compares a read of all groups with the sizes from before. Returns those if nothing is new. */
export function countGroups(
  before: GroupSizes | undefined,
  counted: readonly GroupSize[],
  { applicationArn, graceDays, held, now }: Count,
): GroupSizes | undefined {
  const keepSeconds = graceDays * DAY_SECONDS + BRAKE_WINDOW_SECONDS;
  const isRecent = (time: string) => held || secondsBetween(time, now) <= keepSeconds;
  const at = now.toISOString();
  const groups = [...sizesIn(counted)].map(([groupId, members]) => ({ groupId, members }));
  const sizes = sizesIn(groups);
  const sizesBefore = sizesIn(before?.groups ?? []);
  const known = new Map(before?.falls.map((fall) => [fall.groupId, fall]));
  const falls = [...new Set([...sizes.keys(), ...sizesBefore.keys(), ...known.keys()])]
    .flatMap((groupId): Fall[] => {
      const [after, sizeBefore = 0, fall] = [sizes.get(groupId), sizesBefore.get(groupId), known.get(groupId)];
      if ((after ?? 0) < sizeBefore) {
        const { before: first, since } = fall && isRecent(fall.since) ? fall : { before: sizeBefore, since: at };
        return [{ groupId, before: first, after, since, at }];
      }
      return fall && isRecent(fall.at) && (after ?? 0) < fall.before ? [{ ...fall, after }] : [];
    })
    .slice(0, MOST_FALLS);
  const same = JSON.stringify([groups, falls]) === JSON.stringify([before?.groups ?? [], before?.falls ?? []]);
  if (same) return before;
  return { schemaVersion: 1, applicationArn, revision: (before?.revision ?? 0) + 1, groups, falls };
}

function sizesIn(groups: readonly GroupSize[]): Map<string, number> {
  return new Map(groups.map(({ groupId, members }) => [groupId, members]));
}
