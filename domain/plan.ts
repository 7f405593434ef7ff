import * as z from 'zod/mini';
import type { Entitlement, Entitlements } from './entitlements.ts';
import { RefusedError } from './errors.ts';
import { ApplicationArn, ResourceId } from './ids.ts';
import { type Reason, ReasonSchema, type Seat, takesPlace } from './seat.ts';
import { isDue, plusSeconds } from './time.ts';
import { SETTLE_SECONDS } from './work.ts';

/** Few enough that a batch ends within its Lambda's time limit at one request a second. */
export const BATCH_SIZE = 50;
/** Bounds a round's payload to some 100 KiB: 2,000 ids of 47 characters. */
export const ROUND_SIZE = 2000;
/** The window of the brake. */
const BRAKE_WINDOW_SECONDS = 24 * 3600;

/** Changes of one kind to one application. `record`: only audit events are still to be sent. */
export const BatchSchema = z.object({
  applicationArn: ApplicationArn,
  kind: z.enum(['grant', 'revoke', 'record']),
  reason: ReasonSchema,
  userIds: z.array(ResourceId).check(z.minLength(1), z.maxLength(BATCH_SIZE)),
});
export type Batch = z.infer<typeof BatchSchema>;

/** Why somebody isn't entitled. */
export type Absence = Extract<Reason, 'group-leave' | 'user-disabled' | 'user-deleted'>;

/** What an entitlement asks for and what Identity Center and the ledger hold, for one user and one application. */
export interface Standing {
  userId: string;
  /** Member of a group of the entitlement, and not known to be disabled or deleted. */
  entitled: boolean;
  /** Why not. Neither entitled nor absent: reads that contradict each other, and no ground for a change. */
  absence?: Absence;
  assigned: boolean;
  seat: Seat | undefined;
}

/** Under which circumstances a decision is made. */
export interface Circumstances {
  /** When the reads began: what was written shortly before may not show in them. */
  readAt: Date;
  trigger: 'event' | 'manual' | 'tick';
  execution: string;
}

/**
 * The one thing to do for a user and an application.
 *
 * `confirm`, `keep`, `gone` and `forget` change the ledger only: what it says is brought in line with what was read.
 */
export type Decision =
  | { do: 'grant' | 'revoke'; reason: Reason }
  | { do: 'confirm' | 'keep' | 'gone' | 'forget' }
  | { do: 'wait'; until: string }
  | { do: 'nothing' };

const NOTHING: Decision = { do: 'nothing' };

/**
 * Decides the one change that brings a user in line with the entitlement, if any.
 *
 * Never revokes an assignment without a seat of ours: somebody else made it. Never acts on reads that began too soon
 * after a write of ours to show it.
 */
export function decide(standing: Standing, circumstances: Circumstances): Decision {
  return standing.entitled ? decideEntitled(standing, circumstances) : decideAbsent(standing, circumstances);
}

function decideEntitled({ assigned, seat }: Standing, circumstances: Circumstances): Decision {
  const grant: Decision = { do: 'grant', reason: grantReason(seat, circumstances) };
  if (!seat) return assigned ? NOTHING : grant;
  const wait = unsettled(seat, circumstances);
  switch (seat.status) {
    case 'creating':
      return grant;
    case 'assigned':
      return wait ?? (assigned ? { do: 'confirm' } : grant);
    case 'confirmed':
    case 'leaving':
    case 'held':
      return assigned ? NOTHING : (wait ?? grant);
    // An interrupted revocation of somebody who is entitled again: it either never began, or is complete.
    case 'revoking':
      return wait ?? (assigned ? { do: 'keep' } : { do: 'gone' });
    case 'revoked':
      return assigned ? (wait ?? NOTHING) : grant;
    // A refused create had no effect: an assignment that is visible now is somebody else's.
    case 'failed':
      if (assigned) return { do: 'forget' };
      return mayTry(seat, circumstances) ? grant : NOTHING;
    case 'waitlisted':
      return assigned ? NOTHING : grant;
  }
}

function decideAbsent({ assigned, seat, absence }: Standing, circumstances: Circumstances): Decision {
  if (!seat || !absence) return NOTHING;
  switch (seat.status) {
    case 'creating':
    case 'assigned':
    case 'confirmed':
    case 'leaving':
    case 'held':
    case 'revoking':
      return mayTry(seat, circumstances) ? { do: 'revoke', reason: absence } : NOTHING;
    case 'revoked':
      return assigned ? (unsettled(seat, circumstances) ?? NOTHING) : NOTHING;
    case 'failed':
    case 'waitlisted':
      return { do: 'forget' };
  }
}

function grantReason(seat: Seat | undefined, { trigger }: Circumstances): Reason {
  if (seat?.status === 'confirmed') return 'drift-healed';
  if (trigger === 'manual') return 'manual';
  return trigger === 'tick' ? 'reconciled' : 'group-join';
}

function unsettled({ changedAt }: Seat, { readAt }: Circumstances): Decision | undefined {
  const until = plusSeconds(changedAt, SETTLE_SECONDS);
  return isDue(until, readAt) ? undefined : { do: 'wait', until };
}

/**
 * After a refusal: when its time has come, once when a person asks for it, or when the execution that has failed for it is
 * redriven.
 */
function mayTry({ nextAttemptAt, refusal }: Seat, { readAt, trigger, execution }: Circumstances): boolean {
  if (nextAttemptAt === undefined || isDue(nextAttemptAt, readAt)) return true;
  return refusal?.execution === execution ? refusal.failed === true : trigger === 'manual';
}

/** How many seats an application has, as far as its limits need to know. */
export interface Tally {
  /** Seats whose assignment may exist. */
  inUse: number;
  /** Seats that existed 24 hours ago. */
  atWindowStart: number;
  /** Revocations in the last 24 hours, without those of deleted users. */
  revokedInWindow: number;
}

/** Counts an application's seats. */
export function tally(seats: Iterable<Pick<Seat, 'status' | 'requestedAt' | 'revokedAt'>>, now: Date): Tally {
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const since = (time: string | undefined) => time !== undefined && Date.parse(time) > Date.parse(windowStart);
  const counts: Tally = { inUse: 0, atWindowStart: 0, revokedInWindow: 0 };
  for (const seat of seats) {
    const place = takesPlace(seat);
    const recently = since(seat.revokedAt);
    if (place) counts.inUse += 1;
    if (recently) counts.revokedInWindow += 1;
    if ((place || recently) && !since(seat.requestedAt)) counts.atWindowStart += 1;
  }
  return counts;
}

/** One change of a plan. */
export interface Change {
  userId: string;
  kind: 'grant' | 'revoke';
  reason: Reason;
  /** A grant for which no place is taken under `seats.max` so far. */
  newPlace: boolean;
}

/** What the changes of one application are held against. */
export interface Limits {
  entitlement: Entitlement;
  brake: Entitlements['brake'];
  counts: Tally;
  /** Configured groups without members, where they were read. */
  emptyGroups?: readonly string[];
  /** A sweep found nobody who is entitled. */
  nobodyEntitled?: boolean;
}

/**
 * Holds the changes of one application against its limits: all or none.
 *
 * @returns the changes to make now: with the application full, only the revocations, since a place is free only when a
 *   fresh read shows it
 * @throws RefusedError when the plan would pass `seats.max` or the brake's budget, or revoke where a group looks as if it
 *   had been emptied by mistake; nothing may be changed then
 */
export function withinLimits(changes: readonly Change[], limits: Limits): Change[] {
  const { entitlement, brake, counts, emptyGroups = [], nobodyEntitled = false } = limits;
  const revocations = changes.filter(({ kind }) => kind === 'revoke');
  const braked = revocations.filter(({ reason }) => reason !== 'user-deleted').length;
  if (braked > 0 && emptyGroups.length > 0) {
    throw new RefusedError(
      'group-empty',
      `${entitlement.name}: nobody is revoked while a configured group is empty or missing (group ${emptyGroups[0]})`,
    );
  }
  if (braked > 0 && nobodyEntitled && counts.inUse > 1) {
    throw new RefusedError(
      'nobody-entitled',
      `${entitlement.name}: nobody would be entitled to any of ${counts.inUse} seats`,
    );
  }
  const budget = Math.max(brake.atLeast, Math.floor((brake.percent * counts.atWindowStart) / 100));
  if (braked > 0 && counts.revokedInWindow + braked > budget) {
    throw new RefusedError(
      'brake',
      `${entitlement.name}: ${braked} revocations planned and ${counts.revokedInWindow} made in 24 hours pass the budget of ${budget}`,
    );
  }
  return changes.length === revocations.length ? revocations : withinCap(changes, revocations, entitlement, counts);
}

function withinCap(
  changes: readonly Change[],
  revocations: Change[],
  { name, seats }: Entitlement,
  { inUse }: Tally,
): Change[] {
  const grants = changes.filter(({ newPlace }) => newPlace).length;
  if (grants === 0 || inUse + grants <= seats.max) return [...changes];
  if (inUse - revocations.length + grants > seats.max) {
    throw new RefusedError(
      'cap-reached',
      `${name}: ${grants} grants planned with ${inUse} seats in use pass seats.max, ${seats.max}`,
    );
  }
  return revocations;
}

/**
 * Cuts changes into batches of one application, kind and reason; revocations first, since they free places.
 *
 * @returns at most {@link ROUND_SIZE} users, and whether some were left for the next round
 */
export function cut(changes: readonly (Omit<Batch, 'userIds'> & { userId: string })[]): {
  batches: Batch[];
  more: boolean;
} {
  const order = { revoke: 0, grant: 1, record: 2 };
  const round = [...changes].sort((a, b) => order[a.kind] - order[b.kind]).slice(0, ROUND_SIZE);
  const groups = Map.groupBy(round, ({ applicationArn, kind, reason }) => `${applicationArn} ${kind} ${reason}`);
  const batches = [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (!first) return [];
    const { userId: _, ...what } = first;
    const userIds = group.map(({ userId }) => userId);
    return Array.from({ length: Math.ceil(userIds.length / BATCH_SIZE) }, (_, index) => ({
      ...what,
      userIds: userIds.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
    }));
  });
  return { batches, more: changes.length > round.length };
}
