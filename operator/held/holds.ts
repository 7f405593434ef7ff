import type { UserState } from '../../domain/decision/application-state.ts';
import type { GroupSizes } from '../../domain/decision/group-sizes.ts';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
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

/** How a held user stands with the entitlement now; neither, if AWS refuses the reads or they contradict each other. */
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
  // Nothing was announced that a read could still have to show.
  const question = { at: plusSeconds(now, -EXPECTATION_SECONDS), expected: [] };
  for (const [index, { userId, applicationArn }] of seats.entries()) {
    progress(`${index} of ${seats.length}`);
    const own = readers.entitlements.entitlements.filter(({ application }) => application === applicationArn);
    if (own.length === 0) {
      found.set(userId, { reason: 'entitlement-removed' });
      continue;
    }
    const alone = { ...readers, entitlements: { ...readers.entitlements, entitlements: own } };
    const read = await unread.attempt(() => readUser(userId, question, now, alone));
    for (const error of read?.value.unread ?? []) unread.add(error);
    const user = read?.value.applications[0]?.user;
    if (user) found.set(userId, standingOf(user));
  }
  return found;
}

function standingOf({ entitled, ineligibility }: UserState): Standing {
  if (entitled) return { entitled };
  return ineligibility === undefined ? {} : { reason: ineligibility };
}
