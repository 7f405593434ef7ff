import { linkTo, rowOf } from '../data/audit.ts';
import { Link, to } from '../data/route.tsx';
import { Table } from './table.tsx';
import { Time } from './text.tsx';
import { User } from './user.tsx';

/** Audit events of one execution, in their order. They are untrusted: who can write to the log can put anything there. */
export function AuditEvents({ events }: { events: readonly unknown[] }) {
  return (
    <Table heads={['Time', 'Event', 'User', 'Entitlement', 'Reason']}>
      <tbody>
        {events.map(rowOf).map((row, index) => {
          const { uid, event, at, userId, entitlement, reason } = row;
          return (
            <tr key={uid || index}>
              <td class="nowrap">{at !== '' && <Time at={at} />}</td>
              <td>{uid !== '' && at !== '' ? <Link href={linkTo(row)}>{event}</Link> : event}</td>
              <td>{userId !== '' && <User userId={userId} />}</td>
              <td>{entitlement !== '' && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
              <td>{reason}</td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}
