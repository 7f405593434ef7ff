import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Redrive } from '../lines/executions.ts';
import { nameIn } from './find.ts';
import { releasesNothing } from './outcomes.ts';
import { commandFor, subjectOf } from './subject.ts';

/**
 * AWS's reasons, in our words.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_DescribeExecution.html
 */
const REASONS: Readonly<Record<string, string>> = {
  'Execution redrivable period exceeded': 'it ended more than 14 days ago',
  'Execution history event limit exceeded': 'its history has too many events',
  'Execution has exceeded the max execution time': 'it was open for longer than AWS lets an execution run',
  'State machine is in DELETING status': 'its state machine is being deleted',
  'Execution was started before the launch of RedriveExecution': 'it is older than redrives',
};

/** Returns whether a redrive of a failed execution helps, and what does; undefined if it runs or has succeeded. */
export function redriveOf(execution: ExecutionDetail, entitlements: Entitlements): Redrive | undefined {
  const { status, error, cause, isRedrivable, notRedrivable, arn } = execution;
  if (status === 'RUNNING' || status === 'SUCCEEDED') return undefined;
  const name = nameIn(arn);
  const instead = insteadOf(execution, entitlements);
  if (!isRedrivable) {
    const reason = REASONS[notRedrivable ?? ''] ?? notRedrivable;
    return {
      possible: 'no',
      reason: `AWS does not redrive it${reason === undefined ? '' : `: ${reason}`}`,
      fix: instead,
    };
  }
  if (error === 'InvalidRequestError')
    return { possible: 'by-name', reason: 'a redrive repeats it with the same input', fix: instead };
  if (releasesNothing(cause))
    return {
      possible: 'by-name',
      reason: 'the digest that it releases never covers anyone again',
      fix: 'List current holds: usher held',
    };
  if (status === 'ABORTED')
    return {
      possible: 'by-name',
      reason: 'someone stopped it',
      fix: `usher redrive ${name}. Or leave it: the next tick picks up its work`,
    };
  return { possible: 'yes', fix: `usher redrive ${name}` };
}

/** Says how to inspect the input of an execution that is not redriven, and how to start the same anew. */
function insteadOf(execution: ExecutionDetail, entitlements: Entitlements): string {
  const subject = subjectOf(execution, entitlements);
  const explain = `usher explain --execution ${nameIn(execution.arn)}`;
  if (subject.trigger === 'tick') return 'Nothing: the next tick does the same';
  const command = commandFor(subject, entitlements);
  return command === undefined
    ? `See what its input asks for: ${explain}`
    : `See what its input asks for: ${explain}. Start it anew: ${command}`;
}
