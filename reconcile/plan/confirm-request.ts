import { isOperatorsRequest, isStartedWith } from '../../domain/request/operators-request.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { describeExpected } from '../describe-execution.ts';
import type { PlanInput, PlanServices } from './result.ts';

/**
 * Confirms with Step Functions that the execution asks for what only an operator may ask: it runs, and was started with
 * exactly this request on the state machine that accepts it. An invocation of the function verifies none of it. Makes no
 * call for any other request.
 *
 * @throws RefusedError if it does not · TransientAwsError if Step Functions does not answer for now
 */
export async function confirmRequest(
  { request, execution }: Pick<PlanInput, 'request' | 'execution'>,
  { entitlements, executions, clock }: Pick<PlanServices, 'entitlements' | 'executions' | 'clock'>,
): Promise<void> {
  if (!isOperatorsRequest(request, entitlements)) return;
  const found = await describeExpected(execution, ({ status }) => status === 'RUNNING', { executions, clock });
  const context = found && { entitlements, execution, startedAt: found.startedAt };
  if (context && isStartedWith(request, found.input, context)) return;
  throw new RefusedError(
    'not-asked-for',
    'No running execution was started with this release, adoption or retired application. Start it again',
  );
}
