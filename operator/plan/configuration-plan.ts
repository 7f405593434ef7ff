import type { Ledger } from '../../adapters/ledger.ts';
import type { SubscriptionEvidence } from '../../domain/decision/application-state.ts';
import type { Entitlement, Entitlements } from '../../domain/entitlements.ts';
import type { GroupNames } from '../../domain/parse-entitlements.ts';
import { profileKey, profileOf } from '../../domain/profiles.ts';
import { LIST_EVERY_SECONDS } from '../../domain/queue/list-reads.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { subscriptionsByUser } from '../../domain/subscription/findings.ts';
import type { SharedReads } from '../../reconcile/plan/read-application.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { listSubscriptions } from '../../reconcile/plan/subscription-lists.ts';
import type { Asker } from '../asker.ts';
import { readersOf } from '../readers.ts';
import { isReadFailure } from '../unread.ts';
import { type EntitlementPlan, type PlanContext, planEntitlement } from './entitlement-plan.ts';
import { type RenamedGroup, renamedGroups } from './group-names.ts';

/** An application that the ledger knows and the configuration does not. */
export interface RemovedApplication {
  application: string;
  /** The name under which its seats were granted, if there are any. */
  entitlement: string | undefined;
  /** The last sweep was made under a configuration that has it. */
  wasConfigured: boolean;
  /** The configuration lists it under `retired`. */
  isRetired: boolean;
  /** Seats that take a slot. */
  seats: number;
  waiting: number;
}

/** What a configuration makes of the directory, the assignments and the ledger as they are. */
export interface ConfigurationPlan {
  at: Date;
  configuration: Entitlements;
  /** Whether there is a ledger. Without one, everything is planned as for the first deployment. */
  isDeployed: boolean;
  entitlements: PlannedEntitlement[];
  removed: RemovedApplication[];
  renamedGroups: RenamedGroup[];
  /** How many reads failed: what depends on them is left out. */
  unread: number;
}

export interface PlannedEntitlement extends EntitlementPlan {
  /** No sweep of its application has been made under the configuration that is deployed. */
  isNew: boolean;
}

/** What is asked: a configuration, and the names that it gives to groups. */
export interface PlanQuestion {
  configuration: Entitlements;
  groupNames: GroupNames;
}

/**
 * Plans what a configuration changes, from fresh reads and by the decision of the service; writes nothing.
 *
 * An entitlement whose reads are refused is left out, and is in `asker.unread`.
 */
export async function planConfiguration(
  { configuration, groupNames }: PlanQuestion,
  asker: Asker,
): Promise<ConfigurationPlan> {
  const readers = await readersOf({ entitlements: async () => configuration, services: () => asker.services() });
  const at = asker.clock.now();
  const queue = await queueIn(readers.ledger);
  const shared: SharedReads = { members: new Map(), userPages: queue?.userPages };
  const context = { trigger: 'tick' as const, queue, shared, listFor: listReaderOf(shared, readers, asker) };
  const entitlements: PlannedEntitlement[] = [];
  for (const entitlement of configuration.entitlements) {
    asker.progress(entitlement.name);
    const plan = await attemptPlan(entitlement, context, readers, asker);
    if (plan) entitlements.push({ ...plan, isNew: queue?.reports?.[entitlement.application] === undefined });
  }
  const removed = queue ? await removedApplications(queue, configuration, readers, asker) : [];
  const people = await (await asker.services()).people(configuration.identityCenter.identityStoreId);
  const renamed = await renamedGroups(groupNames, people, asker.unread);
  return {
    at,
    configuration,
    isDeployed: queue !== undefined,
    entitlements,
    removed,
    renamedGroups: renamed,
    unread: asker.unread.size,
  };
}

/** Plans one entitlement; undefined if AWS refuses a read, which is added to what could not be read. */
export async function attemptPlan(
  entitlement: Entitlement,
  context: Omit<PlanContext, 'now'>,
  readers: Readers,
  { clock, unread }: Pick<Asker, 'clock' | 'unread'>,
): Promise<EntitlementPlan | undefined> {
  const plan = await unread.attempt(() => planEntitlement(entitlement, { ...context, now: clock.now() }, readers));
  for (const userId of plan?.value.unread ?? []) unread.addUser(userId);
  return plan?.value;
}

/** Reads the work queue; undefined if there is no ledger: nothing is deployed. */
async function queueIn(ledger: Ledger): Promise<WorkQueue | undefined> {
  try {
    return await ledger.queue();
  } catch (error) {
    if (error instanceof RefusedError && error.reason === 'ledger-missing') return undefined;
    throw error;
  }
}

/**
 * Returns what reads the list of a profile, once. Where AWS refuses it to this caller, who is assigned counts as subscribed: the
 * service reads with roles of its own.
 */
export function listReaderOf(
  shared: SharedReads,
  readers: Readers,
  { clock, progress, unread }: Pick<Asker, 'clock' | 'progress' | 'unread'>,
): PlanContext['listFor'] {
  const lists = new Map<string, Promise<SubscriptionEvidence>>();
  return (entitlement) => {
    const profile = profileOf(entitlement.application, readers.entitlements.entitlements);
    if (!profile) throw new Error(`${entitlement.name} has no subscription`);
    const key = [profileKey(profile), ...profile.roleArns].join(' ');
    const read = async (): Promise<SubscriptionEvidence> => {
      const readAt = clock.now();
      const onPage = (subscriptions: number) => progress(`${entitlement.name}: ${subscriptions} subscriptions`);
      try {
        const all = await listSubscriptions(profile, { members: shared.members, onPage }, readers);
        const againAt = plusSeconds(readAt, LIST_EVERY_SECONDS);
        return { readAt: readAt.toISOString(), againAt, byUser: subscriptionsByUser(all) };
      } catch (error) {
        if (!isReadFailure(error)) throw error;
        unread.add(error);
        return 'assumed';
      }
    };
    const list = lists.get(key) ?? read();
    lists.set(key, list);
    return list;
  };
}

async function removedApplications(
  { reports = {}, sweptAt }: WorkQueue,
  { entitlements, retired }: Entitlements,
  { ledger }: Readers,
  { unread }: Asker,
): Promise<RemovedApplication[]> {
  const configured = new Set(entitlements.map(({ application }) => application));
  const others = [...new Set([...Object.keys(reports), ...Object.keys(sweptAt), ...retired])];
  const removed: RemovedApplication[] = [];
  for (const application of others.filter((one) => !configured.has(one))) {
    const read = await unread.attempt(() => ledger.holdings(application));
    const seats = read?.value.seats ?? [];
    const taken = seats.filter(takesSlot);
    const waiting = seats.filter(({ status }) => status === 'waitlisted').length;
    const wasConfigured = reports[application] !== undefined;
    if (!wasConfigured && taken.length + waiting === 0) continue;
    const entitlement = (taken[0] ?? seats[0])?.entitlement;
    const isRetired = retired.includes(application);
    removed.push({ application, entitlement, wasConfigured, isRetired, seats: taken.length, waiting });
  }
  return removed;
}
