import {
  DescribeExecutionCommand,
  ExecutionDoesNotExist,
  type ExecutionStatus as SdkStatus,
  SFNClient,
} from '@aws-sdk/client-sfn';
import { RefusedError } from '../domain/shared/errors.ts';
import { recordableExecution } from '../domain/shared/ids.ts';
import type { ErrorRow } from './aws-errors.ts';
import { type ClientSettings, clientFactory } from './clients.ts';
import { type Ask, askWith, malformedAnswer, undefinedIf } from './requests.ts';

const EXECUTION_STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const;
/** The status of an execution. One that waits for a redrive to begin counts as `RUNNING`. */
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** What ListExecutions returns of an execution. */
export interface ExecutionSummary {
  arn: string;
  name: string;
  status: ExecutionStatus;
  startedAt: Date;
  endedAt?: Date;
}

/** What DescribeExecution returns of an execution. */
export interface ExecutionDetail extends ExecutionSummary {
  stateMachineArn?: string;
  /** JSON. */
  input: string;
  /** JSON. */
  output?: string;
  error?: string;
  cause?: string;
  redrives: number;
  isRedrivable: boolean;
  /** Why AWS does not redrive it, in AWS's words; AWS may give no reason. */
  notRedrivable?: string;
}

/**
 * Step Functions.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
 */
export const STEP_FUNCTIONS_ERRORS: readonly ErrorRow[] = [
  { exception: 'ThrottlingException', as: 'transient', because: 'The request was denied due to request throttling.' },
  {
    exception: 'AccessDeniedException',
    as: 'access-denied',
    because: 'You do not have sufficient access to perform this action.',
  },
  {
    exception: 'StateMachineDoesNotExist',
    as: 'not-deployed',
    because: 'The specified state machine does not exist.',
  },
  { exception: 'InvalidArn', as: 'validation', because: 'The provided Amazon Resource Name (ARN) is not valid.' },
  { exception: 'InvalidName', as: 'validation', because: 'The provided name is not valid.' },
  {
    exception: 'InvalidExecutionInput',
    as: 'validation',
    because: 'The provided JSON input data is not valid.',
  },
  { exception: 'ValidationException', as: 'validation', because: 'The input does not satisfy the constraints.' },
];

/** Reads the status in an answer. @throws RefusedError for one that AWS does not document */
export function executionStatusIn(value: SdkStatus | undefined, operation: string): ExecutionStatus {
  if (value === 'PENDING_REDRIVE') return 'RUNNING';
  const status = EXECUTION_STATUSES.find((one) => one === value);
  if (!status) throw malformedAnswer(operation, 'status');
  return status;
}

/** Whether AWS knows no such execution: it never began, or ended more than 90 days ago. */
export function isMissingExecution(error: unknown): boolean {
  return error instanceof ExecutionDoesNotExist;
}

/**
 * DescribeExecution, which is eventually consistent.
 *
 * @returns undefined if AWS knows no such execution
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export async function describeExecution(
  client: SFNClient,
  ask: Ask,
  arn: string,
): Promise<ExecutionDetail | undefined> {
  const operation = 'DescribeExecution';
  return ask(operation, [`execution ${recordableExecution(arn)}`], async () => {
    const command = new DescribeExecutionCommand({ executionArn: arn });
    const found = await undefinedIf(isMissingExecution, () => client.send(command));
    if (!found) return undefined;
    if (!(found.startDate && found.name)) throw malformedAnswer(operation, 'startDate');
    return {
      arn,
      name: found.name,
      status: executionStatusIn(found.status, operation),
      startedAt: found.startDate,
      ...(found.stopDate ? { endedAt: found.stopDate } : {}),
      ...(found.stateMachineArn ? { stateMachineArn: found.stateMachineArn } : {}),
      input: found.input ?? '{}',
      ...(found.output === undefined ? {} : { output: found.output }),
      ...(found.error === undefined ? {} : { error: found.error }),
      ...(found.cause === undefined ? {} : { cause: found.cause }),
      redrives: found.redriveCount ?? 0,
      isRedrivable: found.redriveStatus === 'REDRIVABLE',
      ...(found.redriveStatusReason === undefined ? {} : { notRedrivable: found.redriveStatusReason }),
    };
  });
}

/** The executions of `onboarding` and `onboarding-admin`. */
export interface OwnExecutions {
  /**
   * DescribeExecution; undefined if AWS knows no such execution.
   *
   * @throws TransientAwsError worth a retry · RefusedError not, and for what is no execution of these two state machines:
   *   its message does not repeat it
   */
  describe(arn: string): Promise<ExecutionDetail | undefined>;
}

const stepFunctionsClient = clientFactory(SFNClient);

/**
 * Connects to Usher's own executions with the client of these settings.
 *
 * @param stateMachineArn ARN of `onboarding`; that of `onboarding-admin` ends in `-admin`
 */
export function connectOwnExecutions(settings: ClientSettings, stateMachineArn: string): OwnExecutions {
  const client = stepFunctionsClient(settings);
  const ask = askWith(STEP_FUNCTIONS_ERRORS);
  const own = stateMachineArn.replace(':stateMachine:', ':execution:');
  return {
    async describe(arn) {
      if (!arn.startsWith(`${own}:`) && !arn.startsWith(`${own}-admin:`)) {
        throw new RefusedError('foreign-execution', 'This is no execution of onboarding or onboarding-admin');
      }
      return describeExecution(client, ask, arn);
    },
  };
}
