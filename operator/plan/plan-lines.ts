import { CHANGE_KINDS, type UserChange } from '../../domain/decision/user-changes.ts';
import { profilesOf } from '../../domain/profiles.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Plan } from '../../domain/subscription/plan.ts';
import { costOf, type Prices } from '../../domain/subscription/prices.ts';
import type { GroupNameLine, PlanFile, PlanLine, PlannedChangeLine, PlanTotalLine } from '../lines/plan.ts';
import type { ConfigurationPlan, RemovedApplication } from './configuration-plan.ts';
import type { EntitlementPlan } from './entitlement-plan.ts';
import type { RenamedGroup } from './group-names.ts';
import { noticeTotal } from './plan-notices.ts';

type Counts = Pick<PlanLine, (typeof CHANGE_KINDS)[number]>;

/** Returns a plan as one document, in ids only. */
export function planFileOf(plan: ConfigurationPlan, prices: Prices | undefined): PlanFile {
  const plans = [
    ...plan.entitlements.map((one) => ({
      ...planLineOf(one, prices && subscriptionPrices(one, prices)),
      configuration: one.isNew ? ('new' as const) : ('known' as const),
    })),
    ...plan.removed.map(removedLine),
  ];
  return {
    type: 'plan-file',
    schemaVersion: 1,
    total: totalOf(plan, plans, prices),
    plans,
    changes: plan.entitlements.flatMap(plannedChangeLines),
    groupNames: plan.renamedGroups.map(groupNameLine),
  };
}

/** What seats cost per month, in hundredths of the currency; undefined for those whose price is not known. */
interface SeatPrices {
  currency?: string;
  costOf(seats: number): number | undefined;
}

/** Returns the prices of the seats of an entitlement, by the plan of its subscription. */
function subscriptionPrices({ entitlement }: EntitlementPlan, prices: Prices): SeatPrices {
  const { subscription } = entitlement;
  const price = subscription && prices.hundredths.get(subscription.plan);
  return { currency: prices.currency, costOf: (seats) => (price === undefined ? undefined : price * seats) };
}

/** Returns what becomes of one entitlement, in ids and counts. */
export function planLineOf(plan: EntitlementPlan, prices: SeatPrices | undefined): PlanLine {
  const { entitlement, changes, hold, budget, emptyGroups, missingGroups, refusals, formerly } = plan;
  const { name, application, mode, seats: cap } = entitlement;
  const [seats, seatsAfter] = [plan.seats.length, plan.seatsAfter.length];
  const [before, after] = [prices?.costOf(seats), prices?.costOf(seatsAfter)];
  return {
    type: 'plan',
    entitlement: name,
    application,
    mode,
    ...(formerly.length > 0 ? { formerly } : {}),
    entitled: plan.entitled,
    seats,
    seatsAfter,
    max: cap.max,
    aboveCap: Math.max(0, seatsAfter - cap.max),
    waitlistedAfter: plan.waiting,
    ...countsOf(changes),
    undecided: plan.undecided.length,
    adoptable: plan.adoptable.length,
    unmanaged: plan.unmanaged,
    budget: { allowed: budget.allowed, used: budget.used, left: budget.left },
    asked: plan.asked,
    ...(hold ? { hold: { reason: hold.hold.reason, since: hold.hold.since, held: hold.count } } : {}),
    ...(emptyGroups.length > 0 ? { emptyGroups } : {}),
    ...(missingGroups.length > 0 ? { missingGroups } : {}),
    ...(refusals.length > 0 ? { refused: refusals.map(({ reason, message }) => ({ reason, message })) } : {}),
    ...(plan.isStopped ? { subscriptionsStopped: true } : {}),
    ...(plan.notices.count === undefined ? {} : { notices: plan.notices.count }),
    ...(plan.notices.change === undefined ? {} : { noticesChange: plan.notices.change }),
    ...(before === undefined ? {} : { pricePerMonthBefore: before / 100 }),
    ...(after === undefined ? {} : { pricePerMonth: after / 100 }),
    ...(after === undefined || prices?.currency === undefined ? {} : { currency: prices.currency }),
  };
}

function countsOf(changes: readonly Pick<UserChange, 'change'>[]): Counts {
  const counts = { gains: 0, waitlisted: 0, leaving: 0, revoked: 0, held: 0, kept: 0, repaired: 0, dropped: 0 };
  for (const { change } of changes) counts[change] += 1;
  return counts;
}

function removedLine(one: RemovedApplication): PlanLine {
  const { application, entitlement, isRetired, seats, waiting } = one;
  return {
    type: 'plan',
    ...(entitlement === undefined ? {} : { entitlement }),
    application,
    configuration: isRetired ? 'retired' : 'removed',
    seats,
    seatsAfter: seats,
    waitlistedAfter: waiting,
    ...countsOf([]),
  };
}

/** Returns what changes for each user of an entitlement, in ids. */
export function plannedChangeLines({ entitlement, changes }: EntitlementPlan): PlannedChangeLine[] {
  const { name, application, mode } = entitlement;
  return changes.map(({ userId, change, reason, dueAt, position }) => ({
    type: 'planned-change',
    entitlement: name,
    application,
    userId,
    change,
    mode,
    ...(reason === undefined ? {} : { reason }),
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(position === undefined ? {} : { position }),
  }));
}

function groupNameLine({ groupId, exists, namesakeId }: RenamedGroup): GroupNameLine {
  return { type: 'group-name', groupId, exists, ...(namesakeId === undefined ? {} : { namesakeId }) };
}

/** Adds what the entitlements come to; a user of several entitlements of a profile is charged once. */
function totalOf(plan: ConfigurationPlan, plans: readonly PlanLine[], prices: Prices | undefined): PlanTotalLine {
  const sum = (valueIn: (line: PlanLine) => number) => plans.reduce((all, line) => all + valueIn(line), 0);
  const enforced = plans.filter(({ mode }) => mode !== 'observe');
  const counts = Object.fromEntries(
    CHANGE_KINDS.map((kind) => [kind, enforced.reduce((all, line) => all + line[kind], 0)]),
  );
  const isChanged =
    plan.entitlements.some(({ isNew, notices }) => isNew || notices.change !== undefined) ||
    plan.removed.some(({ wasConfigured }) => wasConfigured);
  return {
    type: 'plan-total',
    at: plan.at.toISOString(),
    deployed: plan.isDeployed,
    ...(plan.unread > 0 ? { unread: plan.unread } : {}),
    hasChanges: isChanged || Object.values(counts).some((number) => number > 0),
    seats: sum(({ seats }) => seats),
    seatsAfter: sum(({ seatsAfter }) => seatsAfter),
    ...countsOf([]),
    ...counts,
    ...noticeTotal(plan.entitlements, plan.configuration.notices),
    ...(prices ? pricesOf(plan, prices) : {}),
  };
}

function pricesOf({ entitlements, removed }: ConfigurationPlan, prices: Prices) {
  const costOfAll = (seatsIn: (one: EntitlementPlan) => readonly Seat[]) => {
    const profiles = profilesOf(entitlements.map(({ entitlement }) => entitlement));
    const priced = profiles.map((profile) => {
      const plans = new Map<string, Plan[]>();
      for (const { application, subscription } of profile.entitlements) {
        const planned = entitlements.find(({ entitlement }) => entitlement.application === application);
        for (const { userId } of planned ? seatsIn(planned) : [])
          plans.set(userId, [...(plans.get(userId) ?? []), subscription.plan]);
      }
      return costOf([...plans.values()], prices);
    });
    const others = entitlements.filter(({ entitlement }) => !entitlement.subscription);
    return {
      hundredths: priced.reduce((all, { hundredths }) => all + hundredths, 0),
      unknown:
        priced.reduce((all, { unknown }) => all + unknown, 0) +
        others.reduce((all, one) => all + seatsIn(one).length, 0) +
        removed.reduce((all, { seats }) => all + seats, 0),
    };
  };
  const after = costOfAll(({ seatsAfter }) => seatsAfter);
  return {
    pricePerMonthBefore: costOfAll(({ seats }) => seats).hundredths / 100,
    pricePerMonth: after.hundredths / 100,
    unpriced: after.unknown,
    currency: prices.currency,
  };
}
