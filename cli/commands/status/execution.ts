import { secondsBetween } from '../../../domain/shared/time.ts';
import { changesInWords } from '../../../operator/executions/changes.ts';
import { OUTCOMES } from '../../../operator/executions/outcomes.ts';
import { type ShownExecution, showExecution } from '../../../operator/executions/show.ts';
import { STATES } from '../../../operator/executions/states.ts';
import { subjectInWords, triggerInWords } from '../../../operator/executions/subject.ts';
import { starterInWords, startersOf } from '../../../operator/history/starters.ts';
import type { Stay } from '../../../operator/lines/executions.ts';
import type { StarterLine } from '../../../operator/lines/history.ts';
import { count, durationOf, escaped, isoTimeOf, timeOf } from '../../../operator/text.ts';
import type { Context } from '../../command/context.ts';
import { pollMilliseconds } from '../../command/follow-execution.ts';
import { addNames } from '../../command/user-names.ts';
import type { Frame } from '../../command/watch.ts';
import { auditRow } from '../../ui/audit-rows.ts';
import { coloredOutcome, executionFields } from './execution-fields.ts';

/** An execution in full, and who started it if that was asked for and CloudTrail has it. */
type Drawn = ShownExecution & { startedBy: StarterLine | undefined };

/**
 * Returns what draws an execution in full. CloudTrail, which has a call only after some minutes, is asked at the first time
 * and, if it did not know who started it, at the last.
 */
export function executionDrawing(name: string, { names, by }: { names: boolean; by: boolean }) {
  let isFirst = true;
  return async (context: Context): Promise<Frame> => {
    const shown = await showExecution(name, context);
    const isLast = shown?.ending !== undefined;
    if (shown) {
      const { arn } = shown.execution;
      if (by && (isFirst || isLast)) await startersOf([arn], context);
      isFirst = false;
      if (names) await addNames([shown.subject], context);
      const drawn = { ...shown, startedBy: context.memory.starters.get(arn) };
      if (context.json) printJson(drawn, context);
      else print(drawn, { ...context, by });
    }
    return { isLast, milliseconds: pollMilliseconds(context) };
  };
}

function printJson(shown: Drawn, { terminal }: Context): void {
  const { execution, stays, moves, events } = shown;
  terminal.json({
    type: 'execution',
    ...executionFields(shown),
    redrives: execution.redrives,
    ...(shown.startedBy ? { startedBy: shown.startedBy.by } : {}),
    ...(stays ? { states: stays } : {}),
    ...(moves ? { moves } : {}),
    ...(events ? { audit: events.map((event) => auditRow(event).event) } : {}),
  });
}

/** Prints one execution in full, without the states or the audit events if they could not be read. */
function print(shown: Drawn, context: Context & { by: boolean }): void {
  const { execution, stays, events, subject, changes } = shown;
  const { terminal } = context;
  const { colors } = terminal;
  terminal.line(`${colors.bold(escaped(execution.name))}  ${coloredOutcome(shown, colors)}`);
  terminal.line(colors.dim(execution.arn));
  terminal.line([triggerInWords(subject), escaped(subjectInWords(subject))].filter(Boolean).join(': '));
  terminal.line(durationsOf(shown, context));
  if (context.by) {
    const by = shown.startedBy && escaped(starterInWords(shown.startedBy));
    terminal.line(by ? `Started by ${by}.` : 'Who started it is not in CloudTrail, or not yet.');
  }
  terminal.line();
  for (const stay of stays ?? []) printStay(stay, context);
  terminal.line();
  if (events && events.length > 0) {
    terminal.line(`Changes: ${changesInWords(changes)}`);
    terminal.table(
      ['TIME', 'EVENT', 'USER', 'ENTITLEMENT', 'REASON'],
      events.map((event) => auditRow(event).cells),
    );
  } else if (events) terminal.line('It recorded no audit event.');
  terminal.line();
  printEnding(shown, context);
}

/** In a pipe, without what changes while the execution runs. */
function durationsOf(
  { execution: { startedAt, endedAt, redrives } }: ShownExecution,
  { terminal, clock }: Context,
): string {
  const took = durationOf(secondsBetween(startedAt, endedAt ?? clock.now()));
  const began = `Started ${terminal.isLive ? `${timeOf(startedAt)} UTC` : isoTimeOf(startedAt)}`;
  const redriven = redrives > 0 ? `, redriven ${count(redrives, 'time')}` : '';
  if (endedAt) return `${began}, took ${took}${redriven}.`;
  return `${began}${terminal.isLive ? `, has been running for ${took}` : ''}${redriven}.`;
}

function printStay({ state, at, seconds, failures }: Stay, { terminal }: Context): void {
  const { dim, yellow } = terminal.colors;
  const took = seconds === undefined ? '' : durationOf(seconds);
  const tries =
    failures.length === 0 ? '' : yellow(`  ${failures.length} failed: ${escaped([...new Set(failures)].join(', '))}`);
  terminal.line(`${dim(at.slice(11, 19))}  ${state.padEnd(18)}  ${took.padStart(6)}  ${STATES[state] ?? ''}${tries}`);
}

function printEnding({ ending, redrive }: ShownExecution, { terminal }: Context): void {
  if (!ending) {
    terminal.line('It is still running.');
    return;
  }
  const { outcome, reason, handedOverTo } = ending;
  terminal.paragraph(escaped([OUTCOMES[outcome], reason, handedOverTo].filter(Boolean).join(': ')));
  if (!redrive) return;
  const { possible, fix } = redrive;
  if (redrive.reason !== undefined)
    terminal.paragraph(escaped(`Not redriven${possible === 'by-name' ? ' by itself' : ''}: ${redrive.reason}.`));
  terminal.paragraph(
    possible === 'yes' ? `Redrive it from the step that failed: ${fix}` : escaped(fix),
    0,
    terminal.colors.dim,
  );
}
