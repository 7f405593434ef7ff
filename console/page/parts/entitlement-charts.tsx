import { useSignal } from '@preact/signals';
import { now, useAnswer } from '../data/answers.ts';
import { joinsIn } from '../data/series.ts';
import { ChartJoins } from './chart-joins.tsx';
import { ChartSeats } from './chart-seats.tsx';
import { Panel } from './panel.tsx';

/** The seats of an entitlement over time and how long each join took, on request: that reads every record of it. */
export function EntitlementCharts({ name, max }: { name: string; max: number | undefined }) {
  const isAsked = useSignal(false);
  const history = useAnswer('history', { of: name, changes: '' }, { skip: !isAsked.value });
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
        <p class="soft">
          Seats against the cap, and how long each join took. This reads every record of the entitlement.
        </p>
      </section>
    );
  }
  const [reach] = history.of('reach');
  const span = reach && { from: new Date(reach.since), to: now.value };
  return (
    <Panel title="Over time" answer={history}>
      {span && (
        <>
          <h3>Seats</h3>
          <ChartSeats access={history.of('access')} span={span} max={max} />
          <h3>From the request to the seat</h3>
          <ChartJoins joins={joinsIn(history.of('audited-change'))} span={span} />
        </>
      )}
    </Panel>
  );
}
