import type { ApplicationItems } from '../adapters/ledger.ts';
import type { Applications } from '../adapters/sso-admin.ts';
import { byRequest } from '../domain/decision/waitlist.ts';
import { type Seat, SeatStatusSchema, takesSlot } from '../domain/seat/seat.ts';
import type { Asker } from './asker.ts';
import { budgetLine } from './budget.ts';
import type { EntitlementLine, SeatLine } from './lines/seats.ts';
import { readersOf } from './readers.ts';
import { unknownEntitlement } from './suggestions.ts';

const UNMANAGED = 'unmanaged';
/** Of a line about a seat, in their order. */
export const SEAT_STATUSES: readonly string[] = [...SeatStatusSchema.options, UNMANAGED];

/** The seats and assignments of an entitlement. */
export interface EntitlementSeats {
  entitlement: string;
  application: string;
  /** Undefined for an application that is no longer configured. */
  max: number | undefined;
  /** Its users are to have a subscription. */
  isSubscribed: boolean;
  /** Undefined if the ledger could not be read. */
  items: Pick<ApplicationItems, 'seats' | 'findings'> | undefined;
  /** Of the brake. Undefined if the ledger could not be read. */
  budget: EntitlementLine['budget'];
  /** Undefined if the assignments, or the seats among them, could not be read. */
  assignments: { unmanaged: string[]; assignedGroups: string[] } | undefined;
}

/**
 * Reads the seats and assignments of the entitlements in force, and of applications that are no longer configured.
 *
 * @param only the name of an entitlement, or the ARN of its application; what is no longer configured has the name under which its
 *   seats were granted
 * @throws UsageError if none has this name
 */
export async function readSeats(asker: Asker, only?: string): Promise<EntitlementSeats[]> {
  const { unread } = asker;
  const { applications, ledger, entitlements } = await readersOf(asker);
  const configured = entitlements.entitlements.map(({ name, application, seats: cap, subscription }) => ({
    name,
    application,
    max: cap.max,
    isSubscribed: subscription !== undefined,
  }));
  const known = new Set(configured.map(({ application }) => application));
  const isAsked = (...names: (string | undefined)[]) => only === undefined || names.includes(only);
  const wanted = configured.filter(({ name, application }) => isAsked(name, application));
  const isFound = only !== undefined && wanted.length > 0;
  const swept = isFound ? {} : ((await unread.attempt(() => ledger.queue()))?.value.sweptAt ?? {});
  const isArn = only?.startsWith('arn:') === true;
  const others = Object.keys(swept).filter((one) => !known.has(one) && (!isArn || one === only));
  const gone = others.map((application) => ({ name: undefined, application, max: undefined, isSubscribed: false }));
  const found: EntitlementSeats[] = [];
  for (const { name, application, max, isSubscribed } of [...wanted, ...gone]) {
    asker.progress(application);
    const items = (await unread.attempt(() => ledger.itemsOf(application)))?.value;
    const entitlement = name ?? items?.seats[0]?.entitlement ?? application;
    if (!isAsked(entitlement, application)) continue;
    const assigned = await unread.attempt(() => assignmentsOf(application, applications, items?.seats ?? []));
    const budget = items && budgetLine(items.seats, entitlements.brake, asker.clock.now());
    found.push({ entitlement, application, max, isSubscribed, items, budget, assignments: items && assigned?.value });
  }
  if (only !== undefined && found.length === 0) throw unknownEntitlement(only, entitlements.entitlements);
  return found;
}

/** Reads who is assigned without a seat of Usher's, and which groups are assigned as a whole. */
async function assignmentsOf(application: string, applications: Applications, seats: readonly Seat[]) {
  const ours = new Set(seats.filter(takesSlot).map(({ userId }) => userId));
  const unmanaged: string[] = [];
  const assignedGroups: string[] = [];
  for await (const page of applications.assigneesOf(application)) {
    for (const { principalId, principalType } of page) {
      if (principalType === 'GROUP') assignedGroups.push(principalId);
      else if (!ours.has(principalId)) unmanaged.push(principalId);
    }
  }
  return { unmanaged, assignedGroups };
}

/** Counts the seats of an entitlement. What could not be read is left out. */
export function entitlementLine({
  entitlement,
  application,
  max,
  isSubscribed,
  items,
  budget,
  assignments,
}: EntitlementSeats): EntitlementLine {
  const having = (status: Seat['status']) => items?.seats.filter((seat) => seat.status === status).length ?? 0;
  return {
    type: 'entitlement',
    entitlement,
    application,
    ...(max === undefined ? {} : { max }),
    ...(items
      ? {
          seats: items.seats.filter(takesSlot).length,
          waitlisted: having('waitlisted'),
          leaving: having('leaving'),
          held: having('held'),
          failed: having('failed'),
        }
      : {}),
    ...(budget ? { budget } : {}),
    ...(items && isSubscribed ? { subscriptionFindings: items.findings.filter(hasFindings).length } : {}),
    ...(assignments ? { unmanaged: assignments.unmanaged.length, assignedGroups: assignments.assignedGroups } : {}),
  };
}

function hasFindings({ findings }: ApplicationItems['findings'][number]): boolean {
  return findings.length > 0;
}

/**
 * Lists the seats of an entitlement user by user, sorted by status; within a status in the order of the waitlist, users
 * without a seat by id.
 *
 * @param status only these; by default all but those that have ended
 */
export function seatLines(
  { entitlement, application, items, assignments }: EntitlementSeats,
  status?: string,
): SeatLine[] {
  const findings = new Map(items?.findings.map((one) => [one.userId, one.findings.map(({ kind }) => kind)]));
  const about = (userId: string) => {
    const kinds = findings.get(userId) ?? [];
    return {
      type: 'seat' as const,
      entitlement,
      application,
      userId,
      ...(kinds.length > 0 ? { findings: kinds } : {}),
    };
  };
  const seats = (items?.seats ?? []).toSorted((a, b) => order(a) - order(b) || byRequest(a, b));
  const unmanaged = (assignments?.unmanaged ?? []).toSorted((a, b) => (a < b ? -1 : 1));
  return [
    ...seats.map((seat): SeatLine => ({ ...about(seat.userId), ...seatFields(seat) })),
    ...unmanaged.map((userId): SeatLine => ({ ...about(userId), status: UNMANAGED })),
  ].filter((line) => (status === undefined ? line.status !== 'revoked' : line.status === status));
}

function order({ status }: Pick<SeatLine, 'status'>): number {
  return SEAT_STATUSES.indexOf(status);
}

/** Returns what a line says of a seat. */
export function seatFields(
  seat: Seat,
): Pick<SeatLine, 'since' | 'dueAt' | 'reason' | 'plan' | 'access'> & Pick<Seat, 'status'> {
  const { status, changedAt, requestedAt, dueAt, refusal, subscription, access } = seat;
  return {
    status,
    since: status === 'waitlisted' ? requestedAt : changedAt,
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(refusal ? { reason: refusal.reason } : {}),
    ...(takesSlot(seat) && subscription ? { plan: subscription.plan } : {}),
    ...(takesSlot(seat) && access ? { access } : {}),
  };
}
