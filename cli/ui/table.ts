import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import type { PlayResult } from '../../emulator/scenario/player.ts';
import { drawTable } from './columns.ts';
import { listOf, type NameOf } from './narration.ts';

/** An audit event in a few words. */
export interface AuditRow {
  moment: string;
  type: string;
  who: string;
  why: string;
  execution: string;
}

/** A table with more rows is hard to read. */
const MOST_ROWS = 40;

/** Returns the result of a play in two paragraphs: seats and assignments; audit events and executions. */
export function summaryOf(result: PlayResult, audit: readonly AuditRow[], nameOf: NameOf): string[] {
  const byStatus = Map.groupBy(result.seats, ({ status }) => status);
  const seats = [...byStatus].map(([status, some]) => {
    const userIds = [...new Set(some.map(({ userId }) => userId))];
    return `${some.length} ${status} (${listOf(userIds, nameOf)})`;
  });
  const events = [...Map.groupBy(audit, ({ type }) => type)].map(([type, some]) => `${some.length} ${type}`);
  return [
    `Seats in the ledger: ${seats.join(', ') || 'none'}. ${assignmentsOf(result)}${subscriptionsOf(result, nameOf)}`,
    `Audit events: ${events.join(', ') || 'none'}. ${executionsOf(result)}${noticesOf(result)}`,
  ];
}

/** Returns the result of a play with tables of seats and audit events. */
export function tablesOf(
  result: PlayResult,
  audit: readonly AuditRow[],
  { nameOf, width }: { nameOf: NameOf; width: number },
): string[] {
  return [
    'Seats in the ledger:',
    ...table(
      ['USER', 'USER ID', 'ENTITLEMENT', 'STATUS'],
      result.seats.map(({ userId, entitlement, status }) => [
        nameOf(userId) === userId ? '' : nameOf(userId),
        userId,
        entitlement,
        status,
      ]),
      width,
    ),
    assignmentsOf(result) + subscriptionsOf(result, nameOf),
    '',
    'Audit events:',
    ...table(
      ['TIME', 'EVENT', 'USER', 'REASON', 'EXECUTION'],
      audit.map(({ moment, type, who, why, execution }) => [moment, type, who, why, execution]),
      width,
    ),
    '',
    executionsOf(result) + noticesOf(result),
    `Calls to AWS: ${callsOf(result.calls) || 'none'}.`,
  ];
}

function assignmentsOf({ seats, assignments }: PlayResult): string {
  const ours = new Set(seats.filter(({ status }) => status !== 'revoked').map(({ userId }) => userId));
  const others = assignments.filter(({ principalId }) => !ours.has(principalId)).length;
  return `Assignments in AWS: ${assignments.length}${others > 0 ? `, ${others} of them not made by Usher` : ''}.`;
}

/** Nothing if there is none: most applications have no subscriptions. */
function subscriptionsOf({ subscriptions }: PlayResult, nameOf: NameOf): string {
  if (subscriptions.length === 0) return '';
  const byStatus = Map.groupBy(subscriptions, ({ status }) => status.toLowerCase());
  const some = [...byStatus].map(([status, all]) => {
    const holders = all.map(({ principalId }) => principalId);
    return `${all.length} ${status} (${listOf(holders, nameOf)})`;
  });
  return ` Subscriptions in AWS: ${some.join(', ')}.`;
}

function executionsOf({ executions }: PlayResult): string {
  const ends = EXECUTION_OUTCOMES.filter((outcome) => executions[outcome] > 0).map(
    (outcome) => `${executions[outcome]} ${outcome}`,
  );
  return `Executions: ${ends.join(', ') || 'none'}.`;
}

/** Nothing if there is none: most configurations have no notices. */
function noticesOf({ notices }: PlayResult): string {
  const all = Object.entries(notices).map(([status, total]) => `${total} ${status}`);
  return all.length === 0 ? '' : ` Notices: ${all.join(', ')}.`;
}

function table(head: string[], rows: string[][], width: number): string[] {
  if (rows.length === 0) return ['  none'];
  const more = rows.length - MOST_ROWS;
  return [
    ...drawTable(head, rows.slice(0, MOST_ROWS), { width }),
    ...(more > 0 ? [`… and ${more} more: --json shows all`] : []),
  ];
}

/** Returns the number of calls by service. */
function callsOf(calls: PlayResult['calls']): string {
  const services = Map.groupBy(Object.entries(calls), ([call]) => call.slice(0, call.indexOf('.')));
  return [...services]
    .map(([service, operations]) => `${service} ${operations.reduce((sum, [, total]) => sum + total, 0)}`)
    .join(', ');
}
