import { lab } from '../data/lab.ts';
import { Table } from './table.tsx';
import { count } from './text.tsx';

/** The calls of AWS so far, by operation. */
export function Calls() {
  const { all, fromOutside } = lab.calls.value;
  const sum = (calls: Readonly<Record<string, number>>) => Object.values(calls).reduce((total, one) => total + one, 0);
  return (
    <section class="panel">
      <details>
        <summary>
          <h2>Calls of AWS</h2> {count(sum(all))} so far, {count(sum(fromOutside))} of them by commands and this page
        </summary>
        <Table heads={['operation', { number: 'by Usher' }, { number: 'from outside' }]}>
          <tbody>
            {Object.entries(all).map(([operation, number]) => (
              <tr key={operation}>
                <td>
                  <code>{operation}</code>
                </td>
                <td class="number">{count(number - (fromOutside[operation] ?? 0))}</td>
                <td class="number">{count(fromOutside[operation] ?? 0)}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      </details>
    </section>
  );
}
