import type { Directory } from '../adapters/identity-store.ts';
import type { Ledger } from '../adapters/ledger.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import type { OpenSubscriptions } from '../adapters/subscriptions/connect.ts';
import type { PlannedChange } from '../domain/decision/batches.ts';
import type { Hold } from '../domain/decision/hold.ts';
import { mayStillShow } from '../domain/decision/timing.ts';
import type { Entitlement, Entitlements } from '../domain/entitlements.ts';
import { askedAtOf, type WorkItem, type WorkQueue } from '../domain/queue/work-queue.ts';
import { type Seat, takesSlot } from '../domain/seat/seat.ts';
import { type ChangeContext, markRefused, type SeatTarget } from '../domain/seat/transitions.ts';
import type { Clock } from '../domain/shared/clock.ts';
import { RefusedError } from '../domain/shared/errors.ts';
import type { Measure } from './ports.ts';
import type { SubscribeServices } from './subscribe.ts';

/** What the changes are made with. */
export interface ApplyServices {
  clock: Clock;
  entitlements: Entitlements;
  ledger: Ledger;
  directory: Directory;
  applications: Applications;
  measure: Measure;
  /** Opens the subscriptions of an entitlement. */
  subscriptions: OpenSubscriptions;
}

/** The same for the changes of one batch. */
export type BatchServices = ApplyServices &
  SubscribeServices & {
    /** The hold of an application: none begins while the batch is made. */
    holdOf(application: string): Promise<Hold | undefined>;
  };

/** The outcome of one change. `later`: nothing was changed, and the next plan decides again. */
export type ChangeOutcome = 'granted' | 'revoked' | 'refused' | 'later' | 'done';

/** Why a change did not succeed, in a short code. */
export interface Setback {
  reason: string;
  /** Failed attempts that it counts for: AWS refused a read on which the change depends, and will do so again. */
  tries: number;
}

export const CONFLICT: Setback = { reason: 'conflict', tries: 1 };
/** One change of a batch. */
export interface Task {
  change: PlannedChange;
  entitlement: Entitlement | undefined;
  seat: Seat | undefined;
  plannedAt: string;
  execution: string;
  origin: ChangeOrigin;
  /** Whether an operator has given up all seats of the application. */
  isGivenUp: boolean;
}

/** What a change is made with: its seat, the queue whose items caused it, and when the reads began from which it was decided. */
interface TaskParts {
  seat: Seat | undefined;
  queue: WorkQueue;
  plannedAt: string;
  execution: string;
}

export function taskOf(
  change: PlannedChange,
  { seat, queue, plannedAt, execution }: TaskParts,
  { entitlements }: Entitlements,
): Task {
  const { applicationArn, userId } = change;
  return {
    change,
    entitlement: entitlements.find(({ application }) => application === applicationArn),
    seat,
    plannedAt,
    execution,
    origin: queue.users[userId] ?? queue.sweeps[applicationArn],
    // The batch alone does not say so: only a confirmed request of an operator marks the work item.
    isGivenUp: queue.sweeps[applicationArn]?.giveUp === true,
  };
}

/** What caused a change: the newest hint about the user, else the one about the application; absent: the execution itself. */
type ChangeOrigin = WorkItem | undefined;

export function contextOf({ change, execution, origin }: Task, now: Date): ChangeContext {
  return { now, execution, cause: origin?.cause ?? execution, reason: change.reason };
}

/** The seat that a grant makes. The time of the first request decides the order of the waitlist. */
export function targetOf({ change, seat, origin }: Task, { name }: Entitlement, now: Date): SeatTarget {
  const { applicationArn, userId } = change;
  const askedAt = seat?.status === 'revoked' ? undefined : seat?.requestedAt;
  const requestedAt = askedAt ?? (origin ? askedAtOf(origin, userId) : now.toISOString());
  return { applicationArn, userId, entitlement: name, requestedAt };
}

/**
 * Whether the seat was written since the plan's reads: by an earlier try of this task, or by an urgent plan that came after
 * it. What that plan itself has written is as old as its reads; a change that has only begun is made once more, but not one in
 * the other direction.
 */
export function isSuperseded({ change, seat, plannedAt }: Task): boolean {
  if (!seat || seat.status === (change.kind === 'revoke' ? 'revoking' : 'creating')) return false;
  const written = Date.parse(seat.changedAt) - Date.parse(plannedAt);
  return written > 0 || (written === 0 && seat.status === 'assigned');
}

/** Whether an earlier call may have made the assignment although no read has shown it so far. */
function isAmbiguous({ seat }: Task, now: Date): boolean {
  return seat !== undefined && takesSlot(seat) && mayStillShow(seat, { readAt: now });
}

/** Whether an operator has started or redriven the execution: to them, what is known is reported again. */
export function isAskedAgain(seat: Seat | undefined, { reason }: PlannedChange, execution: string): boolean {
  return seat?.refusal?.execution === execution || reason === 'manual';
}

/**
 * Records a refusal at the seat. `isMade`: a part of the seat is there all the same.
 *
 * @throws every error that is not a refusal
 */
export async function recordRefusal(
  error: unknown,
  seat: Seat,
  task: Task,
  { clock, ledger, measure, isMade = false }: ApplyServices & { isMade?: boolean },
): Promise<ChangeOutcome | Setback> {
  if (!(error instanceof RefusedError)) throw error;
  // AWS may not know the user yet, or no longer.
  if (error.reason === 'principal-or-application-missing') return { reason: error.reason, tries: 1 };
  const reportAgain = isAskedAgain(task.seat, task.change, task.execution);
  const now = clock.now();
  await ledger.saveSeat(
    markRefused(seat, error.reason, {
      ...contextOf(task, now),
      reportAgain,
      ambiguous: isMade || isAmbiguous(task, now),
    }),
  );
  measure('SeatsRefused', 1);
  return 'refused';
}
