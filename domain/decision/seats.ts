import type { Seat } from '../seat/seat.ts';
import type { Holdings } from './application-state.ts';
import type { DecidedUser } from './decide.ts';

/** Seats of one application by user id. */
export type Seats = ReadonlyMap<string, Seat>;

/** Returns seats by user id; of two for one user, the later. */
export function seatsById(seats: readonly Seat[]): Seats {
  return new Map(seats.map((seat) => [seat.userId, seat]));
}

/** Returns the seats as the ledger holds them. */
export function storedSeats(decided: readonly DecidedUser[], holdings?: Holdings): Seats {
  return seatsById([...(holdings?.seats ?? []), ...decided.flatMap(({ checked }) => checked.user.seat ?? [])]);
}

/** Returns the seats that differ from the stored ones; however many transitions one has made, it is written once. */
export function writtenOnce(seats: Seats, stored: Seats): Seat[] {
  return [...seats.values()].flatMap((seat) => {
    const before = stored.get(seat.userId);
    return seat === before ? [] : [{ ...seat, revision: (before?.revision ?? 0) + 1 }];
  });
}
