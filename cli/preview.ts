import type { Holdings } from '../adapters/ledger.ts';
import { decide, isAdoptable } from '../domain/decision/decide.ts';
import { allocateSeats, seatCandidate } from '../domain/decision/waitlist.ts';
import type { Entitlement } from '../domain/entitlements.ts';
import { takesSlot } from '../domain/seat/seat.ts';
import { type Readers, readApplication, type SweepCache } from '../reconcile/plan/snapshot.ts';

/** What a sweep of an application would do now, by user ids. */
export interface Preview {
  entitlement: Entitlement;
  holdings: Holdings;
  /** Of Usher's seats, those that take a place under the cap. */
  inUse: number;
  entitled: number;
  /** Would get a seat. */
  grant: string[];
  /** Would wait in line, or do already. */
  wait: string[];
  /** Of those who would wait: who isn't in line yet. */
  newInLine: number;
  /** Would begin to leave, be revoked, or be held. */
  lose: string[];
  /** Assigned by somebody else, and entitled. */
  adoptable: string[];
  /** Assigned by somebody else, entitled or not. */
  unmanaged: number;
  assignedGroups: string[];
}

/**
 * Reads an application afresh, as a sweep does, and decides the same; it changes nothing.
 *
 * What the brake would hold of those who lose is decided when it happens.
 */
export async function preview(
  entitlement: Entitlement,
  now: Date,
  readers: Readers,
  cache: SweepCache,
): Promise<Preview> {
  const holdings = await readers.ledger.holdings(entitlement.application);
  const { seats } = holdings;
  const orders = { withStatus: false, adopt: true };
  const view = await readApplication({ entitlement, seats, orders }, now, readers, cache);
  const graceDays = entitlement.onLeave.revokeAfterDays;
  const circumstances = { readAt: now, trigger: 'manual' as const, execution: '', graceDays };
  const decided = view.standings.map((standing) => ({ standing, decision: decide(standing, circumstances) }));
  const grants = decided.filter(({ decision }) => decision.do === 'grant').map(({ standing }) => standing);
  const candidates = grants.map(({ userId, seat }) => seatCandidate(userId, seat, now.toISOString()));
  const { seated } = allocateSeats(seats, candidates, entitlement.seats.max);
  const wait = grants.filter(({ userId }) => !seated.has(userId));
  return {
    entitlement,
    holdings,
    inUse: seats.filter(takesSlot).length,
    entitled: view.standings.filter(({ entitled }) => entitled).length,
    grant: [...seated],
    wait: wait.map(({ userId }) => userId),
    newInLine: wait.filter(({ seat }) => seat?.status !== 'waitlisted').length,
    lose: decided
      .filter(({ decision }) => decision.do === 'revoke' || decision.do === 'leave')
      .map(({ standing }) => standing.userId),
    adoptable: decided
      .filter(({ standing, decision }) => isAdoptable(standing, decision))
      .map(({ standing }) => standing.userId),
    unmanaged: view.unmanaged,
    assignedGroups: view.assignedGroups,
  };
}
