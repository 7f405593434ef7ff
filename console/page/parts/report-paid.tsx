import { type LineOf, useAnswer } from '../data/answers.ts';
import { about } from '../data/session.ts';
import { Empty, Panel } from './panel.tsx';
import { Table } from './table.tsx';
import { Status, Time } from './text.tsx';
import { User } from './user.tsx';

/** What a finding means to the one who pays. */
const MEANINGS: Readonly<Record<LineOf<'finding'>['kind'], string>> = {
  orphan: 'paid, and no entitlement covers the person',
  pending: 'paid from the first use, and not used yet',
  twice: 'paid more than once',
  idle: 'paid, and not used for long',
  'wrong-plan': 'another plan than the entitlement has',
  'through-group': 'paid through a group',
  missing: 'has no subscription',
};
const PAID: ReadonlySet<LineOf<'finding'>['kind']> = new Set(['orphan', 'pending', 'twice', 'idle']);

/** Subscriptions that are paid and of no use to anyone, as the last comparison found them. */
export function PaidAndUnused() {
  if (about.value?.has.subscriptions !== true) return <NotConfigured />;
  return <Findings />;
}

function NotConfigured() {
  return (
    <section class="panel">
      <header>
        <h2>Paid and unused</h2>
      </header>
      <Empty title="No entitlement names a subscription">
        A seat is access, not a paid subscription. With subscription in entitlements.yml, Usher compares the two.
      </Empty>
    </section>
  );
}

function Findings() {
  const answer = useAnswer('subscriptions');
  const findings = answer.of('finding').filter(({ kind }) => PAID.has(kind));
  const empty = <Empty title="Nothing is paid and unused">So says the last hourly comparison.</Empty>;
  return (
    <Panel title="Paid and unused" answer={answer} {...(findings.length === 0 ? { empty } : {})}>
      <Table heads={['finding', 'person', 'plan', 'entitlement', 'since']}>
        <tbody>
          {findings.map(({ kind, userId, plan, entitlement, since, provider, region }) => (
            <tr key={`${kind} ${userId} ${provider} ${region}`}>
              <td>
                <Status tone="wait">{kind}</Status>
                <div class="soft">{MEANINGS[kind]}</div>
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
