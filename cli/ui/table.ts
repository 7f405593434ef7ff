import Table from 'cli-table3';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import type { PlayResult } from '../../emulator/scenario/player.ts';

/** An audit event in a few words. */
export interface AuditRow {
  moment: string;
  type: string;
  who: string;
  why: string;
  execution: string;
}

/** Nobody reads more; `--json` tells all. */
const MOST_ROWS = 40;

/** Seats, audit events, how executions ended and what was called how often, as lines. */
export function tablesOf(
  { seats, assignments, executions, calls }: PlayResult,
  audit: readonly AuditRow[],
  called: (id: string) => string,
): string[] {
  const ours = new Set(seats.filter(({ status }) => status !== 'revoked').map(({ userId }) => userId));
  const others = assignments.filter(({ principalId }) => !ours.has(principalId)).length;
  const ends = EXECUTION_OUTCOMES.filter((outcome) => executions[outcome] > 0).map(
    (outcome) => `${executions[outcome]} ${outcome}`,
  );
  return [
    '',
    'Seats, as the ledger holds them:',
    ...table(
      ['who', 'userId', 'entitlement', 'status'],
      seats.map(({ userId, entitlement, status }) => [
        called(userId) === userId ? '' : called(userId),
        userId,
        entitlement,
        status,
      ]),
    ),
    `Assignments that the applications hold: ${assignments.length}${others > 0 ? `, ${others} of them not made by Usher` : ''}.`,
    '',
    'Audit events:',
    ...table(
      ['time', 'event', 'who', 'reason', 'execution'],
      audit.map(({ moment, type, who, why, execution }) => [moment, type, who, why, execution]),
    ),
    '',
    `Executions: ${ends.join(', ') || 'none'}.`,
    `AWS calls that all of this took: ${callsOf(calls)}.`,
  ];
}

function table(head: string[], rows: string[][]): string[] {
  if (rows.length === 0) return ['  none'];
  // Without colours of its own: the lines also go into files.
  const drawn = new Table({ head, style: { head: [], border: [], compact: true } });
  drawn.push(...rows.slice(0, MOST_ROWS));
  const more = rows.length - MOST_ROWS;
  return [...drawn.toString().split('\n'), ...(more > 0 ? [`  … and ${more} more: --json tells all`] : [])];
}

/** By service. */
function callsOf(calls: PlayResult['calls']): string {
  const services = Map.groupBy(Object.entries(calls), ([call]) => call.slice(0, call.indexOf('.')));
  return [...services]
    .map(([service, operations]) => `${service} ${operations.reduce((sum, [, count]) => sum + count, 0)}`)
    .join(', ');
}
