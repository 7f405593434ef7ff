import { changesSubscriptions } from '../entitlements.ts';
import type { Subscribed } from '../profiles.ts';
import { triesGrants } from '../queue/aside.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import { type Seat, takesSlot } from '../seat/seat.ts';
import type { Subscribers } from '../subscription/findings.ts';
import type { UserFindings } from './recorded-findings.ts';

/** What was read of the users of one entitlement. */
export interface SubscriberReads {
  /** Members of any of its groups. */
  members: ReadonlySet<string>;
  /** Users of whom it is known that they are enabled. */
  enabled: ReadonlySet<string>;
  /** Users whose status could not be read. */
  unread: ReadonlySet<string>;
  /** What the ledger holds; undefined if nothing is deployed. */
  recorded: { seats: readonly Seat[]; findings: readonly UserFindings[]; queue: WorkQueue } | undefined;
}

/**
 * Says who should have a subscription, and who may have one: enabled members, without those who wait for a seat. What
 * Usher itself is about to change is no finding, as long as AWS does not refuse it.
 */
export function subscribersOf(
  entitlement: Subscribed,
  { members, enabled, unread, recorded }: SubscriberReads,
): Subscribers {
  const seats = recorded?.seats ?? [];
  const since = new Map(seats.filter(takesSlot).map(({ userId, grantedAt }) => [userId, grantedAt]));
  const eligible = members.intersection(enabled);
  // Until there is a slot, "Subscribe the user" would be wrong.
  const waiting = eligible.intersection(usersOf(seats, ({ status }) => status === 'waitlisted'));
  const changing = changesSubscriptions(entitlement) && recorded ? usersInChange(entitlement, eligible, recorded) : [];
  const entitled = eligible.difference(waiting).difference(new Set(changing));
  // Who left keeps the seat during the grace and while the brake holds, and the subscription with it.
  const keeping = usersOf(seats, ({ status }) => status === 'leaving' || status === 'held').difference(entitled);
  return {
    entitlement: entitlement.name,
    plan: entitlement.subscription.plan,
    entitled: new Map([...entitled].map((userId) => [userId, since.get(userId)])),
    tolerated: new Set([...waiting, ...changing, ...keeping, ...unread]),
    ended: new Map(
      seats.flatMap(({ userId, cancelledAt }) => (cancelledAt === undefined ? [] : [[userId, cancelledAt]])),
    ),
    ...(recorded ? { pendingSince: pendingSinceIn(recorded.findings) } : {}),
  };
}

function usersOf(seats: readonly Seat[], isWanted: (seat: Seat) => boolean): Set<string> {
  return new Set(seats.flatMap((seat) => (isWanted(seat) ? seat.userId : [])));
}

/** Users whose subscription Usher is changing, or is about to start: no list shows it yet, and nothing was refused. */
function usersInChange(
  { application }: Subscribed,
  eligible: ReadonlySet<string>,
  { seats, queue }: NonNullable<SubscriberReads['recorded']>,
): string[] {
  const begun = usersOf(
    seats,
    ({ status, refusal }) => ['creating', 'assigned', 'revoking'].includes(status) && refusal === undefined,
  );
  if (!triesGrants(queue, application)) return [...begun];
  const seated = usersOf(seats, ({ status }) => status !== 'revoked');
  const unseated = [...eligible.difference(seated)].filter((userId) => queue.users[userId]?.failed !== true);
  return [...begun, ...unseated];
}

function pendingSinceIn(findings: readonly UserFindings[]): ReadonlyMap<string, string> {
  return new Map(findings.flatMap(({ userId, pendingSince: since }) => (since === undefined ? [] : [[userId, since]])));
}
