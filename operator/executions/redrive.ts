import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Asker } from '../asker.ts';
import type { Redrive, Subject } from '../lines/executions.ts';
import { count } from '../text.ts';
import { failedSince, findExecution, listsOf, machinesOf, REDRIVABLE_DAYS } from './find.ts';
import { endingOf } from './outcomes.ts';
import { redriveOf } from './redrivable.ts';
import { subjectOf } from './subject.ts';

const DAY_MILLISECONDS = 86_400_000;
/** Each takes a call of DescribeExecution, of which AWS allows 15 per second: a minute. */
const MOST_READ = 1000;

/** An execution that failed. */
export interface FailedExecution {
  execution: ExecutionDetail;
  /** Why it failed, in words. */
  reason: string;
  subject: Subject;
  redrive: Redrive;
}

export interface Failures {
  failures: FailedExecution[];
  /** There are failures that were not read. */
  more: boolean;
}

/** Reads the executions of both state machines that failed, timed out or were stopped, as long as AWS redrives them. */
export async function readFailures(asker: Asker): Promise<Failures> {
  const services = await asker.services();
  const executions = await services.executions();
  const since = new Date(asker.clock.now().getTime() - REDRIVABLE_DAYS * DAY_MILLISECONDS);
  const { found, more } = await failedSince(since, await machinesOf(services), {
    lists: listsOf(executions),
    most: MOST_READ,
  });
  const failures: FailedExecution[] = [];
  for (const { arn } of found) {
    asker.progress(`${failures.length} of ${count(found.length, 'failed execution')}`);
    const execution = await executions.describe(arn);
    const failed = execution && (await failedExecution(execution, asker));
    if (failed) failures.push(failed);
  }
  return { failures, more };
}

/** Reads the executions that the command line names. @throws UsageError if one does not exist */
export async function namedExecutions(names: readonly string[], asker: Asker): Promise<ExecutionDetail[]> {
  const found: ExecutionDetail[] = [];
  for (const name of names) {
    const execution = await findExecution(name, asker);
    if (execution) found.push(execution);
  }
  return found;
}

/** Returns what is known of an execution that failed; undefined if it runs or has succeeded. */
export async function failedExecution(
  execution: ExecutionDetail,
  asker: Pick<Asker, 'entitlements'>,
): Promise<FailedExecution | undefined> {
  const entitlements = await asker.entitlements();
  const redrive = redriveOf(execution, entitlements);
  if (!redrive) return undefined;
  const reason = endingOf(execution)?.reason ?? execution.status;
  return { execution, reason, subject: subjectOf(execution, entitlements), redrive };
}
