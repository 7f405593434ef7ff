import type { UserState } from '../../domain/decision/application-state.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { readUser } from '../../reconcile/plan/read-user.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';

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
