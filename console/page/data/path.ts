import type { Stay } from '../../../operator/lines/executions.ts';
import type { Graph, GraphEdge, GraphNode } from '../../graph.ts';
import { type ExecutionLine, outcomeOf } from './execution.ts';

/** How a state is lit by a history. */
export type Light = 'idle' | 'visited' | 'current' | 'failed';

/** A state machine as the history of an execution lights it. */
export interface LitGraph extends Pick<Graph, 'width' | 'height'> {
  nodes: (GraphNode & { visits: number; light: Light })[];
  edges: (GraphEdge & { count: number })[];
}

/** Lights the states in which an execution was, and the ways that it went. */
export function lit({ width, height, nodes, edges }: Graph, execution: ExecutionLine): LitGraph {
  const { states = [], moves = [] } = execution;
  const last = lastLight(execution);
  const visits = new Map<string, number>();
  for (const { to, count } of moves) visits.set(to, (visits.get(to) ?? 0) + count);
  // No way leads to the first state. A redrive leads to the state that failed.
  for (const [state, stays] of Map.groupBy(states, ({ state }) => state)) {
    visits.set(state, Math.max(stays.length, visits.get(state) ?? 0));
  }
  return {
    width,
    height,
    nodes: nodes.map((node) => {
      const times = visits.get(node.name) ?? 0;
      return { ...node, visits: times, light: node.name === last?.state ? last.light : times > 0 ? 'visited' : 'idle' };
    }),
    edges: edges.map((edge) => {
      const move = moves.find(({ from, to }) => from === edge.from && to === edge.to);
      return { ...edge, count: move?.count ?? 0 };
    }),
  };
}

/** Returns where an execution is, or where it failed. */
function lastLight(execution: ExecutionLine): { state: string; light: Light } | undefined {
  const { key } = outcomeOf(execution);
  const state = execution.states?.at(-1)?.state;
  if (state === undefined || (key !== 'running' && key !== 'failed')) return undefined;
  return { state, light: key === 'running' ? 'current' : 'failed' };
}

/** What an execution did in one state, over its time. */
export interface Lane {
  state: string;
  visits: number;
  seconds: number;
  /** Of failed attempts: name of the error, and how often. */
  failures: readonly (readonly [error: string, count: number])[];
  /** From 0 to {@link LANE_WIDTH}: when it was in the state. There are at most as many as one can tell apart. */
  bars: { x: number; width: number }[];
  /** The same of the stays in which an attempt failed. */
  marks: number[];
}

export const LANE_WIDTH = 400;
/** Bars are at least this wide, and as far from each other. */
const LEAST = 2;

/** Returns when an execution was in which state, as lanes over the time from its start to its end or to now. */
export function lanesOf({ states = [], startedAt, endedAt }: ExecutionLine, now: Date): Lane[] {
  const from = Date.parse(startedAt);
  const until = Math.max(endedAt === undefined ? now.getTime() : Date.parse(endedAt), from + 1);
  const at = (time: number) => ((Math.min(Math.max(time, from), until) - from) / (until - from)) * LANE_WIDTH;
  return [...Map.groupBy(states, ({ state }) => state)].map(([state, stays]) => {
    const lane: Lane = { state, visits: stays.length, seconds: 0, failures: failuresIn(stays), bars: [], marks: [] };
    for (const stay of stays) {
      const begin = Date.parse(stay.at);
      // What has no end was left by a failure, unless the execution is still in it.
      const isOpen = stay === states.at(-1);
      const seconds = stay.seconds ?? (isOpen ? Math.max(0, (until - begin) / 1000) : 0);
      lane.seconds += seconds;
      addBar(lane.bars, at(begin), at(begin + seconds * 1000));
      if (stay.failures.length > 0) addMark(lane.marks, at(begin));
    }
    return lane;
  });
}

function failuresIn(stays: readonly Stay[]): Lane['failures'] {
  const errors = stays.flatMap(({ failures }) => failures);
  return [...Map.groupBy(errors, (error) => error)].map(([error, all]) => [error, all.length] as const);
}

function addBar(bars: Lane['bars'], from: number, to: number): void {
  const x = Math.min(from, LANE_WIDTH - LEAST);
  const width = Math.max(to - x, LEAST);
  const last = bars.at(-1);
  if (last && x - (last.x + last.width) < LEAST) last.width = Math.max(last.width, x + width - last.x);
  else bars.push({ x, width });
}

function addMark(marks: number[], x: number): void {
  const last = marks.at(-1);
  if (last === undefined || x - last >= 2 * LEAST) marks.push(Math.min(x, LANE_WIDTH - LEAST));
}
