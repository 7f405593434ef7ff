import {
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  ExecutionAlreadyExists,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  RedriveExecutionCommand,
  SFNClient,
  StartExecutionCommand,
  StopExecutionCommand,
} from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { stepFunctions } from '../../../../emulator/aws/step-functions/step-functions.ts';
import { readTemplate } from '../../../../emulator/engine/template.ts';
import { behindGateway } from '../../../support/account.ts';
import { people, START } from '../../../support/ids.ts';
import { aMachine, failure, IGNORED, INVISIBLE, type Script } from '../../../support/machine.ts';

const ARN = 'arn:aws:states:us-east-1:000000000000:stateMachine:onboarding';
const arnOf = (name: string) => `arn:aws:states:us-east-1:000000000000:execution:onboarding:${name}`;
const momentAt = (seconds: number) => new Date(START.getTime() + seconds * 1000);

/** The real SDK client, in process, with the real state machine and scripted tasks. */
function aService(script: Script = {}) {
  const machine = aMachine(script);
  const definition = JSON.stringify(readTemplate().definition);
  let names = 0;
  const service = stepFunctions(
    machine.executions,
    [{ arn: ARN, name: 'onboarding', definition, createdAt: START }],
    () => {
      names += 1;
      return `execution-${names}`;
    },
  );
  const sfn = new SFNClient(behindGateway({ SFN: service }).aws);
  const start = (parts: { name?: string; input?: string; stateMachineArn?: string } = {}) =>
    sfn.send(new StartExecutionCommand({ stateMachineArn: ARN, ...parts }));
  const describeOne = (name: string) => sfn.send(new DescribeExecutionCommand({ executionArn: arnOf(name) }));
  const wait = async (seconds: number) => {
    machine.time.after(seconds, () => undefined);
    await machine.time.runUntilIdle();
  };
  return { ...machine, sfn, start, describeOne, wait, definition };
}

describe('StartExecution', () => {
  it('starts an execution and returns its ARN and start time', async () => {
    const { start, time, describeOne } = aService();
    const { executionArn, startDate } = await start({ name: 'join-1', input: '{"hello":"event"}' });
    expect([executionArn, startDate]).toEqual([arnOf('join-1'), START]);
    expect(await describeOne('join-1')).toMatchObject({ status: 'RUNNING', input: '{"hello":"event"}' });
    await time.runUntilIdle();
    expect(await describeOne('join-1')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('uses a name of its own and an empty input by default', async () => {
    const { start, describeOne } = aService();
    expect(await start()).toMatchObject({ executionArn: arnOf('execution-1') });
    expect(await start()).toMatchObject({ executionArn: arnOf('execution-2') });
    expect(await describeOne('execution-1')).toMatchObject({ input: '{}' });
  });

  it('returns the running execution for the same name and input', async () => {
    const { start, executions } = aService();
    const first = await start({ name: 'one', input: '{"a":1}' });
    const second = await start({ name: 'one', input: '{"a":1}' });
    expect([second.executionArn, second.startDate]).toEqual([first.executionArn, first.startDate]);
    expect(executions.all()).toHaveLength(1);
  });

  it.each([
    ['runs with another input', 0, '{"a":2}'],
    ['has ended', 100, '{"a":1}'],
  ])('is refused for the name of an execution that %s', async (_fact, seconds, input) => {
    const { start, executions, wait } = aService();
    await start({ name: 'one', input: '{"a":1}' });
    if (seconds > 0) await wait(seconds);
    await expect(start({ name: 'one', input })).rejects.toThrow(ExecutionAlreadyExists);
    expect(executions.all()).toHaveLength(1);
  });

  it.each([
    ['an input that is not JSON', { input: '{"a":' }, 'InvalidExecutionInput'],
    ['an input over 256 KiB', { input: JSON.stringify('x'.repeat(256 * 1024)) }, 'ValidationException'],
    ['an input over 256 KiB in bytes only', { input: JSON.stringify('ü'.repeat(140_000)) }, 'ValidationException'],
    ['a name of more than 80 characters', { name: 'n'.repeat(81) }, 'ValidationException'],
    ['an empty name', { name: '' }, 'ValidationException'],
    ['a name with other characters', { name: 'a:b' }, 'InvalidName'],
    ['another state machine', { stateMachineArn: `${ARN}-other` }, 'StateMachineDoesNotExist'],
  ])('is refused for %s', async (_fact, parts, name) => {
    const { start, executions } = aService();
    await expect(start(parts)).rejects.toMatchObject({ name });
    expect(executions.all()).toEqual([]);
  });

  it.each([...' \t<>{}[]?*"#%\\^|~`$&,;:/\u0000\u007f\u009f\ud800\uffff'])(
    'is refused for a name with %j',
    async (character) => {
      await expect(aService().start({ name: `a${character}b` })).rejects.toMatchObject({ name: 'InvalidName' });
    },
  );

  it.each(['jane@example.com', "O'Neill", '=cmd()', 'Zoë-林', 'a+b.c!'])(
    'takes the name %j, as AWS does',
    async (name) => {
      expect((await aService().start({ name })).executionArn).toBe(arnOf(name));
    },
  );

  it('accepts an input of exactly 256 KiB', async () => {
    const { start } = aService();
    const parts = { name: 'n'.repeat(80), input: JSON.stringify('x'.repeat(256 * 1024 - 2)) };
    await expect(start(parts)).resolves.toMatchObject({ executionArn: arnOf(parts.name) });
  });
});

describe('DescribeExecution', () => {
  it('returns how an execution ended', async () => {
    const { start, time, describeOne } = aService();
    await start({ name: 'one' });
    await time.runUntilIdle();
    const { $metadata: _, output, ...described } = await describeOne('one');
    expect(described).toEqual({
      executionArn: arnOf('one'),
      stateMachineArn: ARN,
      name: 'one',
      status: 'SUCCEEDED',
      startDate: START,
      stopDate: momentAt(30),
      input: '{}',
      redriveCount: 0,
      redriveStatus: 'NOT_REDRIVABLE',
      redriveStatusReason: 'Execution is SUCCEEDED and cannot be redriven',
    });
    expect(JSON.parse(output ?? '')).toHaveProperty('plan.outcome', 'converged');
  });

  it('returns how an execution failed', async () => {
    const { start, time, describeOne } = aService({ PlanChanges: [failure('RefusedError')] });
    await start({ name: 'one' });
    await time.runUntilIdle();
    const described = await describeOne('one');
    expect(described).toMatchObject({
      status: 'FAILED',
      error: 'RefusedError',
      cause: 'the task failed with RefusedError',
      redriveStatus: 'REDRIVABLE',
    });
    expect(described.output).toBeUndefined();
  });

  it('is refused for an execution that does not exist', async () => {
    const { describeOne } = aService();
    await expect(describeOne('none')).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('ListExecutions', () => {
  it('returns pages, the newest execution first', async () => {
    const { start, sfn } = aService();
    for (const number of people(1, 5)) await start({ name: `n${number}` });
    const pages: (string | undefined)[][] = [];
    let nextToken: string | undefined;
    do {
      const page = await sfn.send(new ListExecutionsCommand({ stateMachineArn: ARN, maxResults: 2, nextToken }));
      pages.push((page.executions ?? []).map(({ name }) => name));
      nextToken = page.nextToken;
    } while (nextToken);
    expect(pages).toEqual([['n5', 'n4'], ['n3', 'n2'], ['n1']]);
  });

  it('returns 100 executions per page by default', async () => {
    const { start, sfn } = aService({ NormalizeRequest: [IGNORED] });
    for (const number of people(1, 101)) await start({ name: `n${number}` });
    const { executions, nextToken } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: ARN }));
    expect(executions).toHaveLength(100);
    expect(nextToken).toBeDefined();
  });

  it('returns the executions of one status', async () => {
    const { start, sfn, time } = aService({ PlanChanges: [failure('RefusedError'), { outcome: 'converged' }] });
    for (const name of ['one', 'two']) await start({ name });
    await time.runUntilIdle();
    const named = async (statusFilter: 'FAILED' | 'SUCCEEDED' | 'RUNNING') => {
      const { executions } = await sfn.send(new ListExecutionsCommand({ stateMachineArn: ARN, statusFilter }));
      return executions?.map(({ name, status }) => `${name} ${status}`);
    };
    expect(await named('FAILED')).toEqual(['one FAILED']);
    expect(await named('SUCCEEDED')).toEqual(['two SUCCEEDED']);
    expect(await named('RUNNING')).toEqual([]);
  });

  it.each([
    ['another state machine', { stateMachineArn: `${ARN}-other` }, 'StateMachineDoesNotExist'],
    ['a token that it did not return', { nextToken: 'made-up' }, 'InvalidToken'],
    ['a page of more than a thousand', { maxResults: 1001 }, 'ValidationException'],
  ])('is refused for %s', async (_fact, parts, name) => {
    const { sfn } = aService();
    const listing = sfn.send(new ListExecutionsCommand({ stateMachineArn: ARN, ...parts }));
    await expect(listing).rejects.toMatchObject({ name });
  });
});

describe('GetExecutionHistory', () => {
  async function historyOf(script: Script, parts: { reverseOrder?: boolean; maxResults?: number } = {}) {
    const service = aService(script);
    await service.start({ name: 'one', input: '{"hello":"event"}' });
    await service.time.runUntilIdle();
    const events = async () =>
      (await service.sfn.send(new GetExecutionHistoryCommand({ executionArn: arnOf('one'), ...parts }))).events ?? [];
    return { ...service, events };
  }

  it('returns the events of an execution by their names on AWS', async () => {
    const { events } = await historyOf({ NormalizeRequest: [failure('Lambda.Unknown'), IGNORED] });
    const history = await events();
    expect(history.map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
      [1, 0, 'ExecutionStarted'],
      [2, 1, 'TaskStateEntered'],
      [3, 2, 'TaskFailed'],
      [4, 3, 'TaskStateExited'],
      [5, 4, 'ChoiceStateEntered'],
      [6, 5, 'ChoiceStateExited'],
      [7, 6, 'SucceedStateEntered'],
      [8, 7, 'SucceedStateExited'],
      [9, 8, 'ExecutionSucceeded'],
    ]);
    expect(history[0]?.timestamp).toEqual(START);
    expect(history[1]?.stateEnteredEventDetails).toMatchObject({
      name: 'NormalizeRequest',
      input: '{"hello":"event"}',
    });
    expect(history[2]?.taskFailedEventDetails).toMatchObject({
      resource: 'NormalizeRequest',
      error: 'Lambda.Unknown',
      cause: 'the task failed with Lambda.Unknown',
    });
    expect(history[3]?.stateExitedEventDetails).toMatchObject({
      name: 'NormalizeRequest',
      output: JSON.stringify(IGNORED),
    });
  });

  it('returns why an execution failed', async () => {
    const { events } = await historyOf({ ApplyChanges: [failure('RefusedError')] });
    const history = await events();
    expect(history.slice(-2).map(({ type }) => type)).toEqual(['TaskFailed', 'ExecutionFailed']);
    expect(history.at(-1)?.executionFailedEventDetails).toEqual({
      error: 'RefusedError',
      cause: 'the task failed with RefusedError',
    });
  });

  it('returns pages, also in reverse order', async () => {
    const { events } = await historyOf({}, { reverseOrder: true, maxResults: 2 });
    expect((await events()).map(({ type }) => type)).toEqual(['ExecutionSucceeded', 'SucceedStateExited']);
  });

  it('ends with ExecutionAborted after a stop', async () => {
    const { sfn, start, time } = aService({ CheckPropagation: [INVISIBLE] });
    await start({ name: 'one' });
    time.after(2, () =>
      time.during(async () => {
        await sfn.send(new StopExecutionCommand({ executionArn: arnOf('one') }));
      }),
    );
    await time.runUntilIdle();
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn: arnOf('one') }));
    expect(events?.at(-1)?.type).toBe('ExecutionAborted');
  });

  it('ends with ExecutionTimedOut after the time limit', async () => {
    const { events } = await historyOf({ CheckPropagation: [{ visible: false, checkAfterSeconds: 800_000 }] });
    expect((await events()).at(-1)?.type).toBe('ExecutionTimedOut');
  });

  it('is refused for an execution that does not exist', async () => {
    const { sfn } = aService();
    const reading = sfn.send(new GetExecutionHistoryCommand({ executionArn: arnOf('none') }));
    await expect(reading).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('StopExecution', () => {
  it('ends a running execution with the given error', async () => {
    const { sfn, start, time, describeOne } = aService({ CheckPropagation: [INVISIBLE] });
    await start({ name: 'one' });
    const stops: (Date | undefined)[] = [];
    time.after(12, () =>
      time.during(async () => {
        const command = new StopExecutionCommand({ executionArn: arnOf('one'), error: 'Cancelled', cause: 'by hand' });
        stops.push((await sfn.send(command)).stopDate);
      }),
    );
    await time.runUntilIdle();
    expect(stops).toEqual([momentAt(12)]);
    expect(await describeOne('one')).toMatchObject({
      status: 'ABORTED',
      error: 'Cancelled',
      cause: 'by hand',
      stopDate: momentAt(12),
    });
  });

  it('returns the end of an execution that has ended before', async () => {
    const { sfn, start, wait, describeOne } = aService();
    await start({ name: 'one' });
    await wait(500);
    const { stopDate } = await sfn.send(new StopExecutionCommand({ executionArn: arnOf('one') }));
    expect(stopDate).toEqual(momentAt(30));
    expect(await describeOne('one')).toMatchObject({ status: 'SUCCEEDED' });
  });

  it('is refused for an execution that does not exist', async () => {
    const { sfn } = aService();
    const stopping = sfn.send(new StopExecutionCommand({ executionArn: arnOf('none') }));
    await expect(stopping).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('RedriveExecution', () => {
  it('continues at the state that failed', async () => {
    const { sfn, start, time, wait, describeOne, tries, acts } = aService({ PlanChanges: [failure('RefusedError')] });
    await start({ name: 'one' });
    await wait(100);
    acts.set('PlanChanges', [{ outcome: 'converged' }]);
    const { redriveDate } = await sfn.send(new RedriveExecutionCommand({ executionArn: arnOf('one') }));
    expect(redriveDate).toEqual(momentAt(100));
    expect(await describeOne('one')).toMatchObject({ redriveCount: 1, redriveDate: momentAt(100) });
    await time.runUntilIdle();
    expect(await describeOne('one')).toMatchObject({ status: 'SUCCEEDED', startDate: START, redriveCount: 1 });
    expect(tries('NormalizeRequest')).toBe(1);
    const { events } = await sfn.send(new GetExecutionHistoryCommand({ executionArn: arnOf('one') }));
    const kinds = events?.map(({ type }) => type) ?? [];
    expect(kinds.filter((type) => /^Execution/.test(type ?? ''))).toEqual([
      'ExecutionStarted',
      'ExecutionFailed',
      'ExecutionRedriven',
      'ExecutionSucceeded',
    ]);
  });

  it.each<[string, Script, number]>([
    ['runs', {}, 0],
    ['succeeded', {}, 100],
    ['ended more than two weeks ago', { PlanChanges: [failure('RefusedError')] }, 15 * 86_400],
  ])('is refused for an execution that %s', async (_fact, script, seconds) => {
    const { sfn, start, wait } = aService(script);
    await start({ name: 'one' });
    if (seconds > 0) await wait(seconds);
    const redriving = sfn.send(new RedriveExecutionCommand({ executionArn: arnOf('one') }));
    await expect(redriving).rejects.toMatchObject({ name: 'ExecutionNotRedrivable' });
  });

  it('is refused for an execution that does not exist', async () => {
    const { sfn } = aService();
    const redriving = sfn.send(new RedriveExecutionCommand({ executionArn: arnOf('none') }));
    await expect(redriving).rejects.toMatchObject({ name: 'ExecutionDoesNotExist' });
  });
});

describe('DescribeStateMachine', () => {
  it('returns the definition that runs', async () => {
    const { sfn, definition } = aService();
    expect(await sfn.send(new DescribeStateMachineCommand({ stateMachineArn: ARN }))).toMatchObject({
      stateMachineArn: ARN,
      name: 'onboarding',
      type: 'STANDARD',
      status: 'ACTIVE',
      creationDate: START,
      definition,
    });
  });

  it('is refused for another state machine', async () => {
    const { sfn } = aService();
    const describing = sfn.send(new DescribeStateMachineCommand({ stateMachineArn: `${ARN}-other` }));
    await expect(describing).rejects.toMatchObject({ name: 'StateMachineDoesNotExist' });
  });
});
