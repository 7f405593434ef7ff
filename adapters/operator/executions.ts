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
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';

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
  /** JSON. */
  input: string;
  /** JSON. */
  output?: string;
  error?: string;
  cause?: string;
  redrives: number;
  isRedrivable: boolean;
}

/** An event in an execution's history. After a failed attempt comes `entered` of another state, or the next attempt. */
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
   * StartExecution. With a name it is idempotent: `exists` means that an execution of this name was started before.
   */
  start(machineArn: string, input: unknown, name?: string): Promise<{ arn: string; exists: boolean }>;
  /** DescribeExecution; undefined if there is no such execution. */
  describe(arn: string): Promise<ExecutionDetail | undefined>;
  /** ListExecutions, newest first, by pages. */
  list(machineArn: string, status?: ExecutionStatus): AsyncIterable<readonly ExecutionSummary[]>;
  /** GetExecutionHistory, oldest first, by pages; nothing if there is no such execution. */
  history(arn: string): AsyncIterable<readonly Step[]>;
  /** RedriveExecution, from the step that failed. `refused`: it runs, succeeded, or ended more than 14 days ago. */
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
const EXECUTIONS_PER_PAGE = 100;
const EVENTS_PER_PAGE = 1000;

function executionStatusIn(value: SdkStatus | undefined, operation: string): ExecutionStatus {
  if (value === 'PENDING_REDRIVE') return 'RUNNING';
  const status = EXECUTION_STATUSES.find((one) => one === value);
  if (!status) throw malformedAnswer(operation, 'status');
  return status;
}

const isMissingExecution = (error: unknown) => error instanceof ExecutionDoesNotExist;

/** The executions of Step Functions, over the SDK. */
export function stepFunctionsExecutions(client: SFNClient): Executions {
  const ask = askWith(STEP_FUNCTIONS_ERRORS);

  return {
    async start(machineArn, input, name) {
      const operation = 'StartExecution';
      return ask(operation, [`state machine ${machineArn}`], async () => {
        try {
          const { executionArn } = await client.send(
            new StartExecutionCommand({ stateMachineArn: machineArn, input: JSON.stringify(input), name }),
          );
          if (!executionArn) throw malformedAnswer(operation, 'executionArn');
          return { arn: executionArn, exists: false };
        } catch (error) {
          if (!(error instanceof ExecutionAlreadyExists) || name === undefined) throw error;
          return { arn: `${machineArn.replace(':stateMachine:', ':execution:')}:${name}`, exists: true };
        }
      });
    },

    async describe(arn) {
      const operation = 'DescribeExecution';
      const found = await ask(operation, [`execution ${arn}`], () =>
        undefinedIf(isMissingExecution, () => client.send(new DescribeExecutionCommand({ executionArn: arn }))),
      );
      if (!found) return undefined;
      if (!(found.startDate && found.name)) throw malformedAnswer(operation, 'startDate');
      return {
        arn,
        name: found.name,
        status: executionStatusIn(found.status, operation),
        startedAt: found.startDate,
        ...(found.stopDate ? { endedAt: found.stopDate } : {}),
        input: found.input ?? '{}',
        ...(found.output === undefined ? {} : { output: found.output }),
        ...(found.error === undefined ? {} : { error: found.error }),
        ...(found.cause === undefined ? {} : { cause: found.cause }),
        redrives: found.redriveCount ?? 0,
        isRedrivable: found.redriveStatus === 'REDRIVABLE',
      };
    },

    async *list(machineArn, status) {
      const operation = 'ListExecutions';
      for await (const { executions } of pages(operation, (nextToken) =>
        ask(operation, [`state machine ${machineArn}`], async () => {
          const page = await client.send(
            new ListExecutionsCommand({
              stateMachineArn: machineArn,
              statusFilter: status,
              maxResults: EXECUTIONS_PER_PAGE,
              nextToken,
            }),
          );
          return { executions: page.executions, NextToken: page.nextToken };
        }),
      )) {
        yield listIn(executions, operation, 'executions').map((one) => {
          if (!(one.executionArn && one.name && one.startDate)) throw malformedAnswer(operation, 'executions');
          return {
            arn: one.executionArn,
            name: one.name,
            status: executionStatusIn(one.status, operation),
            startedAt: one.startDate,
            ...(one.stopDate ? { endedAt: one.stopDate } : {}),
          };
        });
      }
    },

    async *history(arn) {
      const operation = 'GetExecutionHistory';
      for await (const { events, isMissing } of pages(operation, (nextToken) =>
        ask(operation, [`execution ${arn}`], async () => {
          const command = new GetExecutionHistoryCommand({
            executionArn: arn,
            maxResults: EVENTS_PER_PAGE,
            nextToken,
            // The input and output of every state is of no use here.
            includeExecutionData: false,
          });
          const page = await undefinedIf(isMissingExecution, () => client.send(command));
          return { events: page?.events, NextToken: page?.nextToken, isMissing: page === undefined };
        }),
      )) {
        if (isMissing) return;
        yield listIn(events, operation, 'events').map(stepIn);
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
  if (!timestamp) throw malformedAnswer('GetExecutionHistory', 'events.timestamp');
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
