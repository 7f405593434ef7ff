import { stripVTControlCharacters } from 'node:util';
import columnsOf from 'fast-string-width';
import { wrap } from '../../operator/text.ts';

/** Spaces between two columns. */
const GAP = 2;
/** Cells of at most this width stay on one line: `4 min ago` in three lines is hard to read. */
const SHORT = 12;

/** Returns how wide a terminal shows a text. */
export const widthOf = (text: string): number => columnsOf(text);

/** Changes how a text looks, and not its width. */
type Style = (text: string) => string;

/**
 * Draws a table, line by line, without lines between its cells.
 *
 * A word is never broken or cut, so that ids can be copied. In a table wider than `width`, cells of several words take several
 * lines. If that is not enough, each row becomes a block with one line per cell.
 *
 * @param width of the terminal; Infinity if it has none
 * @param bold marks the titles
 */
export function* drawTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, bold = (text) => text }: { width: number; bold?: Style },
): Generator<string> {
  const widths = columnWidths([head, ...rows], width);
  if (!widths) return yield* drawBlocks(head, rows, { width, bold });
  yield* drawRow(head, widths, bold);
  for (const row of rows) yield* drawRow(row, widths);
}

/** Returns the width of each column. Undefined if the table cannot be that narrow. */
function columnWidths(rows: readonly (readonly string[])[], width: number): number[] | undefined {
  const natural: number[] = [];
  const least: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      const own = cellWidth(cell);
      natural[column] = Math.max(natural[column] ?? 0, own);
      least[column] = Math.max(least[column] ?? 0, own <= SHORT ? own : wordWidth(cell));
    }
  }
  const room = width - GAP * (natural.length - 1);
  if (sumOf(natural) <= room) return natural;
  if (sumOf(least) > room) return undefined;
  const fitted = (most: number) => natural.map((own, column) => Math.max(least[column] ?? 0, Math.min(own, most)));
  let most = room;
  while (sumOf(fitted(most)) > room) most -= 1;
  return fitted(most);
}

function* drawRow(cells: readonly string[], widths: readonly number[], style: Style = (text) => text) {
  const columns = cells.map((cell, column) => linesOf(cell, widths[column] ?? 0));
  const height = Math.max(1, ...columns.map(({ length }) => length));
  for (let line = 0; line < height; line += 1) {
    const parts = columns.map((lines, column) => {
      const text = lines[line] ?? '';
      return `${text && style(text)}${' '.repeat((widths[column] ?? 0) - widthOf(text))}`;
    });
    yield parts.join(' '.repeat(GAP)).trimEnd();
  }
}

/** A block per row, without empty cells. */
function* drawBlocks(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  { width, bold }: { width: number; bold: Style },
) {
  const margin = Math.max(...head.map(widthOf)) + GAP;
  for (const [index, row] of rows.entries()) {
    if (index > 0) yield '';
    for (const [column, cell] of row.entries())
      if (cell !== '') yield* drawField({ title: head[column] ?? '', cell }, { margin, width, bold });
  }
}

/** A cell after its title or, if it is too wide for that, below it. */
function* drawField(
  { title, cell }: { title: string; cell: string },
  { margin, width, bold }: { margin: number; width: number; bold: Style },
) {
  if (margin + wordWidth(cell) > width) {
    yield bold(title);
    for (const line of linesOf(cell, width - GAP)) yield ' '.repeat(GAP) + line;
    return;
  }
  const [first = '', ...more] = linesOf(cell, width - margin);
  yield `${bold(title)}${' '.repeat(margin - widthOf(title))}${first}`;
  for (const line of more) yield ' '.repeat(margin) + line;
}

/** Breaks a cell between words. A color that is around all of it is around each line, and not around the next column. */
function linesOf(cell: string, width: number): string[] {
  if (cellWidth(cell) <= width && !cell.includes('\n')) return [cell];
  const text = stripVTControlCharacters(cell);
  const start = cell.indexOf(text);
  if (start < 0) return wrap(cell, width, widthOf);
  return wrap(text, width, widthOf).map((line) => cell.slice(0, start) + line + cell.slice(start + text.length));
}

function cellWidth(cell: string): number {
  return cell.includes('\n') ? Math.max(...cell.split('\n').map(widthOf)) : widthOf(cell);
}

/** The width of the widest word. */
function wordWidth(cell: string): number {
  return Math.max(0, ...cell.split(/\s+/).map(widthOf));
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
