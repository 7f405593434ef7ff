import type { Directory } from '../adapters/identity-store.ts';
import type { Ledger } from '../adapters/ledger.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import type { Batch } from '../domain/decision/batches.ts';
import { waitForGrantToShow } from '../domain/decision/timing.ts';
import type { Entitlement, Entitlements } from '../domain/entitlements.ts';
import type { UserItem, WorkQueue } from '../domain/queue/work-queue.ts';
import { LEFT_BEHIND_SECONDS, type Seat } from '../domain/seat/seat.ts';
import type { ChangeContext } from '../domain/seat/transitions.ts';
import {
  dropSeat,
  markAssigned,
  markCreating,
  markRefused,
  markRevoked,
  markRevoking,
  recordLateGrant,
} from '../domain/seat/transitions.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { secondsBetween } from '../domain/shared/time.ts';
import { inParallel } from './concurrency.ts';
import { openLease } from './lease.ts';
import type { Measure } from './ports.ts';

export interface ApplyInput {
  batch: Batch;
  term: number;
  /** When the reads of the plan began: what was changed since is done already. */
  plannedAt: string;
  execution: string;
}

export interface ApplyServices {
  clock: Clock;
  entitlements: Entitlements;
  ledger: Ledger;
  directory: Directory;
  applications: Applications;
  measure: Measure;
}

/**
 * A call's answer takes longer than its turn lasts: at 20 turns a second these keep the pace with answers that take half a
 * second.
 */
const CHANGES_AT_ONCE = 10;

/** What became of one change. `later`: the next plan finds it as it is and decides again. */
type ChangeOutcome = 'granted' | 'revoked' | 'refused' | 'conflict' | 'failed' | 'later' | 'done';

/**
 * Makes the changes of one batch, each begun when its turn has come. May run twice: what is done is skipped.
 *
 * A conflict or a passing fault of one person doesn't stop the others; the task fails at the end, and is retried.
 *
 * @returns how many changes had which outcome
 * @throws TransientAwsError · LeaseLostError, and then nothing is written
 */
export async function applyChanges(
  { batch, term, plannedAt, execution }: ApplyInput,
  services: ApplyServices,
): Promise<Partial<Record<ChangeOutcome, number>>> {
  if (batch.kind === 'record' || batch.kind === 'hold') return {};
  const { clock, ledger, entitlements } = services;
  const { queue } = await openLease(ledger, clock, { execution, term });
  const { applicationArn, userIds, kind } = batch;
  const entitlement = entitlements.entitlements.find(({ application }) => application === applicationArn);
  const seats = new Map(
    (await ledger.seats(userIds.map((userId) => ({ applicationArn, userId })))).map((seat) => [seat.userId, seat]),
  );
  const outcomes: Partial<Record<ChangeOutcome, number>> = {};
  let fault: TransientAwsError | undefined;
  await inParallel(userIds, CHANGES_AT_ONCE, async (userId) => {
    const task: Task = {
      batch,
      userId,
      entitlement,
      seat: seats.get(userId),
      plannedAt,
      execution,
      hint: originOf(queue, batch, userId),
    };
    const outcome = await (kind === 'grant' ? grant(task, services) : revoke(task, services)).catch(
      (error: unknown) => {
        if (!(error instanceof TransientAwsError)) throw error;
        fault ??= error;
        return 'failed' as const;
      },
    );
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  });
  if (fault) throw fault;
  if (outcomes.conflict) {
    throw new TransientAwsError(`${outcomes.conflict} changes conflict with earlier writes that have not propagated`);
  }
  return outcomes;
}

interface Task {
  batch: Batch;
  userId: string;
  entitlement: Entitlement | undefined;
  seat: Seat | undefined;
  plannedAt: string;
  execution: string;
  hint: ChangeOrigin;
}

/** What a change goes back to: the newest hint about the user, else about the application, else the execution itself. */
type ChangeOrigin = (Pick<UserItem, 'cause' | 'at'> & Partial<Pick<UserItem, 'since'>>) | undefined;

function originOf({ users, sweeps }: WorkQueue, { applicationArn }: Batch, userId: string): ChangeOrigin {
  return users[userId] ?? sweeps[applicationArn];
}

function contextOf({ batch, execution, hint }: Task, now: Date): ChangeContext {
  return { now, execution, cause: hint?.cause ?? execution, reason: batch.reason };
}

/** Written since the plan's reads: an earlier try of this task did it. */
function isNewer({ changedAt }: Seat, plannedAt: string): boolean {
  return Date.parse(changedAt) >= Date.parse(plannedAt);
}

/**
 * Intention, call, record. The plan's own reads are the look that no foreign assignment is there; a seat that an earlier
 * try left as `creating` is looked at once more, since its call may have been made.
 */
async function grant(task: Task, services: ApplyServices): Promise<ChangeOutcome> {
  const { batch, userId, entitlement, plannedAt, hint } = task;
  const { clock, ledger, applications, measure } = services;
  const { applicationArn } = batch;
  // Deployed anew since the plan was made.
  if (entitlement?.mode !== 'enforce') return 'later';
  if (task.seat?.status === 'assigned' && isNewer(task.seat, plannedAt)) return 'done';
  // A list may lag behind what was proved: before it counts as drift, this one assignment is looked at.
  const unfinished = task.seat?.status === 'creating';
  if (!unfinished && batch.reason === 'drift-healed' && (await applications.isAssigned(applicationArn, userId))) {
    return 'later';
  }
  const asked = task.seat?.status === 'revoked' ? undefined : task.seat?.requestedAt;
  const requestedAt = asked ?? hint?.since ?? hint?.at ?? clock.now().toISOString();
  const target = { applicationArn, userId, entitlement: entitlement.name, requestedAt };
  let seat = markCreating(task.seat, target, contextOf(task, clock.now()));
  await ledger.saveSeat(seat);
  try {
    if (!(unfinished && (await applications.isAssigned(applicationArn, userId)))) {
      if ((await applications.assign(applicationArn, userId)) === 'conflict') return 'conflict';
    }
  } catch (error) {
    return refusal(error, seat, task, services);
  }
  seat = markAssigned(seat, contextOf(task, clock.now()));
  await ledger.saveSeat(seat);
  measure('SeatsGranted', 1);
  if (batch.reason === 'group-join') {
    measure('JoinToSeat', Math.max(0, secondsBetween(seat.requestedAt, clock.now())));
  }
  return 'granted';
}

/** Confirmation, intention, call, fresh look, record. */
async function revoke(task: Task, services: ApplyServices): Promise<ChangeOutcome> {
  const { batch, userId, entitlement } = task;
  const { clock, ledger, applications, directory, measure } = services;
  const { applicationArn } = batch;
  if (!task.seat || task.seat.status === 'revoked') return 'done';
  if (entitlement?.mode === 'observe' || !(await isConfirmed(batch, userId, entitlement, directory))) return 'later';
  let seat = task.seat;
  const context = contextOf(task, clock.now());
  const unanswered = seat.status === 'creating' || seat.grantedAt === undefined;
  if (unanswered && (await applications.isAssigned(applicationArn, userId))) {
    // The answer to our create was lost: the stream has to tell of it before it tells of the end.
    seat = recordLateGrant(seat, context);
    await ledger.saveSeat(seat);
  }
  // A create that nobody answered, and that shows nothing: that there was a seat was never told.
  const untold = seat.grantedAt === undefined;
  seat = markRevoking(seat, context);
  await ledger.saveSeat(seat);
  try {
    if ((await applications.unassign(applicationArn, userId)) === 'conflict') return 'conflict';
  } catch (error) {
    return refusal(error, seat, task, services);
  }
  if (waitForGrantToShow(task.seat, clock.now()) || (await applications.isAssigned(applicationArn, userId)))
    return 'later';
  if (untold) {
    await ledger.saveSeat(dropSeat(seat, clock.now()));
    return 'done';
  }
  await ledger.saveSeat(markRevoked(seat, contextOf(task, clock.now())));
  measure('SeatsRevoked', 1);
  return 'revoked';
}

/** Asks once more, for this one person, right before taking something away. */
async function isConfirmed(
  { reason }: Batch,
  userId: string,
  entitlement: Entitlement | undefined,
  directory: Directory,
): Promise<boolean> {
  if (reason === 'user-deleted') return (await directory.statusOf(userId)) === 'missing';
  if (reason === 'user-disabled') return (await directory.statusOf(userId)) !== 'enabled';
  if (!entitlement) return reason === 'entitlement-removed';
  const groups = await directory.groupsOf(userId, entitlement.groups);
  return (groups?.size ?? 0) === 0;
}

/** An earlier call may have made the assignment although no look has shown it so far. */
function isAmbiguous({ seat }: Task, now: Date): boolean {
  const begun = seat?.status === 'creating' || seat?.status === 'assigned';
  return begun && secondsBetween(seat.changedAt, now) < LEFT_BEHIND_SECONDS;
}

/** @throws whatever isn't a refusal */
async function refusal(
  error: unknown,
  seat: Seat,
  task: Task,
  { clock, ledger, measure }: ApplyServices,
): Promise<ChangeOutcome> {
  if (!(error instanceof RefusedError)) throw error;
  // AWS may not know the person yet, or no longer. The seat stays as it is; the next plan reads what is true.
  if (error.reason === 'principal-or-application-missing') return 'later';
  // Whoever asks by hand, or redrives, has to be told even what is known.
  const again = task.seat?.refusal?.execution === task.execution || task.batch.reason === 'manual';
  const now = clock.now();
  await ledger.saveSeat(
    markRefused(seat, error.reason, { ...contextOf(task, now), again, ambiguous: isAmbiguous(task, now) }),
  );
  measure('SeatsRefused', 1);
  return 'refused';
}
