/** What a table knows of a column, apart from how it looks. */
export interface Field<Row> {
  /** In the query of the address, and in the first line of a CSV file. */
  key: string;
  /** What is sorted, exported and searched. Undefined: nothing is known. */
  value(row: Row): string | number | undefined;
}

/**
 * Sorts rows by a field. What is not known comes last, in both directions; rows with equal values stay in their order.
 *
 * @param by the key of the field, with `-` before it for the other direction; any other text sorts nothing
 */
export function sorted<Row>(rows: readonly Row[], fields: readonly Field<Row>[], by: string): readonly Row[] {
  const isDown = by.startsWith('-');
  const field = fields.find(({ key }) => key === (isDown ? by.slice(1) : by));
  if (!field) return rows;
  const known: { row: Row; value: string | number }[] = [];
  const unknown: Row[] = [];
  for (const row of rows) {
    const value = field.value(row);
    if (value === undefined) unknown.push(row);
    else known.push({ row, value });
  }
  const up = isDown ? -1 : 1;
  known.sort((a, b) => (a.value < b.value ? -up : a.value > b.value ? up : 0));
  return [...known.map(({ row }) => row), ...unknown];
}

/** Returns what sorts by a field next: first upwards, then downwards, then not at all. */
export function nextSort(key: string, by: string): string {
  if (by === key) return `-${key}`;
  return by === `-${key}` ? '' : key;
}

/** Returns rows as comma-separated values with a first line, as RFC 4180 has them. */
export function csvOf<Row>(rows: readonly Row[], fields: readonly Field<Row>[]): string {
  const lines = rows.map((row) => fields.map((field) => cell(String(field.value(row) ?? ''))).join(','));
  return [fields.map(({ key }) => cell(key)).join(','), ...lines, ''].join('\r\n');
}

/** In a spreadsheet, a text that begins with one of these is a formula. */
const FORMULA = /^[=+\-@\t\r]/;

function cell(text: string): string {
  const safe = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Returns the rows of which a field has the text, in any case. */
export function matching<Row>(
  rows: readonly Row[],
  text: string,
  fields: readonly ((row: Row) => string | undefined)[],
): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === '') return rows;
  return rows.filter((row) => fields.some((field) => field(row)?.toLowerCase().includes(wanted)));
}

/** An id of the identity store. Everything else may be a name, and is kept out of the address. */
export function isUserId(text: string): boolean {
  return /^(?:[\da-f]{10}-)?[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i.test(text);
}

/** Returns how many rows there are of each value, in the order of their first. */
export function counted<Row>(rows: readonly Row[], value: (row: Row) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(value(row), (counts.get(value(row)) ?? 0) + 1);
  return counts;
}
