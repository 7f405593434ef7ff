import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionNotRedrivable,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  type ExecutionStatus as SdkStatus,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ErrorRow } from '../aws-errors.ts';
import type { ClientSettings } from '../clients.ts';
import { asking, listIn, malformed, pages } from '../requests.ts';

const STATUSES = ['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const;
/** How an execution stands; one that waits for a redrive to begin runs. */
export type ExecutionStatus = (typeof STATUSES)[number];

/** An execution as lists have it. */
export interface ExecutionSummary {
  arn: string;
  name: string;
  status: ExecutionStatus;
  startedAt: Date;
  endedAt?: Date;
}

/** All that Step Functions tells of an execution beside its way. */
export interface ExecutionDetail extends ExecutionSummary {
  /** JSON. */
  input: string;
  /** JSON. */
  output?: string;
  error?: string;
  cause?: string;
  redrives: number;
  isRedrivable: boolean;
}

/** A step on the way of an execution. A failed attempt is followed by `entered` of another state, or by the next attempt. */
export interface Step {
  at: Date;
  what: 'entered' | 'exited' | 'attempt-failed' | 'redriven' | 'other';
  state?: string;
  error?: string;
}

/**
 * The executions of a state machine.
 *
 * @throws TransientAwsError worth a retry · RefusedError not
 */
export interface Executions {
  /**
   * StartExecution. Safe to repeat with a name: `exists` means that one of this name has been started before.
   */
  start(machineArn: string, input: unknown, name?: string): Promise<{ arn: string; exists: boolean }>;
  /** Undefined when there is none. */
  describe(arn: string): Promise<ExecutionDetail | undefined>;
  /** The newest first, by pages. */
  list(machineArn: string, status?: ExecutionStatus): AsyncIterable<readonly ExecutionSummary[]>;
  /** The way of an execution, oldest first, by pages; nothing when there is no such execution. */
  history(arn: string): AsyncIterable<readonly Step[]>;
  /** RedriveExecution: at the step that failed. `refused`: it runs, succeeded, or failed more than 14 days ago. */
  redrive(arn: string): Promise<'redriven' | 'refused'>;
}

/**
 * Step Functions.
 *
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/CommonErrors.html
 */
const STEP_FUNCTIONS_ERRORS: readonly ErrorRow[] = [
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

/** What one call returns at most. */
const EXECUTIONS_A_PAGE = 100;
const EVENTS_A_PAGE = 1000;

function statusIn(value: SdkStatus | undefined, operation: string): ExecutionStatus {
  if (value === 'PENDING_REDRIVE') return 'RUNNING';
  const status = STATUSES.find((one) => one === value);
  if (!status) throw malformed(operation, 'status');
  return status;
}

/** The executions of Step Functions, over the SDK. */
export function stepFunctionsExecutions(client: SFNClient): Executions {
  const ask = asking(STEP_FUNCTIONS_ERRORS);

  return {
    async start(machineArn, input, name) {
      const operation = 'StartExecution';
      return ask(operation, [`state machine ${machineArn}`], async () => {
        try {
          const { executionArn } = await client.send(
            new StartExecutionCommand({ stateMachineArn: machineArn, input: JSON.stringify(input), name }),
          );
          if (!executionArn) throw malformed(operation, 'executionArn');
          return { arn: executionArn, exists: false };
        } catch (error) {
          if (!(error instanceof ExecutionAlreadyExists) || name === undefined) throw error;
          return { arn: `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`, exists: true };
        }
      });
    },

    async describe(arn) {
      const operation = 'DescribeExecution';
      return ask(operation, [`execution ${arn}`], async () => {
        try {
          const found = await client.send(new DescribeExecutionCommand({ executionArn: arn }));
          if (!(found.startDate && found.name)) throw malformed(operation, 'startDate');
          return {
            arn,
            name: found.name,
            status: statusIn(found.status, operation),
            startedAt: found.startDate,
            ...(found.stopDate ? { endedAt: found.stopDate } : {}),
            input: found.input ?? '{}',
            ...(found.output === undefined ? {} : { output: found.output }),
            ...(found.error === undefined ? {} : { error: found.error }),
            ...(found.cause === undefined ? {} : { cause: found.cause }),
            redrives: found.redriveCount ?? 0,
            isRedrivable: found.redriveStatus === 'REDRIVABLE',
          };
        } catch (error) {
          if (error instanceof ExecutionDoesNotExist) return undefined;
          throw error;
        }
      });
    },

    async *list(machineArn, status) {
      const operation = 'ListExecutions';
      for await (const { executions } of pages(operation, (nextToken) =>
        ask(operation, [`state machine ${machineArn}`], async () => {
          const page = await client.send(
            new ListExecutionsCommand({
              stateMachineArn: machineArn,
              statusFilter: status,
              maxResults: EXECUTIONS_A_PAGE,
              nextToken,
            }),
          );
          return { executions: page.executions, NextToken: page.nextToken };
        }),
      )) {
        yield listIn(executions, operation, 'executions').map((one) => {
          if (!(one.executionArn && one.name && one.startDate)) throw malformed(operation, 'executions');
          return {
            arn: one.executionArn,
            name: one.name,
            status: statusIn(one.status, operation),
            startedAt: one.startDate,
            ...(one.stopDate ? { endedAt: one.stopDate } : {}),
          };
        });
      }
    },

    async *history(arn) {
      const operation = 'GetExecutionHistory';
      try {
        for await (const { events } of pages(operation, (nextToken) =>
          ask(operation, [`execution ${arn}`], async () => {
            const page = await client.send(
              new GetExecutionHistoryCommand({
                executionArn: arn,
                maxResults: EVENTS_A_PAGE,
                nextToken,
                // Input and output of every state: nobody looks at them here.
                includeExecutionData: false,
              }),
            );
            return { events: page.events, NextToken: page.nextToken };
          }),
        )) {
          yield listIn(events, operation, 'events').map(stepIn);
        }
      } catch (error) {
        if (!(error instanceof ExecutionDoesNotExist)) throw error;
      }
    },

    redrive: (arn) =>
      ask('RedriveExecution', [`execution ${arn}`], async () => {
        try {
          await client.send(new RedriveExecutionCommand({ executionArn: arn }));
          return 'redriven';
        } catch (error) {
          if (error instanceof ExecutionNotRedrivable) return 'refused';
          throw error;
        }
      }),
  };
}

const FAILED_ATTEMPTS: ReadonlySet<string> = new Set([
  'LambdaFunctionFailed',
  'LambdaFunctionTimedOut',
  'LambdaFunctionScheduleFailed',
  'LambdaFunctionStartFailed',
  'TaskFailed',
  'TaskTimedOut',
]);

function stepIn(event: HistoryEvent): Step {
  const { type = '', timestamp } = event;
  if (!timestamp) throw malformed('GetExecutionHistory', 'events.timestamp');
  const named = (name: string | undefined) => (name === undefined ? {} : { state: name });
  if (type.endsWith('StateEntered')) {
    return { at: timestamp, what: 'entered', ...named(event.stateEnteredEventDetails?.name) };
  }
  if (type.endsWith('StateExited')) {
    return { at: timestamp, what: 'exited', ...named(event.stateExitedEventDetails?.name) };
  }
  if (FAILED_ATTEMPTS.has(type)) {
    const details =
      event.lambdaFunctionFailedEventDetails ??
      event.lambdaFunctionTimedOutEventDetails ??
      event.lambdaFunctionScheduleFailedEventDetails ??
      event.lambdaFunctionStartFailedEventDetails ??
      event.taskFailedEventDetails ??
      event.taskTimedOutEventDetails;
    return { at: timestamp, what: 'attempt-failed', error: details?.error ?? 'unknown' };
  }
  return { at: timestamp, what: type === 'ExecutionRedriven' ? 'redriven' : 'other' };
}

/** {@link stepFunctionsExecutions} with a client of its own. */
export function connectExecutions(settings: ClientSettings): Executions {
  return stepFunctionsExecutions(new SFNClient(settings));
}
