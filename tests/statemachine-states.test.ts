import { describe, expect, it } from 'vitest';
import { readTemplate } from '../emulator/engine/template.ts';
import {
  type Act,
  APPLY,
  aMachine,
  CONVERGED,
  failure,
  HANDED_OVER,
  HELD,
  IGNORED,
  INVISIBLE,
  LAMBDA_ERRORS,
  NORMALIZED,
  pathOf,
  type Script,
  SETTLE,
  VISIBLE,
} from './support/machine.ts';

const TASKS = ['NormalizeRequest', 'CheckPropagation', 'PlanChanges', 'ApplyChanges', 'RecordAudit'] as const;
type Task = (typeof TASKS)[number];

const FATAL_ERRORS = [
  'RefusedError',
  'InvalidRequestError',
  'PropagationTimeoutError',
  'NotConvergedError',
  'LeaseLostError',
  'TypeError',
  'Error',
  'Lambda.ResourceNotFoundException',
  'States.Timeout',
];

/** At most 2+4+8+16+32+60+60+60 s. */
const LAMBDA_RETRY = { tries: 9, seconds: 242 };
/** At most 2+4+8+16+32+60*7 s. */
const TRANSIENT_RETRY = { tries: 13, seconds: 482 };

/** How long the task of each state may take. */
const TIME_LIMITS: Readonly<Record<Task, number>> = {
  NormalizeRequest: 60,
  CheckPropagation: 60,
  PlanChanges: 960,
  ApplyChanges: 300,
  RecordAudit: 300,
};

/** The answer that lets each state's task go on as usual. */
const ANSWERS: Readonly<Record<Task, Act>> = {
  NormalizeRequest: NORMALIZED,
  CheckPropagation: VISIBLE,
  PlanChanges: CONVERGED,
  ApplyChanges: {},
  RecordAudit: { waitSeconds: 0 },
};

const TO_PLAN = ['NormalizeRequest', 'IsForUs', 'CheckPropagation', 'IsVisible', 'PlanChanges', 'WhatNow'];
const TO_BATCH = [...TO_PLAN, 'ApplyChanges'];
const TO_PLAN_AGAIN = [...TO_BATCH, 'RecordAudit', 'WaitToSettle', 'PlanChanges', 'WhatNow'];

/** Ways through the machine: what the tasks do, which states are entered, and how long it takes. */
const WAYS: readonly [string, Script, string[], number][] = [
  ['an event that is ignored', { NormalizeRequest: [IGNORED] }, ['NormalizeRequest', 'IsForUs', 'Ignored'], 0],
  ['a change that shows at once and is made', {}, [...TO_PLAN_AGAIN, 'Converged'], 30],
  [
    'a change that shows at the third check',
    { CheckPropagation: [INVISIBLE, { ...INVISIBLE, checkAfterSeconds: 10 }, VISIBLE], PlanChanges: [CONVERGED] },
    [
      'NormalizeRequest',
      'IsForUs',
      'CheckPropagation',
      'IsVisible',
      'WaitForPropagation',
      'CheckPropagation',
      'IsVisible',
      'WaitForPropagation',
      'CheckPropagation',
      'IsVisible',
      'PlanChanges',
      'WhatNow',
      'Converged',
    ],
    15,
  ],
  ['work that another execution does', { PlanChanges: [HANDED_OVER] }, [...TO_PLAN, 'HandedOver'], 0],
  ['revocations that wait for an operator', { PlanChanges: [HELD] }, [...TO_PLAN, 'Held'], 0],
  [
    'changes next to revocations that wait for an operator',
    { PlanChanges: [APPLY, HELD] },
    [...TO_PLAN_AGAIN, 'Held'],
    30,
  ],
  [
    'a plan that is too early to verify anything',
    { PlanChanges: [SETTLE, CONVERGED] },
    [...TO_PLAN, 'WaitToSettle', 'PlanChanges', 'WhatNow', 'Converged'],
    30,
  ],
  [
    'a lease that was lost at a batch',
    { PlanChanges: [APPLY, HANDED_OVER], ApplyChanges: [failure('LeaseLostError')] },
    [...TO_BATCH, 'PlanChanges', 'WhatNow', 'HandedOver'],
    0,
  ],
  [
    'a batch whose retries ran out',
    { ApplyChanges: Array.from({ length: TRANSIENT_RETRY.tries }, () => failure('TransientAwsError')) },
    [...TO_PLAN_AGAIN, 'Converged'],
    30 + TRANSIENT_RETRY.seconds,
  ],
  [
    'a batch whose audit events could not be published',
    {
      PlanChanges: [APPLY, CONVERGED],
      RecordAudit: Array.from({ length: LAMBDA_RETRY.tries }, () => failure('Lambda.Unknown')),
    },
    [...TO_BATCH, 'RecordAudit', 'PlanChanges', 'WhatNow', 'Converged'],
    LAMBDA_RETRY.seconds,
  ],
  [
    'more than fits in a batch',
    { PlanChanges: [APPLY, APPLY, CONVERGED], RecordAudit: [{ waitSeconds: 0 }, { waitSeconds: 120 }] },
    [...TO_PLAN_AGAIN, 'ApplyChanges', 'RecordAudit', 'WaitToSettle', 'PlanChanges', 'WhatNow', 'Converged'],
    120,
  ],
];

describe('the path of an execution', () => {
  it.each(WAYS)('%s', async (_fact, script, path, seconds) => {
    const machine = aMachine(script);
    const execution = await machine.run();
    expect(execution.status).toBe('SUCCEEDED');
    expect(pathOf(execution)).toEqual(path);
    expect(machine.seconds()).toBe(seconds);
  });

  it('keeps the counts of a batch beside the plan', async () => {
    const machine = aMachine({ ApplyChanges: [{ granted: 7 }], PlanChanges: [APPLY, 'hangs'] });
    const { log } = await machine.run();
    expect(machine.tasks.find(({ state }) => state === 'RecordAudit')?.payload).toMatchObject({ round: 1, batch: 0 });
    expect(JSON.stringify(log)).toContain('"made":{"granted":7}');
  });

  it('keeps no error of a lost lease', async () => {
    const machine = aMachine({ PlanChanges: [APPLY, CONVERGED], ApplyChanges: [failure('LeaseLostError')] });
    const { output } = await machine.run();
    expect(JSON.parse(output ?? '')).toEqual({ request: { users: [] }, propagation: VISIBLE, plan: CONVERGED });
    const [first, second] = machine.tasks.filter(({ state }) => state === 'PlanChanges');
    expect(second?.payload).toEqual({ ...first?.payload, progress: APPLY.progress });
  });

  it('takes every transition that the file has', async () => {
    const taken = new Set<string>();
    for (const [, script] of WAYS) {
      const path = pathOf(await aMachine(script).run());
      for (const [index, state] of path.entries()) taken.add(`${state} > ${path[index + 1] ?? 'the end'}`);
    }
    expect([...taken].sort()).toEqual(transitionsInFile().sort());
  });
});

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  Choices?: { Next: string }[];
  Catch?: { Next: string }[];
}

function transitionsInFile(): string[] {
  const states = Object.entries(readTemplate().definition.States) as [string, State][];
  const transitions = states.flatMap(([name, { Type, Next, Default, Choices = [], Catch = [] }]) => {
    const next = [Next, Default, ...Choices.map((choice) => choice.Next), ...Catch.map((caught) => caught.Next)];
    const ends = Type === 'Succeed' ? ['the end'] : [];
    return [...next, ...ends].flatMap((target) => (target ? [`${name} > ${target}`] : []));
  });
  return [...new Set(transitions)];
}

/** Where the task of a state always does the same. */
const always = (state: Task, act: Act): Script =>
  state === 'PlanChanges' ? { PlanChanges: [act] } : { PlanChanges: [APPLY, CONVERGED], [state]: [act] };

/** Where it does so a few times, and then as usual. */
const atFirst = (state: Task, ...acts: Act[]): Script =>
  state === 'PlanChanges'
    ? { PlanChanges: [...acts, CONVERGED] }
    : { PlanChanges: [APPLY, CONVERGED], [state]: [...acts, ANSWERS[state]] };

const retriesTransient = (state: Task) => state !== 'NormalizeRequest';

describe.each(TASKS)('%s', (state) => {
  const lasting = [
    ...LAMBDA_ERRORS.map((error) => ({ error, ...LAMBDA_RETRY })),
    ...(retriesTransient(state) ? [{ error: 'TransientAwsError', ...TRANSIENT_RETRY }] : []),
  ];

  it.each(lasting)(
    'gives up after $tries tries and at most $seconds s of $error',
    async ({ error, tries, seconds }) => {
      const machine = aMachine(always(state, failure(error)));
      const execution = await machine.run();
      // What the batch made is recorded, and the next plan finds what it left, or what is not on the bus.
      const goesOn = state === 'ApplyChanges' || (state === 'RecordAudit' && error !== 'TransientAwsError');
      expect(execution).toMatchObject(goesOn ? { status: 'SUCCEEDED' } : { status: 'FAILED', error });
      expect(machine.tries(state)).toBe(tries);
      const moments = machine.tasks.filter((task) => task.state === state).map(({ at }) => at);
      const waited = (moments.at(-1) ?? 0) - (moments[0] ?? 0);
      expect(waited).toBeGreaterThan(seconds - 1);
      expect(waited).toBeLessThanOrEqual(seconds);
      expect(pathOf(execution).at(-1)).toBe(goesOn ? 'Converged' : state);
    },
  );

  it.each(lasting)('waits a random time, even zero, before it retries after $error', async ({ error, tries }) => {
    const machine = aMachine(always(state, failure(error)), { random: () => 0 });
    await machine.run();
    const moments = machine.tasks.filter((task) => task.state === state).map(({ at }) => at);
    expect(moments).toHaveLength(tries);
    expect((moments.at(-1) ?? 0) - (moments[0] ?? 0)).toBeLessThan(1);
  });

  it.each(lasting)('continues normally once $error has passed', async ({ error }) => {
    const usual = await aMachine(atFirst(state)).run();
    const machine = aMachine(atFirst(state, failure(error), failure(error), failure(error)));
    const execution = await machine.run();
    expect(execution).toMatchObject({ status: 'SUCCEEDED', output: usual.output });
    expect(pathOf(execution)).toEqual(pathOf(usual));
    const payloads = machine.tasks.filter((task) => task.state === state).map(({ payload }) => payload);
    expect(payloads.slice(1, 4)).toEqual([payloads[0], payloads[0], payloads[0]]);
  });

  const fatal = FATAL_ERRORS.filter((error) => !(state === 'ApplyChanges' && error === 'LeaseLostError'));

  it.each(retriesTransient(state) ? fatal : [...fatal, 'TransientAwsError'])(
    'fails the execution at once, at its own task, with %s',
    async (error) => {
      const machine = aMachine(always(state, failure(error)));
      const execution = await machine.run();
      expect(execution).toMatchObject({
        status: 'FAILED',
        error,
        cause: `the task failed with ${error}`,
      });
      expect(machine.tries(state)).toBe(1);
      expect(pathOf(execution).at(-1)).toBe(state);
      expect(machine.seconds()).toBe(0);
    },
  );

  it('fails the execution when the task does not end in time, without a retry', async () => {
    const machine = aMachine(always(state, 'hangs'));
    const execution = await machine.run();
    expect(execution).toMatchObject({ status: 'FAILED', error: 'States.Timeout' });
    expect(machine.tries(state)).toBe(1);
    expect(machine.seconds()).toBe(TIME_LIMITS[state]);
    expect(pathOf(execution).at(-1)).toBe(state);
  });

  it('is redriven at the task that failed', async () => {
    const machine = aMachine(always(state, failure('RefusedError')));
    const execution = await machine.run();
    const before = machine.tasks.map((task) => task.state);
    machine.acts.set(state, [ANSWERS[state]]);
    machine.executions.redrive(execution);
    await machine.time.runUntilIdle();
    expect(execution.status).toBe('SUCCEEDED');
    expect(machine.tasks.map((task) => task.state)[before.length]).toBe(state);
  });
});

describe('retries of different errors', () => {
  it('are counted apart', async () => {
    const acts = [...Array.from({ length: 12 }, () => failure('TransientAwsError')), failure('Lambda.Unknown')];
    const machine = aMachine({ CheckPropagation: [...acts, VISIBLE] });
    expect(await machine.run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(machine.tries('CheckPropagation')).toBe(14);
  });

  it('of one batch do not count for the next', async () => {
    const flaky = [...Array.from({ length: 12 }, () => failure('TransientAwsError')), {}];
    const machine = aMachine({ PlanChanges: [APPLY, APPLY, CONVERGED], ApplyChanges: [...flaky, ...flaky] });
    expect(await machine.run()).toMatchObject({ status: 'SUCCEEDED' });
    expect(machine.tries('ApplyChanges')).toBe(26);
  });
});

describe('the tests above', () => {
  it('cover each task of the state machine', () => {
    expect([...readTemplate().functions.keys()]).toEqual(TASKS);
  });
});
