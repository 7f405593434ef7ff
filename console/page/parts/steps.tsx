import { useSignal } from '@preact/signals';
import { useAnswer } from '../data/answers.ts';
import { filter, place } from '../data/route.tsx';
import { Empty, Panel } from './panel.tsx';
import { Table } from './table.tsx';
import { count, timeMode } from './text.tsx';

/** The history of an execution, event by event, as many at a time as AWS has on a page. It is read when it is asked for. */
export function Steps({ name }: { name: string }) {
  const given = place.value.query.get('after');
  const isOpen = useSignal(given !== null);
  const after = Math.max(0, Number.parseInt(given ?? '0', 10) || 0);
  const answer = useAnswer('steps', { name, after: after === 0 ? undefined : String(after) }, { skip: !isOpen.value });
  if (!isOpen.value) {
    return (
      <button
        type="button"
        onClick={() => {
          isOpen.value = true;
        }}
      >
        Show its events
      </button>
    );
  }
  const steps = answer.of('step');
  const [first, last] = [steps[0], steps.at(-1)];
  const turn = (to: number) => filter({ after: String(to) });
  // How long ago each was says nothing, and a thousand of them would change every second.
  const isLocal = timeMode.value === 'local';
  const hasMore = answer.of('more').length > 0;
  return (
    <Panel
      title={first && last ? `Events ${count(first.id)} to ${count(last.id)}` : 'Events'}
      answer={answer}
      empty={steps.length === 0 ? <Empty title="There are no such events, or none yet" /> : undefined}
      actions={
        <>
          {after > 0 && (
            <button type="button" onClick={() => turn(Math.max(0, after - PAGE))}>
              Previous {count(PAGE)}
            </button>
          )}
          {hasMore && last && (
            <button type="button" onClick={() => turn(last.id)}>
              Next {count(PAGE)}
            </button>
          )}
        </>
      }
    >
      <Table heads={[{ number: 'Event' }, isLocal ? 'Time' : 'Time in UTC', 'Type', 'State', 'Error']}>
        <tbody>
          {steps.map(({ id, at, event, what, state, error }) => (
            <tr key={id}>
              <td class="number">{count(id)}</td>
              <td class="nowrap">{clockTime(at, isLocal)}</td>
              <td>{event ?? what}</td>
              <td>{state}</td>
              <td>{error}</td>
            </tr>
          ))}
        </tbody>
      </Table>
    </Panel>
  );
}

/** Returns the time of day, to the millisecond, with its date. */
function clockTime(at: string, isLocal: boolean): string {
  if (!isLocal) return `${at.slice(0, 10)} ${at.slice(11, 23)}`;
  return new Date(at).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** As many as AWS has on a page. */
const PAGE = 1000;
