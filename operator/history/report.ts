import type { AuditedChange } from '../../domain/seat/audited-changes.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { knownApplications } from '../applications.ts';
import type { Asker } from '../asker.ts';
import type { MonthLine } from '../lines/history.ts';
import { readersOf } from '../readers.ts';
import { outOfReach } from './access.ts';
import { changesSince, type Reach, reachOf, type Sources } from './audit-records.ts';
import { keepForMonth, type MonthNumbers, monthOf } from './month.ts';

/** What is asked: one month. */
export interface MonthQuestion extends Sources {
  /** `2026-11`, not in the future. */
  month: string;
  /** Price of a seat per month. */
  price?: { amount: number; currency?: string | undefined } | undefined;
}

/** The answer: a line per application that Usher knows. */
export interface Report {
  reach: Reach;
  months: MonthLine[];
}

/** Returns the first moment of a month, and that of the next one. */
export function boundsOf(month: string): { from: Date; to: Date } {
  const [year = 0, number = 0] = month.split('-').map(Number);
  return { from: new Date(Date.UTC(year, number - 1)), to: new Date(Date.UTC(year, number)) };
}

/**
 * Reports a month: seats, joins, leaves and waits by entitlement.
 *
 * @throws CommandFailed if the records begin after the month
 */
export async function reportOf(question: MonthQuestion, asker: Asker): Promise<Report> {
  const { from: first, to: end } = boundsOf(question.month);
  const reach = await reachOf(question, asker);
  const asked = asker.clock.now();
  const to = new Date(Math.min(end.getTime(), asked.getTime()));
  if (to <= reach.since) throw outOfReach(to, reach, question);
  const from = new Date(Math.max(first.getTime(), reach.since.getTime()));
  const kept = new Map<string, Map<string, AuditedChange[]>>();
  const names = new Map<string, string>();
  for await (const change of changesSince(from, { query: {}, bucket: question.bucket, reach }, asker)) {
    const { applicationArn, userId, entitlement } = change;
    names.set(applicationArn, entitlement);
    const users = kept.get(applicationArn) ?? new Map<string, AuditedChange[]>();
    const some = users.get(userId) ?? [];
    keepForMonth(some, change, { to });
    kept.set(applicationArn, users.set(userId, some));
  }
  const window = { from, to, now: asker.clock.now() };
  const { entitlements } = await asker.entitlements();
  const configured = new Map(entitlements.map((one) => [one.application, one]));
  const known = await knownApplications(await readersOf(asker), asker.unread);
  const months: MonthLine[] = [];
  for (const application of new Set([...known, ...kept.keys()])) {
    const seats = await seatsOf(application, asker);
    const changes = kept.get(application) ?? new Map<string, AuditedChange[]>();
    // An application of which nothing is recorded, and that no entitlement has, has nothing to report.
    if (!seats || (!configured.has(application) && seats.size + changes.size === 0)) continue;
    const users = new Set([...changes.keys(), ...seats.keys()]);
    const numbers = monthOf(
      [...users].map((userId) => ({ changes: changes.get(userId) ?? [], seat: seats.get(userId) })),
      window,
    );
    const { name, costCentre } = configured.get(application) ?? {};
    const entitlement = name ?? names.get(application) ?? [...seats.values()][0]?.entitlement ?? application;
    months.push({
      type: 'month',
      month: question.month,
      entitlement,
      application,
      ...(costCentre === undefined ? {} : { costCentre }),
      ...(from > first ? { since: from.toISOString() } : {}),
      ...(to < end ? { until: to.toISOString() } : {}),
      ...fieldsOf(numbers),
      ...priceOf(numbers, question),
    });
  }
  return { reach, months };
}

/** Returns the seats of an application by user; undefined if they could not be read. */
async function seatsOf(application: string, asker: Asker): Promise<Map<string, Seat> | undefined> {
  const { ledger } = await readersOf(asker);
  asker.progress(`seats of ${application}`);
  const read = await asker.unread.attempt(() => ledger.holdings(application));
  return read && new Map(read.value.seats.map((seat) => [seat.userId, seat]));
}

function fieldsOf(numbers: MonthNumbers) {
  const { seatDays, unknownDays, peak, joins, leaves, waitlisted } = numbers;
  const { longestWaitlistedSeconds, joinToSeatP50Seconds, joinToSeatP95Seconds } = numbers;
  return {
    seatDays: rounded(seatDays),
    ...(unknownDays === 0 ? {} : { unknownDays: rounded(unknownDays) }),
    peak,
    joins,
    leaves,
    waitlisted,
    ...(longestWaitlistedSeconds === undefined ? {} : { longestWaitlistedSeconds }),
    ...(joinToSeatP50Seconds === undefined ? {} : { joinToSeatP50Seconds }),
    ...(joinToSeatP95Seconds === undefined ? {} : { joinToSeatP95Seconds }),
  };
}

/** Returns what the seats of a month cost, by the days that they existed. */
function priceOf({ seatDays }: MonthNumbers, { price, month }: MonthQuestion) {
  if (!price) return {};
  const { from, to } = boundsOf(month);
  const days = (to.getTime() - from.getTime()) / 86_400_000;
  const { amount, currency } = price;
  return {
    pricePerMonth: rounded((amount * seatDays) / days),
    ...(currency === undefined ? {} : { currency }),
  };
}

function rounded(number: number): number {
  return Math.round(number * 100) / 100;
}
