import { PropagationTimeoutError } from '../shared/errors.ts';
import { EXPECTATION_SECONDS } from '../shared/limits.ts';
import { isDue, plusSeconds, secondsBetween, secondsUntil } from '../shared/time.ts';
import type { Propagation, Request } from './request.ts';

const FIRST_CHECK_SECONDS = 5;
const LONGEST_CHECK_SECONDS = 300;
/** An event that names nobody: CloudTrail tells of a change before every read shows it. */
const HINT_SETTLE_SECONDS = 10;

/** What is looked for: a membership, or with no `groupId` only that the user exists. */
export interface Expected {
  userId: string;
  groupId?: string;
  membership: 'member' | 'absent';
}

/** What one look into the directory showed; `userId` once it is known. */
export interface Sight {
  met: boolean;
  userId?: string | undefined;
}

/** What a request led to expect; undefined when there is nobody to wait for. */
export function expectationOf(
  request: Request,
  propagation: Propagation,
  userId: string | undefined,
): Expected | undefined {
  if (userId) {
    const { groupId } = propagation;
    return { userId, membership: 'member', ...(groupId ? { groupId } : {}) };
  }
  const [look] = request.users;
  return look?.expected ? { userId: look.userId, ...look.expected } : undefined;
}

/**
 * Whether to go on, and if not, when to look again: after 5 s, 10 s, 20 s …, at most 5 min, counted from the request.
 *
 * What an event led to expect is waited for 15 minutes, then the truth stands.
 *
 * @throws PropagationTimeoutError when a manual start has waited to its deadline
 */
export function sightOf(request: Request, propagation: Propagation, { met, userId }: Sight, now: Date): Propagation {
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
      selector ? 'No such user came into the identity store in time' : 'The user was not visible as expected in time',
    );
  }
  const next = plusSeconds(request.at, nextCheck(elapsed));
  const until = deadline && Date.parse(deadline) < Date.parse(next) ? deadline : next;
  return { ...propagation, visible: false, checkAfterSeconds: Math.max(1, secondsUntil(until, now)) };
}

/** Seconds after the request of the first check that is still to come: 5, 15, 35, 75, 155, 315, 615, 915 … */
function nextCheck(elapsed: number): number {
  let interval = FIRST_CHECK_SECONDS;
  let at = interval;
  while (at <= elapsed) {
    interval = Math.min(interval * 2, LONGEST_CHECK_SECONDS);
    // From here on the steps are equal: count them instead of walking a week of them.
    at += interval === LONGEST_CHECK_SECONDS ? Math.max(1, Math.ceil((elapsed - at) / interval)) * interval : interval;
  }
  return at;
}
