import * as z from 'zod/mini';
import { type Seat, takesSlot } from '../seat/seat.ts';
import { ApplicationArn } from '../shared/ids.ts';

/**
 * How many slots of an application are taken at most. Every plan raises it by its grants before they are stored; only one
 * that has read all seats lowers it. While a slot is free under this bound and no user waits, a grant needs no other read
 * of the application.
 */
export const SlotsSchema = z.object({
  schemaVersion: z.literal(1),
  applicationArn: ApplicationArn,
  revision: z.int().check(z.minimum(1)),
  /** Seats that take a slot, and grants that are planned. */
  taken: z.int().check(z.minimum(0)),
  /** Whether a user may wait for a slot. */
  waiting: z.boolean(),
});
export type Slots = z.infer<typeof SlotsSchema>;

/** The changes of stored rounds in one application, by user id: they count as made. */
export interface StoredChanges {
  grants: ReadonlySet<string>;
  revocations: ReadonlySet<string>;
}

/**
 * Returns the users whom stored grants give a slot; the seats of all others say whether they take one.
 *
 * A grant counts even if this plan wants none for its user: until its batch, reads may change once more.
 */
export function slotsPromised(stored: StoredChanges | undefined, seats: ReadonlyMap<string, Seat>): Set<string> {
  const promised = (userId: string) => {
    const seat = seats.get(userId);
    return !(seat && takesSlot(seat));
  };
  return new Set([...(stored?.grants ?? [])].filter(promised));
}

/**
 * Returns how many seats lose their slot by stored revocations that have not begun.
 *
 * @param decided users whose revocation this plan decides itself
 */
export function revocationsAhead(
  stored: StoredChanges | undefined,
  seats: ReadonlyMap<string, Seat>,
  decided: ReadonlySet<string>,
): number {
  const isAhead = (userId: string) => {
    const seat = seats.get(userId);
    return !decided.has(userId) && seat !== undefined && takesSlot(seat) && seat.status !== 'revoking';
  };
  return [...(stored?.revocations ?? [])].filter(isAhead).length;
}

/** Returns the bound if it changes, to be written before the grants are stored. */
export function slotsAfter(
  before: Slots | undefined,
  now: Pick<Slots, 'applicationArn' | 'taken' | 'waiting'>,
): { slots?: Slots } {
  if (before && before.taken === now.taken && before.waiting === now.waiting) return {};
  return { slots: { schemaVersion: 1, ...now, revision: (before?.revision ?? 0) + 1 } };
}
