import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { AuditLog, LoggedEvent } from '../../adapters/operator/audit-log.ts';
import type { Asker } from '../asker.ts';
import type { Changes, Move, Redrive, Stay, Subject } from '../lines/executions.ts';
import { ChangeCounter } from './changes.ts';
import { findExecution } from './find.ts';
import { movesIn, readHistory, staysIn } from './history.ts';
import { type Ending, endingOf } from './outcomes.ts';
import { redriveOf } from './redrivable.ts';
import { subjectOf } from './subject.ts';

/** One execution in full. What AWS refused to show is undefined. */
export interface ShownExecution {
  execution: ExecutionDetail;
  /** Undefined while it runs. */
  ending: Ending | undefined;
  subject: Subject;
  redrive: Redrive | undefined;
  stays: Stay[] | undefined;
  moves: Move[] | undefined;
  /** Its audit events. */
  events: LoggedEvent[] | undefined;
  changes: Changes | undefined;
}

/**
 * Reads one execution in full.
 *
 * @returns undefined if AWS refused to show it
 * @throws UsageError if there is none
 */
export async function showExecution(name: string, asker: Asker): Promise<ShownExecution | undefined> {
  const execution = await findExecution(name, asker);
  if (!execution) return undefined;
  const services = await asker.services();
  const entitlements = await asker.entitlements();
  const executions = await services.executions();
  const history = await asker.unread.attempt(() => readHistory(execution.arn, { executions }, asker));
  const log = await services.auditLog();
  const events = await asker.unread.attempt(() => eventsOf(execution, log));
  return {
    execution,
    ending: endingOf(execution),
    subject: subjectOf(execution, entitlements),
    redrive: redriveOf(execution, entitlements),
    stays: history && staysIn(history.value),
    moves: history && movesIn(history.value),
    events: events?.value,
    changes: events && changesOf(execution.arn, events.value),
  };
}

async function eventsOf({ arn, startedAt }: ExecutionDetail, log: AuditLog): Promise<LoggedEvent[]> {
  const found: LoggedEvent[] = [];
  for await (const page of log.events({ execution: arn, since: startedAt })) found.push(...(page ?? []));
  return found;
}

function changesOf(arn: string, events: readonly LoggedEvent[]): Changes {
  const counter = new ChangeCounter();
  for (const event of events) counter.add(event);
  return counter.of(arn);
}
