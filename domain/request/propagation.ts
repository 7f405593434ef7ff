import { createHash } from 'node:crypto';
import { PropagationTimeoutError } from '../shared/errors.ts';
import { EXPECTATION_SECONDS } from '../shared/limits.ts';
import { isDue, plusSeconds, secondsBetween, secondsUntil } from '../shared/time.ts';
import type { Propagation, Request } from './request.ts';

const FIRST_CHECK_SECONDS = 5;
/** The longest interval within the first hour. */
const LONGEST_CHECK_SECONDS = 300;
const HOUR_SECONDS = 3600;
/** Wait for an event that names no user: CloudTrail may record a change before every read shows it. */
const HINT_SETTLE_SECONDS = 10;

/** What a request expects of one user: a membership, or without `groupId` only that the user exists. */
export interface UserExpectation {
  userId: string;
  groupId?: string;
  membership: 'member' | 'absent';
}

/** What one check of the directory showed. `met`: it shows the expectation; `userId`: once it is known. */
export interface DirectoryCheck {
  met: boolean;
  userId?: string | undefined;
}

/** Returns what a request expects; undefined if there is no user to wait for. */
export function expectationOf(
  request: Request,
  propagation: Propagation,
  userId: string | undefined,
): UserExpectation | undefined {
  if (userId) {
    const { groupId } = propagation;
    return { userId, membership: 'member', ...(groupId ? { groupId } : {}) };
  }
  const [hint] = request.users;
  return hint?.expected ? { userId: hint.userId, ...hint.expected } : undefined;
}

/** Whether a manual start has waited so long that it is checked once an hour. Thousands may wait like this for days. */
export function isLongWait({ trigger, at }: Request, now: Date): boolean {
  return trigger === 'manual' && secondsBetween(at, now) >= HOUR_SECONDS;
}

/**
 * Decides after a check whether the execution continues, and if not, when the next check is due: after 5 s, 10 s, 20 s …,
 * at most 5 min, counted from the request, and once an hour after the first hour.
 *
 * The expectation of an event is awaited for 15 minutes; then what the reads show counts.
 *
 * @throws PropagationTimeoutError if a manual start has waited until its deadline
 */
export function propagationAfter(
  request: Request,
  propagation: Propagation,
  { met, userId }: DirectoryCheck,
  now: Date,
): Propagation {
  const { selector, deadline } = propagation;
  const elapsed = Math.max(0, secondsBetween(request.at, now));
  const hint = request.trigger === 'event' && (request.groups.length > 0 || request.sweep !== undefined);
  if (met && hint && elapsed < HINT_SETTLE_SECONDS) {
    return { visible: false, checkAfterSeconds: Math.ceil(HINT_SETTLE_SECONDS - elapsed) };
  }
  const superseded = request.trigger === 'event' && elapsed >= EXPECTATION_SECONDS;
  if (met || superseded) {
    const { selector: _resolved, ...rest } = propagation;
    return { ...rest, visible: true, checkAfterSeconds: 0, ...(userId ? { userId } : {}) };
  }
  if (deadline && isDue(deadline, now)) {
    throw new PropagationTimeoutError(
      selector
        ? 'The identity store had no such user before the deadline'
        : 'The reads did not show the user as expected before the deadline',
    );
  }
  const next = plusSeconds(request.at, nextCheck(elapsed, request.cause));
  const until = deadline && Date.parse(deadline) < Date.parse(next) ? deadline : next;
  return { ...propagation, visible: false, checkAfterSeconds: Math.max(1, secondsUntil(until, now)) };
}

/** Returns when the next check is due, in seconds after the request: 5, 15, 35, 75, 155, 315, 615, 915 … 3615, then hourly. */
function nextCheck(elapsed: number, cause: string): number {
  if (elapsed >= HOUR_SECONDS) {
    const second = secondOfHour(cause);
    return second + (Math.floor((elapsed - second) / HOUR_SECONDS) + 1) * HOUR_SECONDS;
  }
  let interval = FIRST_CHECK_SECONDS;
  let at = interval;
  while (at <= elapsed) {
    interval = Math.min(interval * 2, LONGEST_CHECK_SECONDS);
    at += interval;
  }
  return at;
}

/** Spreads executions that were started together over the hour, each by its cause: their checks must not come together. */
function secondOfHour(cause: string): number {
  return createHash('sha256').update(cause).digest().readUInt32BE() % HOUR_SECONDS;
}
