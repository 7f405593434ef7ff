import type { GroupSizes } from '../../domain/decision/group-sizes.ts';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { readUser } from '../../reconcile/plan/read-user.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { knownApplications } from '../applications.ts';
import type { Asker } from '../asker.ts';
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
  const found: ActiveHold[] = [];
  for (const application of await knownApplications(readers, unread)) {
    const active = (await unread.attempt(() => activeHold(application, readers)))?.value;
    if (active) found.push(active);
  }
  return found;
}

async function activeHold(application: string, { ledger }: Pick<Readers, 'ledger'>): Promise<ActiveHold | undefined> {
  // Most applications have no hold. Then their seats, which may be tens of thousands, are not read.
  if (!isHeld(await ledger.hold(application))) return undefined;
  const { hold, seats, groups } = await ledger.holdings(application);
  if (!isHeld(hold)) return undefined;
  const members = seats.filter((seat) => seat.status === 'held' && isMember(hold, seat.hold));
  return { hold, members, seats, groups };
}

/** How a held user stands with the entitlement now; neither, if AWS refuses the reads. */
export interface Standing {
  /** Entitled again: the next check lifts the hold from the seat. */
  entitled?: true;
  /** Why not entitled. */
  reason?: string;
}

/** Reads how each user stands with the entitlement as of now. */
export async function standingsOf(
  seats: readonly Seat[],
  readers: Readers,
  { clock, unread, progress }: Pick<Asker, 'clock' | 'unread' | 'progress'>,
): Promise<Map<string, Standing>> {
  const found = new Map<string, Standing>();
  const now = clock.now();
  const at = now.toISOString();
  for (const [index, { userId, applicationArn }] of seats.entries()) {
    progress(`${index} of ${seats.length}`);
    const read = await unread.attempt(() => readUser(userId, { at, expected: [] }, now, readers));
    if (!read) continue;
    const own = read.value.applications.find(({ entitlement }) => entitlement.application === applicationArn);
    found.set(
      userId,
      own?.user.entitled ? { entitled: true } : { reason: own?.user.ineligibility ?? 'entitlement-removed' },
    );
  }
  return found;
}
