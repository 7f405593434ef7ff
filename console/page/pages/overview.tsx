import { type LineOf, useAnswer } from '../data/answers.ts';
import { Link, to } from '../data/route.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { count, Status, Time } from '../parts/text.tsx';

/** Whether anything needs a person, and how each entitlement is. */
export function Overview() {
  const status = useAnswer('status', {}, { live: true });
  const attention = status.of('attention');
  const [summary] = status.of('status');
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
          {attention.map((one) => (
            <Attention key={`${one.kind} ${one.title}`} line={one} />
          ))}
        </ul>
      </Panel>
      <div class="cards">
        {summary?.entitlements.map(({ entitlement, seats, max, waitlisted, sweptAt }) => (
          <Link key={entitlement} href={to.entitlement(entitlement)} class="card">
            <h3>{entitlement}</h3>
            <p class="big">
              {count(seats)} <small>of {count(max)}</small>
            </p>
            <p>
              {count(waitlisted)} waitlisted · swept <Time at={sweptAt} />
            </p>
          </Link>
        ))}
      </div>
    </>
  );
}

function Attention({ line: { title, since, reason, fix } }: { line: LineOf<'attention'> }) {
  return (
    <li>
      <Status tone="bad">{title}</Status> <Time at={since} />
      {reason !== undefined && <p>{reason}</p>}
      <p class="fix">{fix}</p>
    </li>
  );
}
