import {
  DescribeExecutionCommand,
  ExecutionAlreadyExists,
  ExecutionDoesNotExist,
  ExecutionNotRedrivable,
  GetExecutionHistoryCommand,
  type HistoryEvent,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
} from '@aws-sdk/client-sfn';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { stepFunctionsExecutions } from '../../../adapters/operator/executions.ts';
import { awsError, collected } from '../../support/aws.ts';

const MACHINE = 'arn:aws:states:us-east-1:111122223333:stateMachine:usher-prod-onboarding';
const ARN = 'arn:aws:states:us-east-1:111122223333:execution:usher-prod-onboarding:x';
const START = new Date('2026-11-25T08:00:00Z');

function theExecutions() {
  const client = new SFNClient({ region: 'us-east-1' });
  return { aws: mockClient(client), executions: stepFunctionsExecutions(client) };
}

describe('start', () => {
  it('gives the ARN', async () => {
    const { aws, executions } = theExecutions();
    aws.on(StartExecutionCommand).resolves({ executionArn: ARN });
    expect(await executions.start(MACHINE, { scope: 'tick' })).toEqual({ arn: ARN, exists: false });
    expect(aws.calls()[0]?.args[0].input).toMatchObject({ stateMachineArn: MACHINE, input: '{"scope":"tick"}' });
  });

  it('may be repeated with a name, and with none it is refused', async () => {
    const { aws, executions } = theExecutions();
    aws.on(StartExecutionCommand).rejects(new ExecutionAlreadyExists({ message: '', $metadata: {} }));
    expect(await executions.start(MACHINE, {}, 'x')).toEqual({ arn: ARN, exists: true });
    await expect(executions.start(MACHINE, {})).rejects.toMatchObject({ reason: 'ExecutionAlreadyExists' });
  });

  it.each([
    ['StateMachineDoesNotExist', 'not-deployed'],
    ['AccessDeniedException', 'access-denied'],
    ['InvalidExecutionInput', 'validation'],
  ])('is refused for %s', async (name, reason) => {
    const { aws, executions } = theExecutions();
    aws.on(StartExecutionCommand).rejects(awsError(name));
    await expect(executions.start(MACHINE, {})).rejects.toMatchObject({ name: 'RefusedError', reason });
  });

  it('rejects an answer without an ARN', async () => {
    const { aws, executions } = theExecutions();
    aws.on(StartExecutionCommand).resolves({});
    await expect(executions.start(MACHINE, {})).rejects.toThrow('StartExecution: executionArn is missing');
  });
});

describe('describe', () => {
  it('tells what there is, and leaves out what there is not', async () => {
    const { aws, executions } = theExecutions();
    const rest = { executionArn: ARN, stateMachineArn: MACHINE };
    aws
      .on(DescribeExecutionCommand)
      .resolvesOnce({ ...rest, name: 'x', startDate: START, status: 'PENDING_REDRIVE' })
      .resolvesOnce({
        ...{ ...rest, name: 'x', startDate: START, stopDate: START, status: 'FAILED', input: '{"a":1}', output: '{}' },
        ...{ error: 'E', cause: 'c', redriveCount: 2, redriveStatus: 'REDRIVABLE' },
      })
      .resolves({
        ...{ ...rest, name: 'x', startDate: START, stopDate: START, status: 'FAILED', redriveStatus: 'NOT_REDRIVABLE' },
        redriveStatusReason: 'Execution redrivable period exceeded',
      });
    const base = { arn: ARN, name: 'x', stateMachineArn: MACHINE, startedAt: START };
    expect(await executions.describe(ARN)).toEqual({
      ...base,
      status: 'RUNNING',
      input: '{}',
      redrives: 0,
      isRedrivable: false,
    });
    expect(await executions.describe(ARN)).toEqual({
      ...{ ...base, status: 'FAILED', endedAt: START, input: '{"a":1}', output: '{}' },
      ...{ error: 'E', cause: 'c', redrives: 2, isRedrivable: true },
    });
    expect(await executions.describe(ARN)).toMatchObject({
      isRedrivable: false,
      notRedrivable: 'Execution redrivable period exceeded',
    });
  });

  it('is undefined for one that is not there; an answer that tells nothing is rejected', async () => {
    const { aws, executions } = theExecutions();
    aws
      .on(DescribeExecutionCommand)
      .rejectsOnce(new ExecutionDoesNotExist({ message: '', $metadata: {} }))
      .resolvesOnce({ executionArn: ARN, stateMachineArn: MACHINE, status: 'RUNNING', startDate: undefined })
      .resolves({
        executionArn: ARN,
        stateMachineArn: MACHINE,
        name: 'x',
        startDate: START,
        status: 'NEW' as 'RUNNING',
      });
    expect(await executions.describe(ARN)).toBeUndefined();
    await expect(executions.describe(ARN)).rejects.toThrow('startDate is missing');
    await expect(executions.describe(ARN)).rejects.toThrow('status is missing');
    aws.on(DescribeExecutionCommand).rejects(awsError('ThrottlingException'));
    await expect(executions.describe(ARN)).rejects.toMatchObject({ name: 'TransientAwsError' });
  });
});

describe('list', () => {
  it('yields page by page', async () => {
    const { aws, executions } = theExecutions();
    const one = {
      executionArn: ARN,
      stateMachineArn: MACHINE,
      name: 'x',
      status: 'SUCCEEDED' as const,
      startDate: START,
    };
    aws
      .on(ListExecutionsCommand)
      .resolvesOnce({ executions: [one], nextToken: 'more' })
      .resolvesOnce({ executions: [{ ...one, stopDate: START }] });
    const summary = { arn: ARN, name: 'x', status: 'SUCCEEDED', startedAt: START };
    expect(await collected(executions.list(MACHINE, 'SUCCEEDED'))).toEqual([
      [summary],
      [{ ...summary, endedAt: START }],
    ]);
  });

  it('reads one page of the newest, and says whether it has all', async () => {
    const { aws, executions } = theExecutions();
    const one = { executionArn: ARN, stateMachineArn: MACHINE, name: 'x', status: 'FAILED' as const, startDate: START };
    aws
      .on(ListExecutionsCommand)
      .resolvesOnce({ executions: [one], nextToken: 'more' })
      .resolvesOnce({ executions: [] })
      .resolves({});
    const summary = { arn: ARN, name: 'x', status: 'FAILED', startedAt: START };
    expect(await executions.newest(MACHINE)).toEqual({ executions: [summary], isAll: false });
    expect(await executions.newest(MACHINE)).toEqual({ executions: [], isAll: true });
    await expect(executions.newest(MACHINE)).rejects.toThrow('executions is missing');
    expect(aws.calls()).toHaveLength(3);
    expect(aws.calls()[0]?.args[0].input).toEqual({ stateMachineArn: MACHINE, maxResults: 100 });
  });

  it('rejects an entry that tells nothing', async () => {
    const { aws, executions } = theExecutions();
    aws.on(ListExecutionsCommand).resolves({
      executions: [{ executionArn: ARN, stateMachineArn: MACHINE, name: 'x', status: 'FAILED', startDate: undefined }],
    });
    await expect(collected(executions.list(MACHINE))).rejects.toThrow('executions is missing');
  });
});

describe('history', () => {
  const event = (type: string, more: object = {}): HistoryEvent => ({
    timestamp: START,
    id: 1,
    type: type as 'TaskFailed',
    ...more,
  });

  it.each<[string, HistoryEvent, object]>([
    [
      'an entered state',
      event('TaskStateEntered', { stateEnteredEventDetails: { name: 'A' } }),
      { what: 'entered', state: 'A' },
    ],
    ['one without a name', event('TaskStateEntered'), { what: 'entered' }],
    [
      'a left state',
      event('MapStateExited', { stateExitedEventDetails: { name: 'A' } }),
      { what: 'exited', state: 'A' },
    ],
    [
      'a failed function',
      event('LambdaFunctionFailed', { lambdaFunctionFailedEventDetails: { error: 'E' } }),
      { what: 'attempt-failed', error: 'E' },
    ],
    [
      'one that took too long',
      event('LambdaFunctionTimedOut', { lambdaFunctionTimedOutEventDetails: { error: 'T' } }),
      { what: 'attempt-failed', error: 'T' },
    ],
    [
      'one that could not begin',
      event('LambdaFunctionScheduleFailed', { lambdaFunctionScheduleFailedEventDetails: { error: 'S' } }),
      { what: 'attempt-failed', error: 'S' },
    ],
    [
      'one that did not begin',
      event('LambdaFunctionStartFailed', { lambdaFunctionStartFailedEventDetails: { error: 'B' } }),
      { what: 'attempt-failed', error: 'B' },
    ],
    [
      'a failed task',
      event('TaskFailed', { taskFailedEventDetails: { error: 'F' } }),
      { what: 'attempt-failed', error: 'F' },
    ],
    [
      'a task that took too long',
      event('TaskTimedOut', { taskTimedOutEventDetails: { error: 'D' } }),
      { what: 'attempt-failed', error: 'D' },
    ],
    ['a failure without details', event('TaskFailed'), { what: 'attempt-failed', error: 'unknown' }],
    ['a redrive', event('ExecutionRedriven'), { what: 'redriven' }],
    ['anything else', { timestamp: START, id: 1, type: undefined }, { what: 'other' }],
  ])('tells %s', async (_what, given, expected) => {
    const { aws, executions } = theExecutions();
    aws.on(GetExecutionHistoryCommand).resolves({ events: [given] });
    const { type } = given;
    const named = type === undefined ? {} : { event: type };
    expect(await collected(executions.history(ARN))).toEqual([[{ id: 1, at: START, ...named, ...expected }]]);
  });

  it('reads only what is new, from the end', async () => {
    const { aws, executions } = theExecutions();
    const numbered = (id: number) => ({ timestamp: START, id, type: 'TaskStateEntered' as const });
    aws
      .on(GetExecutionHistoryCommand)
      .resolvesOnce({ events: [numbered(5), numbered(4)], nextToken: 'more' })
      .resolvesOnce({ events: [numbered(3), numbered(2)], nextToken: 'even more' });
    const pages = await collected(executions.history(ARN, 2));
    expect(pages.flat().map(({ id }) => id)).toEqual([3, 4, 5]);
    expect(aws.calls()).toHaveLength(2);
    expect(aws.calls()[0]?.args[0].input).toMatchObject({ reverseOrder: true });
  });

  it('has nothing new of an execution that AWS has dropped', async () => {
    const { aws, executions } = theExecutions();
    aws.on(GetExecutionHistoryCommand).rejects(new ExecutionDoesNotExist({ message: '', $metadata: {} }));
    expect(await collected(executions.history(ARN, 2))).toEqual([[]]);
  });

  it('rejects an event without its number', async () => {
    const { aws, executions } = theExecutions();
    aws.on(GetExecutionHistoryCommand).resolves({ events: [{ id: undefined, type: 'TaskFailed', timestamp: START }] });
    await expect(collected(executions.history(ARN))).rejects.toThrow('events.id is missing');
  });

  it('is empty for an execution that is not there; other errors are not', async () => {
    const { aws, executions } = theExecutions();
    aws
      .on(GetExecutionHistoryCommand)
      .rejectsOnce(new ExecutionDoesNotExist({ message: '', $metadata: {} }))
      .resolvesOnce({ events: [{ id: 1, type: 'TaskFailed', timestamp: undefined }] });
    expect(await collected(executions.history(ARN))).toEqual([]);
    await expect(collected(executions.history(ARN))).rejects.toThrow('events.timestamp is missing');
  });
});

describe('redrive', () => {
  it('is done, refused, or fails', async () => {
    const { aws, executions } = theExecutions();
    aws
      .on(RedriveExecutionCommand)
      .resolvesOnce({})
      .rejectsOnce(new ExecutionNotRedrivable({ message: '', $metadata: {} }))
      .rejects(awsError('AccessDeniedException'));
    expect(await executions.redrive(ARN)).toBe('redriven');
    expect(await executions.redrive(ARN)).toBe('refused');
    await expect(executions.redrive(ARN)).rejects.toMatchObject({ reason: 'access-denied' });
  });
});
