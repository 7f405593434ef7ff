import { filter } from '../data/route.tsx';
import { counted } from '../data/table.ts';
import { count } from './text.tsx';

interface ChoiceProps {
  /** In the query of the address. */
  name: string;
  title: string;
  /** The title is shown, too. */
  hasLabel?: boolean;
  value: string;
  /** The values, each with its words. */
  choices: Iterable<readonly [value: string, words: string]>;
}

/** What the page is filtered by. It is in the address, so that a link shows the same. */
export function Choice({ name, title, hasLabel = false, value, choices }: ChoiceProps) {
  const select = (
    <select aria-label={title} value={value} onChange={({ currentTarget }) => filter({ [name]: currentTarget.value })}>
      {[...choices].map(([one, words]) => (
        <option key={one} value={one}>
          {words}
        </option>
      ))}
    </select>
  );
  if (!hasLabel) return select;
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the select is the control
    <label>
      {title}
      {select}
    </label>
  );
}

/** Returns the values that rows have, each with the number of its rows. @param all the words for no choice */
export function withCounts<Row>(all: string, rows: readonly Row[], value: (row: Row) => string) {
  const counts = [...counted(rows, value)].map(([one, number]) => [one, `${one} (${count(number)})`] as const);
  return [['', all], ...counts] as const;
}
