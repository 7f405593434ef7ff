import type { Seat } from '../../domain/seat/seat.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';
import { budgetLine } from '../budget.ts';
import type { HoldLine, ReleaseLine } from '../lines/holds.ts';
import { causeOf } from './cause.ts';
import { digestOf } from './digest.ts';
import type { ActiveHold } from './holds.ts';
import { isReleasable } from './release.ts';
import { type Standing, standingsOf } from './standings.ts';
import { releaseOf, undoOf } from './ways-out.ts';

/** Reads what is behind a hold: which group fell, the budget, and how each user stands with the entitlement now. */
export async function holdLine(
  active: ActiveHold,
  readers: Readers,
  asker: Asker,
  names?: ReadonlyMap<string, string>,
): Promise<HoldLine> {
  const { hold, members, seats } = active;
  const standings = await standingsOf(members, readers, asker);
  const cause = await causeOf(active, readers, asker);
  const releasable = isReleasable(hold.applicationArn, readers.entitlements);
  const facts = { active, releasable, cause: cause ?? [], standings };
  return {
    type: 'hold',
    entitlement: hold.entitlement,
    application: hold.applicationArn,
    reason: hold.reason,
    since: hold.since,
    digest: digestOf(hold),
    released: hold.released !== undefined,
    ...(cause ? { cause } : {}),
    budget: budgetLine(seats, readers.entitlements.brake, asker.clock.now()),
    users: heldUsers(members, standings, names),
    undo: undoOf(facts),
    release: releaseOf(facts),
  };
}

/** Returns held users as a line has them. */
export function heldUsers(
  members: readonly Seat[],
  standings: ReadonlyMap<string, Standing>,
  names: ReadonlyMap<string, string> | undefined,
): ReleaseLine['users'] {
  return members.map(({ userId, changedAt }) => {
    const name = names?.get(userId);
    return { userId, ...(name === undefined ? {} : { name }), since: changedAt, ...standings.get(userId) };
  });
}
