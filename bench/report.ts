/** A figure with its target and with what a baseline takes. */
export interface Row {
  what: string;
  usher: string;
  /** What the baseline takes. */
  baseline?: string;
  target?: string;
  met?: boolean;
}

/** Formats a number with commas, as everywhere in the report. */
export function count(value: number, digits = 0): string {
  return value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Formats a price with enough digits to show thousandths of a cent. */
export function dollars(value: number): string {
  return `$${count(value, value < 0.01 ? 6 : value < 10 ? 4 : 2)}`;
}

/** Formats seconds, as minutes or hours where these are easier to read. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${count(seconds, 1)} s`;
  if (seconds < 7200) return `${count(seconds / 60, 1)} min`;
  return `${count(seconds / 3600, 2)} h`;
}

/** Makes a row with an upper bound. */
export function atMost(
  what: string,
  value: number,
  bound: number,
  options: { digits?: number; unit?: string; baseline?: string } = {},
): Row {
  const { digits = 0, unit = '', baseline } = options;
  const suffix = unit === '' ? '' : ` ${unit}`;
  return {
    what,
    usher: `${count(value, digits)}${suffix}`,
    target: `≤ ${count(bound, digits)}${suffix}`,
    met: value <= bound,
    ...(baseline === undefined ? {} : { baseline }),
  };
}

/** Renders rows as a table; the last column says `met` or `not met` where there is a target. */
export function rows(all: readonly Row[], baselineName = 'baseline'): string {
  const hasBaseline = all.some((row) => row.baseline !== undefined);
  const head = ['figure', 'Usher', ...(hasBaseline ? [baselineName] : []), 'target', 'verdict'];
  return table(
    head,
    all.map(({ what, usher, baseline = '', target = '', met }) => [
      what,
      usher,
      ...(hasBaseline ? [baseline] : []),
      target,
      met === undefined ? '' : met ? 'met' : 'not met',
    ]),
  );
}

/** Renders a Markdown table: the first column is text, the others are numbers. */
export function table(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const rule = head.map((_, index) => (index === 0 ? '---' : '--:'));
  return [head, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
