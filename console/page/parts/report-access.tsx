import { type LineOf, now, useAnswer } from '../data/answers.ts';
import { filter } from '../data/route.tsx';
import { save } from '../data/save.ts';
import { csvOf, type Field } from '../data/table.ts';
import { Choice } from './choice.tsx';
import { EntitlementCharts } from './entitlement-charts.tsx';
import { Empty, Panel } from './panel.tsx';
import { Table } from './table.tsx';
import { count, Status, Time } from './text.tsx';
import { User } from './user.tsx';

type AccessLine = LineOf<'access'>;

const FIELDS: readonly Field<AccessLine>[] = (
  [
    'userId',
    'entitlement',
    'application',
    'status',
    'since',
    'sinceBefore',
    'until',
    'untilAfter',
    'reason',
    'endReason',
  ] as const
).map((key) => ({ key, value: (line) => line[key] }));
/** More is not read by people; a file has all. */
const MOST_SHOWN = 1000;

/** Of one entitlement: who had a seat on a day, and its seats and joins over time. */
export function Access({ of, at }: { of: string | undefined; at: string | undefined }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const entitlements = status?.entitlements.map(({ entitlement }) => entitlement) ?? [];
  const chosen = of ?? entitlements[0];
  const max = status?.entitlements.find(({ entitlement }) => entitlement === chosen)?.max;
  const today = now.value.toISOString().slice(0, 10);
  return (
    <>
      <div class="facets">
        <Choice
          name="of"
          title="Entitlement"
          hasLabel
          value={chosen ?? ''}
          choices={[...new Set([...(chosen === undefined ? [] : [chosen]), ...entitlements])].map(
            (name) => [name, name] as const,
          )}
        />
        <label>
          Who had access on this day, UTC
          <input
            type="date"
            max={today}
            value={at ?? ''}
            onChange={({ currentTarget }) => filter({ of: chosen, at: currentTarget.value })}
          />
        </label>
      </div>
      {chosen === undefined || at === undefined ? (
        <section class="panel">
          <Empty title="Choose a day">Everyone who had a seat on it is listed, also who has been deleted since.</Empty>
        </section>
      ) : (
        <OnDay of={chosen} at={at} />
      )}
      {chosen !== undefined && <EntitlementCharts name={chosen} max={max} />}
    </>
  );
}

function OnDay({ of, at }: { of: string; at: string }) {
  const answer = useAnswer('history', { of, at });
  const lines = answer.of('access');
  const [reach] = answer.of('reach');
  const actions = lines.length > 0 && (
    <>
      <span class="soft">{count(lines.length)}</span>
      <button
        type="button"
        class="quiet"
        onClick={() => save(`access-${of}-${at}.csv`, csvOf(lines, FIELDS), 'text/csv')}
      >
        CSV
      </button>
    </>
  );
  const empty = <Empty title="No one had a seat">Usher knows the seats that it gave, not what others assigned.</Empty>;
  return (
    <Panel
      title={`Who had access to ${of} on ${at}`}
      answer={answer}
      actions={actions}
      {...(lines.length === 0 ? { empty } : {})}
    >
      <Table heads={['person', 'status', 'from', 'why', 'until', 'why']}>
        <tbody>
          {lines.slice(0, MOST_SHOWN).map((line) => (
            <tr key={`${line.userId} ${line.since ?? line.sinceBefore}`}>
              <td>
                <User userId={line.userId} />
              </td>
              <td>
                <Status tone={line.status === 'seat' ? 'good' : 'wait'}>{line.status}</Status>
              </td>
              <td>
                {line.since === undefined && line.sinceBefore !== undefined && 'before '}
                <Time at={line.since ?? line.sinceBefore} />
              </td>
              <td>{line.reason}</td>
              <td>
                {line.until === undefined && line.untilAfter !== undefined && 'after '}
                <Time at={line.until ?? line.untilAfter} />
                {line.until === undefined && line.untilAfter === undefined && 'it lasts'}
              </td>
              <td>{line.endReason}</td>
            </tr>
          ))}
        </tbody>
      </Table>
      {lines.length > MOST_SHOWN && (
        <p class="soft">
          Shown: {count(MOST_SHOWN)} of {count(lines.length)}. The CSV file has all.
        </p>
      )}
      {reach && (
        <p class="soft">
          The records have every change since <Time at={reach.since} />.
        </p>
      )}
    </Panel>
  );
}
