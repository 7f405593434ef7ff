import { useSignal } from '@preact/signals';
import { useAnswer } from '../data/answers.ts';
import { filter, place } from '../data/route.tsx';
import { Empty, Panel } from './panel.tsx';
import { count, Time } from './text.tsx';

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
      <table>
        <thead>
          <tr>
            <th class="number">Event</th>
            <th>Time</th>
            <th>Type</th>
            <th>State</th>
            <th>Error</th>
          </tr>
        </thead>
        <tbody>
          {steps.map(({ id, at, event, what, state, error }) => (
            <tr key={id}>
              <td class="number">{count(id)}</td>
              <td class="nowrap">
                <Time at={at} />
              </td>
              <td>{event ?? what}</td>
              <td>{state}</td>
              <td>{error}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

/** As many as AWS has on a page. */
const PAGE = 1000;
