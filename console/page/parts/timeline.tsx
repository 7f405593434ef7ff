import { useSignal } from '@preact/signals';
import { type Answer, type LineOf, now, useAnswer } from '../data/answers.ts';
import { outcomeOf } from '../data/execution.ts';
import { Link, to } from '../data/route.tsx';
import { toneOf } from './audit-events.tsx';
import { ExecutionLink } from './execution.tsx';
import { Empty, Panel } from './panel.tsx';
import { Reach } from './reach.tsx';
import { Table } from './table.tsx';
import { Status, Time, type Tone } from './text.tsx';

type Access = LineOf<'access'>;

/** Something that happened to a user: a change that the audit stream has, or an execution that changed nothing. */
interface Happening {
  at: string;
  what: string;
  tone: Tone;
  entitlement?: string | undefined;
  reason?: string | undefined;
  execution: string;
}

/** When a user had which seat, and what happened to them. */
export function Timeline({ userId, history }: { userId: string; history: Answer }) {
  const isAsked = useSignal(false);
  const by = useAnswer('history', { of: userId, by: '' }, { skip: !isAsked.value });
  const executions = useAnswer('executions').of('execution');
  const starters = new Map((isAsked.value ? by.of('starter') : []).map((one) => [one.execution, one.by]));
  const spans = history.of('access');
  const happenings = happeningsOf(userId, history.of('audited-change'), executions);
  const [reach] = history.of('reach');
  return (
    <Panel
      title="History"
      answer={isAsked.value && !by.isLoading ? by : history}
      actions={
        <button
          type="button"
          class="quiet"
          disabled={isAsked.value}
          onClick={() => {
            isAsked.value = true;
          }}
        >
          {isAsked.value && by.isLoading ? 'Asking CloudTrail …' : 'Who did it?'}
        </button>
      }
    >
      {spans.length > 0 && <Spans spans={spans} since={reach?.since} />}
      {happenings.length === 0 ? (
        reach && <Empty title="No record of a change">The records have every change since they begin.</Empty>
      ) : (
        <Table heads={['When', 'What', 'Entitlement', 'Reason', 'Execution', ...(isAsked.value ? ['By'] : [])]}>
          <tbody>
            {happenings.map(({ at, what, tone, entitlement, reason, execution }) => (
              <tr key={`${at} ${what} ${entitlement}`}>
                <td>
                  <Time at={at} />
                </td>
                <td>
                  <Status tone={tone}>{what}</Status>
                </td>
                <td>{entitlement !== undefined && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
                <td>{reason}</td>
                <td>
                  <ExecutionLink arn={execution} />
                </td>
                {isAsked.value && (
                  <td>{by.isLoading ? '…' : <code>{starters.get(execution) ?? 'not recorded'}</code>}</td>
                )}
              </tr>
            ))}
          </tbody>
        </Table>
      )}
      <Reach reach={reach} />
    </Panel>
  );
}

function happeningsOf(
  userId: string,
  changes: readonly LineOf<'audited-change'>[],
  executions: readonly LineOf<'execution'>[],
): Happening[] {
  const told = new Set(changes.map(({ execution }) => execution));
  const others = executions.filter(
    ({ execution, subject }) => !told.has(execution) && subject?.users?.some((one) => one.userId === userId),
  );
  return [
    ...changes.map((change) => ({ ...change, what: change.event, tone: toneOf(change.event) })),
    ...others.map((line) => {
      const { word, tone } = outcomeOf(line);
      return { ...line, at: line.startedAt, what: `Execution: ${word}`, tone };
    }),
  ].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
}

const WIDTH = 1000;
const HEIGHT = 12;

/** One row per entitlement: the times in which the user had a seat, from the beginning of the records until now. */
function Spans({ spans, since }: { spans: readonly Access[]; since: string | undefined }) {
  const from = Date.parse(since ?? spans[0]?.since ?? '');
  const until = now.value.getTime();
  const x = (time: string | undefined, otherwise: number) => {
    const share = ((time === undefined ? otherwise : Date.parse(time)) - from) / Math.max(1, until - from);
    return Math.round(Math.max(0, Math.min(1, share)) * WIDTH);
  };
  return (
    <div class="spans">
      {[...Map.groupBy(spans, ({ entitlement }) => entitlement)].map(([entitlement, some]) => (
        <figure key={entitlement}>
          <figcaption>
            <strong>{entitlement}</strong>
            {some.map((span) => (
              <span key={span.since ?? span.sinceBefore}>
                {' '}
                <SpanInWords span={span} />
              </span>
            ))}
          </figcaption>
          <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
            <rect class="ground" width={WIDTH} height={HEIGHT} />
            {some.map((span) => {
              const [left, right] = [x(span.since ?? span.sinceBefore, from), x(span.until ?? span.untilAfter, until)];
              return (
                <rect
                  key={left}
                  class={span.status}
                  x={Math.min(left, WIDTH - 4)}
                  width={Math.max(4, right - left)}
                  height={HEIGHT}
                />
              );
            })}
          </svg>
        </figure>
      ))}
    </div>
  );
}

function SpanInWords({ span: { status, since, sinceBefore, until, untilAfter } }: { span: Access }) {
  const begin = since ?? sinceBefore;
  const end = until ?? untilAfter;
  return (
    <span class="soft">
      {status === 'seat' ? 'had a seat' : 'records do not say'} from {since === undefined && sinceBefore && 'before '}
      {begin === undefined ? 'a time before the records' : <Time at={begin} />} until{' '}
      {until === undefined && untilAfter && 'after '}
      {end === undefined ? 'now' : <Time at={end} />}.
    </span>
  );
}
