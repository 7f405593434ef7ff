import * as z from 'zod/mini';
import { PAYLOAD_LIMIT_BYTES } from '../../../domain/shared/limits.ts';
import type { Execution, Executions, LogEvent } from '../../engine/executions.ts';
import { jsonService, operation, pageToken, parsePageToken, type Service, ServiceError } from '../json-service.ts';

const Arn = z.string().check(z.minLength(1), z.maxLength(256));
const ExecutionName = z.string().check(z.minLength(1), z.maxLength(80));
const ExecutionStatusFilter = z.enum(['RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED']);
const Paging = {
  maxResults: z.optional(z.int().check(z.minimum(0), z.maximum(1000))),
  nextToken: z.optional(z.string()),
};

/** What a name must not contain, by the reference of StartExecution: any other text is a name, also one that names a person. */
const NOT_IN_NAMES = /[\s<>{}[\]?*"#%\\^|~`$&,;:/\p{Cc}\p{Cs}\uFFFE\uFFFF]/u;

/** AWS's default page. */
const PAGE_SIZE = 100;

/** A state machine. All state machines of the emulator share one set of executions. */
export interface StateMachine {
  arn: string;
  name: string;
  definition: string;
  createdAt: Date;
}

/** Returns the ARN of an execution of a state machine. */
export function executionArnOf(stateMachineArn: string, name: string): string {
  return `${stateMachineArn.replace(':stateMachine:', ':execution:')}:${name}`;
}

/**
 * Returns Step Functions with the operations that start, follow, stop and redrive an execution.
 *
 * @param newName returns the name of an execution that is started without one
 * @see https://docs.aws.amazon.com/step-functions/latest/apireference/API_Operations.html
 */
export function stepFunctions(
  executions: Executions,
  stateMachines: readonly StateMachine[],
  newName: () => string,
): Service {
  const existingStateMachine = (stateMachineArn: string): StateMachine => {
    const stateMachine = stateMachines.find(({ arn }) => arn === stateMachineArn);
    if (!stateMachine) throw new ServiceError('StateMachineDoesNotExist', 'State Machine Does Not Exist');
    return stateMachine;
  };
  const existing = (executionArn: string): Execution => {
    const execution = executions.get(executionArn);
    if (!execution) throw new ServiceError('ExecutionDoesNotExist', 'Execution Does Not Exist');
    return execution;
  };

  const start = operation(
    z.object({ stateMachineArn: Arn, name: z.optional(ExecutionName), input: z._default(z.string(), '{}') }),
    ({ stateMachineArn, name = newName(), input }) => {
      const stateMachine = existingStateMachine(stateMachineArn);
      if (NOT_IN_NAMES.test(name))
        throw new ServiceError('InvalidName', 'The name has a character that names must not have');
      checkInput(input);
      const arn = executionArnOf(stateMachine.arn, name);
      const before = executions.get(arn);
      if (before && (before.status !== 'RUNNING' || before.input !== input)) {
        throw new ServiceError('ExecutionAlreadyExists', 'An execution of this name exists already');
      }
      const { startedAt } = before ?? executions.start(arn, name, input);
      return { executionArn: arn, startDate: seconds(startedAt) };
    },
  );

  const describe = operation(z.object({ executionArn: Arn }), ({ executionArn }) => {
    const execution = existing(executionArn);
    const { input, output, error, cause, redrives, redrivenAt } = execution;
    return {
      ...summary(execution),
      input,
      output,
      error,
      cause,
      redriveCount: redrives,
      redriveDate: redrivenAt && seconds(redrivenAt),
      redriveStatus: executions.isRedrivable(execution) ? 'REDRIVABLE' : 'NOT_REDRIVABLE',
      redriveStatusReason: executions.notRedrivable(execution),
    };
  });

  const list = operation(
    z.object({ stateMachineArn: Arn, statusFilter: z.optional(ExecutionStatusFilter), ...Paging }),
    ({ stateMachineArn, statusFilter, maxResults, nextToken }) => {
      existingStateMachine(stateMachineArn);
      const newestFirst = executions
        .all()
        .filter(({ arn }) => stateMachineArnOf(arn) === stateMachineArn)
        .toReversed();
      const wanted = newestFirst.filter(({ status }) => statusFilter === undefined || status === statusFilter);
      const { page, next } = paged('ListExecutions', wanted, maxResults, nextToken);
      return { executions: page.map(summary), nextToken: next };
    },
  );

  const history = operation(
    z.object({ executionArn: Arn, reverseOrder: z.optional(z.boolean()), ...Paging }),
    ({ executionArn, reverseOrder = false, maxResults, nextToken }) => {
      const events = existing(executionArn).log.filter(isOfAws).map(historyEvent);
      const ordered = reverseOrder ? events.toReversed() : events;
      const { page, next } = paged('GetExecutionHistory', ordered, maxResults, nextToken);
      return { events: page, nextToken: next };
    },
  );

  const stop = operation(
    z.object({ executionArn: Arn, error: z.optional(z.string()), cause: z.optional(z.string()) }),
    ({ executionArn, error, cause }) => {
      const execution = existing(executionArn);
      executions.stop(execution, error, cause);
      return { stopDate: seconds(execution.endedAt ?? execution.startedAt) };
    },
  );

  const redrive = operation(z.object({ executionArn: Arn }), ({ executionArn }) => {
    const execution = existing(executionArn);
    if (!executions.isRedrivable(execution)) {
      throw new ServiceError(
        'ExecutionNotRedrivable',
        'The execution runs, succeeded, ended too long ago, or has too many events',
      );
    }
    executions.redrive(execution);
    return { redriveDate: seconds(execution.redrivenAt ?? execution.startedAt) };
  });

  const describeStateMachine = operation(z.object({ stateMachineArn: Arn }), ({ stateMachineArn }) => {
    const { arn, name, definition, createdAt } = existingStateMachine(stateMachineArn);
    return {
      stateMachineArn: arn,
      name,
      definition,
      status: 'ACTIVE',
      type: 'STANDARD',
      creationDate: seconds(createdAt),
    };
  });

  return jsonService(
    'SFN',
    new Map([
      ['StartExecution', start],
      ['DescribeExecution', describe],
      ['ListExecutions', list],
      ['GetExecutionHistory', history],
      ['StopExecution', stop],
      ['RedriveExecution', redrive],
      ['DescribeStateMachine', describeStateMachine],
    ]),
  );
}

function checkInput(input: string): void {
  if (Buffer.byteLength(input) > PAYLOAD_LIMIT_BYTES) {
    throw new ServiceError('ValidationException', `input: larger than ${PAYLOAD_LIMIT_BYTES} bytes`);
  }
  try {
    JSON.stringify(JSON.parse(input));
  } catch (error) {
    // RangeError: nested so deeply that no function could get it.
    if (!(error instanceof SyntaxError || error instanceof RangeError)) throw error;
    throw new ServiceError('InvalidExecutionInput', 'The input is not JSON');
  }
}

/** AWS JSON writes times as seconds since 1970. */
function seconds(time: Date): number {
  return time.getTime() / 1000;
}

/** Returns the ARN of the state machine of an execution. */
export function stateMachineArnOf(executionArn: string): string {
  return executionArn.replace(':execution:', ':stateMachine:').split(':').slice(0, -1).join(':');
}

function summary({ arn, name, status, startedAt, endedAt }: Execution) {
  return {
    executionArn: arn,
    stateMachineArn: stateMachineArnOf(arn),
    name,
    status,
    startDate: seconds(startedAt),
    ...(endedAt ? { stopDate: seconds(endedAt) } : {}),
  };
}

function paged<T>(list: string, items: readonly T[], maxResults: number | undefined, token: string | undefined) {
  const from = Number(offsetIn(list, token) ?? 0);
  const to = from + (maxResults || PAGE_SIZE);
  return { page: items.slice(from, to), next: to < items.length ? pageToken(list, String(to)) : undefined };
}

function offsetIn(list: string, token: string | undefined): string | undefined {
  try {
    return parsePageToken(list, token);
  } catch (error) {
    if (!(error instanceof ServiceError)) throw error;
    throw new ServiceError('InvalidToken', 'Expected a token that this list returned');
  }
}

/** Whether AWS has an event for this log entry: it has none for a retry or a catch. */
function isOfAws({ type }: LogEvent): boolean {
  return type !== 'StateRetried' && type !== 'StateCaught';
}

/** Returns a log entry of the interpreter as a history event of AWS. */
function historyEvent(event: LogEvent, index: number) {
  const head = { id: index + 1, previousEventId: index, timestamp: event.timestamp / 1000 };
  if ('state' in event) {
    const { name, type, input, output } = event.state;
    switch (event.type) {
      case 'StateEntered':
        return {
          ...head,
          type: `${type}StateEntered`,
          stateEnteredEventDetails: { name, input: JSON.stringify(input) },
        };
      case 'StateExited':
        return {
          ...head,
          type: `${type}StateExited`,
          stateExitedEventDetails: { name, output: JSON.stringify(output) },
        };
      default: {
        if (type !== 'Task') return { ...head, type: `${type}StateFailed` };
        const failed = 'Error' in event ? { error: event.Error, cause: String(event.Cause) } : {};
        return {
          ...head,
          type: 'TaskFailed',
          taskFailedEventDetails: { resourceType: 'lambda', resource: name, ...failed },
        };
      }
    }
  }
  switch (event.type) {
    case 'ExecutionStarted':
      return { ...head, type: index === 0 ? event.type : 'ExecutionRedriven' };
    case 'ExecutionFailed': {
      const details = { error: event.Error, cause: String(event.Cause) };
      return { ...head, type: event.type, executionFailedEventDetails: details };
    }
    case 'ExecutionTimeout':
      return { ...head, type: 'ExecutionTimedOut' };
    default:
      return { ...head, type: event.type };
  }
}
