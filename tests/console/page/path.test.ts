import { describe, expect, it } from 'vitest';
import { layoutOf } from '../../../console/graph.ts';
import type { ExecutionLine } from '../../../console/page/data/execution.ts';
import { LANE_WIDTH, lanesOf, lit } from '../../../console/page/data/path.ts';
import { execution, START } from '../../support/ids.ts';

const GRAPH = layoutOf({
  States: {
    First: { Type: 'Task', Next: 'Which' },
    Which: { Type: 'Choice', Choices: [{ Next: 'Wait' }], Default: 'End' },
    Wait: { Type: 'Wait', Next: 'First' },
    End: { Type: 'Succeed' },
  },
});

const iso = (seconds: number) => new Date(START.getTime() + seconds * 1000).toISOString();
const aStay = (state: string, at: number, seconds?: number, failures: string[] = []) => ({
  state,
  at: iso(at),
  ...(seconds === undefined ? {} : { seconds }),
  failures,
});

/** Twice through First, and 10 s in between. */
function aLine(more: Partial<ExecutionLine> = {}): ExecutionLine {
  return {
    type: 'execution',
    execution: execution('me'),
    status: 'SUCCEEDED',
    outcome: 'converged',
    startedAt: iso(0),
    endedAt: iso(20),
    states: [aStay('First', 0, 5), aStay('Wait', 5, 10), aStay('First', 15, 5)],
    moves: [
      { from: 'First', to: 'Which', count: 2 },
      { from: 'Which', to: 'Wait', count: 1 },
      { from: 'Wait', to: 'First', count: 1 },
      { from: 'Which', to: 'End', count: 1 },
    ],
    ...more,
  };
}

const lights = (line: ExecutionLine) =>
  Object.fromEntries(lit(GRAPH, line).nodes.map(({ name, light, visits }) => [name, `${light} ${visits}`]));
const taken = (line: ExecutionLine) =>
  lit(GRAPH, line).edges.flatMap(({ from, to, count }) => (count > 0 ? [`${from} ${to} ${count}`] : []));

describe('the lit graph', () => {
  it('has the visits of each state, also of those that only choose or end', () => {
    expect(lights(aLine())).toEqual({ First: 'visited 2', Which: 'visited 2', Wait: 'visited 1', End: 'visited 1' });
  });

  it('has the ways that were taken, and how often', () => {
    expect(taken(aLine())).toEqual(['First Which 2', 'Which Wait 1', 'Which End 1', 'Wait First 1']);
  });

  it('says where a running execution is', () => {
    const line = aLine({ status: 'RUNNING', states: [aStay('First', 0, 5), aStay('Wait', 5)], moves: [] });
    expect(lights(line)).toMatchObject({ First: 'visited 1', Wait: 'current 1', End: 'idle 0' });
  });

  it('says where an execution failed', () => {
    const line = aLine({
      status: 'FAILED',
      outcome: 'failed',
      states: [aStay('First', 0, undefined, ['X'])],
      moves: [],
    });
    expect(lights(line)).toMatchObject({ First: 'failed 1', Which: 'idle 0' });
  });

  it('counts the visits of a state that a redrive entered again', () => {
    const line = aLine({
      states: [aStay('First', 0), aStay('First', 9, 1)],
      moves: [{ from: 'First', to: 'Which', count: 1 }],
    });
    expect(lights(line)).toMatchObject({ First: 'visited 2', Which: 'visited 1' });
  });

  it('is dark if the history was not read, and ignores states that this version does not draw', () => {
    const { states: _, moves: __, ...line } = aLine();
    expect(Object.values(lights(line))).toEqual(['idle 0', 'idle 0', 'idle 0', 'idle 0']);
    expect(lights(aLine({ states: [aStay('Later', 0)], moves: [] }))).toMatchObject({ First: 'idle 0' });
  });
});

describe('the lanes of an execution', () => {
  it('have a bar for each stay, on the time from its start to its end', () => {
    expect(lanesOf(aLine(), START)).toEqual([
      {
        state: 'First',
        visits: 2,
        seconds: 10,
        failures: [],
        bars: [
          { x: 0, width: 100 },
          { x: 300, width: 100 },
        ],
        marks: [],
      },
      { state: 'Wait', visits: 1, seconds: 10, failures: [], bars: [{ x: 100, width: 200 }], marks: [] },
    ]);
  });

  it('count failed attempts by their error, and mark where they were', () => {
    const states = [aStay('First', 0, 5, ['A', 'B']), aStay('First', 10, 10, ['A'])];
    const [lane] = lanesOf(aLine({ states }), START);
    expect(lane).toMatchObject({
      failures: [
        ['A', 2],
        ['B', 1],
      ],
      marks: [0, 200],
    });
  });

  it('end now while the execution runs', () => {
    const { endedAt: _, ...line } = aLine({ status: 'RUNNING', states: [aStay('First', 0)] });
    expect(lanesOf(line, new Date(iso(40)))).toMatchObject([{ seconds: 40, bars: [{ x: 0, width: LANE_WIDTH }] }]);
  });

  it('are as few as one can tell apart, for a history of 25,000 events', () => {
    const states = Array.from({ length: 6250 }, (_, index) =>
      aStay(index % 2 === 0 ? 'First' : 'Wait', index * 30, 29, index % 2 === 0 ? ['A'] : []),
    );
    const lanes = lanesOf(aLine({ states, endedAt: iso(6250 * 30) }), START);
    expect(lanes.map(({ visits }) => visits)).toEqual([3125, 3125]);
    for (const { bars, marks } of lanes) expect(bars.length + marks.length).toBeLessThan(LANE_WIDTH);
  });

  it('are within the picture for times that cannot be, and for no time at all', () => {
    const early = lanesOf(aLine({ states: [aStay('First', -50, 500)] }), START);
    expect(early[0]?.bars).toEqual([{ x: 0, width: LANE_WIDTH }]);
    const none = lanesOf(aLine({ states: [aStay('First', 0, 0)], endedAt: iso(0) }), START);
    expect(none[0]?.bars).toEqual([{ x: 0, width: 2 }]);
  });
});
