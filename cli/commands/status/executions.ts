import { secondsBetween } from '../../../domain/shared/time.ts';
import { changesInWords } from '../../../operator/executions/changes.ts';
import { nameIn } from '../../../operator/executions/find.ts';
import {
  type FoldedTicks,
  type ListedExecution,
  type ListOptions,
  listExecutions,
} from '../../../operator/executions/list.ts';
import { subjectInWords, triggerInWords } from '../../../operator/executions/subject.ts';
import { count, durationOf, escaped } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import { addNames } from '../../command/user-names.ts';
import type { Frame } from '../../command/watch.ts';
import { coloredOutcome, executionFields } from './execution-fields.ts';

const EVERY_MILLISECONDS = 15_000;
/** The emulator may run faster than real time. */
const EVERY_LOCAL_MILLISECONDS = 1000;

type Row = ListedExecution | FoldedTicks;

/** Returns what draws the list of executions. */
export function executionsDrawing({ names, ...options }: ListOptions & { names: boolean }) {
  return async (context: Context): Promise<Frame> => {
    const { rows, read, more } = await listExecutions(options, context);
    const subjects = rows.flatMap((row) => ('ticks' in row ? [] : (row.subject ?? [])));
    if (names) await addNames(subjects, context);
    print(rows, context);
    if (more) printMore(read, context);
    return { isLast: false, milliseconds: context.local ? EVERY_LOCAL_MILLISECONDS : EVERY_MILLISECONDS };
  };
}

function print(rows: readonly Row[], context: Context): void {
  const { terminal, json, clock, unread } = context;
  if (json) {
    for (const row of rows) printJson(row, context);
    if (rows.length === 0 && unread.isEmpty) terminal.json({ type: 'none', of: 'execution' });
    return;
  }
  if (rows.length === 0) {
    if (unread.isEmpty) terminal.line('There is no execution yet.');
    return;
  }
  const now = clock.now();
  terminal.table(
    ['STARTED', 'TRIGGER', 'SUBJECT', 'OUTCOME', 'CHANGES', 'TOOK', 'EXECUTION'],
    rows.map((row) => {
      if ('ticks' in row) {
        const { ticks, until } = row;
        return [terminal.when(until, now), count(ticks, 'tick'), '', 'nothing to do', 'none', '', ''];
      }
      const { execution, subject, changes } = row;
      const { startedAt, endedAt, arn } = execution;
      return [
        terminal.when(startedAt, now),
        subject ? triggerInWords(subject) : '?',
        subject ? escaped(subjectInWords(subject)) : '?',
        coloredOutcome(row, terminal.colors),
        endedAt === undefined && changes && changes.gained + changes.lost === 0 ? '' : changesInWords(changes),
        endedAt ? durationOf(secondsBetween(startedAt, endedAt)) : '',
        escaped(nameIn(arn)),
      ];
    }),
  );
}

function printJson(row: Row, { terminal }: Context): void {
  if ('ticks' in row) {
    const { ticks, since, until } = row;
    terminal.json({ type: 'fold', of: 'tick', count: ticks, since: since.toISOString(), until: until.toISOString() });
  } else terminal.json({ type: 'execution', ...executionFields(row) });
}

function printMore(read: number, { terminal, json }: Context): void {
  if (json) terminal.json({ type: 'more', of: 'execution', read });
  else terminal.paragraph(`The newest ${count(read, 'execution')}; there are more: --limit`, 0, terminal.colors.dim);
}
