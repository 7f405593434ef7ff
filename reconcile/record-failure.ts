import type { FailedExecution } from '../domain/audit/event.ts';
import { onboardingFailed } from '../domain/audit/event.ts';
import { TransientAwsError } from '../domain/shared/errors.ts';
import { accountOf } from '../domain/shared/ids.ts';
import type { RecordServices } from './publish-audit.ts';

/**
 * Publishes the audit event of an execution that failed, timed out or was stopped. May run twice, with the same id.
 *
 * @throws TransientAwsError if the bus did not accept it
 */
export async function recordFailure(
  failed: {
    executionArn: string;
    stateMachineArn: string;
    status: FailedExecution['status'];
    stopDate: number;
    error?: string | null | undefined;
  },
  { bus, sender }: RecordServices,
): Promise<Record<string, never>> {
  const { executionArn, stateMachineArn, status, stopDate, error } = failed;
  const event = onboardingFailed(
    {
      execution: executionArn,
      status,
      at: new Date(stopDate).toISOString(),
      stateMachineArn,
      ...(error ? { error } : {}),
    },
    { ...sender, accountId: accountOf(executionArn) },
  );
  if (!(await bus.publish([event])).has(event.uid))
    throw new TransientAwsError('PutEvents: the bus did not accept the event');
  return {};
}
