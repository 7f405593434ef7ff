import type { Answer } from '../data/answers.ts';
import { type AuditRow, linkTo, patternOf } from '../data/audit.ts';
import { Link, to } from '../data/route.tsx';
import { ExecutionLink } from './execution.tsx';
import { Empty, Panel } from './panel.tsx';
import { Copy, Time } from './text.tsx';
import { Id, User } from './user.tsx';

/** One audit event, as it was delivered. */
export function AuditEvent({ uid, rows, answer }: { uid: string; rows: readonly AuditRow[]; answer: Answer }) {
  const row = rows.find((one) => one.uid === uid);
  const empty = (
    <Empty title="No event with this id in this time">
      The log keeps events for a time only.{' '}
      <Link href={`/audit/${encodeURIComponent(uid)}?since=30d`}>Look at the last 30 days</Link>
    </Empty>
  );
  return (
    <>
      <h1>{row?.event ?? 'Audit event'}</h1>
      <Panel title="Event" answer={answer} {...(row ? {} : { empty })}>
        {row && <Facts row={row} />}
      </Panel>
    </>
  );
}

function Facts({ row }: { row: AuditRow }) {
  const { uid, at, entitlement, userId, reason, execution, json } = row;
  return (
    <>
      <table>
        <tbody>
          <tr>
            <th scope="row">Id</th>
            <td>
              <Id value={uid} />
            </td>
          </tr>
          <tr>
            <th scope="row">When</th>
            <td>
              <Time at={at} /> <span class="soft">{at}</span>
            </td>
          </tr>
          <tr>
            <th scope="row">Person</th>
            <td>{userId === '' ? 'none' : <User userId={userId} />}</td>
          </tr>
          <tr>
            <th scope="row">Entitlement</th>
            <td>{entitlement === '' ? 'none' : <Link href={to.entitlement(entitlement)}>{entitlement}</Link>}</td>
          </tr>
          <tr>
            <th scope="row">Why</th>
            <td>{reason}</td>
          </tr>
          <tr>
            <th scope="row">Execution</th>
            <td>{execution === '' ? 'none' : <ExecutionLink arn={execution} />}</td>
          </tr>
          <tr>
            <th scope="row">Link</th>
            <td>
              <Copy text={linkTo(row)} label="Copy the permanent link" />
            </td>
          </tr>
          <tr>
            <th scope="row">Pattern</th>
            <td>
              <Copy
                text={patternOf({ event: row.event, userId: userId || undefined })}
                label="Copy the EventBridge pattern"
              />
            </td>
          </tr>
        </tbody>
      </table>
      <h3>JSON</h3>
      <pre>{JSON.stringify(JSON.parse(json), null, 2)}</pre>
    </>
  );
}
