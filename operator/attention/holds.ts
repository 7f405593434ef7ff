import type { Ledger } from '../../adapters/ledger.ts';
import { type Hold, type HoldReason, isHeld, isMember } from '../../domain/decision/hold.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { BRAKE_WINDOW_SECONDS, type Seat } from '../../domain/seat/seat.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import type { Attention } from '../lines/attention.ts';
import { count } from '../text.ts';

/** A hold in force. */
export interface ActiveHold {
  hold: Hold;
  /** The seats in it. */
  members: readonly Seat[];
  /** All seats of the application. */
  seats: readonly Seat[];
}

/** Why revocations are held, in words. */
const HOLD_REASONS: Readonly<Record<HoldReason, string>> = {
  brake: 'more revocations than the brake allows in 24 hours',
  'nobody-entitled': 'no user would be entitled',
  'group-empty': 'a configured group is empty or missing',
};

/** Reads the holds in force. */
export async function readHolds(asker: Pick<Asker, 'services' | 'entitlements'>): Promise<ActiveHold[]> {
  const { entitlements } = await asker.entitlements();
  const ledger = await (await asker.services()).ledger();
  const found: ActiveHold[] = [];
  for (const application of applicationsOf(entitlements, await ledger.queue())) {
    const active = await activeHold(application, ledger);
    if (active) found.push(active);
  }
  return found;
}

/** Configured applications, and those that were swept before they were removed from the configuration. */
export function applicationsOf(entitlements: readonly Entitlement[], queue: WorkQueue | undefined): Set<string> {
  return new Set([...entitlements.map(({ application }) => application), ...Object.keys(queue?.sweptAt ?? {})]);
}

/** Reads the hold of an application; reads its seats only if it is in force. */
export async function activeHold(
  application: string,
  ledger: Pick<Ledger, 'hold' | 'holdings'>,
): Promise<ActiveHold | undefined> {
  const hold = await ledger.hold(application);
  if (!isHeld(hold)) return undefined;
  const { seats } = await ledger.holdings(application);
  const members = seats.filter((seat) => seat.status === 'held' && isMember(hold, seat.hold));
  return { hold, members, seats };
}

/** Says what a hold needs of a person. */
export function heldAttention({ hold, members, seats }: ActiveHold, now: Date): Attention {
  const { entitlement, applicationArn: application, since, reason, released } = hold;
  const frees = reason === 'brake' ? budgetFreesAt(seats, now) : undefined;
  return {
    type: 'attention',
    kind: 'hold',
    title: `${entitlement}: ${count(members.length, 'revocation')} held`,
    count: members.length,
    since,
    ...(frees === undefined ? {} : { dueAt: frees }),
    entitlement,
    application,
    reason: HOLD_REASONS[reason],
    fix:
      released === undefined
        ? 'Undo or release them: usher held'
        : 'Released: the next sweep revokes the seats. Check: usher held',
  };
}

/** Returns when the brake's budget has more room again; undefined if no revocation takes any of it. */
function budgetFreesAt(seats: readonly Seat[], now: Date): string | undefined {
  const freed = seats
    .flatMap(({ revocations = [] }) => revocations.map((time) => plusSeconds(time, BRAKE_WINDOW_SECONDS)))
    .filter((time) => Date.parse(time) > now.getTime());
  return freed.sort((a, b) => Date.parse(a) - Date.parse(b))[0];
}
