import {
  ExecutionAlreadyExists,
  ExecutionNotRedrivable,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  type ListExecutionsOutput,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import type { ClientSettings, Pacer } from '../clients.ts';
import {
  describeExecution,
  type ExecutionDetail,
  type ExecutionStatus,
  type ExecutionSummary,
  executionStatusIn,
  isMissingExecution,
  STEP_FUNCTIONS_ERRORS,
} from '../executions.ts';
import { askWith, listIn, malformedAnswer, pages, undefinedIf } from '../requests.ts';

/** An event in an execution's history. After a failed attempt comes `entered` of another state, or the next attempt. */
export interface Step {
  /** Its number in the history, from 1. */
  id: number;
  at: Date;
  what: 'entered' | 'exited' | 'attempt-failed' | 'redriven' | 'other';
  /** Its type, as AWS names it. */
  event?: string;
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
  /** The first page of ListExecutions, of any status. `isAll`: the state machine has no other executions. */
  newest(machineArn: string): Promise<{ executions: readonly ExecutionSummary[]; isAll: boolean }>;
  /**
   * GetExecutionHistory, oldest first, by pages; nothing if there is no such execution.
   *
   * @param after reads only what comes after the event of this number, which takes one request if it fits on a page
   */
  history(arn: string, after?: number): AsyncIterable<readonly Step[]>;
  /** RedriveExecution, from the step that failed. `refused`: it runs, succeeded, or ended more than 14 days ago. */
  redrive(arn: string): Promise<'redriven' | 'refused'>;
}

/** What one call returns at most. */
const EXECUTIONS_PER_PAGE = 100;
const EVENTS_PER_PAGE = 1000;

/** The executions of Step Functions, over the SDK. */
export function stepFunctionsExecutions(client: SFNClient, pacer?: Pacer): Executions {
  const ask = askWith(STEP_FUNCTIONS_ERRORS, pacer);

  function listPage(machineArn: string, statusFilter?: ExecutionStatus, nextToken?: string) {
    return ask('ListExecutions', [`state machine ${machineArn}`], async () => {
      const command = new ListExecutionsCommand({
        stateMachineArn: machineArn,
        statusFilter,
        maxResults: EXECUTIONS_PER_PAGE,
        nextToken,
      });
      const page = await client.send(command);
      return { executions: page.executions, NextToken: page.nextToken };
    });
  }

  async function* historyPages(arn: string, reverseOrder: boolean) {
    const operation = 'GetExecutionHistory';
    for await (const { events, isMissing } of pages(operation, (nextToken) =>
      ask(operation, [`execution ${arn}`], async () => {
        const command = new GetExecutionHistoryCommand({
          executionArn: arn,
          maxResults: EVENTS_PER_PAGE,
          nextToken,
          reverseOrder,
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
  }

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

    describe: (arn) => describeExecution(client, ask, arn),

    async *list(machineArn, status) {
      for await (const { executions } of pages('ListExecutions', (nextToken) =>
        listPage(machineArn, status, nextToken),
      ))
        yield summariesIn(executions);
    },

    async newest(machineArn) {
      const { executions, NextToken } = await listPage(machineArn);
      return { executions: summariesIn(executions), isAll: !NextToken };
    },

    async *history(arn, after = 0) {
      if (after === 0) return yield* historyPages(arn, false);
      const found: Step[] = [];
      for await (const page of historyPages(arn, true)) {
        const news = page.filter(({ id }) => id > after);
        found.push(...news);
        if (news.length < page.length) break;
      }
      yield found.reverse();
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

function summariesIn(executions: ListExecutionsOutput['executions']): ExecutionSummary[] {
  const operation = 'ListExecutions';
  return listIn(executions, operation, 'executions').map((one) => {
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

const FAILED_ATTEMPTS: ReadonlySet<string> = new Set([
  'LambdaFunctionFailed',
  'LambdaFunctionTimedOut',
  'LambdaFunctionScheduleFailed',
  'LambdaFunctionStartFailed',
  'TaskFailed',
  'TaskTimedOut',
]);

function stepIn(event: HistoryEvent): Step {
  const { type = '', timestamp, id } = event;
  if (!timestamp) throw malformedAnswer('GetExecutionHistory', 'events.timestamp');
  if (id === undefined) throw malformedAnswer('GetExecutionHistory', 'events.id');
  const about = { id, at: timestamp, ...(type === '' ? {} : { event: type }) };
  const named = (name: string | undefined) => (name === undefined ? {} : { state: name });
  if (type.endsWith('StateEntered')) {
    return { ...about, what: 'entered', ...named(event.stateEnteredEventDetails?.name) };
  }
  if (type.endsWith('StateExited')) {
    return { ...about, what: 'exited', ...named(event.stateExitedEventDetails?.name) };
  }
  if (FAILED_ATTEMPTS.has(type)) {
    const details =
      event.lambdaFunctionFailedEventDetails ??
      event.lambdaFunctionTimedOutEventDetails ??
      event.lambdaFunctionScheduleFailedEventDetails ??
      event.lambdaFunctionStartFailedEventDetails ??
      event.taskFailedEventDetails ??
      event.taskTimedOutEventDetails;
    return { ...about, what: 'attempt-failed', error: details?.error ?? 'unknown' };
  }
  return { ...about, what: type === 'ExecutionRedriven' ? 'redriven' : 'other' };
}

/** {@link stepFunctionsExecutions} with a client of its own. */
export function connectExecutions(settings: ClientSettings, pacer?: Pacer): Executions {
  return stepFunctionsExecutions(new SFNClient(settings), pacer);
}
