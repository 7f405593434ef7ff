import { useMemo } from 'preact/hooks';
import { type Answer, useAnswer } from '../data/answers.ts';
import { filter, place } from '../data/route.tsx';
import { joinsIn, type Span } from '../data/series.ts';
import { ChartJoins } from './chart-joins.tsx';
import { ChartSeats } from './chart-seats.tsx';
import { Empty, Panel } from './panel.tsx';

const DAYS = [1, 7, 30, 90];
const USUAL = 7;
const DAY = 86_400_000;

/** How many seats an entitlement had over the last days, and how long its joins took. @param props `max`: the cap of today */
export function EntitlementHistory({ name, max }: { name: string; max: number }) {
  const given = Number(place.value.query.get('days'));
  const days = DAYS.includes(given) ? given : USUAL;
  const answer = useAnswer('history', { of: name, from: `${days}d`, changes: '1' });
  const joins = useMemo(() => joinsIn(answer.of('audited-change')), [answer.lines]);
  const span = spanOf(answer, days);
  return (
    <Panel
      title="Seats over time"
      answer={answer}
      actions={
        <select aria-label="Time" value={days} onChange={(event) => filter({ days: event.currentTarget.value })}>
          {DAYS.map((number) => (
            <option key={number} value={number}>
              {number === 1 ? 'last day' : `last ${number} days`}
            </option>
          ))}
        </select>
      }
    >
      {span && (
        <>
          <ChartSeats access={answer.of('access')} span={span} max={max} />
          <h3>From a join to the seat</h3>
          {joins.length === 0 ? <Empty title="No one joined in this time" /> : <ChartJoins joins={joins} span={span} />}
        </>
      )}
    </Panel>
  );
}

/** From then on, or as far as the records reach, to when it was asked. */
function spanOf({ of, at }: Answer, days: number): Span | undefined {
  const [reach] = of('reach');
  if (!reach || !at) return undefined;
  return { from: new Date(Math.max(at.getTime() - days * DAY, Date.parse(reach.since))), to: at };
}
