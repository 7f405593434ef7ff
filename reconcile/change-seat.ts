import { hasBegun } from '../domain/seat/seat.ts';
import { markNotBegun, putAside } from '../domain/seat/transitions.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { grant } from './grant-seat.ts';
import { revoke } from './revoke-seat.ts';
import {
  type ApplyServices,
  type BatchServices,
  type ChangeOutcome,
  contextOf,
  isAskedAgain,
  type Setback,
  type Task,
  targetOf,
} from './task.ts';

/** A refusal counts for this number of failed attempts: an execution fails for it, and the next attempt is an hour later. */
const REFUSED_TRIES = 7;

/** Tries one change. */
export async function attempt(task: Task, services: BatchServices): Promise<ChangeOutcome | Setback> {
  try {
    return await (task.change.kind === 'grant' ? grant(task, services) : revoke(task, services));
  } catch (error) {
    if (error instanceof RefusedError) return { reason: error.reason, tries: REFUSED_TRIES };
    if (!(error instanceof TransientAwsError)) throw error;
    return { reason: error.isThrottled ? 'throttled' : 'unavailable', tries: 1 };
  }
}

/**
 * Puts a user aside whose change did not succeed: at the seat or, if there is none because the change has not begun, at one
 * that takes no slot.
 *
 * @returns false if there is neither: the application is no longer configured
 */
export async function putChangeAside(
  task: Task,
  { reason, tries }: Setback,
  { clock, ledger }: Pick<ApplyServices, 'clock' | 'ledger'>,
): Promise<boolean> {
  const { change, entitlement, execution } = task;
  const now = clock.now();
  const seat = hasBegun(task.seat)
    ? task.seat
    : entitlement && markNotBegun(task.seat, targetOf(task, entitlement, now), contextOf(task, now));
  if (!seat) return false;
  const reportAgain = isAskedAgain(seat, change, execution);
  const aside = putAside(seat, reason, { now, execution, reportAgain }, tries);
  await ledger.saveSeat({ ...aside, revision: (task.seat?.revision ?? 0) + 1 });
  return true;
}
