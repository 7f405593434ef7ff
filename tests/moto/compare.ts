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
  /** `<recipient> <subject>` of each message that Amazon SES took. */
  mails: readonly string[];
  /** Calls of the functions by `<Service>.<Operation>`. */
  calls: Readonly<Record<string, number>>;
}

/** Of a scenario that came to nothing. */
export const NOTHING: Played = { executions: [], assignments: [], seats: [], audit: [], mails: [], calls: {} };

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
    ...listDifference('messages', here.mails, there.mails),
    ...callDifferences(here.calls, there.calls),
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

function callDifferences(here: Played['calls'], there: Played['calls']): string[] {
  const operations = [...new Set([...Object.keys(here), ...Object.keys(there)])].sort();
  return operations.flatMap((operation) => {
    const [one, other] = [here[operation] ?? 0, there[operation] ?? 0];
    return one === other ? [] : [`calls of ${operation}: ${one} here, ${other} there`];
  });
}
