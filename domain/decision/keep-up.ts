import { isSetBack, type Seat } from '../seat/seat.ts';
import { NotConvergedError, RefusedError } from '../shared/errors.ts';
import type { Failure, Moment } from './application-state.ts';
import type { PlannedChange } from './batches.ts';
import type { DecidedUser } from './decide.ts';
import type { Seats } from './seats.ts';

/**
 * Returns what seats ask for although nothing changes: their audit events published, their refusals or failed attempts reported.
 *
 * @param seats as they are committed
 */
export function keepUp(
  decided: readonly DecidedUser[],
  seats: Seats,
  changed: ReadonlySet<string>,
  { execution }: Moment,
): { records: string[]; failures: Failure[]; aside: number } {
  const records: string[] = [];
  const failures: Failure[] = [];
  let aside = 0;
  for (const { checked, decision } of decided) {
    const seat = seats.get(checked.user.userId);
    if (!seat || changed.has(seat.userId)) continue;
    if (seat.audit.length > 0) records.push(seat.userId);
    const { refusal } = seat;
    if (refusal?.attempts !== undefined && decision.do !== 'wait') aside += 1;
    if (!refusal || refusal.reported || refusal.execution !== execution || isSetBack(seat)) continue;
    failures.push({ key: seat.userId, error: failureOf(seat, refusal), seat });
  }
  return { records, failures, aside };
}

function failureOf({ userId }: Seat, { reason, attempts, since }: NonNullable<Seat['refusal']>): Failure['error'] {
  if (attempts === undefined) return new RefusedError(reason, `AWS refused the change: ${reason} (user ${userId})`);
  const message = `${attempts} attempts to change a seat have failed since ${since}: ${reason} (user ${userId})`;
  return reason === NotConvergedError.REASON ? new NotConvergedError(message) : new RefusedError(reason, message);
}

/** Returns the change that only publishes the audit events of a seat. */
export function recordOf(applicationArn: string, userId: string): PlannedChange {
  return { applicationArn, kind: 'record', reason: 'reconciled', userId };
}
