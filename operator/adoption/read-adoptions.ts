import { type Entitlement, managedOf } from '../../domain/entitlements.ts';
import { profileKey } from '../../domain/profiles.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import type { Asker } from '../asker.ts';
import { UsageError } from '../failures.ts';
import { type EntitlementPlan, planEntitlement } from '../plan/entitlement-plan.ts';
import { unknownEntitlement } from '../suggestions.ts';
import { count } from '../text.ts';
import type { Adoption } from './adoption-line.ts';
import { managedProfileOf, type OthersSubscriptions, orphansFor, readOthers } from './others-subscriptions.ts';

/** What is adopted besides assignments. */
interface Wanted {
  /** Subscriptions of entitled users. */
  subscriptions: boolean;
  /** Subscriptions that no entitlement covers, to cancel them. */
  orphans: boolean;
}

/** What an execution would adopt for an entitlement, and all from which it takes that. */
export interface FoundAdoption {
  adoption: Adoption;
  plan: EntitlementPlan;
  /** Slots that are free. */
  free: number;
  /** Undefined if no subscriptions are adopted. */
  others: OthersSubscriptions | undefined;
  /** All orphans whose subscription the entitlement would adopt; undefined if it adopts none. */
  orphans: readonly string[] | undefined;
}

/**
 * Returns the entitlements that adopt something, and why others do not, if there are some.
 *
 * @param name of the only one that is asked for
 * @throws UsageError if none has the name, or none of them may
 */
export function adoptingOf(
  entitlements: readonly Entitlement[],
  { name, subscriptions }: { name: string | undefined; subscriptions: boolean },
): { adopting: readonly Entitlement[]; leftOut: string | undefined } {
  const named = entitlements.filter((one) => name === undefined || one.name === name);
  if (named.length === 0) throw unknownEntitlement(name ?? '', entitlements);
  const managing = named.filter((one) => !subscriptions || managedOf(one) !== undefined);
  if (managing.length === 0) {
    throw new UsageError(
      `${named.map((one) => one.name).join(', ')}: Usher manages no subscription here, so it adopts none. Set mode: manage in the subscription, and deploy first: docs/subscriptions.md`,
    );
  }
  const adopting = managing.filter(({ mode }) => mode !== 'observe');
  const observed = managing.filter(({ mode }) => mode === 'observe').map((one) => one.name);
  const refusal = `${observed.join(', ')}: mode: observe changes nothing, so nothing is adopted. Deploy mode: enforce first`;
  if (adopting.length === 0) throw new UsageError(refusal);
  return { adopting, leftOut: observed.length > 0 ? refusal : undefined };
}

/** Reads what executions would adopt, as they do. */
export async function readAdoptions(
  adopting: readonly Entitlement[],
  { subscriptions, orphans }: Wanted,
  readers: Readers,
  { clock, progress }: Pick<Asker, 'clock' | 'progress'>,
): Promise<FoundAdoption[]> {
  const shared = { members: new Map(), userPages: undefined };
  const lists = new Map<string, OthersSubscriptions>();
  const found: FoundAdoption[] = [];
  const queue = await readers.ledger.queue();
  for (const entitlement of adopting) {
    progress(entitlement.name);
    // The subscriptions that count here are those that the adoption itself reads.
    const listFor = async () => 'assumed' as const;
    const moment = { now: clock.now(), trigger: 'manual' as const };
    const plan = await planEntitlement(entitlement, { ...moment, queue, shared, listFor }, readers);
    const profile = subscriptions ? managedProfileOf(entitlement, readers) : undefined;
    const key = profile && profileKey(profile);
    const known = key === undefined ? undefined : lists.get(key);
    const say = (read: number) => progress(`${entitlement.name}: ${count(read, 'subscription')}`);
    const others = known ?? (profile && (await readOthers(profile, readers, { shared, say })));
    if (key !== undefined && others) lists.set(key, others);
    // AWS cancels a subscription once: the first entitlement of a profile adopts its orphans.
    const takesOrphans = orphans && others && !known;
    found.push(adoptionFrom(plan, others, takesOrphans ? await orphansFor(entitlement, others, readers) : undefined));
  }
  return found;
}

/** Returns all users about whom an adoption says something. */
export function concernedBy(found: readonly FoundAdoption[]): string[] {
  return found.flatMap(({ plan, orphans = [] }) => [...plan.adoptable, ...plan.unsubscribed, ...orphans]);
}

function adoptionFrom(
  plan: EntitlementPlan,
  others: OthersSubscriptions | undefined,
  orphans: readonly string[] | undefined,
): FoundAdoption {
  const { entitlement, adoptable, unsubscribed, seats } = plan;
  const free = Math.max(0, entitlement.seats.max - seats.length);
  const assignments = adoptable.toSorted().slice(0, free);
  const isSubscribed = (userId: string) => others?.subscribed.has(userId) === true;
  const adoption = {
    entitlement,
    assignments,
    subscriptions: [...assignments, ...unsubscribed].filter(isSubscribed),
    orphans: free > assignments.length ? (orphans ?? []) : [],
  };
  return { adoption, plan, free, others, orphans };
}
