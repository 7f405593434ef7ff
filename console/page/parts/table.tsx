import type { ComponentChildren } from 'preact';

/** The title of a column; a column of numbers has them on its right. */
type Head = string | { number: string };

/** A table of a page. */
export function Table({ heads, class: name, children }: TableProps) {
  return (
    <table class={name}>
      <thead>
        <tr>
          {heads.map((head, index) => (
            <th key={index} scope="col" class={typeof head === 'string' ? undefined : 'number'}>
              {typeof head === 'string' ? head : head.number}
            </th>
          ))}
        </tr>
      </thead>
      {children}
    </table>
  );
}

interface TableProps {
  heads: readonly Head[];
  class?: string;
  children: ComponentChildren;
}
