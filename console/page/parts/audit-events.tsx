import { type AuditRow, linkTo } from '../data/audit.ts';
import { filter, Link, to } from '../data/route.tsx';
import { ExecutionLink } from './execution.tsx';
import { Table } from './table.tsx';
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

/** Returns how good or bad it is what happened, by the detail-type of its audit event. */
export function toneOf(event: string): Tone {
  return TONES[event] ?? 'calm';
}

/**
 * Audit events, in their order. They are untrusted: who can write to the log can put anything there.
 *
 * @param props `ofOne`: they are of one execution, which the page shows; `starters`: who started each execution, if someone asked
 */
export function AuditEvents({ rows, ofOne = false, starters }: AuditEventsProps) {
  const heads = ['When', 'Event', 'Person', 'Entitlement', 'Why'];
  return (
    <Table heads={[...heads, ...(ofOne ? [] : ['Execution']), ...(starters ? ['Started by'] : [])]}>
      <tbody>
        {rows.map(({ uid, at, event, entitlement, userId, reason, execution, json }) => (
          <tr key={uid || json}>
            <td class="nowrap">
              <Time at={at || undefined} />
            </td>
            <td>
              <Status tone={toneOf(event)}>
                {uid !== '' && at !== '' ? <Link href={linkTo({ uid, at })}>{event}</Link> : event}
              </Status>
            </td>
            <td>{userId !== '' && <User userId={userId} />}</td>
            <td>{entitlement !== '' && <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
            <td>{reason}</td>
            {!ofOne && <td>{execution !== '' && <OfExecution arn={execution} />}</td>}
            {starters && (
              <td>
                <code>{starters.get(execution) ?? '…'}</code>
              </td>
            )}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

interface AuditEventsProps {
  rows: readonly AuditRow[];
  ofOne?: boolean;
  starters?: ReadonlyMap<string, string>;
}

function OfExecution({ arn }: { arn: string }) {
  return (
    <>
      <ExecutionLink arn={arn} />{' '}
      <button
        type="button"
        class="quiet"
        title="Only events of this execution"
        onClick={() => filter({ execution: arn })}
      >
        only
      </button>
    </>
  );
}
