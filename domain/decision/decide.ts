import * as z from 'zod/mini';
import { BRAKE_WINDOW_SECONDS, isMadeAgain, type Reason, ReasonSchema, type Seat, takesSlot } from '../seat/seat.ts';
import { ApplicationArn, ResourceId } from '../shared/ids.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { isDue, plusSeconds } from '../shared/time.ts';

const DAY_SECONDS = 24 * 3600;

/** Most users of a batch. The more it has, the fewer batches wait for their last answers. */
export const BATCH_SIZE = 500;
/** So long its requests take at the most: within the Lambda's time limit, which is shorter than a lease. */
const BATCH_SECONDS = 200;
/** To sso-admin: whether a create without answer came to anything, the deletion, and the look that proves it. */
const REQUESTS_PER_CHANGE = 3;
/**
 * Bounds a round's batches, and with them the payload of a state: some 3,300 ids of the usual 36 characters. Every round
 * reads all that a sweep reads, so that the more a round has, the fewer calls a seat takes.
 */
export const ROUND_BYTES = 130_000;
/** The quotes of an id in a payload, and its comma. */
const ID_MARKS_BYTES = 3;

/** Bounds the history of a round: many applications, each with changes of many kinds. */
export const ROUND_BATCHES = 100;

/**
 * Changes of one kind to one application. `record`: only audit events of these people are still to be sent; `hold`: that
 * of the application's hold, and nobody is named.
 */
export const BatchSchema = z.object({
  applicationArn: ApplicationArn,
  kind: z.enum(['grant', 'revoke', 'record', 'hold']),
  reason: ReasonSchema,
  userIds: z.array(ResourceId).check(z.maxLength(BATCH_SIZE)),
});
export type Batch = z.infer<typeof BatchSchema>;

/** Why somebody isn't entitled. */
export type Ineligibility = Extract<Reason, 'group-leave' | 'user-disabled' | 'user-deleted' | 'entitlement-removed'>;

/** What an entitlement asks for and what Identity Center and the ledger hold, for one user and one application. */
export interface UserState {
  userId: string;
  /** Member of a group of the entitlement, and not known to be disabled or deleted. */
  entitled: boolean;
  /** Why not. Neither entitled nor absent: reads that contradict each other, and no ground for a change. */
  ineligibility?: Ineligibility;
  assigned: boolean;
  seat: Seat | undefined;
}

/** Under which circumstances a decision is made. */
export interface DecisionContext {
  /** When the reads began: what was written shortly before may not show in them. */
  readAt: Date;
  trigger: 'event' | 'manual' | 'tick';
  execution: string;
  /** `onLeave.revokeAfterDays` of the entitlement. */
  graceDays: number;
}

/**
 * The one thing to do for a user and an application.
 *
 * `confirm`, `keep`, `gone`, `forget` and `leave` change the ledger only: what it says is brought in line with what was
 * read. `leave` begins the days of grace.
 */
export type Decision =
  | { do: 'grant'; reason: Reason }
  | { do: 'revoke'; reason: Reason }
  | { do: 'gone'; reason: Ineligibility }
  | { do: 'confirm' | 'keep' | 'forget' }
  | { do: 'leave'; dueAt: string }
  | { do: 'wait'; until: string }
  | { do: 'nothing' };

const NOTHING: Decision = { do: 'nothing' };

/**
 * Decides the one change that brings a user in line with the entitlement, if any.
 *
 * Never revokes an assignment without a seat of ours: somebody else made it. Never acts on reads that began too soon
 * after a write of ours to show it.
 */
export function decide(standing: UserState, circumstances: DecisionContext): Decision {
  return standing.entitled ? decideEntitled(standing, circumstances) : decideIneligible(standing, circumstances);
}

function decideEntitled({ assigned, seat }: UserState, circumstances: DecisionContext): Decision {
  const grant: Decision = { do: 'grant', reason: grantReason(seat, circumstances) };
  if (!seat) return assigned ? NOTHING : grant;
  const wait = waitForWriteToSettle(seat, circumstances);
  switch (seat.status) {
    case 'creating':
      return assigned ? grant : ifDue(grant, seat, circumstances);
    case 'assigned':
      return wait ?? (assigned ? { do: 'confirm' } : grant);
    case 'confirmed':
      return assigned ? NOTHING : (wait ?? grant);
    case 'leaving':
    case 'held':
      return assigned ? { do: 'keep' } : (wait ?? grant);
    case 'revoking':
      return wait ?? decideInterrupted(seat, assigned, grant);
    case 'revoked':
      return assigned ? (wait ?? NOTHING) : grant;
    // A refused create had no effect: an assignment that is visible now is somebody else's.
    case 'failed':
      return assigned ? { do: 'forget' } : ifDue(grant, seat, circumstances);
    case 'waitlisted':
      return assigned ? { do: 'forget' } : grant;
  }
}

/** A revocation of somebody who is entitled again: it either never began, or is complete. */
function decideInterrupted(seat: Seat, assigned: boolean, grant: Decision): Decision {
  if (!isAudited(seat)) return assigned ? grant : { do: 'forget' };
  return assigned ? { do: 'keep' } : { do: 'gone', reason: 'group-leave' };
}

function decideIneligible(
  { assigned, seat, ineligibility: absence }: UserState,
  circumstances: DecisionContext,
): Decision {
  if (!seat || !absence) return NOTHING;
  const { readAt, graceDays } = circumstances;
  // With a user AWS removes the assignment itself: there is nothing to take back.
  if (absence === 'user-deleted' && !assigned && takesSlot(seat)) {
    return (
      waitForWriteToSettle(seat, circumstances) ??
      (isAudited(seat) ? { do: 'gone', reason: absence } : { do: 'forget' })
    );
  }
  const revoke = ifDue({ do: 'revoke', reason: absence }, seat, circumstances);
  const graced = absence === 'group-leave' && graceDays > 0;
  const leave: Decision = graced ? { do: 'leave', dueAt: plusSeconds(readAt, graceDays * DAY_SECONDS) } : revoke;
  switch (seat.status) {
    // An assignment whose answer was lost has its days of grace, too; whether there is one may show only later.
    case 'creating':
      if (assigned || !graced) return leave;
      return waitForWriteToSettle(seat, circumstances) ?? revoke;
    case 'assigned':
    case 'confirmed':
      return leave;
    case 'leaving':
      return absence === 'group-leave' && !isDue(seat.dueAt, readAt)
        ? (waitForWriteToSettle(seat, circumstances) ?? NOTHING)
        : revoke;
    case 'revoking':
      return assigned ? revoke : (waitForGrantToShow(seat, readAt) ?? revoke);
    case 'held':
      return revoke;
    // That it is gone is proved only by reads long enough after the call. What is visible later is somebody else's.
    case 'revoked':
      return waitForWriteToSettle(seat, circumstances) ?? NOTHING;
    case 'failed':
    case 'waitlisted':
      return { do: 'forget' };
  }
}

/** Whether a person who is entitled has an assignment of somebody else's, which Usher may be told to look after. */
export function isAdoptable({ entitled, assigned, seat }: UserState, decision: Decision): boolean {
  return entitled && assigned && decision.do === 'nothing' && !(seat && takesSlot(seat));
}

/** The answer to a create never came: the stream has told of no seat, and tells of no end. */
function isAudited({ grantedAt }: Seat): boolean {
  return grantedAt !== undefined;
}

function grantReason(seat: Seat | undefined, { trigger }: DecisionContext): Reason {
  if (seat && ['confirmed', 'leaving', 'held'].includes(seat.status)) return 'drift-healed';
  if (seat && isMadeAgain(seat)) return 'drift-healed';
  if (seat?.status === 'waitlisted') return 'place-freed';
  if (trigger === 'manual') return 'manual';
  return trigger === 'tick' ? 'reconciled' : 'group-join';
}

/** Longer than reads of assignments lag, with few exceptions. */
const GRANT_SHOWS_SECONDS = 90;

/**
 * Whether a look at this time may be too early to show what was granted last. Then it says nothing about its end either:
 * one that shows no assignment may show the time before it.
 */
export function waitForGrantToShow(
  { status, changedAt, grantedAt }: Pick<Seat, 'status' | 'changedAt' | 'grantedAt'>,
  now: Date,
): Extract<Decision, { do: 'wait' }> | undefined {
  const last = status === 'creating' || status === 'assigned' ? changedAt : grantedAt;
  if (last === undefined) return undefined;
  const until = plusSeconds(last, GRANT_SHOWS_SECONDS);
  return isDue(until, now) ? undefined : { do: 'wait', until };
}

/** Whether reads that began at this time may not show yet what was last written for a seat. */
export function waitForWriteToSettle(
  { changedAt }: Pick<Seat, 'changedAt'>,
  { readAt }: Pick<DecisionContext, 'readAt'>,
): Extract<Decision, { do: 'wait' }> | undefined {
  const until = plusSeconds(changedAt, SETTLE_SECONDS);
  return isDue(until, readAt) ? undefined : { do: 'wait', until };
}

/** What AWS has refused waits for its time. */
function ifDue(change: Decision, seat: Seat, circumstances: DecisionContext): Decision {
  return mayTry(seat, circumstances) ? change : NOTHING;
}

/**
 * After a refusal: when its time has come, once when a person asks for it, or when the execution that has failed for it is
 * redriven.
 */
function mayTry({ nextAttemptAt, refusal }: Seat, { readAt, trigger, execution }: DecisionContext): boolean {
  if (nextAttemptAt === undefined || isDue(nextAttemptAt, readAt)) return true;
  return refusal?.execution === execution ? refusal.failed === true : trigger === 'manual';
}

/** How many seats an application has, as far as its limits need to know. */
export interface SeatCounts {
  /** Seats whose assignment may exist. */
  inUse: number;
  /** Seats that existed 24 hours ago. */
  atWindowStart: number;
  /** Revocations in the last 24 hours, without those of deleted users, and those that are under way. */
  revokedInWindow: number;
}

/** Counts an application's seats. */
export function countSeats(seats: Iterable<Pick<Seat, 'status' | 'grantedAt' | 'revocations'>>, now: Date): SeatCounts {
  const windowStart = plusSeconds(now, -BRAKE_WINDOW_SECONDS);
  const since = (time: string) => Date.parse(time) > Date.parse(windowStart);
  const counts: SeatCounts = { inUse: 0, atWindowStart: 0, revokedInWindow: 0 };
  for (const seat of seats) {
    const place = takesSlot(seat);
    const recently = (seat.revocations ?? []).filter(since).length;
    if (place) counts.inUse += 1;
    counts.revokedInWindow += recently + (seat.status === 'revoking' ? 1 : 0);
    if ((place || recently > 0) && seat.grantedAt !== undefined && !since(seat.grantedAt)) counts.atWindowStart += 1;
  }
  return counts;
}

/** A change as the plan lists it before it is cut into batches. */
export type PlannedChange = Omit<Batch, 'userIds'> & { userId: string };

/**
 * Cuts changes into batches of one application, kind and reason; revocations first, since they free places.
 *
 * @param requestsPerSecond at which they will be made
 * @returns at most {@link ROUND_BATCHES} of {@link ROUND_BYTES} together, and whether some changes were left for the next
 *   round
 */
export function toBatches(
  changes: readonly PlannedChange[],
  requestsPerSecond: number,
): { batches: Batch[]; more: boolean } {
  const size = Math.min(BATCH_SIZE, Math.floor((BATCH_SECONDS * requestsPerSecond) / REQUESTS_PER_CHANGE));
  const order = { revoke: 0, grant: 1, record: 2, hold: 3 };
  const sorted = [...changes].sort((a, b) => order[a.kind] - order[b.kind]);
  const groups = Map.groupBy(sorted, ({ applicationArn, kind, reason }) => `${applicationArn} ${kind} ${reason}`);
  const batches: Batch[] = [];
  let bytes = 0;
  for (const group of groups.values()) {
    for (let first = 0; first < group.length; first += size) {
      const batch = batchOf(group.slice(first, first + size), ROUND_BYTES - bytes);
      if (!batch || batches.length === ROUND_BATCHES) return { batches, more: true };
      batches.push(batch);
      bytes += bytesOf(batch);
    }
  }
  const users = batches.reduce((sum, { userIds }) => sum + userIds.length, 0);
  return { batches, more: users < changes.length };
}

/** As many of these changes, which are alike, as the bytes that are left can take; undefined when that is none. */
function batchOf(changes: readonly PlannedChange[], bytesLeft: number): Batch | undefined {
  const [first] = changes;
  if (!first) return undefined;
  const { userId: _, ...what } = first;
  const batch: Batch = { ...what, userIds: [] };
  let left = bytesLeft - bytesOf(batch);
  for (const { userId } of changes) {
    left -= userId.length + ID_MARKS_BYTES;
    if (left >= 0) batch.userIds.push(userId);
  }
  return batch.userIds.length > 0 ? batch : undefined;
}

function bytesOf(batch: Batch): number {
  return JSON.stringify(batch).length + 1;
}
