import { describe, expect, it } from 'vitest';
import type { ExecutionDetail } from '../../../adapters/executions.ts';
import type { Step } from '../../../adapters/operator/executions.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import type { Asker } from '../../../operator/asker.ts';
import { movesIn, readHistory, staysIn, stepsOf } from '../../../operator/executions/history.ts';
import { newMemory } from '../../../operator/memory.ts';
import { Unread } from '../../../operator/unread.ts';
import { execution, START } from '../../support/ids.ts';

const ARN = execution('x');
/** The most events that AWS keeps of an execution. */
const MOST = 25_000;
const PAGE = 1000;

const stepAt = (id: number): Step => ({ id, at: new Date(START.getTime() + id * 1000), what: 'other', event: 'X' });

/** An execution that has so many events, on pages as AWS has them, and how many pages were read. */
function anExecution(events: number) {
  const asked = { pages: 0, events };
  const unread = new Unread();
  const executions = {
    describe: async (arn: string) => ({ arn }) as ExecutionDetail,
    async *history(_arn: string, after = 0) {
      for (let from = after; from < asked.events; from += PAGE) {
        asked.pages += 1;
        yield Array.from({ length: Math.min(PAGE, asked.events - from) }, (_, index) => stepAt(from + index + 1));
      }
    },
  };
  const services = {
    names: { machine: 'onboarding', adminMachine: 'onboarding-admin' },
    machineArn: async (name: string) => `arn:aws:states:us-east-1:111122223333:stateMachine:${name}`,
    executions: async () => executions,
  };
  const asker = { services: async () => services, unread, memory: newMemory() } as unknown as Asker;
  return { asker, asked, unread, executions };
}

describe('the history of an execution', () => {
  it('is listed by a thousand steps, and reads no more pages than that takes', async () => {
    const { asker, asked } = anExecution(MOST);
    const first = await stepsOf('x', 0, asker);
    expect([first?.steps.length, first?.steps[0]?.id, first?.more]).toEqual([1000, 1, true]);
    expect(asked.pages).toBe(2);
  });

  it('has all its 25,000 events, each of which is read once', async () => {
    const { asker, asked } = anExecution(MOST);
    const ids: number[] = [];
    for (let after = 0; ; ) {
      const page = await stepsOf('x', after, asker);
      ids.push(...(page?.steps ?? []).map(({ id }) => id));
      if (!page?.more) break;
      after = ids.at(-1) ?? 0;
    }
    expect(ids).toEqual(Array.from({ length: MOST }, (_, index) => index + 1));
    expect(asked.pages).toBe(MOST / PAGE);
  });

  it('ends with a part that is not full, also if that is empty', async () => {
    const { asker } = anExecution(1500);
    expect(await stepsOf('x', 1000, asker)).toMatchObject({ steps: { length: 500 }, more: false });
    expect(await stepsOf('x', 1500, asker)).toEqual({ steps: [], more: false });
  });

  it('says after exactly a thousand steps that there are no more', async () => {
    const { asker } = anExecution(1000);
    expect(await stepsOf('x', 0, asker)).toMatchObject({ steps: { length: 1000 }, more: false });
  });

  it('of an execution that runs, has what came later', async () => {
    const { asker, asked } = anExecution(10);
    await stepsOf('x', 0, asker);
    asked.events = 12;
    expect((await stepsOf('x', 10, asker))?.steps.map(({ id }) => id)).toEqual([11, 12]);
  });

  it('is read by two at the same time without a step that it has twice', async () => {
    const { asker, executions } = anExecution(1200);
    const both = await Promise.all([
      readHistory(ARN, { executions }, asker),
      readHistory(ARN, { executions, until: 5 }, asker),
    ]);
    expect(both.map(({ length }) => length)).toEqual([1200, 1000]);
    expect(await readHistory(ARN, { executions }, asker)).toHaveLength(1200);
  });

  it('is not read where AWS refuses it', async () => {
    const { asker, unread, executions } = anExecution(5);
    executions.history = () => {
      throw new RefusedError('access-denied', 'GetExecutionHistory: no');
    };
    expect(await stepsOf('x', 0, asker)).toBeUndefined();
    expect(unread.size).toBe(1);
  });
});

/** A history of these events, one per second. */
function historyOf(...events: readonly (readonly [Step['what'], string?])[]): Step[] {
  return events.map(([what, state], index) => ({
    ...stepAt(index + 1),
    what,
    ...(state === undefined ? {} : { state }),
  }));
}

describe('the moves of an execution', () => {
  it('are its ways from state to state, counted', () => {
    const round = [
      ['entered', 'PlanChanges'],
      ['exited', 'PlanChanges'],
      ['entered', 'WhatNow'],
      ['exited', 'WhatNow'],
    ] as const;
    const steps = historyOf(['other'], ...round, ['entered', 'WaitToSettle'], ['exited', 'WaitToSettle'], ...round, [
      'entered',
      'Converged',
    ]);
    expect(movesIn(steps)).toEqual([
      { from: 'PlanChanges', to: 'WhatNow', count: 2 },
      { from: 'WhatNow', to: 'WaitToSettle', count: 1 },
      { from: 'WaitToSettle', to: 'PlanChanges', count: 1 },
      { from: 'WhatNow', to: 'Converged', count: 1 },
    ]);
  });

  it('begin with an exit: a state that a redrive enters again was not left', () => {
    const steps = historyOf(
      ['entered', 'A'],
      ['exited', 'A'],
      ['entered', 'B'],
      ['attempt-failed'],
      ['redriven'],
      ['entered', 'B'],
      ['exited', 'B'],
      ['other'],
      ['entered', 'C'],
    );
    expect(movesIn(steps)).toEqual([
      { from: 'A', to: 'B', count: 1 },
      { from: 'B', to: 'C', count: 1 },
    ]);
  });

  it('are none before the second state', () => {
    expect(movesIn([])).toEqual([]);
    expect(movesIn(historyOf(['entered', 'A']))).toEqual([]);
  });
});

describe('the stays of an execution', () => {
  it('have their seconds and the errors of failed attempts, and leave out the states that choose', () => {
    const steps = historyOf(['entered', 'PlanChanges'], ['attempt-failed'], ['exited', 'PlanChanges']);
    const failed = steps.map((step) => (step.what === 'attempt-failed' ? { ...step, error: 'E' } : step));
    const chosen = historyOf(['entered', 'WhatNow'], ['exited', 'WhatNow'], ['entered', 'ApplyChanges']);
    expect(staysIn([...failed, ...chosen])).toEqual([
      { state: 'PlanChanges', at: failed[0]?.at.toISOString(), seconds: 2, failures: ['E'] },
      { state: 'ApplyChanges', at: chosen[2]?.at.toISOString(), failures: [] },
    ]);
  });
});
