import { type Seat, takesSlot } from '../seat/seat.ts';
import { isDue } from '../shared/time.ts';

/** An entitled user without an assignment. */
export interface Candidate {
  userId: string;
  /** ISO time of the first request. */
  requestedAt: string;
  /** The seat takes a slot already: its assignment was removed by someone else, or is still being made. */
  hasSlot: boolean;
}

/**
 * Makes a candidate of a user who is to get a seat.
 *
 * @param askedAt ISO time that counts if no seat says when the user first asked
 */
export function seatCandidate(userId: string, seat: Seat | undefined, askedAt: string): Candidate {
  const asked = seat && seat.status !== 'revoked';
  return { userId, requestedAt: asked ? seat.requestedAt : askedAt, hasSlot: seat !== undefined && takesSlot(seat) };
}

/** Which candidates get a slot now. */
export interface Allocation {
  /** By user id. */
  seated: ReadonlySet<string>;
  /** A slot belongs to a waiting user who was not checked. */
  owed: boolean;
}

/**
 * Allocates the free slots of an application: first to candidates who have one already, then in the order of the waitlist.
 *
 * @param seats all seats of the application, as they stand
 * @param candidates may include users who wait already
 * @param max `seats.max`
 */
export function allocateSeats(seats: readonly Seat[], candidates: readonly Candidate[], max: number): Allocation {
  const checked = new Set(candidates.map(({ userId }) => userId));
  const others = seats.filter(({ userId }) => !checked.has(userId));
  const waiting = waitlistOf(others).map(({ userId, requestedAt }) => ({ userId, requestedAt, hasSlot: false }));
  const free = Math.max(0, max - others.filter(takesSlot).length);
  const first = [...candidates, ...waiting]
    .sort((a, b) => Number(b.hasSlot) - Number(a.hasSlot) || byRequest(a, b))
    .slice(0, free);
  return {
    seated: new Set(first.filter(({ userId }) => checked.has(userId)).map(({ userId }) => userId)),
    owed: first.some(({ userId }) => !checked.has(userId)),
  };
}

/** A waiting user whose attempts fail keeps the place, and no slot is kept for that user. */
export function isPassedOver({ status, nextAttemptAt }: Seat, now: Date): boolean {
  return status === 'waitlisted' && nextAttemptAt !== undefined && !isDue(nextAttemptAt, now);
}

/** The waitlist of an application, in order. */
export function waitlistOf(seats: readonly Seat[]): Seat[] {
  return seats.filter(({ status }) => status === 'waitlisted').sort(byRequest);
}

/** Orders users by the time of their first request; of two at the same time, by user id. */
export function byRequest(
  a: { requestedAt: string; userId: string },
  b: { requestedAt: string; userId: string },
): number {
  return Date.parse(a.requestedAt) - Date.parse(b.requestedAt) || (a.userId < b.userId ? -1 : 1);
}
