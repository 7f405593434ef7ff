import { type AccessLine, type Span, seatsOver, thinned, ticksTo } from '../data/series.ts';
import { CHART, Chart } from './chart.tsx';
import { count } from './text.tsx';

/** How many seats there were over a time, against the cap of today. */
export function ChartSeats({ access, span, max }: ChartSeatsProps) {
  const all = seatsOver(access, span);
  const levels = thinned(all, span, CHART.width / 2);
  const [first, last] = [all[0]?.count ?? 0, all.at(-1)?.count ?? 0];
  const highest = all.reduce((most, level) => Math.max(most, level.count), 0);
  const ticks = ticksTo(Math.max(highest, max ?? 0));
  const top = ticks.at(-1) ?? 1;
  const label = `Seats over time: ${count(first)} at the beginning, ${count(last)} at the end, ${count(highest)} at most${
    max === undefined ? '' : `; the cap is ${count(max)}`
  }.`;
  return (
    <Chart
      label={label}
      span={span}
      y={(value) => value / top}
      ticks={ticks.map((value) => ({ value, text: count(value) }))}
    >
      {({ x, y }) => {
        const end = x(span.to.getTime());
        const line = levels.map((level, index) =>
          index === 0 ? `M${x(level.at)} ${y(level.count)}` : `H${x(level.at).toFixed(1)}V${y(level.count).toFixed(1)}`,
        );
        const path = `${line.join('')}H${end}`;
        return (
          <>
            <path class="under" d={`${path}V${y(0)}H${x(span.from.getTime())}Z`} />
            <path class="level" d={path} />
            {max !== undefined && (
              <>
                <path class="cap" d={`M${x(span.from.getTime())} ${y(max)}H${end}`} />
                <text class="left" x={end} y={y(max) - 4}>
                  cap {count(max)}
                </text>
              </>
            )}
          </>
        );
      }}
    </Chart>
  );
}

interface ChartSeatsProps {
  access: readonly AccessLine[];
  span: Span;
  /** The cap; undefined of an application that is no longer configured. */
  max: number | undefined;
}
