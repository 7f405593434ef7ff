import { useMemo } from 'preact/hooks';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { go, place, to } from '../data/route.tsx';
import { Choice } from '../parts/choice.tsx';
import { timeColumn, USER_COLUMN } from '../parts/columns.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { Copy, CopyButton, count, Status, type Tone } from '../parts/text.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Notice = LineOf<'notice'>;

const TONES: Readonly<Record<NonNullable<Notice['status']>, Tone>> = {
  sending: 'wait',
  sent: 'good',
  throttled: 'wait',
  'in-doubt': 'bad',
  refused: 'bad',
  limited: 'bad',
  skipped: 'calm',
};

/** What can be listed, by `since`. Without one: what needs a person. */
const SINCES: readonly [string, string][] = [
  ['', 'those that need you'],
  ['1d', 'all of a day'],
  ['7d', 'all of a week'],
  ['30d', 'all of a month'],
];

/** The notices that need a person, or what became of all. */
export function Notices() {
  const since = place.value.query.get('since') ?? '';
  const notices = useAnswer('notices', { since: since || undefined });
  const lines = useMemo(() => notices.of('notice'), [notices.lines]);
  const isPossible = lines.some(({ resend }) => resend?.possible);
  return (
    <>
      <h1>Notices</h1>
      <Panel
        title={since === '' ? 'Notices that need you' : 'What became of notices'}
        answer={notices}
        actions={<Choice name="since" title="Which notices" value={since} choices={SINCES} />}
      >
        {lines.length === 0 && !notices.error && notices.unread.length === 0 && (
          <Empty title={since === '' ? 'No notice needs you' : 'No notice in this time'}>
            A notice needs you if Amazon SES refused it, if no one knows whether it was sent, or if the daily limit was
            reached.
          </Empty>
        )}
        {lines.length > 0 && (
          <VirtualTable
            label="Notices"
            rows={lines}
            of={lines.length}
            columns={COLUMNS}
            onOpen={({ userId }) => go(to.person(userId))}
            file="notices"
          />
        )}
        {notices.of('more').length > 0 && <p>There are more than {count(lines.length)}: these are the newest.</p>}
        {isPossible && (
          <p>
            To send one again: <Copy text="usher notices resend UID" label="Copy the command" />
          </p>
        )}
      </Panel>
    </>
  );
}

const COLUMNS: readonly Column<Notice>[] = [
  USER_COLUMN,
  { key: 'kind', title: 'Notice', width: '6.5rem', value: ({ kind }) => kind },
  {
    key: 'status',
    title: 'Status',
    width: '7.5rem',
    value: ({ status }) => status ?? 'not begun',
    cell: ({ status }) => <Status tone={status ? TONES[status] : 'calm'}>{status ?? 'not begun'}</Status>,
  },
  timeColumn('since', 'Since', '7rem'),
  { key: 'entitlement', title: 'Entitlement', width: '11rem', value: ({ entitlement }) => entitlement },
  { key: 'reason', title: 'Reason', value: ({ reason }) => reason },
  {
    key: 'resend',
    title: 'Send again',
    width: '8rem',
    value: ({ resend }) => (resend ? (resend.possible ? 'possible' : (resend.reason ?? 'no')) : undefined),
  },
  {
    key: 'uid',
    title: 'Uid',
    width: '6rem',
    value: ({ uid }) => uid,
    cell: ({ uid }) => <CopyButton text={uid} label={`Copy the uid ${uid}`} />,
  },
];
