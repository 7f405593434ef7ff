import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadInterpreter, seededRandom } from '../../../emulator/engine/interpreter.ts';
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
const aMap = (fields: object = {}) => ({
  StartAt: 'Each',
  States: { Each: { Type: 'Map', MaxConcurrency: 1, ItemProcessor: aTask(), End: true, ...fields } },
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

describe('a Map state', () => {
  const items: Json = [1, 2, 3, 4, 5, 6];

  function counting(fails: readonly number[] = []) {
    const log: number[] = [];
    let atOnce = 0;
    let most = 0;
    const task = async (input: unknown) => {
      log.push(Number(input));
      atOnce += 1;
      most = Math.max(most, atOnce);
      for (let turn = 0; turn < 3; turn += 1) await Promise.resolve();
      atOnce -= 1;
      if (fails.includes(Number(input))) throw new Error('failed');
      return Number(input) * 2;
    };
    return { log, task, most: () => most };
  }

  it.each([
    ['one at a time', 1, 1],
    ['so many at a time', 3, 3],
    ['all at once where nothing is said', 0, 6],
  ])('runs its items %s, and returns the results in their order', async (_fact, MaxConcurrency, expected) => {
    const { log, task, most } = counting();
    expect(await interpreting().run(aMap({ MaxConcurrency }), task, items)).toEqual([2, 4, 6, 8, 10, 12]);
    expect(log).toEqual(items);
    expect(most()).toBe(expected);
  });

  it('begins no item after one has failed', async () => {
    const { log, task } = counting([2]);
    expect(await interpreting().run(aMap(), task, items)).toBe('ExecutionError');
    expect(log).toEqual([1, 2]);
  });

  it('fails if the input of an item cannot be built', async () => {
    const { log, task } = counting();
    const ItemSelector = { 'missing.$': '$$.Map.Item.Value.nothing' };
    expect(await interpreting().run(aMap({ ItemSelector }), task, items)).toBe('ExecutionError');
    expect(log).toEqual([]);
  });

  it('returns no results for no items', async () => {
    expect(await interpreting().run(aMap(), undefined, [])).toEqual([]);
  });
});

describe('seeded random numbers', () => {
  it('are the same for the same seed, and differ for another', () => {
    const numbers = (seed: number) => Array.from({ length: 20 }, seededRandom(seed));
    expect(numbers(1)).toEqual(numbers(1));
    expect(numbers(1)).not.toEqual(numbers(2));
  });

  it('are spread from 0 to below 1', async () => {
    await fc.assert(
      fc.property(fc.integer(), (seed) => {
        const numbers = Array.from({ length: 200 }, seededRandom(seed));
        expect(numbers.every((one) => one >= 0 && one < 1)).toBe(true);
        const quarters = new Set(numbers.map((one) => Math.floor(one * 4)));
        expect(quarters.size).toBe(4);
      }),
      { numRuns: 50 },
    );
  });
});
