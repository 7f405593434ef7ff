import { isDeepStrictEqual } from 'node:util';
import { own } from '../../domain/shared/json.ts';

/** How an execution went. */
export interface PlayedExecution {
  /** `converged`, `handedOver`, `held`, `ignored: <reason>`, `failed: <error>: <message>`, or {@link KEPT_OUT}. */
  outcome: string;
  /** The states that it entered, in order. */
  states: readonly string[];
}

/** What came of a scenario in one of the two engines. */
export interface Played {
  /** In the order in which they were started. */
  executions: readonly PlayedExecution[];
  /** `<principalId> <applicationArn>`. */
  assignments: readonly string[];
  /** `<userId> <status>`, as the ledger holds them. */
  seats: readonly string[];
  /** `<detail-type> <userId> <reason>` of what the bus took, second copies too. */
  audit: readonly string[];
  /** Calls of the functions by `<Service>.<Operation>`. */
  calls: Readonly<Record<string, number>>;
}

/** Of a scenario that came to nothing. */
export const NOTHING: Played = { executions: [], assignments: [], seats: [], audit: [], calls: {} };

/** The rule let an event start no execution. The local stack has no rule: there the execution finds nothing to do. */
export const KEPT_OUT = 'kept out';

/** An audit event in a few words that are the same in both engines: its ids have names of executions in them. */
export function auditLine(detailType: string, detail: unknown): string {
  const about = [own(detail, 'user', 'uid'), own(detail, 'status_detail')];
  return [detailType, ...about.filter((part) => typeof part === 'string')].join(' ');
}

/** In what the two differ, a line each; empty when they agree. */
export function differences(here: Played, there: Played): string[] {
  return [
    ...executionDifferences(here.executions, there.executions),
    ...listDifference('assignments', here.assignments, there.assignments),
    ...listDifference('seats', here.seats, there.seats),
    ...listDifference('audit events', here.audit, there.audit),
    ...callDifferences(here, there),
  ];
}

function executionDifferences(here: readonly PlayedExecution[], there: readonly PlayedExecution[]): string[] {
  const count = Math.max(here.length, there.length);
  return Array.from({ length: count }, (_, index) => [here[index], there[index]] as const).flatMap(
    ([one, other], index) => {
      const name = `execution ${index + 1}`;
      if (!(one && other)) return [`${name}: ${one?.outcome ?? 'none'} here, ${other?.outcome ?? 'none'} there`];
      if (other.outcome === KEPT_OUT && one.outcome.startsWith('ignored')) return [];
      if (one.outcome !== other.outcome) return [`${name}: ${one.outcome} here, ${other.outcome} there`];
      return listDifference(`states of ${name}`, one.states, other.states);
    },
  );
}

function listDifference(what: string, here: readonly string[], there: readonly string[]): string[] {
  if (isDeepStrictEqual(here, there)) return [];
  const told = (list: readonly string[]) => (list.length > 0 ? list.join(', ') : 'none');
  return [`${what}: ${told(here)} here; ${told(there)} there`];
}

function callDifferences(here: Played, there: Played): string[] {
  const operations = [...new Set([...Object.keys(here.calls), ...Object.keys(there.calls)])].sort();
  const more = (operation: string) => (there.calls[operation] ?? 0) - (here.calls[operation] ?? 0);
  const handedOver = here.executions.filter(({ outcome }) => outcome === 'handedOver').length;
  const raced = lostRaces(more, handedOver);
  return operations.flatMap((operation) => {
    const allowed = LOST_RACE.includes(operation) ? raced : 0;
    if (more(operation) === allowed) return [];
    return [`calls of ${operation}: ${here.calls[operation] ?? 0} here, ${there.calls[operation] ?? 0} there`];
  });
}

/** The calls that an execution repeats when another one wrote the work queue first: it reads the queue and writes again. */
const LOST_RACE = ['DynamoDB.GetItem', 'DynamoDB.PutItem'];

/**
 * How many races for the work queue were lost in one engine only. moto runs in real time, so that this depends on the machine.
 *
 * @param most one race per execution that hands over; other executions do not write at the same time
 */
function lostRaces(more: (operation: string) => number, most: number): number {
  const [reads = 0, writes = 0] = LOST_RACE.map(more);
  return reads === writes && Math.abs(reads) <= most ? reads : 0;
}
