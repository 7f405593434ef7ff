import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import { machineArnOf } from '../aws/step-functions/step-functions.ts';
import type { Execution } from '../engine/executions.ts';

/** How an execution ended. `outcome` is the name of the state it ended in, or `failed`. */
export interface ExecutionEnd {
  execution: string;
  status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' | 'ABORTED';
  outcome: ExecutionOutcome;
  /** In ids: why it was ignored or failed, to whom it was handed over. */
  cause?: string;
  startedAt: Date;
  endedAt: Date;
}

const OUTCOMES: Readonly<Record<string, ExecutionOutcome>> = {
  Converged: 'converged',
  HandedOver: 'handedOver',
  Ignored: 'ignored',
  Held: 'held',
};

/** Reads off an execution how it ended. */
export function endOf({ name, status, startedAt, endedAt, log, output, error, cause }: Execution): ExecutionEnd {
  const last = log.findLast((event) => event.type === 'StateEntered' && event.index === undefined);
  const state = last && 'state' in last ? last.state.name : '';
  const told = status === 'SUCCEEDED' ? causeIn(output) : [error, cause].filter(Boolean).join(': ');
  return {
    execution: name,
    status: status === 'RUNNING' ? 'ABORTED' : status,
    outcome: (status === 'SUCCEEDED' && OUTCOMES[state]) || 'failed',
    ...(told ? { cause: told } : {}),
    startedAt,
    endedAt: endedAt ?? startedAt,
  };
}

/** The reason in an output: why it was ignored, to whom it was handed over. */
function causeIn(output: string | undefined): string | undefined {
  const { ignored, plan } = JSON.parse(output ?? '{}');
  return ignored ?? plan?.handedOverTo;
}

/** The event that Step Functions sends to the default bus. */
export function statusChange({ arn, name, status, startedAt, endedAt, error, cause }: Execution): string {
  return JSON.stringify({
    'detail-type': 'Step Functions Execution Status Change',
    source: 'aws.states',
    time: endedAt?.toISOString(),
    detail: {
      executionArn: arn,
      stateMachineArn: machineArnOf(arn),
      name,
      status,
      startDate: startedAt.getTime(),
      stopDate: endedAt?.getTime(),
      error,
      cause,
    },
  });
}
