import type { ExecutionDetail, OwnExecutions } from '../adapters/executions.ts';
import type { Clock } from '../domain/shared/clock.ts';

/**
 * DescribeExecution is eventually consistent: a start, an end or a redrive may not show at once. What is not as expected is
 * read again after these pauses, 15 s in total.
 */
const PAUSES_SECONDS = [1, 2, 4, 8];

/**
 * Reads an execution until it is as expected.
 *
 * @returns undefined if it is not, or if AWS knows no such execution
 * @throws TransientAwsError · RefusedError
 */
export async function describeExpected(
  execution: string,
  isExpected: (found: ExecutionDetail) => boolean,
  { executions, clock }: { executions: OwnExecutions; clock: Clock },
): Promise<ExecutionDetail | undefined> {
  for (const pause of [0, ...PAUSES_SECONDS]) {
    if (pause > 0) await clock.sleep(pause);
    const found = await executions.describe(execution);
    if (found && isExpected(found)) return found;
  }
  return undefined;
}
