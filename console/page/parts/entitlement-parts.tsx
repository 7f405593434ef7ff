import { type LineOf, useAnswer } from '../data/answers.ts';
import { Panel } from './panel.tsx';
import { Table } from './table.tsx';
import { count, Status, Time } from './text.tsx';
import { Group } from './user.tsx';

/** The groups that give an entitlement, with their sizes. */
export function Groups({ name }: { name: string }) {
  const groups = useAnswer('groups', { entitlement: name });
  const lines = groups.of('group');
  return (
    <Panel title="Groups" answer={groups}>
      {lines.length > 0 && (
        <Table heads={['Group', { number: 'Members' }, 'Counted', 'Fell']}>
          <tbody>
            {lines.map((group) => (
              <tr key={group.groupId}>
                <td>
                  <Group groupId={group.groupId} />
                </td>
                <td class="number">{group.members === undefined ? 'not counted yet' : count(group.members)}</td>
                <td>
                  <Time at={group.sweptAt} />
                </td>
                <td>
                  <Fall group={group} />
                </td>
              </tr>
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}

function Fall({ group: { before, members, at, removed } }: { group: LineOf<'group'> }) {
  if (removed) return <Status tone="calm">no longer configured</Status>;
  if (before === undefined) return null;
  return (
    <>
      <Status
        tone={(members ?? 0) * 2 < before ? 'bad' : 'wait'}
      >{`from ${count(before)} to ${count(members)}`}</Status>{' '}
      <Time at={at} />
    </>
  );
}

type SettingsLine = LineOf<'entitlement-settings'>;

const ORIGINS: Readonly<Record<SettingsLine['origin'], string>> = {
  file: 'In the file',
  deployed: 'Deployed',
  both: 'In the file and deployed',
};

/** What can be configured, in words. */
const SETTINGS: readonly [string, (line: SettingsLine) => string][] = [
  ['Mode', ({ mode }) => mode],
  ['Cap', ({ max }) => count(max)],
  ['Days of grace', ({ revokeAfterDays }) => count(revokeAfterDays)],
  ['Groups', ({ groups }) => groups.join(', ')],
  ['Cost centre', ({ costCentre }) => costCentre ?? 'none'],
  [
    'Subscription',
    ({ subscription: one }) => (one ? `${one.plan} of ${one.provider} in ${one.region}, ${one.mode}` : 'none'),
  ],
  ['Notices', ({ notices }) => notices?.send.join(', ') ?? 'none'],
];

/** How an entitlement is configured, by the file in this folder and, where that is known, as deployed. */
export function Settings({ name }: { name: string }) {
  const answer = useAnswer('settings', { entitlement: name });
  const lines = answer.of('entitlement-settings');
  return (
    <Panel title="Configuration" answer={answer}>
      {lines.length > 0 && (
        <Table heads={['Setting', ...lines.map(({ origin }) => ORIGINS[origin])]}>
          <tbody>
            {SETTINGS.map(([title, textOf]) => {
              const isSame = new Set(lines.map(textOf)).size === 1;
              return (
                <tr key={title}>
                  <th scope="row">{title}</th>
                  {lines.map((line) => (
                    <td key={line.origin}>{isSame ? textOf(line) : <strong>{textOf(line)}</strong>}</td>
                  ))}
                </tr>
              );
            })}
          </tbody>
        </Table>
      )}
      {lines.length > 1 && <p class="soft">What differs is in bold. The file is in force once it is deployed.</p>}
    </Panel>
  );
}
