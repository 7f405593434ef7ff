import { type Seat, takesSlot } from '../seat/seat.ts';

/** Somebody entitled who was looked at and has no assignment. */
export interface Candidate {
  userId: string;
  /** First request. */
  requestedAt: string;
  /** The seat takes a place already: the assignment was taken away by somebody, or is still being made. */
  hasSlot: boolean;
}

/** Somebody who is to get a seat. @param askedAt what counts where no seat tells of an earlier request */
export function seatCandidate(userId: string, seat: Seat | undefined, askedAt: string): Candidate {
  const asked = seat && seat.status !== 'revoked';
  return { userId, requestedAt: asked ? seat.requestedAt : askedAt, hasSlot: seat !== undefined && takesSlot(seat) };
}

/** Who of the candidates gets a place now. */
export interface Allocation {
  /** By user id. */
  seated: ReadonlySet<string>;
  /** A place is owed to somebody in line who was not looked at. */
  owed: boolean;
}

/**
 * Gives the places of an application that nobody else takes: first to those who have one, then to the head of the
 * line, first come first served.
 *
 * @param seats all seats of the application, as they stand
 * @param candidates whoever waits already may be among them
 * @param max `seats.max`
 */
export function allocateSeats(seats: readonly Seat[], candidates: readonly Candidate[], max: number): Allocation {
  const looked = new Set(candidates.map(({ userId }) => userId));
  const others = seats.filter(({ userId }) => !looked.has(userId));
  const waiting = others
    .filter(({ status }) => status === 'waitlisted')
    .map(({ userId, requestedAt }) => ({ userId, requestedAt, hasSlot: false }));
  const free = Math.max(0, max - others.filter(takesSlot).length);
  const head = [...candidates, ...waiting].sort(inOrder).slice(0, free);
  return {
    seated: new Set(head.filter(({ userId }) => looked.has(userId)).map(({ userId }) => userId)),
    owed: head.some(({ userId }) => !looked.has(userId)),
  };
}

function inOrder(a: Candidate, b: Candidate): number {
  if (a.hasSlot !== b.hasSlot) return a.hasSlot ? -1 : 1;
  return Date.parse(a.requestedAt) - Date.parse(b.requestedAt) || (a.userId < b.userId ? -1 : 1);
}
