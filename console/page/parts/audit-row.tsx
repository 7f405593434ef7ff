import { type AuditRow, linkTo } from '../data/audit.ts';
import { filter, Link, to } from '../data/route.tsx';
import { Status, Time, type Tone } from './text.tsx';
import { User } from './user.tsx';

const TONES: Readonly<Record<string, Tone>> = {
  'Seat Assigned': 'good',
  'Seat Kept': 'good',
  'Seat Adopted': 'good',
  'Seat Waitlisted': 'wait',
  'Seat Leaving': 'wait',
  'Seat Refused': 'bad',
  'Revocations Held': 'bad',
  'Onboarding Failed': 'bad',
};

/** An audit event as a row. @param props `starter`: who started its execution; undefined if no one asked */
export function AuditTableRow({ row, starter }: { row: AuditRow; starter: string | undefined }) {
  const { uid, at, event, entitlement, userId, reason, execution } = row;
  const status = <Status tone={TONES[event] ?? 'calm'}>{event}</Status>;
  return (
    <tr>
      <td>
        <Time at={at || undefined} />
      </td>
      <td>{uid === '' ? status : <Link href={linkTo(row)}>{status}</Link>}</td>
      <td>{entitlement !== '' && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
      <td>{userId !== '' && <User userId={userId} />}</td>
      <td>{reason}</td>
      <td>
        {execution !== '' && (
          <>
            <Link href={to.execution(execution)}>
              <code>{execution.split(':').at(-1) ?? execution}</code>
            </Link>{' '}
            <button
              type="button"
              class="quiet"
              title="Only events of this execution"
              onClick={() => filter({ execution })}
            >
              only
            </button>
          </>
        )}
      </td>
      {starter !== undefined && (
        <td>
          <code>{starter}</code>
        </td>
      )}
    </tr>
  );
}
