import type { WorkQueue } from '../../domain/queue/work-queue.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { PlanOutput, PlanServices, ReconcileResult } from './result.ts';

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
    const last = before.unmanaged?.[application];
    return last === undefined ? 0 : unmanaged - last;
  });
  const jump = sum(grown.filter((more) => more > UNMANAGED_JUMP));
  if (jump > 0) measure('UnmanagedJump', jump);
}

/** Measures totals, which only a full sweep knows. */
export function measureAll({ reports }: ReconcileResult, readAt: Date, { measure, entitlements }: PlanServices): void {
  const all = [...reports.values()];
  measure('SweepsCompleted', 1);
  measure('SeatsWaiting', sum(all.map(({ waiting }) => waiting)));
  measure('SeatsOverCap', sum(all.map(({ overCap = 0 }) => overCap)));
  // Zero, too: without data, the alarm keeps its last state.
  if (all.every(({ held = 0 }) => held === 0)) measure('RevocationsHeld', 0);
  measure('UnmanagedAssignments', sum(all.map(({ unmanaged }) => unmanaged)));
  measure('AssignedGroups', sum(all.map(({ assignedGroups = [] }) => assignedGroups.length)));
  const caps = entitlements.entitlements.map(({ application, seats }) => {
    const report = reports.get(application);
    return report ? (100 * report.seats) / Math.max(seats.max, 1) : 0;
  });
  measure('CapUsed', Math.max(...caps));
  const waits = all.map(({ waitingSince }) => (waitingSince ? secondsBetween(waitingSince, readAt) : 0));
  measure('OldestWait', Math.max(0, ...waits));
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
    const seats = (await ledger.holdings(application)).seats.filter(takesSlot).length;
    if (seats > 0) left.push({ application, seats });
  }
  if (left.length > 0) measure('UnconfiguredSeats', sum(left.map(({ seats }) => seats)));
  return left;
}
