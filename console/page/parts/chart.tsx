import type { ComponentChildren } from 'preact';
import type { Span } from '../data/series.ts';
import { timeMode } from './text.tsx';

/** Of a picture in units of its own; it is as wide as there is room. */
export const CHART = { width: 720, height: 180 };
const MARGIN = { left: 56, right: 8, top: 18, bottom: 22 };
const DAY = 86_400_000;

/** Where values are in a picture. */
export interface Scales {
  x(time: number): number;
  y(value: number): number;
}

/**
 * A picture of values over time. What it shows is said in `label`, for those who cannot see it.
 *
 * @param props `y`: where a value is, from 0 at the bottom to 1 at the top; `ticks`: values with a line, and their text
 */
export function Chart({ label, span, y, ticks, children }: ChartProps) {
  const { width, height } = CHART;
  const [inner, tall] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  const [from, to] = [span.from.getTime(), Math.max(span.to.getTime(), span.from.getTime() + 1)];
  const scales: Scales = {
    x: (time) => MARGIN.left + ((time - from) / (to - from)) * inner,
    y: (value) => MARGIN.top + (1 - y(value)) * tall,
  };
  return (
    <svg class="chart" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={label}>
      {ticks.map(({ value, text }) => (
        <g key={value}>
          <path class="grid" d={`M${MARGIN.left} ${scales.y(value)}H${width - MARGIN.right}`} />
          <text class="left" x={MARGIN.left - 6} y={scales.y(value) + 4}>
            {text}
          </text>
        </g>
      ))}
      {timesIn(span).map((time, index, all) => (
        <text
          key={time}
          class={index === 0 ? 'first' : index === all.length - 1 ? 'left' : ''}
          x={scales.x(time)}
          y={height - 6}
        >
          {timeText(time, to - from)}
        </text>
      ))}
      {children(scales)}
    </svg>
  );
}

interface ChartProps {
  label: string;
  span: Span;
  y(value: number): number;
  ticks: readonly { value: number; text: string }[];
  children(scales: Scales): ComponentChildren;
}

/** Five times from the beginning to the end. */
function timesIn({ from, to }: Span): number[] {
  const size = to.getTime() - from.getTime();
  return [0, 0.25, 0.5, 0.75, 1].map((part) => from.getTime() + part * size);
}

function timeText(time: number, size: number): string {
  const timeZone = timeMode.value === 'UTC' ? { timeZone: 'UTC' } : {};
  return new Date(time).toLocaleString(
    undefined,
    size > 3 * DAY
      ? { day: 'numeric', month: 'short', ...timeZone }
      : { hour: '2-digit', minute: '2-digit', ...timeZone },
  );
}
