import { type LineOf, useAnswer } from '../data/answers.ts';
import { isShown, TRIGGERS, triggerOf } from '../data/execution.ts';
import { filter, place } from '../data/route.tsx';
import { Choice } from '../parts/choice.tsx';
import { About, Changes, ExecutionLink, Outcome } from '../parts/execution.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { count, duration, Time } from '../parts/text.tsx';
import { Execution } from './execution.tsx';

const LIMIT = 50;
/** The command lists no more. */
const MOST = 1000;

const OUTCOMES = {
  running: 'running',
  converged: 'converged',
  held: 'held',
  failed: 'failed',
  handedOver: 'handed over',
  ignored: 'ignored',
};

/** The executions, or one of them. @param props `about`: its name */
export function Executions({ about }: { about: string }) {
  return about === '' ? <List /> : <Execution about={about} />;
}

/** What happened lately, the newest first. */
function List() {
  const { query } = place.value;
  const [outcome, trigger, text, ticks] = ['outcome', 'trigger', 'text', 'ticks'].map(
    (name) => query.get(name) ?? undefined,
  );
  const limit = Math.min(MOST, Math.max(1, Number.parseInt(query.get('limit') ?? '', 10) || LIMIT));
  const answer = useAnswer(
    'executions',
    { limit: String(limit), ...(ticks === undefined ? {} : { ticks }) },
    { live: true },
  );
  const rows = answer.lines.filter((line) => line.type === 'execution' || line.type === 'fold');
  const isFiltered = (outcome ?? trigger ?? text) !== undefined;
  const shown = rows.filter((line) => (line.type === 'fold' ? !isFiltered : isShown(line, { outcome, trigger, text })));
  const [more] = answer.of('more');
  return (
    <>
      <h1>Executions</h1>
      <Panel
        title="The newest first"
        answer={answer}
        actions={<Filters outcome={outcome} trigger={trigger} text={text} />}
        empty={
          rows.length === 0 ? (
            <Empty title="There is no execution yet">
              A change in Identity Center, a tick or a manual start begins one.
            </Empty>
          ) : undefined
        }
      >
        {shown.length === 0 ? (
          <Empty title="No execution matches">{count(rows.length)} were read, and none of them is like this.</Empty>
        ) : (
          <Table
            heads={['Started', 'Trigger', 'Subject', 'Outcome', { number: 'Changes' }, { number: 'Took' }, 'Execution']}
          >
            <tbody>
              {shown.map((line) =>
                line.type === 'fold' ? (
                  <Fold key={`fold ${line.since}`} line={line} />
                ) : (
                  <Row key={line.execution} line={line} />
                ),
              )}
            </tbody>
          </Table>
        )}
        {more && (
          <p class="more">
            The newest {count(more.read)}; there are more.{' '}
            {limit < MOST ? (
              <button type="button" onClick={() => filter({ limit: String(Math.min(MOST, limit * 2)) })}>
                Show {count(Math.min(MOST, limit * 2))}
              </button>
            ) : (
              'This page shows no more. The audit page searches further back.'
            )}
          </p>
        )}
      </Panel>
    </>
  );
}

function Row({ line }: { line: LineOf<'execution'> }) {
  const { startedAt, endedAt, subject, execution } = line;
  return (
    <tr>
      <td class="nowrap">
        <Time at={startedAt} />
      </td>
      <td>{triggerOf(subject)}</td>
      <td>
        <About subject={subject} />
      </td>
      <td>
        <Outcome line={line} />
      </td>
      <td class="number nowrap">
        <Changes line={line} />
      </td>
      <td class="number nowrap">
        {endedAt !== undefined && duration((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)}
      </td>
      <td>
        <ExecutionLink arn={execution} />
      </td>
    </tr>
  );
}

/** Ticks in which nothing happened. */
function Fold({ line: { count: ticks, since, until } }: { line: LineOf<'fold'> }) {
  return (
    <tr class="fold">
      <td class="nowrap">
        <Time at={until} />
      </td>
      <td colSpan={5}>
        {count(ticks)} {ticks === 1 ? 'tick' : 'ticks'} with nothing to do, since <Time at={since} />
      </td>
      <td>
        <button type="button" class="quiet" onClick={() => filter({ ticks: '1' })}>
          Show each tick
        </button>
      </td>
    </tr>
  );
}

function Filters({ outcome, trigger, text }: Readonly<Record<'outcome' | 'trigger' | 'text', string | undefined>>) {
  return (
    <>
      <Choice
        name="outcome"
        title="Outcome"
        value={outcome ?? ''}
        choices={[['', 'Outcome: all'], ...Object.entries(OUTCOMES)]}
      />
      <Choice
        name="trigger"
        title="Trigger"
        value={trigger ?? ''}
        choices={[['', 'Trigger: all'], ...Object.entries(TRIGGERS)]}
      />
      <input
        type="search"
        aria-label="Filter by id, operation or reason"
        placeholder="Id, operation or reason"
        value={text ?? ''}
        onInput={(event) => filter({ text: event.currentTarget.value })}
      />
    </>
  );
}
