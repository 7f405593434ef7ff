/** Returns rows as comma-separated values with a header, for a spreadsheet. */
export async function csvOf(rows: readonly object[], columns: readonly string[]): Promise<string> {
  const { stringify } = await import('csv-stringify/sync');
  // In a spreadsheet, a name that begins with = would be a formula.
  return stringify([...rows], { header: true, columns: [...columns], escape_formulas: true }).trimEnd();
}
