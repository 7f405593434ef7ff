import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { AuditLog, LoggedEvent } from '../../adapters/operator/audit-log.ts';
import type { Executions, Step } from '../../adapters/operator/executions.ts';
import { secondsBetween } from '../../domain/shared/time.ts';
import type { Asker } from '../asker.ts';
import type { Changes, Redrive, Stay, Subject } from '../lines/executions.ts';
import { ChangeCounter } from './changes.ts';
import { findExecution } from './find.ts';
import { type Ending, endingOf, STATES } from './outcomes.ts';
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
  /** Its audit events. */
  events: LoggedEvent[] | undefined;
  changes: Changes | undefined;
}

/**
 * Reads one execution in full.
 *
 * @param steps the history as far as it was read before: the rest is added to it
 * @returns undefined if AWS refused to show it
 * @throws UsageError if there is none
 */
export async function showExecution(
  name: string,
  asker: Asker,
  steps: Step[] = [],
): Promise<ShownExecution | undefined> {
  const execution = await findExecution(name, asker);
  if (!execution) return undefined;
  const services = await asker.services();
  const entitlements = await asker.entitlements();
  const executions = await services.executions();
  const stays = await asker.unread.attempt(() => staysOf(execution.arn, executions, steps));
  const log = await services.auditLog();
  const events = await asker.unread.attempt(() => eventsOf(execution, log));
  return {
    execution,
    ending: endingOf(execution),
    subject: subjectOf(execution, entitlements),
    redrive: redriveOf(execution, entitlements),
    stays: stays?.value,
    events: events?.value,
    changes: events && changesOf(execution.arn, events.value),
  };
}

/** Adds to a history what has happened since. AWS allows 5 requests per second, for all callers together. */
export async function addSteps(arn: string, executions: Pick<Executions, 'history'>, steps: Step[]): Promise<void> {
  const news: Step[] = [];
  for await (const page of executions.history(arn, steps.at(-1)?.id)) news.push(...page);
  steps.push(...news);
}

async function staysOf(arn: string, executions: Executions, steps: Step[]): Promise<Stay[]> {
  await addSteps(arn, executions, steps);
  const stays: Stay[] = [];
  for (const { at, what, state = '', error } of steps) {
    if (what === 'entered' && STATES[state]) stays.push({ state, at: at.toISOString(), failures: [] });
    const last = stays.at(-1);
    if (what === 'attempt-failed') last?.failures.push(error ?? 'unknown');
    if (what === 'exited' && last?.state === state && last.seconds === undefined) {
      last.seconds = secondsBetween(last.at, at);
    }
  }
  return stays;
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
