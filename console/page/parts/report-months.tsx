import { type Answer, type LineOf, now, useAnswer } from '../data/answers.ts';
import { averageOf, monthsUpTo, trendOf } from '../data/months.ts';
import { filter, Link, to } from '../data/route.tsx';
import { save } from '../data/save.ts';
import { csvOf, type Field } from '../data/table.ts';
import { Empty, Panel } from './panel.tsx';
import { Reach } from './reach.tsx';
import { Table } from './table.tsx';
import { count, duration } from './text.tsx';

type Month = LineOf<'month'>;

/** Each reads the audit stream of its month, so that no more are asked than are shown. */
const MOST_MONTHS = 6;
const AT_FIRST = 2;

const FIELDS: readonly Field<Month>[] = (
  [
    ...([
      'month',
      'entitlement',
      'application',
      'costCentre',
      'since',
      'until',
      'seatDays',
      'unknownDays',
      'peak',
    ] as const),
    ...(['joins', 'leaves', 'waitlisted', 'longestWaitlistedSeconds', 'joinToSeatP50Seconds'] as const),
    ...(['joinToSeatP95Seconds', 'pricePerMonth', 'currency'] as const),
  ] as const
).map((key) => ({ key, value: (line) => line[key] }));

/** The months of each entitlement. @param props `shown`: how many, as the address says */
export function Months({ shown, price }: { shown: string | null; price: string | undefined }) {
  const most = Math.min(MOST_MONTHS, Math.max(1, Number(shown) || AT_FIRST));
  const months = monthsUpTo(now.value, MOST_MONTHS);
  // Before the first answer, the time of the emulator is not known, and so not the month.
  const isTimeKnown = useAnswer('status', {}, { live: true }).at !== undefined;
  // The present month says how far back the records reach: of the months before that, nothing is known.
  const present = useAnswer('report', { month: months[0], price }, { skip: !isTimeKnown });
  const [reach] = present.of('reach');
  const isKnown = (month: string) => reach !== undefined && reach.since.slice(0, 7) <= month;
  const earlier = months
    .slice(1)
    .map((month, index) => useAnswer('report', { month, price }, { skip: index + 2 > most || !isKnown(month) }));
  const asked: [Answer, ...Answer[]] = [
    present,
    ...earlier.filter((_, index) => index + 2 <= most && isKnown(months[index + 1] ?? '')),
  ];
  const lines = asked.flatMap((answer) => answer.of('month'));
  const entitlements = [...Map.groupBy(lines, ({ entitlement }) => entitlement)];
  const widest = Math.max(1, ...lines.map(averageOf));
  const actions = (
    <>
      {most < MOST_MONTHS && isKnown(months[most] ?? '') && (
        <button type="button" class="quiet" onClick={() => filter({ months: String(most + 1) })}>
          One more month
        </button>
      )}
      {lines.length > 0 && (
        <button type="button" class="quiet" onClick={() => save('report.csv', csvOf(lines, FIELDS), 'text/csv')}>
          CSV
        </button>
      )}
    </>
  );
  const empty = <Empty title="No seat to report">No entitlement is configured, and no seat is recorded.</Empty>;
  return (
    <Panel title="Months" answer={together(asked)} actions={actions} {...(lines.length === 0 ? { empty } : {})}>
      <form class="facets" onSubmit={(event) => event.preventDefault()}>
        <label>
          Price of a seat per month
          <input
            placeholder="19 USD"
            value={price ?? ''}
            onChange={({ currentTarget }) => filter({ price: currentTarget.value.trim() })}
          />
        </label>
      </form>
      <Table
        heads={[
          'entitlement',
          'month',
          { number: 'seats, average' },
          'trend',
          { number: 'peak' },
          { number: 'days of seats' },
          { number: 'joins' },
          { number: 'leaves' },
          { number: 'waitlisted' },
          { number: 'join to seat, p50' },
          { number: 'join to seat, p95' },
          ...(price !== undefined ? [{ number: 'price' }] : []),
        ]}
      >
        {entitlements.map(([entitlement, list]) => (
          <tbody key={entitlement}>
            {list.map((line, index) => (
              <Row key={line.month} line={line} before={list[index + 1]} isFirst={index === 0} widest={widest} />
            ))}
          </tbody>
        ))}
      </Table>
      <Reach reach={reach} />
    </Panel>
  );
}

interface RowProps {
  line: Month;
  /** The month before, if it is shown. */
  before: Month | undefined;
  isFirst: boolean;
  /** The most seats of all rows, on average. */
  widest: number;
}

function Row({ line, before, isFirst, widest }: RowProps) {
  const { entitlement, month, costCentre, since, until, unknownDays = 0, pricePerMonth, currency } = line;
  const average = averageOf(line);
  const partly = [since && `since ${since.slice(0, 10)}`, until && `up to ${until.slice(0, 10)}`].filter(Boolean);
  return (
    <tr>
      <td>
        {isFirst && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}
        {isFirst && costCentre !== undefined && <div class="soft">{costCentre}</div>}
      </td>
      <td class="nowrap">
        {month}
        {partly.length > 0 && <div class="soft">{partly.join(', ')}</div>}
      </td>
      <td class="number">{average.toFixed(1)}</td>
      <td>
        <svg width="80" height="12" aria-hidden="true">
          <rect class="fill" width={(80 * average) / widest} height="12" rx="2" />
        </svg>{' '}
        <span class="soft">{trendOf(average, before && averageOf(before))}</span>
      </td>
      <td class="number">{count(line.peak)}</td>
      <td class="number">
        {count(Math.round(line.seatDays))}
        {unknownDays > 0 && <div class="soft">{count(Math.round(unknownDays))} unknown</div>}
      </td>
      <td class="number">{count(line.joins)}</td>
      <td class="number">{count(line.leaves)}</td>
      <td class="number">
        {count(line.waitlisted)}
        {line.longestWaitlistedSeconds !== undefined && (
          <div class="soft">up to {duration(line.longestWaitlistedSeconds)}</div>
        )}
      </td>
      <td class="number">{secondsOf(line.joinToSeatP50Seconds)}</td>
      <td class="number">{secondsOf(line.joinToSeatP95Seconds)}</td>
      {pricePerMonth !== undefined && (
        <td class="number">
          {pricePerMonth.toFixed(2)} {currency}
        </td>
      )}
    </tr>
  );
}

function secondsOf(seconds: number | undefined): string {
  return seconds === undefined ? '' : duration(seconds);
}

/** Puts the answers of several months together: what is shown is whole only if all are there. */
function together(answers: readonly [Answer, ...Answer[]]): Answer {
  const problem = answers.find((one) => one.problem !== undefined)?.problem;
  const isPartly = answers.some((one) => one.of('month').length > 0);
  const failed = answers.flatMap(({ error }) => error ?? []);
  // What one month lacks is said beside the others.
  const mild = isPartly ? failed.map(({ message }) => ({ type: 'unread' as const, message })) : [];
  const messages = new Map([...answers.flatMap(({ unread }) => unread), ...mild].map((line) => [line.message, line]));
  return {
    ...answers[0],
    isLoading: answers.every(({ isLoading }) => isLoading),
    isStale: answers.some(({ isLoading, isStale }) => isLoading || isStale),
    ...(problem === undefined ? {} : { problem }),
    error: isPartly ? undefined : failed[0],
    unread: [...messages.values()],
    again: () => {
      for (const one of answers) one.again();
    },
  };
}
