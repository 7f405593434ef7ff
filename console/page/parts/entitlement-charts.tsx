import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type Answer, useAnswer } from '../data/answers.ts';
import { place } from '../data/route.tsx';
import { joinsIn, type Span } from '../data/series.ts';
import { ChartJoins } from './chart-joins.tsx';
import { ChartSeats } from './chart-seats.tsx';
import { Choice } from './choice.tsx';
import { Empty, Panel } from './panel.tsx';

const DAYS = [1, 7, 30, 90, 365];
const USUAL = 30;
const DAY = 86_400_000;

function inWords(days: number) {
  return [String(days), days === 1 ? 'last day' : `last ${days} days`] as const;
}

/** The seats of an entitlement over time and how long each join took, on request: that reads every record of the time. */
export function EntitlementCharts({ name, max }: { name: string; max: number | undefined }) {
  const given = Number(place.value.query.get('days'));
  const days = DAYS.includes(given) ? given : USUAL;
  const isAsked = useSignal(given === days);
  const history = useAnswer('history', { of: name, from: `${days}d`, changes: '' }, { skip: !isAsked.value });
  const joins = useMemo(() => joinsIn(history.of('audited-change')), [history.lines]);
  if (!isAsked.value) {
    return (
      <section class="panel">
        <header>
          <h2>Over time</h2>
          <button
            type="button"
            onClick={() => {
              isAsked.value = true;
            }}
          >
            Read the records
          </button>
        </header>
        <p class="soft">Seats against the cap, and how long each join took. This reads every record of {days} days.</p>
      </section>
    );
  }
  const span = spanOf(history, days);
  return (
    <Panel
      title="Over time"
      answer={history}
      actions={<Choice name="days" title="Time" value={String(days)} choices={DAYS.map(inWords)} />}
    >
      {span && (
        <>
          <h3>Seats</h3>
          <ChartSeats access={history.of('access')} span={span} max={max} />
          <h3>From the request to the seat</h3>
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
