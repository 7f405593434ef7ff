/** A table in Markdown; every line ends. */
export function tableOf(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows].map((cells) => `| ${cells.join(' | ')} |\n`);
  lines.splice(1, 0, `|${'---|'.repeat(head.length)}\n`);
  return lines.join('');
}

/** Marks text as code in a cell. */
export function code(text: string): string {
  return `\`${text.replaceAll('|', '\\|')}\``;
}

/** Text in a cell: pages become links; what Markdown would take as markup is escaped, but code in backticks stays code. */
export function prose(text: string): string {
  return text
    .replace(/`([^`]*)`|[|<*\\]/g, (mark, inner?: string) => (inner === undefined ? `\\${mark}` : code(inner)))
    .replace(/\bdocs\/([a-z-]+\.md)(#[a-z-]+)?/g, '[$1]($1$2)');
}
