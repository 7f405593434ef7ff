import type { ExecutionDetail, ExecutionStatus } from '../adapters/executions.ts';
import { type FailedExecution, onboardingFailed } from '../domain/audit/event.ts';
import { RefusedError, TransientAwsError } from '../domain/shared/errors.ts';
import { accountOf, recordableExecution } from '../domain/shared/ids.ts';
import { describeExpected } from './describe-execution.ts';
import type { RecordServices } from './publish-audit.ts';

/** The two notations of an end, in milliseconds and in seconds with fractions, may differ by rounding. */
const SAME_END_MILLISECONDS = 1000;

/**
 * Publishes the audit event of an execution that failed, timed out or was stopped. May run twice, with the same id.
 *
 * The event that reports it is a hint: it names the execution and says when it ended. Everything that is published is
 * Step Functions' own answer, so an invocation with an invented event publishes nothing. An execution that was redriven
 * meanwhile has no failure that AWS describes: it is refused, and the event goes to the dead-letter queue.
 *
 * @throws TransientAwsError if Step Functions does not answer or the bus did not accept the event · RefusedError if this
 *   is no failed execution of Usher's
 */
export async function recordFailure(
  { executionArn, stopDate }: { executionArn: string; stopDate: number },
  { bus, sender, executions, clock }: RecordServices,
): Promise<Record<string, never>> {
  const isOver = ({ endedAt }: ExecutionDetail) =>
    endedAt !== undefined && endedAt.getTime() >= stopDate - SAME_END_MILLISECONDS;
  const found = await describeExpected(executionArn, (one) => isFailed(one.status) && isOver(one), {
    executions,
    clock,
  });
  const execution = recordableExecution(executionArn);
  if (!(execution && found?.endedAt && isFailed(found.status))) {
    throw new RefusedError('not-failed', 'The execution has not failed, or was redriven since');
  }
  const { status, endedAt, stateMachineArn, error } = found;
  const event = onboardingFailed(
    {
      execution,
      status,
      at: endedAt.toISOString(),
      ...(stateMachineArn ? { stateMachineArn } : {}),
      ...(error ? { error } : {}),
    },
    { ...sender, accountId: accountOf(executionArn) },
  );
  if (!(await bus.publish([event])).has(event.uid))
    throw new TransientAwsError('PutEvents: the bus did not accept the event');
  return {};
}

function isFailed(status: ExecutionStatus): status is FailedExecution['status'] {
  return status === 'FAILED' || status === 'TIMED_OUT' || status === 'ABORTED';
}
