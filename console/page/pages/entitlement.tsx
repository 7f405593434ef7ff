import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { type LineOf, useAnswer } from '../data/answers.ts';
import { shownNameOf } from '../data/names.ts';
import { useRefresh } from '../data/refresh.ts';
import { filter, go, place, to } from '../data/route.tsx';
import { counted, isUserId, matching } from '../data/table.ts';
import { Choice, withCounts } from '../parts/choice.tsx';
import { timeColumn, USER_COLUMN } from '../parts/columns.tsx';
import { EntitlementCharts } from '../parts/entitlement-charts.tsx';
import { Groups, Settings } from '../parts/entitlement-parts.tsx';
import { Fact, Facts } from '../parts/facts.tsx';
import { FindUser } from '../parts/find-user.tsx';
import { Empty, Panel } from '../parts/panel.tsx';
import { SEAT_TONES } from '../parts/seat-status.ts';
import { count, Status, Time } from '../parts/text.tsx';
import { Id } from '../parts/user.tsx';
import { type Column, VirtualTable } from '../parts/virtual-table.tsx';

type Seat = LineOf<'seat'>;

/** More people than this are read again only after a sweep, since the pace of those reads is shared with Usher. */
const FEW = 1000;

/** An entitlement: its numbers, its groups and its people. `about`: its name; of an application without one, its ARN. */
export function Entitlement({ about }: { about: string }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const people = useAnswer('people', { entitlement: about });
  const entry = status?.entitlements.find(
    ({ entitlement, application }) => about === entitlement || about === application,
  );
  const isFew = people.lines.length <= FEW;
  useRefresh(people, status && JSON.stringify([entry, isFew && status.running]));
  const isThere = entry !== undefined || people.of('seat').length > 0 || !people.error;
  return (
    <>
      <h1>{about}</h1>
      {isThere && (
        <Numbers
          entry={entry}
          people={people.of('seat')}
          isKnown={people.at !== undefined && !people.error && people.unread.length === 0}
        />
      )}
      <People name={about} />
      {isThere && <EntitlementCharts name={entry?.entitlement ?? about} max={entry?.max} />}
      {entry && <Groups name={entry.entitlement} />}
      {entry && <Settings name={entry.entitlement} />}
    </>
  );
}

/** The numbers, as of the people that were read. */
function Numbers({ entry, people, isKnown }: NumbersProps) {
  const by = counted(people, ({ status }) => status);
  const having = (...statuses: Seat['status'][]) => statuses.reduce((sum, one) => sum + (by.get(one) ?? 0), 0);
  const seats = having('creating', 'assigned', 'confirmed', 'leaving', 'held', 'revoking');
  const [application] = people;
  return (
    <section class="head-numbers">
      <Facts large>
        <Fact title="Seats">
          {isKnown ? count(seats) : count(entry?.seats)}
          {entry && <small> of {count(entry.max)}</small>}
        </Fact>
        {(['waitlisted', 'leaving', 'held', 'failed', 'unmanaged'] as const).map((one) => (
          <Fact key={one} title={one}>
            {isKnown ? count(having(one)) : '?'}
          </Fact>
        ))}
        {entry && <Fact title="Last sweep">{entry.sweptAt ? <Time at={entry.sweptAt} /> : 'none yet'}</Fact>}
      </Facts>
      {(entry ?? application) && <Id value={(entry ?? application)?.application ?? ''} />}
    </section>
  );
}

interface NumbersProps {
  entry: LineOf<'status'>['entitlements'][number] | undefined;
  people: readonly Seat[];
  isKnown: boolean;
}

const FIELDS = [({ userId }: Seat) => userId, ({ userId }: Seat) => shownNameOf('users', userId)];

/** A row, and its place in the waitlist. */
type Row = Seat & { place?: number };

const COLUMNS: readonly Column<Row>[] = [
  USER_COLUMN,
  { key: 'status', title: 'Status', width: '8.5rem', value: ({ status }) => status, cell: StatusCell },
  { key: 'place', title: 'Place', width: '5rem', isNumber: true, value: ({ place }) => place },
  timeColumn('since', 'Since', '8rem'),
  timeColumn('dueAt', 'Due', '8rem'),
  { key: 'reason', title: 'Reason', value: ({ reason, findings }) => reason ?? findings?.join(', ') },
];

function StatusCell({ status }: Row) {
  return <Status tone={SEAT_TONES[status]}>{status}</Status>;
}

/** Everyone with a seat, a place in the waitlist, or an assignment that is not of Usher. */
function People({ name }: { name: string }) {
  const people = useAnswer('people', { entitlement: name });
  const typed = useSignal('');
  const status = place.value.query.get('status') ?? '';
  const text = typed.value || (place.value.query.get('user') ?? '');
  const seats = useMemo(() => rowsOf(people.of('seat')), [people.lines]);
  const rows = useMemo(() => {
    const some = status === '' ? seats : seats.filter((one) => one.status === status);
    return matching(some, text, FIELDS);
  }, [seats, status, text]);
  return (
    <Panel title="People" answer={people}>
      {seats.length === 0 ? (
        !people.error && (
          <Empty title="No one has a seat here">A seat begins when a user joins one of the groups.</Empty>
        )
      ) : (
        <VirtualTable
          label={`People of ${name}`}
          rows={rows}
          of={seats.length}
          columns={COLUMNS}
          onOpen={({ userId }) => go(to.person(userId))}
          file={`${name.replaceAll(/[^\w-]/g, '-')}-people`}
        >
          <FindUser
            label="User id; name or e-mail: press Enter"
            value={text}
            onInput={(next) => {
              typed.value = next;
              filter({ user: isUserId(next) ? next : '' });
            }}
            onFound={(userId) => {
              typed.value = userId;
              filter({ user: userId });
            }}
          />
          <Choice
            name="status"
            title="Status"
            value={status}
            choices={withCounts('every status', seats, ({ status }) => status)}
          />
        </VirtualTable>
      )}
    </Panel>
  );
}

/** The command lists the waitlist in its order. */
function rowsOf(seats: readonly Seat[]): Row[] {
  let places = 0;
  return seats.map((seat) => (seat.status === 'waitlisted' ? { ...seat, place: ++places } : seat));
}
