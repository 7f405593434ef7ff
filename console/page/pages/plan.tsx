import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type Answer, type LineOf, useAnswer, usePosted } from '../data/answers.ts';
import { go, Link, place, to } from '../data/route.tsx';
import { Choice, withCounts } from '../parts/choice.tsx';
import { timeColumn, USER_COLUMN } from '../parts/columns.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { PlanNotes } from '../parts/plan-notes.tsx';
import { Table } from '../parts/table.tsx';
import { count, Status, type Tone } from '../parts/text.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Line = LineOf<'plan'>;
type Change = LineOf<'planned-change'>;

/** What the configuration in this folder, or another one, would change, and for whom. */
export function Plan() {
  const inFolder = useAnswer('plan');
  const text = useSignal('');
  const { answer: proposed, send } = usePosted('/api/plan');
  return (
    <>
      <h1>Plan</h1>
      <section class="panel">
        <header>
          <h2>Try another configuration</h2>
        </header>
        <form
          class="proposal"
          onSubmit={(event) => {
            event.preventDefault();
            send({ text: text.value });
          }}
        >
          <label>
            <span>Open a file</span>
            <input
              type="file"
              accept=".yml,.yaml,.json"
              onChange={async ({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                if (!file) return;
                text.value = await file.text();
                send({ text: text.value });
              }}
            />
          </label>
          <label>
            <span>
              or paste an <code>entitlements.yml</code>
            </span>
            <textarea
              rows={text.value === '' ? 3 : 12}
              spellcheck={false}
              value={text.value}
              onInput={({ currentTarget }) => {
                text.value = currentTarget.value;
              }}
            />
          </label>
          <div>
            <button type="submit" disabled={text.value.trim() === ''}>
              Show what it would change
            </button>{' '}
            <small>Nothing is changed, and the text is kept nowhere.</small>
          </div>
        </form>
      </section>
      {proposed && <OnePlan title="With this configuration" answer={proposed} />}
      {!proposed && <OnePlan title="With entitlements.yml of this folder" answer={inFolder} />}
    </>
  );
}

function OnePlan({ title, answer }: { title: string; answer: Answer }) {
  const changes = useMemo(() => answer.of('planned-change'), [answer.lines]);
  const [total] = answer.of('plan-total');
  const plans = answer.of('plan');
  return (
    <Panel title={title} answer={answer}>
      {total && !total.hasChanges && (plans.length > 0 || total.unread === undefined) && (
        <Empty title={total.unread === undefined ? 'Nothing would change' : 'Nothing that could be read would change'}>
          Usher has made every change that it may make{total.unread === undefined ? '' : ', as far as could be read'}.
        </Empty>
      )}
      {total?.deployed === false && <p>There is no ledger here: this is a plan for a first deployment.</p>}
      {plans.length > 0 && <Numbers plans={plans} total={total} />}
      <PlanNotes plans={plans} groupNames={answer.of('group-name')} />
      {changes.length > 0 && <Changes changes={changes} />}
    </Panel>
  );
}

const ALWAYS = ['gains', 'waitlisted', 'leaving', 'revoked', 'held'] as const;
const SOMETIMES = ['kept', 'repaired', 'dropped'] as const;

function Numbers({ plans, total }: { plans: readonly Line[]; total: LineOf<'plan-total'> | undefined }) {
  const kinds = [...ALWAYS, ...SOMETIMES.filter((kind) => plans.some((line) => line[kind] > 0))];
  const hasNotices = total?.notices !== undefined;
  return (
    <Table
      heads={[
        'Entitlement',
        ...['seats', 'after', 'cap', ...kinds, 'waitlist', ...(hasNotices ? ['notices'] : [])].map((number) => ({
          number,
        })),
      ]}
    >
      <tbody>
        {plans.map((line) => {
          const name = line.entitlement ?? line.application;
          return (
            <tr key={line.application}>
              <th scope="row">
                <Link href={to.entitlement(name)}>{name}</Link>{' '}
                {line.mode === 'observe' ? '(observe)' : line.configuration !== 'known' && `(${line.configuration})`}
              </th>
              <td class="number">{count(line.seats)}</td>
              <td class="number">{count(line.seatsAfter)}</td>
              <td class="number">{line.max === undefined ? '' : count(line.max)}</td>
              {kinds.map((kind) => (
                <td class="number" key={kind}>
                  {line[kind] === 0 ? <span class="soft">0</span> : <strong>{count(line[kind])}</strong>}
                </td>
              ))}
              <td class="number">{count(line.waitlistedAfter)}</td>
              {hasNotices && <td class="number">{line.notices === undefined ? '' : count(line.notices)}</td>}
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}

const TONES: Readonly<Record<Change['change'], Tone>> = {
  gains: 'good',
  waitlisted: 'wait',
  leaving: 'wait',
  revoked: 'bad',
  held: 'bad',
  kept: 'good',
  repaired: 'calm',
  dropped: 'calm',
};

const COLUMNS: readonly Column<Change>[] = [
  USER_COLUMN,
  { key: 'entitlement', title: 'Entitlement', width: '12rem', value: ({ entitlement }) => entitlement },
  {
    key: 'change',
    title: 'Change',
    width: '8.5rem',
    value: ({ change }) => change,
    cell: ({ change }) => <Status tone={TONES[change]}>{change}</Status>,
  },
  { key: 'position', title: 'Place', width: '5rem', isNumber: true, value: ({ position }) => position },
  timeColumn('dueAt', 'Due', '8rem'),
  { key: 'reason', title: 'Reason', value: ({ reason }) => reason },
];

function Changes({ changes }: { changes: readonly Change[] }) {
  const change = place.value.query.get('change') ?? '';
  const rows = useMemo(
    () => (change === '' ? changes : changes.filter((one) => one.change === change)),
    [changes, change],
  );
  return (
    <div class="changes">
      <VirtualTable
        label="What changes for whom"
        rows={rows}
        of={changes.length}
        columns={COLUMNS}
        onOpen={({ userId }) => go(to.person(userId))}
        file="plan"
      >
        <h3>For whom</h3>
        <Choice
          name="change"
          title="Change"
          value={change}
          choices={withCounts('every change', changes, ({ change }) => change)}
        />
      </VirtualTable>
    </div>
  );
}
