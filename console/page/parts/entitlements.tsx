import type { Numbers } from '../data/entitlement.ts';
import { Link, to } from '../data/route.tsx';
import { Brake } from './brake.tsx';
import { SeatBar } from './seat-bar.tsx';
import { Table } from './table.tsx';
import { count, countOf, Status, Time, type Tone } from './text.tsx';

/** What else is said of an entitlement, if there is any of it. */
const FLAGS: readonly [field: 'leaving' | 'held' | 'failed' | 'unmanaged', tone: Tone][] = [
  ['leaving', 'calm'],
  ['held', 'wait'],
  ['failed', 'bad'],
  ['unmanaged', 'calm'],
];

/** An entitlement with its numbers. */
export function EntitlementCard({ numbers }: { numbers: Numbers }) {
  const { entitlement, seats, max, waitlisted = 0, waitlistedSince, budget, sweptAt, subscriptionFindings } = numbers;
  return (
    <article class="card">
      <h3>
        <Link href={to.entitlement(entitlement)}>{entitlement}</Link>
      </h3>
      <p class="big">
        {count(seats)} <small>of {count(max)} seats</small>
      </p>
      <SeatBar numbers={numbers} />
      <p class="flags">
        {waitlisted > 0 && (
          <span>
            <Status tone="wait">{`${count(waitlisted)} waitlisted`}</Status> <Time at={waitlistedSince} />
          </span>
        )}
        {FLAGS.map(([field, tone]) => {
          const many = numbers[field] ?? 0;
          return many > 0 && <Status key={field} tone={tone}>{`${count(many)} ${field}`}</Status>;
        })}
        {seats !== undefined && max !== undefined && max > seats && <span class="soft">{count(max - seats)} free</span>}
      </p>
      {subscriptionFindings !== undefined && (
        <p class="flags">
          <Link href="/subscriptions">
            {subscriptionFindings === 0
              ? 'Subscriptions are as configured'
              : `${countOf(subscriptionFindings, 'subscription')} not as configured`}
          </Link>
        </p>
      )}
      {budget && <Brake budget={budget} />}
      <p class="soft">
        {sweptAt === undefined ? (
          'not swept yet'
        ) : (
          <>
            swept <Time at={sweptAt} />
          </>
        )}
      </p>
    </article>
  );
}

/** Entitlements with their numbers, a row each. */
export function EntitlementTable({ rows }: { rows: readonly Numbers[] }) {
  return (
    <Table
      class="entitlements"
      heads={[
        'Entitlement',
        'Of the cap',
        { number: 'Seats' },
        { number: 'Cap' },
        { number: 'Waitlisted' },
        { number: 'Leaving' },
        { number: 'Held' },
        { number: 'Failed' },
        { number: 'Unmanaged' },
        { number: 'Brake left' },
      ]}
    >
      <tbody>
        {rows.map((numbers) => {
          const { entitlement, application, seats, max, waitlisted, budget } = numbers;
          return (
            <tr key={application}>
              <td>
                <Link href={to.entitlement(entitlement)}>{entitlement}</Link>
              </td>
              <td>
                <SeatBar numbers={numbers} />
              </td>
              <td class="number">{count(seats)}</td>
              <td class="number">{max === undefined ? '' : count(max)}</td>
              <td class="number">{count(waitlisted)}</td>
              {FLAGS.map(([field]) => (
                <td key={field} class="number">
                  {count(numbers[field])}
                </td>
              ))}
              <td class="number">{budget ? `${count(budget.left)} of ${count(budget.allowed)}` : '?'}</td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}
