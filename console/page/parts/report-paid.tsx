import { type LineOf, useAnswer } from '../data/answers.ts';
import { about } from '../data/session.ts';
import { Empty, Panel } from './panel.tsx';
import { Table } from './table.tsx';
import { Copy, Status, Time } from './text.tsx';
import { User } from './user.tsx';

/** What is paid and of no use, in the words of the one who pays. */
const PAID: Partial<Readonly<Record<LineOf<'finding'>['kind'], string>>> = {
  orphan: 'paid, and no entitlement covers the person',
  pending: 'paid from the first use, and not used yet',
  twice: 'paid more than once',
};

/** Subscriptions that are paid and of no use to anyone. Where no entitlement has a subscription, there is nothing to compare. */
export function PaidAndUnused() {
  if (about.value?.has.subscriptions !== true) return null;
  return <Findings />;
}

function Findings() {
  const answer = useAnswer('findings');
  const findings = answer.of('finding').filter(({ kind }) => kind in PAID);
  const empty = (
    <Empty title="Nothing that could be read is paid and unused">
      Who has one and no longer uses it is in the activity files of AWS:{' '}
      <Copy text="usher subscriptions --idle 30 --activity DIRECTORY" label="Copy the command" />
    </Empty>
  );
  return (
    <Panel title="Paid and unused" answer={answer} {...(findings.length === 0 ? { empty } : {})}>
      <Table heads={['finding', 'person', 'plan', 'entitlement', 'since']}>
        <tbody>
          {findings.map(({ kind, userId, plan, entitlement, since, provider, region }) => (
            <tr key={`${kind} ${userId} ${provider} ${region}`}>
              <td>
                <Status tone="wait">{kind}</Status>
                <div class="soft">{PAID[kind]}</div>
              </td>
              <td>
                <User userId={userId} />
              </td>
              <td>{plan}</td>
              <td>{entitlement}</td>
              <td>
                <Time at={since} />
              </td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}
