import { Graph as Layout, layout } from '@dagrejs/dagre';

/** A state machine as it is drawn: laid out before a browser sees it. */
export interface Graph {
  width: number;
  height: number;
  nodes: GraphNode[];
  edges: GraphEdge[];
}

/** A state. */
export interface GraphNode {
  name: string;
  /** As the Amazon States Language has it: Task, Choice, Wait, Succeed, … */
  type: string;
  /** Of its centre. */
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A way from a state to another one. */
export interface GraphEdge {
  from: string;
  to: string;
  /** Only after a failure. */
  caught: boolean;
  /** Data of an SVG path: the line, and its head. */
  line: string;
  head: string;
}

/** What a layout needs of a state machine in the Amazon States Language. */
export interface Machine {
  States: Readonly<Record<string, State>>;
}

interface State {
  Type: string;
  Next?: string;
  Default?: string;
  Choices?: readonly { Next: string }[];
  Catch?: readonly { Next: string }[];
}

type Point = Readonly<{ x: number; y: number }>;

const HEIGHT = 34;
/** Of a state: what its name takes, and what is around it. */
const WIDTH = { letter: 7, padding: 26 };
const SPACE = { nodesep: 14, ranksep: 30, edgesep: 12, marginx: 4, marginy: 4 };
/** Of the head of an edge: its length, and half of its width. */
const HEAD = { length: 7, half: 3.5 };

/** Lays out a state machine from top to bottom. */
export function layoutOf({ States }: Machine): Graph {
  const drawn = new Layout({ multigraph: false }).setGraph({ rankdir: 'TB', ...SPACE });
  for (const name of Object.keys(States)) {
    drawn.setNode(name, { width: name.length * WIDTH.letter + WIDTH.padding, height: HEIGHT });
  }
  const ways = Object.entries(States).flatMap(([from, state]) => waysFrom(state).map((way) => ({ from, ...way })));
  for (const { from, to } of ways) drawn.setEdge(from, to, {});
  layout(drawn);
  const { width = 0, height = 0 } = drawn.graph();
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: Object.entries(States).map(([name, { Type }]) => {
      const { x, y, width: wide } = drawn.node(name);
      return { name, type: Type, x: round(x), y: round(y), width: wide, height: HEIGHT };
    }),
    edges: ways.map((way) => ({ ...way, ...pathOf(drawn.edge(way.from, way.to).points ?? []) })),
  };
}

/** Returns the states that may follow one, each once: one that follows anyway and after a failure is one that follows. */
function waysFrom({ Next, Default, Choices = [], Catch = [] }: State): { to: string; caught: boolean }[] {
  const next = new Set([Next, ...Choices.map((one) => one.Next), Default].filter((name) => name !== undefined));
  const caught = new Set(Catch.map((one) => one.Next)).difference(next);
  return [...[...next].map((to) => ({ to, caught: false })), ...[...caught].map((to) => ({ to, caught: true }))];
}

/** Returns a curve near the points, which ends with the head of an arrow. */
function pathOf(points: readonly Point[]): Pick<GraphEdge, 'line' | 'head'> {
  const [first, ...rest] = points;
  const end = points.at(-1);
  const before = points.at(-2);
  if (!first || !end || !before) return { line: '', head: '' };
  const length = Math.hypot(end.x - before.x, end.y - before.y) || 1;
  const [along, across] = [(end.x - before.x) / length, (end.y - before.y) / length];
  const neck = { x: end.x - along * HEAD.length, y: end.y - across * HEAD.length };
  const side = (half: number) => at({ x: neck.x - across * half, y: neck.y + along * half });
  const curve = rest.slice(0, -1).map((point, index) => {
    const next = rest[index + 1] ?? point;
    const isLast = index === rest.length - 2;
    return `Q${at(point)} ${at(isLast ? neck : { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 })}`;
  });
  return {
    line: `M${at(first)}${curve.length > 0 ? curve.join('') : `L${at(neck)}`}`,
    head: `M${at(end)}L${side(HEAD.half)}L${side(-HEAD.half)}Z`,
  };
}

function at({ x, y }: Point): string {
  return `${round(x)} ${round(y)}`;
}

function round(number: number): number {
  return Math.round(number * 10) / 10;
}
