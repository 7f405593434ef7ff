import { useSignal } from '@preact/signals';
import { type AuditRow, type Facet, type Filter, filtered } from '../data/audit.ts';
import { filter, place } from '../data/route.tsx';
import { counted } from '../data/table.ts';
import { Choice } from './choice.tsx';
import { FindUser } from './find-user.tsx';
import { count } from './text.tsx';
import { Name } from './user.tsx';

const TIMES: Readonly<Record<string, string>> = {
  '15m': 'last 15 minutes',
  '3h': 'last 3 hours',
  '1d': 'last day',
  '7d': 'last 7 days',
  '30d': 'last 30 days',
};
const TITLES = { event: 'Event', entitlement: 'Entitlement', execution: 'Execution' } as const;

/** What the events are filtered by. All of it is in the address, so that a link shows the same. */
export function AuditFacets({ rows, chosen }: { rows: readonly AuditRow[]; chosen: Filter }) {
  const { query } = place.value;
  const since = query.get('since') ?? '1d';
  const typed = useSignal('');
  const { userId } = chosen;
  return (
    <div class="facets">
      <label>
        From
        <select value={since} onChange={({ currentTarget }) => filter({ since: currentTarget.value, until: '' })}>
          {Object.entries({ ...(Object.hasOwn(TIMES, since) ? {} : { [since]: since }), ...TIMES }).map(
            ([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ),
          )}
        </select>
      </label>
      <label>
        or from this day, UTC
        <input
          type="date"
          value={/^\d{4}-\d\d-\d\d/.exec(since)?.[0] ?? ''}
          onChange={({ currentTarget }) => filter({ since: currentTarget.value })}
        />
      </label>
      <label>
        to this time, UTC
        <input
          type="datetime-local"
          value={query.get('until')?.replace(/Z$/, '') ?? ''}
          onChange={({ currentTarget: { value } }) => filter({ until: value === '' ? '' : `${value}Z` })}
        />
      </label>
      <OneFacet facet="event" rows={rows} chosen={chosen} />
      <OneFacet facet="entitlement" rows={rows} chosen={chosen} />
      <OneFacet facet="execution" rows={rows} chosen={chosen} />
      {userId === undefined ? (
        <FindUser
          label="Only this person: id, name or e-mail"
          value={typed.value}
          onInput={(text) => {
            typed.value = text;
          }}
          onFound={(user) => filter({ user })}
        />
      ) : (
        <p>
          Only <code>{userId}</code>
          <Name kind="users" id={userId} />{' '}
          <button type="button" class="quiet" onClick={() => filter({ user: '' })}>
            everyone
          </button>
        </p>
      )}
    </div>
  );
}

function OneFacet({ facet, rows, chosen }: { facet: Facet; rows: readonly AuditRow[]; chosen: Filter }) {
  const value = chosen[facet] ?? '';
  const counts = counted(filtered(rows, chosen, facet), (row) => row[facet]);
  counts.delete('');
  if (value !== '' && !counts.has(value)) counts.set(value, 0);
  // A long list of executions helps no one: its rows lead to it.
  if (facet === 'execution' && value === '') return null;
  const choices = [...counts].map(([name, number]) => [name, `${name.split(':').at(-1)} (${count(number)})`] as const);
  return <Choice name={facet} title={TITLES[facet]} hasLabel value={value} choices={[['', 'all'], ...choices]} />;
}
