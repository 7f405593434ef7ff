import { graph } from '../../../statemachines/onboarding.asl.yaml';
import { type ExecutionLine, outcomeOf } from '../data/execution.ts';
import { type Light, lit } from '../data/path.ts';

const SHAPES: Readonly<Record<Light, string>> = { idle: '', visited: '', current: '▸ ', failed: '✕ ' };
const WORDS: Readonly<Record<Light, string>> = {
  idle: 'not visited',
  visited: 'visited',
  current: 'it is here now',
  failed: 'it failed here',
};
const CORNER = 4;

/** The state machine, lit by the history of an execution. The table of its states says the same in words. */
export function StateGraph({ line }: { line: ExecutionLine }) {
  const { width, height, nodes, edges } = lit(graph, line);
  const visited = nodes.filter(({ visits }) => visits > 0);
  const last = nodes.find(({ light }) => light === 'current' || light === 'failed');
  const label = `The state machine. The execution was in ${visited.length} of ${nodes.length} states${
    last ? `; ${WORDS[last.light]}: ${last.name}` : ''
  }.`;
  return (
    <svg
      class={`graph ${outcomeOf(line).tone}-end`}
      viewBox={`0 0 ${width} ${height}`}
      width={width}
      height={height}
      role="img"
      aria-label={label}
    >
      {edges
        .toSorted((a, b) => a.count - b.count)
        .map(({ from, to, line: path, head, caught, count }) => (
          <g key={`${from} ${to}`} class={`edge ${caught ? 'caught' : ''} ${count > 0 ? 'taken' : ''}`}>
            <title>{`${from} → ${to}${caught ? ', after a failure' : ''}: ${count === 0 ? 'never' : `${count} ×`}`}</title>
            <path class="line" d={path} />
            <path class="head" d={head} />
          </g>
        ))}
      {nodes.map((node) => (
        <g key={node.name} class={`node ${node.light} ${node.type.toLowerCase()}`}>
          <title>{`${node.name}: ${WORDS[node.light]}${node.visits > 1 ? `, ${node.visits} ×` : ''}`}</title>
          <rect
            x={node.x - node.width / 2}
            y={node.y - node.height / 2}
            width={node.width}
            height={node.height}
            rx={node.type === 'Task' || node.type === 'Wait' ? CORNER : node.height / 2}
          />
          <text x={node.x} y={node.y + 4}>
            {SHAPES[node.light]}
            {node.name}
          </text>
          {node.visits > 1 && (
            <text class="visits" x={node.x + node.width / 2} y={node.y - node.height / 2 - 3}>
              ×{node.visits}
            </text>
          )}
        </g>
      ))}
    </svg>
  );
}
