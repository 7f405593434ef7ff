import { useMemo } from 'preact/hooks';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { go, Link, place, to } from '../data/route.tsx';
import { Choice, withCounts } from '../parts/choice.tsx';
import { timeColumn, USER_COLUMN } from '../parts/columns.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Table } from '../parts/table.tsx';
import { Copy, count, Status, type Tone } from '../parts/text.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Finding = LineOf<'finding'>;
type Kind = Exclude<Finding['kind'], 'idle'>;

/** The kinds of findings, in words and by how much they matter. */
const KINDS: Readonly<Record<Kind, { title: string; tone: Tone }>> = {
  orphan: { title: 'paid, not entitled', tone: 'bad' },
  twice: { title: 'charged twice', tone: 'bad' },
  missing: { title: 'entitled, none', tone: 'bad' },
  'wrong-plan': { title: 'wrong plan', tone: 'wait' },
  pending: { title: 'pending too long', tone: 'wait' },
  'through-group': { title: 'through a group', tone: 'calm' },
};

/** What is paid, and what of it is not as the entitlements say. */
export function Subscriptions() {
  const profiles = useAnswer('subscriptions');
  // Both read the lists of AWS, whose pace is slow: one after the other.
  const findings = useAnswer('findings', {}, { skip: profiles.isLoading });
  const lines = useMemo(() => findings.of('finding'), [findings.lines]);
  return (
    <>
      <h1>Subscriptions</h1>
      <Panel title="Profiles" answer={profiles}>
        <Profiles profiles={profiles.of('profile')} />
      </Panel>
      {!profiles.isLoading && (
        <Panel title="Users whose subscription is not as it should be" answer={findings}>
          {lines.length === 0 ? (
            !findings.error && (
              <Empty title="Every subscription that could be read is as it should be">
                Who has one and does not use it is in the activity files of AWS, not here.
              </Empty>
            )
          ) : (
            <Findings lines={lines} />
          )}
        </Panel>
      )}
      <p class="soft">
        Paid and not used for 30 days:{' '}
        <Copy text="usher subscriptions --idle 30 --activity DIRECTORY" label="Copy the command" />
      </p>
    </>
  );
}

function Profiles({ profiles }: { profiles: readonly LineOf<'profile'>[] }) {
  return (
    <Table
      heads={[
        'Profile',
        'Entitlements',
        ...['active', 'pending', ...KIND_NAMES.map((kind) => KINDS[kind].title)].map((number) => ({ number })),
      ]}
    >
      <tbody>
        {profiles.map((profile) => (
          <tr key={`${profile.provider} ${profile.region} ${profile.application}`}>
            <th scope="row">
              {profile.provider} {profile.region}
            </th>
            <td>
              {profile.entitlements.map((name) => (
                <span key={name}>
                  <Link href={to.entitlement(name)}>{name}</Link>{' '}
                </span>
              ))}
            </td>
            <td class="number">{count(profile.active)}</td>
            <td class="number">{count(profile.pending)}</td>
            {KIND_NAMES.map((kind) => (
              <td class="number" key={kind}>
                {count(profile.findings?.[kind])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

const KIND_NAMES = ['orphan', 'twice', 'missing', 'wrong-plan', 'pending', 'through-group'] as const;

const COLUMNS: readonly Column<Finding>[] = [
  USER_COLUMN,
  {
    key: 'kind',
    title: 'Finding',
    width: '12rem',
    value: ({ kind }) => kind,
    cell: ({ kind }) => (kind === 'idle' ? kind : <Status tone={KINDS[kind].tone}>{KINDS[kind].title}</Status>),
  },
  { key: 'entitlement', title: 'Entitlement', width: '11rem', value: ({ entitlement }) => entitlement },
  { key: 'plan', title: 'Plan', value: ({ plan }) => plan },
  { key: 'expected', title: 'Expected', value: ({ expected }) => expected },
  { key: 'status', title: 'Status', width: '6rem', value: ({ status }) => status },
  timeColumn('since', 'Since', '7rem'),
];

function Findings({ lines }: { lines: readonly Finding[] }) {
  const kind = place.value.query.get('kind') ?? '';
  const rows = useMemo(() => (kind === '' ? lines : lines.filter((one) => one.kind === kind)), [lines, kind]);
  return (
    <VirtualTable
      label="Findings about subscriptions"
      rows={rows}
      of={lines.length}
      columns={COLUMNS}
      onOpen={({ userId }) => go(to.person(userId))}
      file="subscriptions"
    >
      <Choice
        name="kind"
        title="Finding"
        value={kind}
        choices={withCounts('every finding', lines, ({ kind }) => kind)}
      />
    </VirtualTable>
  );
}
