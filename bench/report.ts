/** A figure beside what it is held to and what others take. */
export interface Row {
  what: string;
  usher: string;
  /** What something else takes. */
  beside?: string;
  target?: string;
  met?: boolean;
}

/** With commas, as all numbers of the report have them. */
export function count(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** As many digits as it takes to see a price of thousandths of a cent. */
export function dollars(value: number): string {
  return `$${count(value, value < 0.01 ? 6 : value < 10 ? 4 : 2)}`;
}

/** Seconds, as minutes or hours where those say more. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${count(seconds, 1)} s`;
  if (seconds < 7200) return `${count(seconds / 60, 1)} min`;
  return `${count(seconds / 3600, 2)} h`;
}

/** A row with an upper bound. */
export function atMost(
  what: string,
  value: number,
  bound: number,
  options: { digits?: number; unit?: string; beside?: string } = {},
): Row {
  const { digits = 0, unit = '', beside } = options;
  const suffix = unit === '' ? '' : ` ${unit}`;
  return {
    what,
    usher: `${count(value, digits)}${suffix}`,
    target: `≤ ${count(bound, digits)}${suffix}`,
    met: value <= bound,
    ...(beside === undefined ? {} : { beside }),
  };
}

/** Rows as a table; the last column says `met` or `not met` where there is a target. */
export function rows(all: readonly Row[], beside = 'beside'): string {
  const others = all.some((row) => row.beside !== undefined);
  const head = ['figure', 'Usher', ...(others ? [beside] : []), 'target', 'verdict'];
  return table(
    head,
    all.map(({ what, usher, beside: other = '', target = '', met }) => [
      what,
      usher,
      ...(others ? [other] : []),
      target,
      met === undefined ? '' : met ? 'met' : 'not met',
    ]),
  );
}

/** A table of Markdown: the first column is text, the others are numbers. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '--:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
