import { useSignal } from '@preact/signals';
import { type Answer, type LineOf, useAnswer } from '../data/answers.ts';
import { type Numbers, numbersOf } from '../data/entitlement.ts';
import { Link } from '../data/route.tsx';
import { about } from '../data/session.ts';
import { Attention } from '../parts/attention.tsx';
import { EntitlementCard, EntitlementTable } from '../parts/entitlements.tsx';
import { Fact, Facts } from '../parts/facts.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { count, Time } from '../parts/text.tsx';

/** More entitlements than this are rows of a table. */
const MOST_CARDS = 12;
/** To count now, each assignment is read: of more seats than these only when it is asked for. */
const FEW_SEATS = 5000;

/** Whether anything needs a person, and how each entitlement is. */
export function Overview() {
  const status = useAnswer('status', {}, { live: true });
  const [summary] = status.of('status');
  const isWanted = useSignal(false);
  const isFew = summary !== undefined && seatsIn(summary) <= FEW_SEATS;
  const isCounted = isFew || isWanted.value;
  // The calls of the emulator are no one else's.
  const live = about.value?.local === true && isFew;
  const seats = useAnswer('seats', {}, { live, skip: !isCounted });
  const { configured, retired } = numbersOf(summary, seats.of('entitlement'));
  const attention = status.of('attention');
  return (
    <>
      <h1>Overview</h1>
      <Panel title="What needs you" answer={status}>
        {attention.length === 0 && summary && (
          <Empty title={summary.unread > 0 ? 'Nothing that could be read needs you' : 'Nothing needs you'}>
            Usher works without a person unless something is listed here.
          </Empty>
        )}
        <ul class="attention">
          {attention.map((line) => (
            <Attention key={`${line.kind} ${line.title}`} line={line} />
          ))}
        </ul>
      </Panel>
      {summary && <Vitals line={summary} />}
      {summary && (
        <Panel
          title={`Entitlements (${count(configured.length)})`}
          answer={isCounted ? seatsOr(seats, status) : { ...status, error: undefined, unread: [] }}
          actions={
            !isCounted && (
              <button
                type="button"
                onClick={() => {
                  isWanted.value = true;
                }}
              >
                Count now
              </button>
            )
          }
        >
          <Entitlements rows={configured} />
          <Retired rows={retired} />
        </Panel>
      )}
    </>
  );
}

/** Until the seats are counted, what the last sweeps counted is shown. */
function seatsOr(seats: Answer, status: Answer): Answer {
  return seats.isLoading
    ? { ...seats, isLoading: false, isStale: true, ...(status.at ? { at: status.at } : {}) }
    : seats;
}

function seatsIn({ entitlements }: LineOf<'status'>): number {
  return entitlements.reduce((sum, { seats = 0 }) => sum + seats, 0);
}

/** How Usher itself is. */
function Vitals({ line }: { line: LineOf<'status'> }) {
  const { running, runningSince, sweptAt, ticks, tickEverySeconds } = line;
  return (
    <Facts large>
      <Fact title="Running now">
        <Link href="/executions?outcome=running">{count(running)}</Link>
        {runningSince !== undefined && (
          <small>
            {' '}
            since <Time at={runningSince} />
          </small>
        )}
      </Fact>
      <Fact title="Last full sweep of everything">{sweptAt === undefined ? 'none yet' : <Time at={sweptAt} />}</Fact>
      <Fact title="Next tick">
        {tickEverySeconds === undefined ? `none: ${ticks ?? 'not read'}` : `within ${count(tickEverySeconds / 60)} min`}
      </Fact>
    </Facts>
  );
}

function Entitlements({ rows }: { rows: readonly Numbers[] }) {
  if (rows.length > MOST_CARDS) return <EntitlementTable rows={rows} />;
  return (
    <div class="cards">
      {rows.map((numbers) => (
        <EntitlementCard key={numbers.entitlement} numbers={numbers} />
      ))}
    </div>
  );
}

/** Applications that are no longer configured. */
function Retired({ rows }: { rows: readonly Numbers[] }) {
  if (rows.length === 0) return null;
  const left = rows.reduce((sum, { seats = 0 }) => sum + seats, 0);
  return (
    <details class="retired">
      <summary>
        {count(rows.length)} no longer configured, with {count(left)} {left === 1 ? 'seat' : 'seats'} left
      </summary>
      <EntitlementTable rows={rows} />
    </details>
  );
}
