import type { UserState } from '../../domain/decision/application-state.ts';
import type { GroupSizes } from '../../domain/decision/group-sizes.ts';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { readUser } from '../../reconcile/plan/read-user.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';

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
  { ledger, entitlements }: Pick<Readers, 'ledger' | 'entitlements'>,
  { unread }: Pick<Asker, 'unread'>,
): Promise<ActiveHold[]> {
  const configured = entitlements.entitlements.map(({ application }) => application);
  const swept = (await unread.attempt(() => ledger.queue()))?.value.sweptAt ?? {};
  const found: ActiveHold[] = [];
  for (const application of new Set([...configured, ...Object.keys(swept)])) {
    const { hold, seats = [], groups } = (await unread.attempt(() => ledger.holdings(application)))?.value ?? {};
    if (!isHeld(hold)) continue;
    const members = seats.filter((seat) => seat.status === 'held' && isMember(hold, seat.hold));
    found.push({ hold, members, seats, groups });
  }
  return found;
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
