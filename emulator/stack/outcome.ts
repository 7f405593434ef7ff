import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { stateMachineArnOf } from '../aws/step-functions/step-functions.ts';
import type { Execution } from '../engine/executions.ts';

/** How an execution ended. `outcome` names its final state, or is `failed`. */
export interface ExecutionEnd {
  execution: string;
  arn: string;
  status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  outcome: ExecutionOutcome;
  /** Ids only: why the execution was ignored or failed, or the execution to which it was handed over. */
  cause?: string;
  startedAt: Date;
  endedAt: Date;
}

const OUTCOME_OF_FINAL_STATE: Readonly<Record<string, ExecutionOutcome>> = {
  Converged: 'converged',
  HandedOver: 'handedOver',
  Ignored: 'ignored',
  Held: 'held',
};

/** Returns how an execution ended. */
export function endOf({ name, arn, status, startedAt, endedAt, log, output, error, cause }: Execution): ExecutionEnd {
  const last = log.findLast((event) => event.type === 'StateEntered' && event.index === undefined);
  const state = last && 'state' in last ? last.state.name : '';
  const reason = status === 'SUCCEEDED' ? causeIn(output) : [error, cause].filter(Boolean).join(': ');
  return {
    execution: name,
    arn,
    status: status === 'RUNNING' ? 'ABORTED' : status,
    outcome: (status === 'SUCCEEDED' && OUTCOME_OF_FINAL_STATE[state]) || 'failed',
    ...(reason ? { cause: reason } : {}),
    startedAt,
    endedAt: endedAt ?? startedAt,
  };
}

/** Returns from an output why the execution was ignored, or the execution to which it was handed over. */
function causeIn(output: string | undefined): string | undefined {
  const { ignored, plan } = JSON.parse(output ?? '{}');
  return ignored ?? plan?.handedOverTo;
}

/** Returns the event that Step Functions sends to the default bus when an execution ends. */
export function statusChange({ arn, name, status, startedAt, endedAt, error, cause }: Execution): string {
  return JSON.stringify({
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    time: endedAt?.toISOString(),
    detail: {
      executionArn: arn,
      stateMachineArn: stateMachineArnOf(arn),
      name,
      status,
      startDate: startedAt.getTime(),
      stopDate: endedAt?.getTime(),
      error,
      cause,
    },
  });
}
