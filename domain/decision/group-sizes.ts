import * as z from 'zod/mini';
import { BRAKE_WINDOW_SECONDS } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { secondsBetween } from '../shared/time.ts';
import { Timestamp } from '../shared/timestamp.ts';

/** How many members a group has; none if there is no such group. */
const GroupSizeSchema = z.object({ groupId: ResourceId, members: z.int().check(z.minimum(0)) });
export type GroupSize = z.infer<typeof GroupSizeSchema>;

/** A group that has become smaller, as reads of all its members show. */
export const FallSchema = z.object({
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

/** The sizes of an entitlement's groups when they were last read, and which have fallen: the cause of a hold (ADR 0048). */
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
  now: Date;
}

/** Compares a read of all groups with the sizes from before. Returns those if nothing is new. */
export function countGroups(
  before: GroupSizes | undefined,
  counted: readonly GroupSize[],
  { applicationArn, graceDays, now }: Count,
): GroupSizes | undefined {
  // A fall from before explains no revocation that begins now.
  const keepSeconds = graceDays * DAY_SECONDS + BRAKE_WINDOW_SECONDS;
  const sizes = new Map(counted.map(({ groupId, members }) => [groupId, members]));
  const sizesBefore = new Map(before?.groups.map(({ groupId, members }) => [groupId, members]));
  const known = new Map(before?.falls.map((fall) => [fall.groupId, fall]));
  const isRecent = (time: string) => secondsBetween(time, now) <= keepSeconds;
  const falls = [...new Set([...sizes.keys(), ...sizesBefore.keys(), ...known.keys()])].flatMap((groupId) => {
    const [size, sizeBefore, fall] = [sizes.get(groupId), sizesBefore.get(groupId), known.get(groupId)];
    if (sizeBefore !== undefined && (size ?? -1) < sizeBefore) {
      const begun = fall && isRecent(fall.since) ? fall : { groupId, before: sizeBefore, since: now.toISOString() };
      return [withSize({ ...begun, at: now.toISOString() }, size)];
    }
    return fall && isRecent(fall.at) && isFallen(fall, size) ? [withSize(fall, size)] : [];
  });
  const groups = [...sizes].map(([groupId, members]) => ({ groupId, members }));
  const next = { groups, falls: falls.slice(0, MOST_FALLS) };
  const isSameSize = ({ groupId, members }: GroupSize) => sizesBefore.get(groupId) === members;
  const isSame = groups.length === sizesBefore.size && groups.every(isSameSize);
  if (isSame && isSameCause(next.falls, before?.falls ?? [])) return before;
  return { schemaVersion: 1, applicationArn, revision: (before?.revision ?? 0) + 1, ...next };
}

/** Returns which groups have fallen since a hold began or shortly before: without those that have their old size again. */
export function causeNow(cause: readonly Fall[], { groups, falls }: Pick<GroupSizes, 'groups' | 'falls'>): Fall[] {
  const sizes = new Map(groups.map(({ groupId, members }) => [groupId, members]));
  const recent = new Map(falls.map((fall) => [fall.groupId, fall]));
  const known = new Set(cause.map(({ groupId }) => groupId));
  const still = cause.flatMap((fall) => {
    const size = sizes.get(fall.groupId);
    const { at } = recent.get(fall.groupId) ?? fall;
    return isFallen(fall, size) ? [withSize({ ...fall, at }, size)] : [];
  });
  return [...still, ...falls.filter(({ groupId }) => !known.has(groupId))].slice(0, MOST_FALLS);
}

/** Whether two lists of falls say the same. */
export function isSameCause(some: readonly Fall[], others: readonly Fall[]): boolean {
  const textOf = ({ groupId, before, after, since, at }: Fall) => JSON.stringify([groupId, before, after, since, at]);
  return some.length === others.length && some.every((one, index) => textOf(one) === textOf(others[index] ?? one));
}

function isFallen({ before }: Fall, size: number | undefined): boolean {
  return size === undefined || size < before;
}

function withSize({ after: _, ...fall }: Fall, size: number | undefined): Fall {
  return size === undefined ? fall : { ...fall, after: size };
}
