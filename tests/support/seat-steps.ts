import { auditEvent } from '../../domain/audit/event.ts';
import type { AuditRecord } from '../../domain/seat/audit-records.ts';
import { type AuditedChange, auditedChangeIn } from '../../domain/seat/audited-changes.ts';
import { type Seat, takesSlot } from '../../domain/seat/seat.ts';
import {
  type ChangeContext,
  dropSeat,
  keepInterrupted,
  markAdopted,
  markAssigned,
  markConfirmed,
  markCreating,
  markHeld,
  markLeaving,
  markRefused,
  markRevoked,
  markRevoking,
  markWaitlisted,
  restoreSeat,
} from '../../domain/seat/transitions.ts';
import { aChangeContext, iso as isoAfter } from './builders.ts';
import { APPLICATION, ENTITLEMENT, user } from './ids.ts';

/** A time in minutes after the start. */
export const iso = (minutes: number) => isoAfter(minutes * 60);
/** The same as a date. */
export const at = (minutes: number) => new Date(iso(minutes));
const TARGET = { applicationArn: APPLICATION, userId: user(1), entitlement: ENTITLEMENT };

/** A record as it is read from the stream. */
export function audited(record: AuditRecord): AuditedChange {
  const { detailType, detail } = auditEvent(record, TARGET, { productVersion: '1.2.3', region: 'us-east-1' });
  const change = auditedChangeIn({ source: 'usher', 'detail-type': detailType, detail });
  if (!change) throw new Error('no change');
  return change;
}

type Step = (seat: Seat | undefined, context: ChangeContext) => Seat | undefined;
const isFree = (seat: Seat | undefined) => seat === undefined || !takesSlot(seat);
const isIn = (seat: Seat | undefined, ...statuses: Seat['status'][]): seat is Seat =>
  seat !== undefined && statuses.includes(seat.status);
/** The time of the request stays until the seat is revoked. */
const targetOf = (seat: Seat | undefined, { now }: ChangeContext) => ({
  ...TARGET,
  requestedAt: seat === undefined || seat.status === 'revoked' ? now.toISOString() : seat.requestedAt,
});
const refused = (seat: Seat, context: ChangeContext, ambiguous: boolean) =>
  markRefused(seat, 'access-denied', { ...context, reportAgain: false, ambiguous });
const named = (context: ChangeContext, reason: ChangeContext['reason']) => ({ ...context, reason });

/** What may happen to a seat; a step that does not apply changes nothing. `begins` counts as a step of its own. */
export const STEPS: Readonly<Record<string, Step>> = {
  begins: (seat, context) => (isFree(seat) ? markCreating(seat, targetOf(seat, context), context) : seat),
  isAssigned(seat, context) {
    if (!isIn(seat, 'creating')) return seat;
    return markAssigned(seat, named(context, seat.grantedAt === undefined ? 'group-join' : 'drift-healed'));
  },
  isConfirmed: (seat, { now }) => (isIn(seat, 'assigned') ? markConfirmed(seat, now) : seat),
  drifts: (seat, context) =>
    isIn(seat, 'confirmed', 'leaving', 'held') ? markCreating(seat, targetOf(seat, context), context) : seat,
  isRefused: (seat, context) => (isIn(seat, 'creating', 'revoking') ? refused(seat, context, false) : seat),
  mayBeThere: (seat, context) => (isIn(seat, 'creating') ? refused(seat, context, true) : seat),
  waits: (seat, context) =>
    isFree(seat) && seat?.status !== 'waitlisted' ? markWaitlisted(seat, targetOf(seat, context), context) : seat,
  losesToTheCap: (seat, context) =>
    isIn(seat, 'confirmed') ? markWaitlisted(seat, targetOf(seat, context), context) : seat,
  isDropped: (seat, { now }) => (isIn(seat, 'waitlisted', 'failed') ? dropSeat(seat, now) : seat),
  isAdopted: (seat, context) => (isFree(seat) ? markAdopted(seat, targetOf(seat, context), context) : seat),
  leaves: (seat, context) => (isIn(seat, 'confirmed') ? markLeaving(seat, iso(9999), context) : seat),
  isHeld: (seat, context) => (isIn(seat, 'confirmed', 'creating') ? markHeld(seat, 1, context) : seat),
  isKept: (seat, context) => (isIn(seat, 'leaving', 'held') ? restoreSeat(seat, context) : seat),
  ends: (seat, context) => (isIn(seat, 'confirmed', 'leaving', 'held') ? markRevoking(seat, context) : seat),
  isInterrupted: (seat, { now }) => (isIn(seat, 'revoking') ? keepInterrupted(seat, { assigned: true, now }) : seat),
  isMadeAfterAll: (seat, context) =>
    isIn(seat, 'revoking') ? markCreating(seat, targetOf(seat, context), context) : seat,
  isRevoked: (seat, context) =>
    isIn(seat, 'revoking') && seat.grantedAt !== undefined ? markRevoked(seat, named(context, 'group-leave')) : seat,
  isDeleted: (seat, context) =>
    isIn(seat, 'confirmed', 'leaving') ? markRevoked(seat, named(context, 'user-deleted')) : seat,
};

/** How the ledger has a user. */
export function standingIn(seat: Seat | undefined): 'seat' | 'none' {
  return seat !== undefined && takesSlot(seat) && seat.grantedAt !== undefined ? 'seat' : 'none';
}

/** Plays steps ten minutes apart. @returns the seat after each, with what was audited so far */
export function play(names: readonly string[]) {
  const seats: { at: Date; seat: Seat | undefined }[] = [];
  const changes: AuditedChange[] = [];
  let seat: Seat | undefined;
  for (const [index, name] of names.entries()) {
    const now = at(index * 10);
    const after = STEPS[name]?.(seat, aChangeContext({ now, reason: 'group-join' }));
    for (const record of after?.audit ?? []) changes.push(audited(record));
    seat = after && { ...after, audit: [] };
    seats.push({ at: now, seat });
  }
  return { seats, changes, seat, end: at(names.length * 10) };
}
