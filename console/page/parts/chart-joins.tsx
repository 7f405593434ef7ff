import { durationTicks, type Join, percentile, type Span } from '../data/series.ts';
import { Chart } from './chart.tsx';
import { count, duration } from './text.tsx';

const SOURCES = { event: 'an event', manual: 'a manual start', sweep: 'a sweep' } as const;

/** How long each join took from the first request to the seat, by what asked for it, with the median and the 95th percentile. */
export function ChartJoins({ joins, span }: { joins: readonly Join[]; span: Span }) {
  const seconds = joins.map((join) => Math.max(join.seconds, 1));
  const [p50, p95] = [percentile(seconds, 0.5), percentile(seconds, 0.95)];
  if (p50 === undefined || p95 === undefined) return null;
  const ticks = durationTicks(percentile(seconds, 0) ?? 1, percentile(seconds, 1) ?? 1);
  const [low, high] = [Math.log(ticks[0] ?? 1), Math.log(ticks.at(-1) ?? 2)];
  const label = `${count(joins.length)} joins: half within ${duration(p50)}, 95 of 100 within ${duration(p95)}.`;
  return (
    <figure class="joins">
      <figcaption class="legend">
        <span>{label}</span>
        {Object.entries(SOURCES).map(([source, words]) => (
          <span key={source}>
            <svg viewBox="-4 -4 8 8" aria-hidden="true">
              <path class={source} d={dot(source, 0, 0)} />
            </svg>{' '}
            asked for by {words}
          </span>
        ))}
      </figcaption>
      <Chart
        label={label}
        span={span}
        y={(value) => (Math.log(value) - low) / (high - low)}
        ticks={ticks.map((value) => ({ value, text: duration(value) }))}
      >
        {({ x, y }) => (
          <>
            {Object.keys(SOURCES).map((source) => (
              <path
                key={source}
                class={source}
                d={dotsOf(joins, source, (join) => [x(join.at), y(Math.max(join.seconds, 1))])}
              />
            ))}
            {[['p50', p50] as const, ['p95', p95] as const].map(([name, value]) => (
              <g key={name}>
                <path class="quantile" d={`M${x(span.from.getTime())} ${y(value)}H${x(span.to.getTime())}`} />
                <text
                  class={name === 'p50' ? 'first' : 'left'}
                  x={x((name === 'p50' ? span.from : span.to).getTime())}
                  y={y(value) - 3}
                >
                  {name} {duration(value)}
                </text>
              </g>
            ))}
          </>
        )}
      </Chart>
    </figure>
  );
}

/** Draws the dots of a source as one path. Dots at the same place are one. */
function dotsOf(joins: readonly Join[], source: string, place: (join: Join) => [number, number]): string {
  const places = joins.filter((join) => join.source === source).map((join) => place(join).map(Math.round).join(' '));
  return [...new Set(places)].map((text) => dot(source, ...pairOf(text))).join('');
}

function pairOf(text: string): [number, number] {
  const [x = 0, y = 0] = text.split(' ').map(Number);
  return [x, y];
}

/** By shape, too: a circle, a square or a triangle. */
function dot(source: string, x: number, y: number): string {
  if (source === 'event') return `M${x - 3} ${y}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
  if (source === 'manual') return `M${x - 3} ${y - 3}h6v6h-6Z`;
  return `M${x} ${y - 4}l4 7h-8Z`;
}
