import { describe, expect, it } from 'vitest';
import { PAYLOAD_LIMIT_BYTES } from '../../../domain/shared/limits.ts';
import { seededRandom } from '../../../emulator/aws/random.ts';
import { HISTORY_LIMIT_EVENTS } from '../../../emulator/engine/executions.ts';
import {
  APPLY,
  aMachine,
  CONVERGED,
  failure,
  IGNORED,
  INVISIBLE,
  NORMALIZED,
  pathOf,
  SETTLE,
  VISIBLE,
} from '../../support/machine.ts';

const DAY = 86_400;

describe('an execution', () => {
  it('gives each task exactly the payload of the state machine', async () => {
    const { run, tasks } = aMachine();
    await run({ hello: 'event' });
    expect(tasks.map(({ state, payload }) => [state, Object.keys(payload).sort()])).toEqual([
      ['NormalizeRequest', ['execution', 'input', 'machine', 'startedAt']],
      ['CheckPropagation', ['execution', 'propagation', 'request']],
      ['PlanChanges', ['execution', 'progress', 'propagation', 'request']],
      ['ApplyChanges', ['batch', 'execution', 'round', 'term']],
      ['RecordAudit', ['batch', 'execution', 'round']],
      ['PlanChanges', ['execution', 'progress', 'propagation', 'request']],
    ]);
    expect(tasks[0]?.payload).toEqual({
      input: { hello: 'event' },
      execution: 'arn:one',
      startedAt: '2026-11-01T10:00:00.000Z',
      machine: 1,
    });
  });

  it('ends with the output of its last state', async () => {
    const { run, seconds } = aMachine();
    const { status, output, endedAt, startedAt, ...rest } = await run();
    expect(status).toBe('SUCCEEDED');
    expect(JSON.parse(output ?? '')).toEqual({ request: { users: [] }, propagation: VISIBLE, plan: CONVERGED });
    expect((endedAt?.getTime() ?? 0) - startedAt.getTime()).toBe(30_000);
    expect(seconds()).toBe(30);
    expect(rest).not.toHaveProperty('error');
  });

  it('reports its events in order, and then its end, once', async () => {
    const { run, events, ended } = aMachine({ NormalizeRequest: [IGNORED] });
    const execution = await run();
    expect(events).toEqual(execution.log);
    expect(events.map(({ type }) => type)).toEqual([
      'ExecutionStarted',
      'StateEntered',
      'StateExited',
      'StateEntered',
      'StateExited',
      'StateEntered',
      'StateExited',
      'ExecutionSucceeded',
    ]);
    expect(ended).toEqual([execution]);
  });

  it('keeps its own input and state when others run', async () => {
    const { start, time, tasks } = aMachine();
    for (const name of ['one', 'two', 'three']) start(name, { name });
    await time.runUntilIdle();
    const normalized = tasks.filter(({ state }) => state === 'NormalizeRequest');
    expect(normalized.map(({ payload }) => [payload['execution'], payload['input']])).toEqual([
      ['arn:one', { name: 'one' }],
      ['arn:two', { name: 'two' }],
      ['arn:three', { name: 'three' }],
    ]);
  });

  it('makes one batch after another, each after a plan', async () => {
    const { run, tasks } = aMachine({
      PlanChanges: [APPLY, { ...APPLY, batch: 1 }, { ...APPLY, batch: 2 }, CONVERGED],
      ApplyChanges: [failure('TransientAwsError'), {}],
    });
    await run();
    const applied = tasks.filter(({ state }) => state === 'ApplyChanges').map(({ payload }) => payload['batch']);
    expect(applied).toEqual([0, 0, 1, 2]);
  });

  it('is the same in every run with the same random numbers', async () => {
    const play = async (seed: number) => {
      const flaky = [failure('TransientAwsError'), failure('Lambda.Unknown'), failure('TransientAwsError')];
      const script = { CheckPropagation: [...flaky, INVISIBLE, VISIBLE], RecordAudit: [...flaky, { waitSeconds: 30 }] };
      const { run, events } = aMachine(script, { random: seededRandom(seed) });
      await run();
      return events;
    };
    const first = await play(1);
    expect(await play(1)).toEqual(first);
    expect(await play(2)).not.toEqual(first);
  });

  it.each(['onEvent', 'onEnd'])(
    'hides no bug of %s: the caller who lets time pass gets its error',
    async (listener) => {
      const bug = () => {
        throw new TypeError('a bug');
      };
      await expect(aMachine({}, { [listener]: bug }).run()).rejects.toThrow('a bug');
    },
  );

  it('fails alone where its data is nested too deeply to be written', async () => {
    let times = 0;
    const { start, time } = aMachine(
      {},
      {
        onEvent() {
          times += 1;
          // What JSON.stringify throws then.
          if (times === 3) throw new RangeError('Maximum call stack size exceeded');
        },
      },
    );
    const executions = ['one', 'two'].map((name) => start(name));
    await time.runUntilIdle();
    expect(executions.map(({ status, error, cause }) => [status, error, cause])).toEqual([
      ['FAILED', 'States.Runtime', 'RangeError'],
      ['SUCCEEDED', undefined, undefined],
    ]);
  });

  it('times out after eight days, whatever it waits for', async () => {
    const { run, seconds } = aMachine({ CheckPropagation: [{ visible: false, checkAfterSeconds: 9 * DAY }] });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'TIMED_OUT' });
    expect(execution.endedAt?.getTime()).toBe(execution.startedAt.getTime() + 8 * DAY * 1000);
    expect(seconds()).toBeLessThan(9 * DAY);
  });
});

describe('AWS’s limits', () => {
  const sized = (bytes: number) => ({ filling: 'x'.repeat(bytes) });

  it.each([
    [
      'the result of a task',
      { CheckPropagation: [{ ...VISIBLE, ...sized(PAYLOAD_LIMIT_BYTES) }] },
      'CheckPropagation',
      1,
    ],
    ['the result of a batch', { ApplyChanges: [sized(PAYLOAD_LIMIT_BYTES)] }, 'ApplyChanges', 1],
    // Each of the two is allowed by itself.
    [
      'the output of a state',
      {
        NormalizeRequest: [{ ...NORMALIZED, request: sized(150_000) }],
        CheckPropagation: [{ ...VISIBLE, ...sized(150_000) }],
      },
      'CheckPropagation',
      1,
    ],
  ])('end an execution when %s is larger than 256 KiB, without a retry', async (_fact, script, state, tries) => {
    const machine = aMachine(script);
    const execution = await machine.run();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.DataLimitExceeded' });
    expect(pathOf(execution).at(-1)).toBe(state);
    expect(machine.tries(state)).toBe(tries);
  });

  it('count bytes, not characters', async () => {
    const filling = 'ü'.repeat(PAYLOAD_LIMIT_BYTES / 2);
    const { run } = aMachine({ NormalizeRequest: [{ ...IGNORED, filling }] });
    expect(await run()).toMatchObject({ error: 'States.DataLimitExceeded' });
  });

  it('allow a payload of exactly 256 KiB', async () => {
    const frame = JSON.stringify({ ...IGNORED, ...sized(0) }).length;
    const { run } = aMachine({ NormalizeRequest: [{ ...IGNORED, ...sized(PAYLOAD_LIMIT_BYTES - frame) }] });
    expect(await run()).toMatchObject({ status: 'SUCCEEDED' });
  });

  it.each<[string, Parameters<typeof aMachine>[0], number]>([
    // ExecutionStarted, 5 of the task, 2 of the choice, 2 of the end, ExecutionSucceeded.
    ['an event that is ignored', { NormalizeRequest: [IGNORED] }, 11],
    // A failed attempt is scheduled, started, failed.
    ['a retry', { NormalizeRequest: [failure('Lambda.Unknown'), IGNORED] }, 14],
    // Five tasks, and one a second time.
    ['a user who joins', {}, 44],
    ['a second batch', { PlanChanges: [APPLY, APPLY, CONVERGED] }, 63],
  ])('count history events as AWS does: %s', async (_fact, script, events) => {
    const { run } = aMachine(script);
    expect(await run()).toMatchObject({ status: 'SUCCEEDED', historyEvents: events });
  });

  it('end an execution at 25,000 history events', async () => {
    const { run, ended, tries } = aMachine({ PlanChanges: [SETTLE] });
    const execution = await run();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Runtime' });
    expect(execution.cause).toContain('25000');
    expect(execution.historyEvents).toBeGreaterThan(HISTORY_LIMIT_EVENTS);
    // The events of a task are counted together.
    expect(execution.historyEvents).toBeLessThanOrEqual(HISTORY_LIMIT_EVENTS + 4);
    expect(execution.log.at(-1)).toMatchObject({ type: 'ExecutionFailed', Error: 'States.Runtime' });
    expect(ended).toHaveLength(1);
    // 9 events a round.
    expect(tries('PlanChanges')).toBeGreaterThan(2700);
    expect(tries('PlanChanges')).toBeLessThan(2780);
  });
});

describe('a stop', () => {
  it('ends a running execution at once; no state follows', async () => {
    const { start, time, executions, ended, seconds } = aMachine({ CheckPropagation: [INVISIBLE] });
    const execution = start();
    time.after(12, () => executions.stop(execution, 'Cancelled', 'by hand'));
    await time.runUntilIdle();
    expect(execution).toMatchObject({ status: 'ABORTED', error: 'Cancelled', cause: 'by hand' });
    expect(pathOf(execution).at(-1)).toBe('WaitForPropagation');
    expect(execution.log.at(-1)).toMatchObject({ type: 'ExecutionAborted' });
    expect(execution.endedAt?.getTime()).toBe(execution.startedAt.getTime() + 12_000);
    expect(ended).toEqual([execution]);
    expect(seconds()).toBeLessThan(20);
  });

  it('lets a running task end, and ignores its result', async () => {
    const { start, time, executions, ended, tries } = aMachine({ RecordAudit: ['hangs'] });
    const execution = start();
    time.after(60, () => executions.stop(execution));
    await time.runUntilIdle();
    expect(execution).toMatchObject({ status: 'ABORTED' });
    expect(execution).not.toHaveProperty('error');
    expect(tries('RecordAudit')).toBe(1);
    expect(ended).toHaveLength(1);
  });

  it('lets the running batch end, and begins no retry of it', async () => {
    const { start, time, executions, tries } = aMachine({
      PlanChanges: [APPLY],
      ApplyChanges: [failure('TransientAwsError'), {}],
    });
    const execution = start();
    time.after(1, () => executions.stop(execution));
    await time.runUntilIdle();
    expect(execution.status).toBe('ABORTED');
    expect(tries('ApplyChanges')).toBe(1);
  });

  it('does nothing to an execution that has ended', async () => {
    const { run, executions, ended } = aMachine();
    const execution = await run();
    const before = { ...execution };
    executions.stop(execution, 'Cancelled');
    expect(execution).toEqual(before);
    expect(ended).toHaveLength(1);
  });
});

describe('a redrive', () => {
  it.each(['CheckPropagation', 'PlanChanges', 'ApplyChanges', 'RecordAudit'])(
    'continues at the state that failed, with its input: %s',
    async (state) => {
      const { run, time, executions, acts, tasks } = aMachine({ [state]: [failure('RefusedError')] });
      const execution = await run();
      expect(execution).toMatchObject({ status: 'FAILED', error: 'RefusedError' });
      const failedAt = pathOf(execution).length;
      const [failed] = tasks.slice(-1);
      acts.set(state, state === 'PlanChanges' ? [CONVERGED] : [{ ...VISIBLE, waitSeconds: 30 }]);
      time.after(3600, () => executions.redrive(execution));
      await time.runUntilIdle();
      expect(execution).toMatchObject({ status: 'SUCCEEDED', redrives: 1 });
      expect(execution).not.toHaveProperty('error');
      expect(execution).not.toHaveProperty('cause');
      expect(execution.redrivenAt?.getTime()).toBe(execution.startedAt.getTime() + 3_600_000);
      expect(pathOf(execution)[failedAt]).toBe(state);
      const again = tasks.filter((task) => task.state === state)[1];
      expect(again?.payload).toEqual(failed?.payload);
    },
  );

  it('continues at the wait in which it was stopped', async () => {
    const { start, time, executions, acts } = aMachine({ CheckPropagation: [INVISIBLE] });
    const execution = start();
    time.after(12, () => executions.stop(execution));
    await time.runUntilIdle();
    acts.set('CheckPropagation', [VISIBLE]);
    executions.redrive(execution);
    await time.runUntilIdle();
    expect(execution.status).toBe('SUCCEEDED');
    expect(pathOf(execution).filter((state) => state === 'NormalizeRequest')).toHaveLength(1);
  });

  it('can fail and be redriven again', async () => {
    const { run, time, executions, ended, acts } = aMachine({ RecordAudit: [failure('RefusedError')] });
    const execution = await run();
    executions.redrive(execution);
    await time.runUntilIdle();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'RefusedError', redrives: 1 });
    acts.set('RecordAudit', [{ waitSeconds: 0 }]);
    executions.redrive(execution);
    await time.runUntilIdle();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', redrives: 2 });
    expect(ended).toHaveLength(3);
  });

  it('adds to the history events of the execution', async () => {
    const { run, time, executions } = aMachine({ NormalizeRequest: [failure('InvalidRequestError')] });
    const execution = await run();
    const before = execution.historyEvents;
    executions.redrive(execution);
    await time.runUntilIdle();
    expect(execution.historyEvents).toBe(2 * before);
  });

  it('is possible for 14 days after a failure, with 24,998 history events at most', async () => {
    const { run, time, executions } = aMachine({ RecordAudit: [failure('RefusedError')] });
    const execution = await run();
    expect(executions.isRedrivable(execution)).toBe(true);
    expect(executions.isRedrivable({ ...execution, historyEvents: 24_998 })).toBe(true);
    expect(executions.isRedrivable({ ...execution, historyEvents: 24_999 })).toBe(false);
    for (const status of ['RUNNING', 'SUCCEEDED'] as const) {
      expect(executions.isRedrivable({ ...execution, status })).toBe(false);
    }
    time.after(14 * DAY, () => undefined);
    await time.runUntilIdle();
    expect(executions.isRedrivable(execution)).toBe(true);
    time.after(1, () => undefined);
    await time.runUntilIdle();
    expect(executions.isRedrivable(execution)).toBe(false);
  });
});

describe('all executions', () => {
  it('are kept in the order of their starts, and found by ARN', async () => {
    const { start, time, executions } = aMachine();
    const started = ['one', 'two'].map((name) => start(name));
    await time.runUntilIdle();
    expect(executions.all()).toEqual(started);
    expect(executions.get('arn:two')).toBe(started[1]);
    expect(executions.get('arn:three')).toBeUndefined();
  });

  it('wait in parallel', async () => {
    const { start, time, tasks, seconds } = aMachine({ CheckPropagation: [INVISIBLE, INVISIBLE, VISIBLE] });
    for (const name of ['one', 'two']) start(name);
    await time.runUntilIdle();
    expect(tasks.filter(({ state }) => state === 'CheckPropagation').map(({ at }) => at)).toEqual([0, 0, 5, 5]);
    expect(seconds()).toBe(35);
  });
});
