import { healthOf, namedAside } from '../../domain/queue/health.ts';
import { stopsOf } from '../../domain/queue/stops.ts';
import { oldestSweep, SWEEP_OVERDUE_SECONDS } from '../../domain/queue/sweep-reports.ts';
import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { PlanOutput, PlanServices, ReconcileResult, SubscriptionCounts } from './result.ts';

/** More new unmanaged assignments than this since the last sweep are no accident: the ledger was restored, or a script ran. */
const UNMANAGED_JUMP = 10;

function sum(numbers: Iterable<number>): number {
  return [...numbers].reduce((total, number) => total + number, 0);
}

/** Measures what is known of each application that was checked. */
export function measureFound(
  { reports, heldCounts }: ReconcileResult,
  before: WorkQueue,
  { measure }: PlanServices,
): void {
  const heldBack = sum(heldCounts.values());
  if (heldBack > 0) measure('RevocationsHeld', heldBack);
  for (const { entitlement, seats } of reports.values()) measure('Seats', seats, entitlement);
  const grown = [...reports].map(([application, { unmanaged }]) => {
    const last = before.reports?.[application]?.unmanaged;
    return last === undefined ? 0 : unmanaged - last;
  });
  const jump = sum(grown.filter((more) => more > UNMANAGED_JUMP));
  if (jump > 0) measure('UnmanagedJump', jump);
}

/** Measures totals of all applications, each as its latest sweep found it. */
export function measureTotals(
  { reports = {} }: WorkQueue,
  readAt: Date,
  { measure, entitlements }: PlanServices,
): void {
  const known = entitlements.entitlements.flatMap((entitlement) => {
    const report = reports[entitlement.application];
    return report ? [{ ...report, max: entitlement.seats.max }] : [];
  });
  measure('SeatsWaiting', sum(known.map(({ waiting }) => waiting)));
  measure('SeatsOverCap', sum(known.map(({ overCap }) => overCap)));
  // Zero, too: without data, the alarm keeps its last state.
  if (known.every(({ held }) => held === 0)) measure('RevocationsHeld', 0);
  measure('UnmanagedAssignments', sum(known.map(({ unmanaged }) => unmanaged)));
  measure('AssignedGroups', sum(known.map(({ assignedGroups }) => assignedGroups)));
  measure('CapUsed', Math.max(0, ...known.map(({ seats, max }) => (100 * seats) / Math.max(max, 1))));
  const waits = known.map(({ waitingSince }) => (waitingSince ? secondsBetween(waitingSince, readAt) : 0));
  measure('OldestWait', Math.max(0, ...waits));
}

/**
 * Measures what the comparisons of a pass found: totals of all profiles, each as its latest comparison found it, zero too;
 * and whether one could not be made.
 */
export function measureSubscriptions(
  compared: readonly SubscriptionCounts[],
  { profiles = {} }: WorkQueue,
  { measure }: PlanServices,
): void {
  if (compared.length === 0) return;
  const unread = compared.filter((one) => 'unread' in one).length;
  measure('SubscriptionsUnread', unread > 0 ? 1 : 0);
  if (unread === compared.length) return;
  const all = Object.values(profiles);
  measure('SubscriptionsMissing', sum(all.map(({ missing = 0 }) => missing)));
  measure('SubscriptionsOrphaned', sum(all.map(({ orphaned = 0 }) => orphaned)));
}

/**
 * Measures what each tick must know: the oldest sweep, who is put aside and, if subscriptions are managed, the applications
 * to which AWS refuses new ones, all applications together, zero too. One alarm watches each of these numbers, whatever the
 * number of applications. An application has metrics of its own only while it has something to tell: CloudWatch counts a
 * metric by the hours in which it is sent.
 */
export function measureHealth(queue: WorkQueue, now: Date, { measure, entitlements }: PlanServices): void {
  const health = healthOf(
    queue,
    entitlements.entitlements.map(({ application }) => application),
    now,
  );
  const all = [...health.values()];
  const named = namedAside(queue);
  measure('SweepAge', Math.max(0, ...all.map(({ unsweptSeconds }) => unsweptSeconds)));
  // A user who is put aside by name may have a seat that says the same.
  measure('PutAside', Math.max(sum(all.map(({ aside }) => aside)), named.aside));
  measure('NotConverged', Math.max(sum(all.map(({ notConverged }) => notConverged)), named.notConverged));
  const stops = stopsOf(queue, entitlements.entitlements);
  if (stops) measure('SubscriptionsStopped', stops.length);
  for (const { name, application } of entitlements.entitlements) {
    const { unsweptSeconds = 0, aside = 0, notConverged = 0 } = health.get(application) ?? {};
    if (unsweptSeconds > SWEEP_OVERDUE_SECONDS) measure('SweepAge', unsweptSeconds, name);
    if (aside > 0) measure('PutAside', aside, name);
    if (notConverged > 0) measure('NotConverged', notConverged, name);
  }
}

/**
 * Counts that every application has been swept once more: the oldest of their latest full sweeps is a newer one. While one
 * application cannot be swept, this does not happen, however often the others are.
 */
export function measureSweeps(
  { before, queue }: { before: WorkQueue; queue: WorkQueue },
  { measure, entitlements }: PlanServices,
): boolean {
  const configured = entitlements.entitlements.map(({ application }) => application);
  const oldest = oldestSweep(queue, configured);
  const advanced = oldest !== undefined && oldest !== oldestSweep(before, configured);
  if (advanced) measure('SweepsCompleted', 1);
  return advanced;
}

/** Counts the seats of applications that are no longer configured: they are reported, and only an operator gives them up. */
export async function seatsLeft(
  { sweptAt }: WorkQueue,
  { ledger, entitlements, measure }: PlanServices,
): Promise<NonNullable<PlanOutput['unconfigured']>> {
  const configured = new Set(entitlements.entitlements.map(({ application }) => application));
  const left = [];
  for (const application of Object.keys(sweptAt)) {
    if (configured.has(application)) continue;
    const seats = await seatsHeld(application, ledger);
    if (seats > 0) left.push({ application, seats });
  }
  if (left.length > 0) measure('UnconfiguredSeats', sum(left.map(({ seats }) => seats)));
  return left;
}

/** None if they cannot be read: they are counted for a report, for which no plan has to fail. */
async function seatsHeld(application: string, ledger: PlanServices['ledger']): Promise<number> {
  try {
    return (await ledger.holdings(application)).seats.filter(takesSlot).length;
  } catch (error) {
    if (error instanceof RefusedError) return 0;
    throw error;
  }
}
