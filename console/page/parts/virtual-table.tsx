import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from '@tanstack/virtual-core';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'preact/hooks';
import { filter, place } from '../data/route.tsx';
import { save } from '../data/save.ts';
import { csvOf, type Field, nextSort, sorted } from '../data/table.ts';
import { count } from './text.tsx';

/** A column of a table. */
export interface Column<Row> extends Field<Row> {
  title: string;
  /** As in CSS: `22rem`. Without one, it shares what is left. */
  width?: string;
  /** Its cells have numbers. */
  isNumber?: boolean;
  /** What a cell shows, in one line. By default, its value. */
  cell?(row: Row): ComponentChildren;
}

export interface TableProps<Row> {
  /** What it lists, for those who cannot see it. */
  label: string;
  /** What is left after filtering, in their usual order. */
  rows: readonly Row[];
  /** How many there are without filters. */
  of: number;
  /** One without a value in any row is left out, but not of the CSV file. */
  columns: readonly Column<Row>[];
  /** Called with the row on which Enter is pressed. */
  onOpen?(row: Row): void;
  /** Name of the CSV file, without its ending. */
  file: string;
  /** What is in the line above, before the number of rows. */
  children?: ComponentChildren;
}

/** How many rows are rendered above and below those in view: as many as a fast wheel moves in a frame. */
const OVERSCAN = 24;
/** How many rows are printed: 40 pages. */
const PRINTED = 2000;
const ROW_REM = 2.25;

/** A table of up to 50,000 rows, of which only those in view are in the document. It is sorted by the query of the address. */
export function VirtualTable<Row>({ label, rows, of, columns: fields, onOpen, file, children }: TableProps<Row>) {
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const by = place.value.query.get('sort') ?? '';
  const shown = useMemo(() => sorted(rows, fields, by), [rows, fields, by]);
  const columns = useMemo(
    () => fields.filter(({ value }) => rows.length === 0 || rows.some((row) => value(row) !== undefined)),
    [rows, fields],
  );
  const isPrinting = useIsPrinting();
  const { virtualizer, height } = useVirtualizer(shown.length, scroller);
  const [current, setCurrent] = useState(-1);
  const last = shown.length - 1;
  const move = (to: number) => {
    const next = Math.max(0, Math.min(last, to));
    setCurrent(next);
    virtualizer.scrollToIndex(next);
    scroller.current?.querySelector('table')?.focus();
  };
  const items = isPrinting
    ? shown.slice(0, PRINTED).map((_, index) => ({ index, start: 0, end: 0 }))
    : virtualizer.getVirtualItems();
  const after = isPrinting ? 0 : virtualizer.getTotalSize() - (items.at(-1)?.end ?? 0);
  return (
    <>
      <div class="toolbar">
        {children}
        <span class="soft" role="status">
          {rows.length === of ? count(of) : `${count(rows.length)} of ${count(of)}`}
        </span>
        <button type="button" onClick={() => save(`${file}.csv`, csvOf(shown, fields), 'text/csv')}>
          CSV
        </button>
      </div>
      {isPrinting && shown.length > PRINTED && (
        <p>
          Printed: the first {count(PRINTED)} of {count(shown.length)}. The CSV file has all.
        </p>
      )}
      <div class="scroller" ref={scroller}>
        <table
          // biome-ignore lint/a11y/noNoninteractiveElementToInteractiveRole: a grid is a table in whose rows the keyboard moves
          role="grid"
          aria-label={label}
          aria-rowcount={shown.length + 1}
          aria-activedescendant={current >= 0 && current <= last ? `${id}-${current}` : undefined}
          tabIndex={0}
          onKeyDown={(event) => {
            const to = target(event.key, current, last);
            const row = shown[current];
            if (to !== undefined) move(to);
            else if (event.key === 'Enter' && event.target === event.currentTarget && row !== undefined) onOpen?.(row);
            else return;
            event.preventDefault();
            event.stopPropagation();
          }}
        >
          <colgroup>
            {columns.map(({ key, width }) => (
              <col key={key} style={width === undefined ? {} : { width }} />
            ))}
          </colgroup>
          <thead>
            <tr aria-rowindex={1}>
              {columns.map((column) => (
                <Head key={column.key} column={column} by={by} />
              ))}
            </tr>
          </thead>
          <tbody>
            <Space height={items[0]?.start ?? 0} />
            {items.map(({ index }) => {
              const row = shown[index];
              if (row === undefined) return null;
              return (
                <tr
                  key={index}
                  id={`${id}-${index}`}
                  aria-rowindex={index + 2}
                  aria-selected={index === current}
                  style={{ height: `${height}px` }}
                  onMouseDown={() => setCurrent(index)}
                  onFocusIn={() => setCurrent(index)}
                >
                  {columns.map((column) => (
                    <td key={column.key} class={column.isNumber ? 'number' : ''} title={titleOf(column, row)}>
                      {column.cell ? column.cell(row) : column.value(row)}
                    </td>
                  ))}
                </tr>
              );
            })}
            <Space height={after} />
          </tbody>
        </table>
      </div>
    </>
  );
}

/** Stands for the rows that are not in the document. */
function Space({ height }: { height: number }) {
  if (height <= 0) return null;
  return <tr style={{ height: `${height}px` }} />;
}

function Head<Row>({ column: { key, title, isNumber }, by }: { column: Column<Row>; by: string }) {
  const direction = by === key ? 'ascending' : by === `-${key}` ? 'descending' : undefined;
  return (
    <th scope="col" aria-sort={direction ?? 'none'} class={isNumber ? 'number' : ''}>
      <button type="button" class="head" onClick={() => filter({ sort: nextSort(key, by) })}>
        {title} <span aria-hidden="true">{direction === undefined ? '' : direction === 'ascending' ? '↑' : '↓'}</span>
      </button>
    </th>
  );
}

/** What does not fit can be read by pointing at it. */
function titleOf<Row>({ cell, value }: Column<Row>, row: Row): string | undefined {
  return cell ? undefined : String(value(row) ?? '');
}

/** Rows that PageUp and PageDown move. */
const PAGE = 15;

function target(key: string, current: number, last: number): number | undefined {
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: current + 1,
    j: current + 1,
    ArrowUp: current - 1,
    k: current - 1,
    PageDown: current + PAGE,
    PageUp: current - PAGE,
    Home: 0,
    End: last,
  };
  return moves[key];
}

function useVirtualizer(rows: number, scroller: { current: HTMLDivElement | null }) {
  const [, redraw] = useReducer((times: number) => times + 1, 0);
  const [height] = useState(() =>
    Math.round(Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * ROW_REM),
  );
  const options = {
    count: rows,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: OVERSCAN,
    scrollToFn: elementScroll,
    observeElementRect,
    observeElementOffset,
    // The sticky head covers a row.
    scrollPaddingStart: height,
    onChange: () => redraw(undefined),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLDivElement, HTMLTableRowElement>(options));
  virtualizer.setOptions(options);
  useLayoutEffect(() => virtualizer._willUpdate());
  useEffect(() => virtualizer._didMount(), []);
  return { virtualizer, height };
}

/** Everything is in the document while it is printed. */
function useIsPrinting(): boolean {
  const [isPrinting, set] = useState(false);
  useEffect(() => {
    const listening = new AbortController();
    addEventListener('beforeprint', () => set(true), listening);
    addEventListener('afterprint', () => set(false), listening);
    return () => listening.abort();
  }, []);
  return isPrinting;
}
