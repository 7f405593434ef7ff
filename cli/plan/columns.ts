import type { PlanFile, PlanLine, PlannedChangeLine } from '../../operator/lines/plan.ts';
import { moneyOf, numberOf } from '../../operator/text.ts';
import { titleOf } from './notes.ts';

/** A table: titles, and rows of as many cells. */
export interface Grid {
  head: string[];
  rows: string[][];
}

const ALWAYS = ['gains', 'waitlisted', 'leaving', 'revoked', 'held'] as const;
/** These have a column only if they have a number. */
const SOMETIMES = ['kept', 'repaired', 'dropped'] as const;

/** Returns the numbers of a plan, a row per entitlement. */
export function planGrid({ plans, total }: PlanFile): Grid {
  const kinds = [...ALWAYS, ...SOMETIMES.filter((kind) => plans.some((line) => line[kind] > 0))];
  const isPriced = total.currency !== undefined;
  const isTold = total.notices !== undefined;
  return {
    head: [
      'ENTITLEMENT',
      'SEATS',
      'AFTER',
      'MAX',
      ...kinds.map((kind) => kind.toUpperCase()),
      'WAITLIST',
      ...(isTold ? ['NOTICES'] : []),
      ...(isPriced ? [`PER MONTH (${total.currency})`] : []),
    ],
    rows: plans.map((line) => [
      nameOf(line),
      numberOf(line.seats),
      numberOf(line.seatsAfter),
      line.max === undefined ? '' : numberOf(line.max),
      ...kinds.map((kind) => numberOf(line[kind])),
      numberOf(line.waitlistedAfter),
      ...(isTold ? [line.notices === undefined ? '' : numberOf(line.notices)] : []),
      ...(isPriced ? [line.pricePerMonth === undefined ? '?' : moneyOf(line.pricePerMonth)] : []),
    ]),
  };
}

function nameOf(line: PlanLine): string {
  const { configuration, mode } = line;
  const remark = mode === 'observe' ? 'observe' : configuration === 'known' ? undefined : configuration;
  return remark === undefined ? titleOf(line) : `${titleOf(line)} (${remark})`;
}

/** Returns what changes for each user. @param names by user id; undefined if they were not asked for */
export function changeGrid(
  changes: readonly PlannedChangeLine[],
  names: ReadonlyMap<string, string> | undefined,
): Grid {
  return {
    head: [...(names ? ['NAME'] : []), 'USER', 'ENTITLEMENT', 'CHANGE', 'REASON', 'DUE', 'POSITION'],
    rows: changes.map(({ userId, entitlement, change, mode, reason, dueAt, position }) => [
      ...(names ? [names.get(userId) ?? ''] : []),
      userId,
      entitlement,
      mode === 'observe' ? `${change} (observe)` : change,
      reason ?? '',
      dueAt ?? '',
      position === undefined ? '' : numberOf(position),
    ]),
  };
}
