import { STATES } from '../../../operator/executions/states.ts';
import { now } from '../data/answers.ts';
import type { ExecutionLine } from '../data/execution.ts';
import { LANE_WIDTH, type Lane, lanesOf } from '../data/path.ts';
import { count, duration, Time } from './text.tsx';

const HEIGHT = 16;

/** How long an execution was in which state, and what failed there: a bar per stay, on one axis of time. */
export function Lanes({ line }: { line: ExecutionLine }) {
  const lanes = lanesOf(line, now.value);
  return (
    <table class="lanes">
      <thead>
        <tr>
          <th>State</th>
          <th class="number">Visits</th>
          <th class="number">Time</th>
          <th>
            <span class="ends">
              <Time at={line.startedAt} />
              {line.endedAt === undefined ? <span>now</span> : <Time at={line.endedAt} />}
            </span>
          </th>
        </tr>
      </thead>
      <tbody>
        {lanes.map((lane) => (
          <tr key={lane.state}>
            <td title={STATES[lane.state]}>{lane.state}</td>
            <td class="number">{count(lane.visits)}</td>
            <td class="number nowrap">{lane.seconds < 0.5 ? '< 1 s' : duration(lane.seconds)}</td>
            <td>
              <Bars lane={lane} />
              {lane.failures.map(([error, times]) => (
                <div key={error} class="status bad">
                  ✕ {count(times)} failed {times === 1 ? 'attempt' : 'attempts'}: {error}
                </div>
              ))}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Bars({ lane: { state, bars, marks } }: { lane: Lane }) {
  return (
    <svg class="lane" viewBox={`0 0 ${LANE_WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      {bars.map(({ x, width }) => (
        <rect
          key={x}
          class={state.startsWith('Wait') ? 'pause' : 'stay'}
          x={x}
          y={2}
          width={width}
          height={HEIGHT - 4}
        />
      ))}
      {marks.map((x) => (
        <rect key={x} class="mark" x={x} y={0} width={2} height={HEIGHT} />
      ))}
    </svg>
  );
}
