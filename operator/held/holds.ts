import type { GroupSizes } from '../../domain/decision/group-sizes.ts';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { knownApplications } from '../applications.ts';
import type { Attempts } from '../unread.ts';

/** A hold in force. */
export interface ActiveHold {
  hold: Hold;
  /** The seats in it. */
  members: readonly Seat[];
  /** All seats of the application. */
  seats: readonly Seat[];
  /** The sizes of the groups at the last read of the whole application. */
  groups: GroupSizes | undefined;
}

/** Why revocations are held, in words. */
export const HOLD_REASONS: Readonly<Record<HoldReason, string>> = {
  brake: 'more revocations than the brake allows in 24 hours',
  'nobody-entitled': 'no user would be entitled',
  'group-empty': 'a configured group is empty or missing',
};

/** Reads the holds in force: of configured applications, and of those that are no longer configured. */
export async function readHolds(
  readers: Pick<Readers, 'ledger' | 'entitlements'>,
  unread: Attempts,
): Promise<ActiveHold[]> {
  return holdsOf(await knownApplications(readers, unread), readers.ledger, unread);
}

/** Reads the holds in force of these applications. */
export async function holdsOf(
  applications: Iterable<string>,
  ledger: Readers['ledger'],
  unread: Attempts,
): Promise<ActiveHold[]> {
  const found: ActiveHold[] = [];
  for (const application of applications) {
    const active = (await unread.attempt(() => activeHold(application, ledger)))?.value;
    if (active) found.push(active);
  }
  return found;
}

async function activeHold(application: string, ledger: Readers['ledger']): Promise<ActiveHold | undefined> {
  // Most applications have no hold. Then their seats, which may be tens of thousands, are not read.
  if (!isHeld(await ledger.hold(application))) return undefined;
  const { hold, seats, groups } = await ledger.holdings(application);
  if (!isHeld(hold)) return undefined;
  const members = seats.filter((seat) => seat.status === 'held' && isMember(hold, seat.hold));
  return { hold, members, seats, groups };
}
