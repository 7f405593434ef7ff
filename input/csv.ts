import { InputError } from './input-error.ts';

/** A row below the header. */
interface Row<Column extends string> {
  /** The number of its (last) line in the file. */
  line: number;
  /** Returns the value of a column, without spaces around it; empty if the file has no such column. */
  value(column: Column): string;
}

/** What a file of comma-separated values holds. */
interface CsvTable<Column extends string> {
  /** Whether the file has a column. */
  has(column: Column): boolean;
  rows: Row<Column>[];
}

/** Which columns a file must have, and may have: in lower case, without spaces and underscores. */
interface Columns<Column extends string> {
  required: readonly Column[];
  optional?: readonly Column[];
}

/** Messages of the parser may quote values. */
const PROBLEMS: Readonly<Record<string, string>> = {
  CSV_INVALID_CLOSING_QUOTE: 'text behind a closing quote',
  CSV_MAX_RECORD_SIZE: 'longer than a million characters',
  CSV_QUOTE_NOT_CLOSED: 'a quote that is not closed',
  CSV_RECORD_INCONSISTENT_FIELDS_LENGTH: 'another number of columns than the header',
  INVALID_OPENING_QUOTE: 'a quote inside a value',
};

/**
 * Reads comma-separated values with a header. Columns are found by name, whatever their order, case, spaces and
 * underscores are. Other columns and empty lines are skipped.
 *
 * @param file named in errors, not opened
 * @throws InputError with the line, without quoting the text
 */
export async function readCsv<Column extends string>(
  text: string,
  file: string,
  { required, optional = [] }: Columns<Column>,
): Promise<CsvTable<Column>> {
  const [header, ...rows] = await recordsIn(text, file);
  if (!header) throw new InputError(file, [{ path: '', problem: 'empty: expected a line with the names of columns' }]);
  const path = `line ${header.line}`;
  const names = header.values.map((name) => name.replace(/[\s_]+/g, '').toLowerCase());
  const issues = [
    ...required
      .filter((column) => !names.includes(column))
      .map((column) => ({ path, problem: `no column ${column}: the names of columns stand in the first line` })),
    ...[...required, ...optional]
      .filter((column) => names.indexOf(column) !== names.lastIndexOf(column))
      .map((column) => ({ path, problem: `more than one column ${column}` })),
  ];
  if (issues.length > 0) throw new InputError(file, issues);
  return {
    has: (column) => names.includes(column),
    rows: rows.map(({ line, values }) => ({
      line,
      value: (column) => values[names.indexOf(column)]?.trim() ?? '',
    })),
  };
}

async function recordsIn(text: string, file: string): Promise<{ line: number; values: string[] }[]> {
  const { CsvError, parse } = await import('csv-parse/sync');
  const records: { line: number; values: string[] }[] = [];
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      // Given, so that a file may have more than one of them.
      record_delimiter: ['\r\n', '\n', '\r'],
      max_record_size: 1_000_000,
      on_record: (values: string[], { lines }) => {
        records.push({ line: lines, values });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    // The parser finds an open quote only at the end of the file.
    const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED';
    const line = isOpen ? (records.at(-1)?.line ?? 0) + 1 : Number(error['lines']);
    const problem = PROBLEMS[error.code] ?? `not comma-separated values (${error.code})`;
    throw new InputError(file, [{ path: `line ${line}`, problem }], { cause: error });
  }
  return records;
}
