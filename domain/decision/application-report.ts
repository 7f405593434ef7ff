import { countReasons, isSetBack, type Seat, takesSlot } from '../seat/seat.ts';
import type { ApplicationReport, ApplicationState } from './application-state.ts';

/** Summarizes what a snapshot of a whole application found, from its seats by user id. */
export function reportOf(
  { entitlement, whole }: Pick<ApplicationState, 'entitlement' | 'whole'>,
  seats: ReadonlyMap<string, Seat>,
  { held, adoptions }: { held: number; adoptions: number },
): ApplicationReport {
  const all = [...seats.values()];
  const inUse = all.filter(takesSlot).length;
  const requests = all.filter(({ status }) => status === 'waitlisted').map(({ requestedAt }) => requestedAt);
  const waitingSince = requests.sort().at(0);
  const overCap = Math.max(0, inUse - entitlement.seats.max);
  const assignedGroups = whole?.assignedGroups ?? [];
  const { aside, notConverged } = countReasons(
    all.flatMap((seat) => (seat.refusal && !isSetBack(seat) ? seat.refusal.reason : [])),
  );
  return {
    entitlement: entitlement.name,
    seats: inUse,
    waiting: requests.length,
    ...(waitingSince ? { waitingSince } : {}),
    unmanaged: (whole?.unmanaged ?? 0) - adoptions,
    ...(overCap > 0 ? { overCap } : {}),
    ...(held > 0 ? { held } : {}),
    ...(aside > 0 ? { aside } : {}),
    ...(notConverged > 0 ? { notConverged } : {}),
    ...(assignedGroups.length > 0 ? { assignedGroups: assignedGroups.slice(0, 10) } : {}),
  };
}
