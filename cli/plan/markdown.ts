import type { GroupNameLine, PlanFile } from '../../operator/lines/plan.ts';
import { count } from '../../operator/text.ts';
import { changeGrid, type Grid, planGrid } from './columns.ts';
import { groupNameInWords } from './group-names.ts';
import { noticesInWords, planNotes, priceInWords, totalInWords } from './notes.ts';

/** GitHub takes no longer comment. */
export const MOST_CHARACTERS = 65_536;
/** What a caller who posts it may add, such as a marker, and the words for what was cut. */
const RESERVED_CHARACTERS = 400;

/** What a plan is shown with. */
interface MarkdownOptions {
  /** By user id; undefined if they were not asked for. */
  names: ReadonlyMap<string, string> | undefined;
  groupNames: readonly GroupNameLine[];
}

/** Renders a plan for a pull request: a table, what it means, and the users folded. It says what does not fit. */
export function planMarkdown(plan: PlanFile, { names, groupNames }: MarkdownOptions): string {
  const more = [noticesInWords(plan.total), priceInWords(plan)].filter((one) => one !== undefined);
  const fixed = [
    '### Usher plan',
    '',
    text(totalInWords(plan)),
    ...more.flatMap((one) => ['', text(one)]),
    ...(plan.total.deployed ? [] : ['', 'There is no ledger: this is a plan for a first deployment.']),
    '',
    ...tableOf(planGrid(plan)),
    '',
    ...groupNames.map((one) => `- ${text(groupNameInWords(one))}`),
    ...planNotes(plan).flatMap(({ title, notes }) => notes.map((note) => `- **${text(title)}**: ${text(note)}`)),
  ];
  const people = peopleOf(plan, names);
  return fitting(fixed, people);
}

/** A folded table per entitlement. */
interface Folded {
  summary: string;
  grid: Grid;
}

function peopleOf({ changes }: PlanFile, names: MarkdownOptions['names']): Folded[] {
  return [...Map.groupBy(changes, ({ entitlement }) => entitlement)].map(([entitlement, some]) => ({
    summary: `${entitlement}: ${count(some.length, 'user')}`,
    grid: changeGrid(some, names),
  }));
}

/** Joins what fits into one comment; rows that do not fit are counted. */
function fitting(fixed: readonly string[], folded: readonly Folded[]): string {
  const lines = [...fixed];
  const room = MOST_CHARACTERS - RESERVED_CHARACTERS;
  let length = lines.join('\n').length;
  // Notes about a hundred entitlements may be too long by themselves.
  if (length > room) return `${lines.join('\n').slice(0, room)}\n\n_Cut: GitHub takes no longer comment._`;
  let cut = 0;
  for (const { summary, grid } of folded) {
    const [head = '', rule = ''] = tableOf({ ...grid, rows: [] });
    const frame = ['', `<details><summary>${text(summary)}</summary>`, '', head, rule];
    const end = ['', '</details>'];
    const rows: string[] = [];
    let taken = length + [...frame, ...end].join('\n').length + 2;
    for (const row of grid.rows.map(rowOf)) {
      if (cut > 0 || taken + row.length + 1 > room) cut += 1;
      else {
        rows.push(row);
        taken += row.length + 1;
      }
    }
    if (rows.length === 0) continue;
    lines.push(...frame, ...rows, ...end);
    length = taken;
  }
  if (cut > 0)
    lines.push('', `_${count(cut, 'user does', 'users do')} not fit into a comment. All: \`usher plan --people\`_`);
  return lines.join('\n');
}

function tableOf({ head, rows }: Grid): string[] {
  return [rowOf(head), `|${head.map(() => ' --- |').join('')}`, ...rows.map(rowOf)];
}

function rowOf(cells: readonly string[]): string {
  return `| ${cells.map(text).join(' | ')} |`;
}

/** Escapes what has a meaning in Markdown, in HTML or to GitHub, such as a mention. Line ends become spaces. */
function text(plain: string): string {
  return plain.replace(/\s+/g, ' ').replace(/[\\`*_{}[\]<>|~@#&]/g, (character) => `&#${character.charCodeAt(0)};`);
}
