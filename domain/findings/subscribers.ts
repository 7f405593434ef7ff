import { type Seat, takesSlot } from '../seat/seat.ts';
import type { Subscribers } from '../subscription/findings.ts';

/** What was read of the users of one entitlement. */
export interface SubscriberReads {
  /** Members of any of its groups. */
  members: ReadonlySet<string>;
  /** Users of whom it is known that they are enabled. */
  enabled: ReadonlySet<string>;
  /** Users whose status could not be read. */
  unread: ReadonlySet<string>;
  seats: readonly Seat[];
}

/** Says who should have a subscription, and who may have one: enabled members, without those who wait for a seat. */
export function subscribersOf(
  about: Pick<Subscribers, 'entitlement' | 'plan'>,
  { members, enabled, unread, seats }: SubscriberReads,
): Subscribers {
  const since = new Map(seats.filter(takesSlot).map(({ userId, grantedAt }) => [userId, grantedAt]));
  const usersWith = (...wanted: readonly Seat['status'][]) =>
    new Set(seats.flatMap(({ userId, status }) => (wanted.includes(status) ? userId : [])));
  const eligible = members.intersection(enabled);
  // Until there is a slot, "Subscribe the user" would be wrong.
  const waiting = eligible.intersection(usersWith('waitlisted'));
  const entitled = eligible.difference(waiting);
  // Who left keeps the seat during the grace and while the brake holds, and the subscription with it.
  const keeping = usersWith('leaving', 'held').difference(entitled);
  return {
    ...about,
    entitled: new Map([...entitled].map((userId) => [userId, since.get(userId)])),
    tolerated: new Set([...waiting, ...keeping, ...unread]),
  };
}
