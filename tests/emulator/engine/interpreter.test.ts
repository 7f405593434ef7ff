import { describe, expect, it } from 'vitest';
import { loadInterpreter } from '../../../emulator/engine/interpreter.ts';
import { VirtualTime } from '../../../emulator/engine/virtual-time.ts';

const START = new Date('2026-11-01T10:00:00Z');

type Definition = ConstructorParameters<ReturnType<typeof loadInterpreter>['StateMachine']>[0];
type Json = Parameters<InstanceType<ReturnType<typeof loadInterpreter>['StateMachine']>['run']>[0];

function interpreting(random: () => number = () => 0.5) {
  const time = new VirtualTime(START);
  const { StateMachine } = loadInterpreter(time, random);
  /** Runs a state machine to its end in virtual time. */
  const run = async (
    definition: object,
    task: (input: unknown) => Promise<Json> = async () => ({}),
    input: Json = {},
  ) => {
    const machine = new StateMachine(definition as Definition, { validationOptions: { noValidate: true } });
    const running = machine.run(input, { overrides: { taskResourceLocalHandlers: { Task: task } } });
    const result = running.result.catch((error: Error) => `${error.name}`);
    await time.runUntilIdle();
    return result;
  };
  return { time, run, seconds: () => (time.now().getTime() - START.getTime()) / 1000 };
}

const aTask = (fields: object = {}) => ({
  StartAt: 'Task',
  States: { Task: { Type: 'Task', Resource: 'arn', TimeoutSeconds: 60, End: true, ...fields } },
});

describe('the interpreter', () => {
  it('waits in virtual time', async () => {
    const { run, seconds } = interpreting();
    await run({ StartAt: 'Wait', States: { Wait: { Type: 'Wait', Seconds: 86_400, End: true } } });
    expect(seconds()).toBe(86_400);
  });

  it('shows virtual time to the execution', async () => {
    const { run } = interpreting();
    const definition = {
      StartAt: 'Pass',
      States: { Pass: { Type: 'Pass', Parameters: { 'at.$': '$$.Execution.StartTime' }, End: true } },
    };
    expect(await run(definition)).toEqual({ at: START.toISOString() });
  });

  it('times out in virtual time', async () => {
    const { run, seconds } = interpreting();
    expect(await run(aTask(), () => new Promise(() => undefined))).toBe('ExecutionError');
    expect(seconds()).toBe(60);
  });

  it.each([
    [0.25, 10],
    [0.75, 30],
  ])('uses the given random numbers for the jitter: %d', async (random, expected) => {
    const { run, seconds } = interpreting(() => random);
    const Retry = [{ ErrorEquals: ['Error'], IntervalSeconds: 40, MaxAttempts: 1, JitterStrategy: 'FULL' }];
    await run(aTask({ Retry }), () => Promise.reject(new Error('again')));
    expect(seconds()).toBeCloseTo(expected, 1);
  });

  it('keeps the other functions of Math', async () => {
    const { run } = interpreting();
    const Pass = { Type: 'Pass', Parameters: { 'sum.$': 'States.MathAdd(1, 2)' }, End: true };
    expect(await run({ StartAt: 'Pass', States: { Pass } })).toEqual({ sum: 3 });
  });

  it('keeps stack traces of errors elsewhere', async () => {
    const { run } = interpreting();
    const Pass = { Type: 'Pass', Parameters: { 'text.$': '$.text' }, End: true };
    expect(await run({ StartAt: 'Pass', States: { Pass } }, undefined, { text: 'a' })).toEqual({ text: 'a' });
    expect(new Error('of a test').stack).toContain('interpreter.test.ts');
  });

  it('does not change the timers of the process', async () => {
    const { run } = interpreting();
    const real = new Promise((resolve) => setTimeout(resolve, 0));
    await run(aTask());
    await expect(real).resolves.toBeUndefined();
  });

  it('makes no call to AWS: a task without a runner fails', async () => {
    const time = new VirtualTime(START);
    const { StateMachine } = loadInterpreter(time, () => 0);
    const machine = new StateMachine(aTask() as Definition, { validationOptions: { noValidate: true } });
    const failing = expect(machine.run({}).result).rejects.toThrow();
    await time.runUntilIdle();
    await failing;
  });
});
