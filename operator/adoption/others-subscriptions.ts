import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import { type Profile, profileKey, profilesOf } from '../../domain/profiles.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { ownSubscribers } from '../../domain/subscription/twice.ts';
import type { SharedReads } from '../../reconcile/plan/read-application.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { listSubscriptions } from '../../reconcile/plan/subscription-lists.ts';

/** Who has a subscription of their own in a profile, and which of these no entitlement covers. */
export interface OthersSubscriptions {
  subscribed: ReadonlySet<string>;
  /** In their order, as the last comparison found them. */
  orphans: readonly string[];
  /** ISO time of that comparison; undefined if there was none. */
  comparedAt: string | undefined;
}

/** Returns the profile to which the managed subscription of an entitlement belongs. */
export function managedProfileOf(entitlement: Entitlement, { entitlements }: Readers): Profile | undefined {
  if (!managedOf(entitlement)) return undefined;
  return profilesOf(entitlements.entitlements).find((one) =>
    one.entitlements.some(({ name }) => name === entitlement.name),
  );
}

/** Reads the list of a profile, and what the last comparison recorded: an execution adopts no other orphans. */
export async function readOthers(
  profile: Profile,
  readers: Readers,
  { shared, say }: { shared: SharedReads; say: (read: number) => void },
): Promise<OthersSubscriptions> {
  const all = await listSubscriptions(profile, { members: shared.members, onPage: say }, readers);
  const { findings } = await readers.ledger.itemsOf(profile.entitlements[0]?.application ?? '');
  const queue = await readers.ledger.queue();
  return {
    subscribed: ownSubscribers(all),
    orphans: findings
      .flatMap((one) => (one.findings.some(({ kind }) => kind === 'orphan') ? one.userId : []))
      .toSorted((a, b) => (a < b ? -1 : 1)),
    comparedAt: queue.profiles?.[profileKey(profile)]?.comparedAt,
  };
}

/** Returns the orphans whose subscription an entitlement would adopt: who has a seat of it is none. */
export async function orphansFor(
  { application }: Entitlement,
  { subscribed, orphans }: OthersSubscriptions,
  { ledger }: Readers,
): Promise<string[]> {
  const { seats } = await ledger.holdings(application);
  const seated = new Set(seats.filter(takesSlot).map(({ userId }) => userId));
  return orphans.filter((userId) => subscribed.has(userId) && !seated.has(userId));
}
