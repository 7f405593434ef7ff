import type { Seat } from '../seat/seat.ts';
import { SETTLE_SECONDS } from '../shared/limits.ts';
import { earliest, isDue, latest, plusSeconds } from '../shared/time.ts';

/** Nothing to do before `until` (ISO): reads may not show yet what was written. */
export interface Wait {
  do: 'wait';
  until: string;
  /** A check of this user alone tells more than another one of the whole application. */
  alone?: true;
}

/** A create that AWS accepted is repeated at the earliest after this, the first time and later. */
const REPEAT_SECONDS = { first: 5 * 60, later: 20 * 60 };

/** Until then, reads are repeated after this. */
const LOOK_AGAIN_SECONDS = 120;

/** A wait of this many seconds since a time; undefined if it is over. */
function waitSince(time: string, seconds: number, now: Date): Wait | undefined {
  const until = plusSeconds(time, seconds);
  return isDue(until, now) ? undefined : { do: 'wait', until };
}

/** Whether it is too early to repeat a create: AWS accepted it, and reads that lag do not show the assignment yet. */
export function waitToRepeat(
  { changedAt, repeats }: Pick<Seat, 'changedAt' | 'repeats'>,
  { readAt, named }: { readAt: Date; named: boolean },
): Wait | undefined {
  const repeatAt = plusSeconds(changedAt, repeats === undefined ? REPEAT_SECONDS.first : REPEAT_SECONDS.later);
  if (isDue(repeatAt, readAt)) return undefined;
  const until = earliest(repeatAt, plusSeconds(readAt, LOOK_AGAIN_SECONDS)) ?? repeatAt;
  return { do: 'wait', until, ...(named ? {} : { alone: true }) };
}

/** Longer than reads of assignments lag, with few exceptions. */
const GRANT_SHOWS_SECONDS = 90;

/**
 * Whether a read at this time may be too early to show the last grant. Then it says nothing about the end of the seat
 * either: a read without the assignment may show the time before the grant.
 */
export function waitForGrantToShow(seat: CreateTimes, now: Date): Wait | undefined {
  const last = lastCreateAt(seat);
  return last === undefined ? undefined : waitSince(last, GRANT_SHOWS_SECONDS, now);
}

type CreateTimes = Pick<Seat, 'status' | 'changedAt' | 'grantedAt' | 'madeAgainAt'>;

/** When the assignment was last made, or may have been: an ISO time; undefined if no create is known. */
function lastCreateAt({ status, changedAt, grantedAt, madeAgainAt }: CreateTimes): string | undefined {
  return status === 'creating' || status === 'assigned' ? changedAt : (madeAgainAt ?? grantedAt);
}

/** Reads of assignments lag no longer than this: only then does a read show that a create had no effect. */
const CREATE_SHOWS_SECONDS = 60 * 60;

/** A call follows its intention within the time limit of the function that makes it. */
const CALL_FOLLOWS_SECONDS = 15 * 60;

/**
 * Whether a read at this time may be too early to show the last create, which may have failed or got no answer. Only after
 * it does a read without the assignment free the slot, unless AWS has accepted a removal.
 */
export function waitForCreateToShow(seat: CreateTimes, { readAt }: { readAt: Date }): Wait | undefined {
  // Of a create without an answer, only its intention has a time.
  const callFollows = seat.status === 'creating' ? CALL_FOLLOWS_SECONDS : 0;
  return waitSince(lastCreateAt(seat) ?? seat.changedAt, CREATE_SHOWS_SECONDS + callFollows, readAt);
}

/** Whether an assignment that no read shows may exist all the same: unless AWS has accepted its removal, for an hour. */
export function mayStillShow(seat: CreateTimes & Pick<Seat, 'removedAt'>, { readAt }: { readAt: Date }): boolean {
  return seat.removedAt === undefined && waitForCreateToShow(seat, { readAt }) !== undefined;
}

/** Whether a list that shows the assignment of a revoked seat may be too early to show its end. */
export function mayBeListedStill({ changedAt }: Pick<Seat, 'changedAt'>, { readAt }: { readAt: Date }): boolean {
  return waitSince(changedAt, CREATE_SHOWS_SECONDS, readAt) !== undefined;
}

/** Whether a read that shows the assignment may be too early to show the removal that AWS has accepted. */
export function waitForRemovalToShow(
  { removedAt }: Pick<Seat, 'removedAt'>,
  { readAt }: { readAt: Date },
): Wait | undefined {
  return removedAt === undefined ? undefined : waitSince(removedAt, GRANT_SHOWS_SECONDS, readAt);
}

/** Whether reads that began at this time may not show yet what was last written for a seat. */
export function waitForWriteToSettle(
  { changedAt }: Pick<Seat, 'changedAt'>,
  { readAt }: { readAt: Date },
): Wait | undefined {
  return waitSince(changedAt, SETTLE_SECONDS, readAt);
}

/** The next check of a work item, at an ISO time. */
export interface Recheck {
  key: string;
  at: string;
}

/** One time per work item, the latest; a time that has come is none. */
export function latestOf(rechecks: readonly Recheck[], { readAt }: { readAt: Date }): Map<string, string> {
  const times = new Map<string, string>();
  for (const { key, at } of rechecks) if (!isDue(at, readAt)) times.set(key, latest(times.get(key) ?? at, at));
  return times;
}
