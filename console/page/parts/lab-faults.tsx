import { act, lab } from '../data/lab.ts';

const ASSIGN = 'SSOAdmin.CreateApplicationAssignment';

/** Faults that show what Usher does about them. */
const CHOICE: readonly { title: string; rule: Readonly<Record<string, unknown>> }[] = [
  { title: 'AWS throttles assigning for two minutes', rule: { operation: ASSIGN, kind: 'throttle', for: '2m' } },
  { title: 'AWS says that it assigned, and did not, once', rule: { operation: ASSIGN, kind: 'lost' } },
  { title: 'AWS denies access to assign', rule: { operation: ASSIGN, kind: 'refuse', for: 'ever' } },
  { title: 'The quota of assignments is used up', rule: { operation: ASSIGN, kind: 'quota', for: 'ever' } },
  { title: 'A function crashes after it assigned, once', rule: { operation: ASSIGN, kind: 'crash-after' } },
  {
    title: 'Groups cannot be read for five minutes',
    rule: { operation: 'IdentityStore.ListGroupMemberships', kind: 'internal', for: '5m' },
  },
  {
    title: 'EventBridge takes no audit events for five minutes',
    rule: { operation: 'EventBridge.PutEvents', kind: 'internal', for: '5m' },
  },
  { title: 'Lambda throttles for two minutes', rule: { operation: 'Lambda.Invoke', kind: 'throttle', for: '2m' } },
];

/** What AWS does wrong, if one wants it to. */
export function Faults() {
  const left = lab.faults.value;
  return (
    <section class="panel">
      <header>
        <h2>Faults</h2>
        <button type="button" class="quiet" disabled={left.length === 0} onClick={() => act('clear-faults')}>
          Clear all
        </button>
      </header>
      <label for="fault">Let something go wrong</label>
      <select
        id="fault"
        value=""
        onChange={({ currentTarget }) => {
          const rule = CHOICE[Number(currentTarget.value)]?.rule;
          currentTarget.value = '';
          return rule && act('faults', [rule]);
        }}
      >
        <option value="">Choose …</option>
        {CHOICE.map(({ title }, index) => (
          <option key={title} value={index}>
            {title}
          </option>
        ))}
      </select>
      {left.length === 0 && <p class="soft">AWS works.</p>}
      <ul class="rows">
        {left.map(({ operation, kind, times, for: lasts }) => (
          <li key={`${operation} ${kind}`}>
            <code>{operation}</code> {kind} {lasts === undefined ? `${times ?? 1} ×` : `for ${lasts}`}
          </li>
        ))}
      </ul>
    </section>
  );
}
