import { factsOf } from '../data/audit-event.ts';
import { Link, to } from '../data/route.tsx';
import { count, Time } from './text.tsx';
import { User } from './user.tsx';

/** Audit events of one execution, in their order. */
export function AuditEvents({ events }: { events: readonly unknown[] }) {
  return (
    <table>
      <thead>
        <tr>
          <th>Time</th>
          <th>Event</th>
          <th>User</th>
          <th>Entitlement</th>
          <th>Reason</th>
        </tr>
      </thead>
      <tbody>
        {events.map(factsOf).map(({ uid, type, at, userId, entitlement, reason, held }, index) => (
          <tr key={uid ?? index}>
            <td class="nowrap">
              <Time at={at} />
            </td>
            <td>{type}</td>
            <td>{userId !== undefined && <User userId={userId} />}</td>
            <td>{entitlement !== undefined && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
            <td>
              {reason}
              {held !== undefined && `: ${count(held)} held`}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
