import type { Pending } from '../../adapters/ledger.ts';
import { releaseHold } from '../../domain/decision/hold.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { Claim } from '../../domain/queue/claim.ts';
import { claim, isRedriven, reclaimOverdue } from '../../domain/queue/claim.ts';
import { enqueue } from '../../domain/queue/enqueue.ts';
import { hasExpiredLease, holderOf } from '../../domain/queue/lease.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import type { Request } from '../../domain/request/request.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import { updateQueue } from '../lease.ts';
import type { PlanInput, PlanServices } from './result.ts';

/** The tick begins a full sweep when the last is this old, */
const SWEEP_EVERY_SECONDS = 3600;
/** and reads everybody's UserStatus when that was last done so long ago. */
const STATUS_EVERY_SECONDS = 24 * 3600;

/** How an execution comes into the mailbox, and whether it is its turn. */
export interface ClaimResult {
  turn: Claim | { turn: 'nothing' };
  /** The mailbox as it is now. */
  work: WorkQueue;
  redriven: boolean;
  /** The lease was taken over from a holder that never gave it back. */
  expired: boolean;
}

/**
 * Puts what an execution wants looked at into the mailbox, and takes the lease when it is to be had.
 *
 * @throws RefusedError when it releases what no hold has
 */
export async function enqueueAndClaim(input: PlanInput, services: PlanServices): Promise<ClaimResult> {
  const { request, progress, execution } = input;
  const { clock, ledger } = services;
  const entitlements = services.entitlements.entitlements;
  const begins = progress.round === 0;
  const known = begins && request.sweep === 'due' ? await ledger.work() : undefined;
  const due = known ? await dueNow(known, services) : [];
  const released = begins && request.release ? [await recordRelease(request.release, services)] : [];
  return updateQueue<ClaimResult>(
    ledger,
    (work) => {
      const now = clock.now();
      const redriven = isRedriven(work, execution);
      const expired = hasExpiredLease(work, now);
      if (!begins) return withClaim(claim(work, execution, now), redriven, expired);
      const wanted = wantedNow(input, due, released, entitlements, work, now);
      const overdue = request.trigger === 'tick' ? reclaimOverdue(work, execution, now) : work;
      const { users, groups, applications = [], sweep, adopt } = wanted;
      const idle = users.length + groups.length + applications.length === 0 && sweep !== 'everything' && !adopt;
      const held = holderOf(overdue, now) === execution;
      if (idle && !held && !hasItems(overdue, execution))
        return { turn: { turn: 'nothing' }, redriven, expired: false, work };
      const turn = claim(enqueue(overdue, wanted, { me: execution, entitlements, now }), execution, now);
      return withClaim(turn, redriven, expired);
    },
    known,
  );
}

/** What a tick has to look at: seats and holds with something left to do, and lines in which a place is free. */
async function dueNow({ lines = [] }: WorkQueue, { clock, ledger, entitlements }: PlanServices): Promise<Pending[]> {
  const active = new Set(
    entitlements.entitlements.flatMap(({ application, mode }) => (mode === 'enforce' ? [application] : [])),
  );
  const pending = await ledger.needAttention(clock.now(), (application) => active.has(application));
  for (const { application, seats: cap, mode } of entitlements.entitlements) {
    if (mode === 'observe' || !lines.includes(application)) continue;
    const { seats } = await ledger.holdings(application);
    if (seats.filter(takesSlot).length < cap.max) pending.push({ applicationArn: application });
  }
  return pending;
}

/**
 * Writes down that a person has released a hold; the next sweep of its application acts on it.
 *
 * @returns the application
 * @throws RefusedError when no hold has this digest, or only that of an application that isn't configured nor retired
 */
async function recordRelease(digest: string, { ledger, entitlements }: PlanServices): Promise<string> {
  const configured = entitlements.entitlements.map(({ application }) => application);
  for (const application of [...configured, ...entitlements.retired]) {
    const hold = await ledger.hold(application);
    if (!hold?.digests.some((one) => one.digest === digest)) continue;
    const next = releaseHold(hold, digest);
    if (next) await ledger.saveHold(next);
    return application;
  }
  throw new RefusedError('no-such-hold', 'No hold has this digest: look again at what is held');
}

function hasItems({ users, sweeps }: WorkQueue, execution: string): boolean {
  return [...Object.values(users), ...Object.values(sweeps)].some(({ by }) => by === execution);
}

function withClaim(turn: Claim, redriven: boolean, expired: boolean): ClaimResult {
  return { turn, redriven, expired: expired && turn.turn === 'work', work: turn.work };
}

/** The request with its user found, and a tick with what is due. */
function wantedNow(
  { request, propagation }: PlanInput,
  due: readonly Pending[],
  released: readonly string[],
  entitlements: readonly Entitlement[],
  work: WorkQueue,
  now: Date,
): Request {
  const { userId, groupId } = propagation;
  const found = userId
    ? [{ userId, ...(groupId ? { expected: { groupId, membership: 'member' as const } } : {}) }]
    : [];
  const configured = new Set(entitlements.map(({ application }) => application));
  const named = due.flatMap((one) => (one.userId && configured.has(one.applicationArn) ? [one.userId] : []));
  const whole = due.filter((one) => !one.userId || !configured.has(one.applicationArn));
  const wanted = {
    ...request,
    users: [...request.users, ...found, ...[...new Set(named)].map((user) => ({ userId: user }))],
    applications: [...(request.applications ?? []), ...released, ...whole.map(({ applicationArn }) => applicationArn)],
  };
  if (request.sweep !== 'due') return wanted;
  const { sweep: _, ...rest } = wanted;
  const isOld = (time: string | undefined, seconds: number) => !time || secondsBetween(time, now) >= seconds;
  if (!isOld(work.lastSweepAt, SWEEP_EVERY_SECONDS)) return rest;
  return { ...rest, sweep: 'everything', withStatus: isOld(work.lastStatusSweepAt, STATUS_EVERY_SECONDS) };
}
