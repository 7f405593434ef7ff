import type { Pending } from '../../adapters/ledger.ts';
import { isReleased, isReleasedBy, RELEASES_NOTHING, releaseHold } from '../../domain/decision/hold.ts';
import { isPassedOver } from '../../domain/decision/waitlist.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { isAside } from '../../domain/queue/aside.ts';
import { type Claim, claim, isRedriven, reclaimOverdue } from '../../domain/queue/claim.ts';
import { enqueue } from '../../domain/queue/enqueue.ts';
import { hasExpiredLease, holderOf } from '../../domain/queue/lease.ts';
import { stopOf } from '../../domain/queue/stops.ts';
import { sweepsDue } from '../../domain/queue/sweep-reports.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Request } from '../../domain/request/request.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { MOST_PENDING } from '../../domain/shared/limits.ts';
import { updateQueue } from '../lease.ts';
import { confirmRequest } from './confirm-request.ts';
import type { PlanInput, PlanServices } from './result.ts';

/** Of this many due users of one application, others are likely to be due as well. */
const MANY = 20;

/** How the request of an execution entered the queue, and whether this execution may plan. */
export interface ClaimResult {
  claim: Claim | { turn: 'nothing' };
  /** The queue as it is now. */
  queue: WorkQueue;
  redriven: boolean;
  /** The lease was taken from a holder that never gave it back. */
  expired: boolean;
}

/**
 * Enqueues what an execution asks to be checked, and claims the lease if it is free.
 *
 * @throws RefusedError, with nothing written, when the execution was not started with this request, or it releases a
 *   digest that no hold has · TransientAwsError
 */
export async function enqueueAndClaim(input: PlanInput, services: PlanServices): Promise<ClaimResult> {
  const { request, progress, execution } = input;
  const { clock, ledger } = services;
  const { entitlements } = services.entitlements;
  const begins = progress.round === 0;
  if (begins) await confirmRequest(input, services);
  // Only of a tick: what a manual start names may be given up.
  const known = begins && request.trigger === 'tick' ? await ledger.queue() : undefined;
  const due = known ? await dueNow(known, services) : [];
  const released =
    begins && request.release ? [await recordRelease({ digest: request.release, execution }, services)] : [];
  return updateQueue<ClaimResult>(
    ledger,
    (queue) => {
      const now = clock.now();
      const redriven = isRedriven(queue, execution);
      const expired = hasExpiredLease(queue, now);
      const result = (claimed: Claim): ClaimResult => {
        return { claim: claimed, redriven, expired: expired && claimed.turn === 'work', queue: claimed.queue };
      };
      if (!begins) return result(claim(queue, execution, now));
      const wanted = withSweepsDue(withDue(input, { due, released }, entitlements), queue, { entitlements, now });
      const reclaimed = request.trigger === 'tick' ? reclaimOverdue(queue, execution, now) : queue;
      if (isIdle(wanted) && holderOf(reclaimed, now) !== execution && !hasItems(reclaimed, execution)) {
        return { claim: { turn: 'nothing' }, redriven, expired: false, queue };
      }
      return result(claim(enqueue(reclaimed, wanted, { me: execution, entitlements, now }), execution, now));
    },
    known,
  );
}

/** What a tick has to check: seats and holds that need attention, and applications in which a waiting user may get a slot. */
async function dueNow(queue: WorkQueue, { clock, ledger, entitlements }: PlanServices): Promise<Pending[]> {
  const { lines = [] } = queue;
  const active = new Set(
    entitlements.entitlements.flatMap(({ application, mode }) =>
      mode === 'enforce' && !isAside(queue, application, clock.now()) ? [application] : [],
    ),
  );
  const now = clock.now();
  const pending = await ledger.needAttention(
    now,
    (application, userId) => active.has(application) && !(userId && isAside(queue, userId, now)),
  );
  for (const entitlement of entitlements.entitlements) {
    const { application, seats: cap, mode } = entitlement;
    if (mode === 'observe' || !lines.includes(application) || !active.has(application)) continue;
    // While AWS refuses their subscriptions, the hourly sweep makes the daily try.
    if (stopOf(queue, entitlement)) continue;
    const seats = await seatsIn(application, ledger);
    // The sweep says what is wrong with an application whose seats cannot be read.
    if (!seats || hasTurn(seats, cap.max, { queue, now })) pending.push({ applicationArn: application });
  }
  return pending.length < MOST_PENDING ? pending : wholeWhereMany(pending);
}

/**
 * Where more is due than a tick lists, as after an outage, a sweep serves all of an application with fewer reads than
 * checks of each user.
 */
function wholeWhereMany(pending: readonly Pending[]): Pending[] {
  const byApplication = Map.groupBy(pending, ({ applicationArn }) => applicationArn);
  return [...byApplication].flatMap(([applicationArn, some]) => (some.length < MANY ? some : [{ applicationArn }]));
}

/** @returns undefined if one cannot be read: that must not keep a tick from everything else */
async function seatsIn(application: string, ledger: PlanServices['ledger']): Promise<readonly Seat[] | undefined> {
  try {
    return (await ledger.holdings(application)).seats;
  } catch (error) {
    if (error instanceof RefusedError) return undefined;
    throw error;
  }
}

/** Whether a slot is free and someone waits who can be given it now. */
function hasTurn(seats: readonly Seat[], max: number, { queue, now }: { queue: WorkQueue; now: Date }): boolean {
  const isInLine = (seat: Seat) =>
    seat.status === 'waitlisted' && !isPassedOver(seat, now) && !isAside(queue, seat.userId, now);
  return seats.filter(takesSlot).length < max && seats.some(isInLine);
}

/**
 * Records that an operator has released a hold; the next sweep of its application acts on it.
 *
 * @returns the application; also if this execution has released it before, whatever has become of the hold since
 * @throws RefusedError when no hold in force has this digest, or only one of an application that is neither configured nor
 *   retired; or when no user whom it covers is still held
 */
async function recordRelease(
  release: { digest: string; execution: string },
  { ledger, entitlements }: PlanServices,
): Promise<string> {
  const configured = entitlements.entitlements.map(({ application }) => application);
  for (const application of [...configured, ...entitlements.retired]) {
    const hold = await ledger.hold(application);
    if (hold && isReleasedBy(hold, release)) return application;
    const next = hold && releaseHold(hold, release);
    if (!next) continue;
    const { seats } = await ledger.holdings(application);
    if (!seats.some((seat) => isReleased(next, seat)))
      throw new RefusedError('no-such-hold', RELEASES_NOTHING.noneHeld);
    await ledger.saveHold(next);
    return application;
  }
  throw new RefusedError('no-such-hold', RELEASES_NOTHING.unknown);
}

function isIdle({ users, groups, applications = [], sweep, adopt }: Request): boolean {
  return users.length + groups.length + applications.length === 0 && sweep !== 'everything' && !adopt;
}

function hasItems({ users, sweeps }: WorkQueue, execution: string): boolean {
  return [...Object.values(users), ...Object.values(sweeps)].some(({ by }) => by === execution);
}

/** The request, with the user whom `CheckPropagation` found, what is due, and the applications of released holds. */
function withDue(
  { request, propagation }: PlanInput,
  { due, released }: { due: readonly Pending[]; released: readonly string[] },
  entitlements: readonly Entitlement[],
): Request {
  const { userId, groupId } = propagation;
  const found = userId
    ? [{ userId, ...(groupId ? { expected: { groupId, membership: 'member' as const } } : {}) }]
    : [];
  const configured = new Set(entitlements.map(({ application }) => application));
  const named = due.flatMap((one) => (one.userId && configured.has(one.applicationArn) ? [one.userId] : []));
  const whole = due.filter((one) => !one.userId || !configured.has(one.applicationArn));
  return {
    ...request,
    users: [...request.users, ...found, ...[...new Set(named)].map((user) => ({ userId: user }))],
    applications: [...(request.applications ?? []), ...released, ...whole.map(({ applicationArn }) => applicationArn)],
  };
}

/** A tick sweeps each application whose last full sweep is an hour old. */
function withSweepsDue(
  wanted: Request,
  queue: WorkQueue,
  { entitlements, now }: { entitlements: readonly Entitlement[]; now: Date },
): Request {
  if (wanted.sweep !== 'due') return wanted;
  const { sweep: _, applications = [], ...rest } = wanted;
  const configured = entitlements.map(({ application }) => application);
  const due = [...sweepsDue(queue, configured, now)];
  return {
    ...rest,
    applications: [...applications, ...due.map(([application]) => application)],
    withStatus: due.flatMap(([application, { withStatus }]) => (withStatus ? [application] : [])),
  };
}
