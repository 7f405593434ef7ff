import { stripVTControlCharacters } from 'node:util';
import { count } from '../../operator/text.ts';

/** A line for what is left out, and one for the cursor. */
const RESERVED_ROWS = 2;

/** Returns as many lines as a screen has room for, and how many more there are. A long line takes several rows. */
export function fitLines(lines: readonly string[], { rows, columns }: { rows: number; columns: number }): string[] {
  const fitting: string[] = [];
  let room = rows - RESERVED_ROWS;
  for (const line of lines) {
    room -= Math.max(1, Math.ceil(stripVTControlCharacters(line).length / columns));
    if (room < 0) return [...fitting, `… ${count(lines.length - fitting.length, 'more line')}`];
    fitting.push(line);
  }
  return fitting;
}
