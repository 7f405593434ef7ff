import type { ExecutionOutcome } from '../../domain/shared/outcome.ts';
import type { Reporter } from '../../emulator/scenario/player.ts';
import { ignoredBecause } from '../../operator/executions/outcomes.ts';
import type { Line } from '../../operator/lines/all.ts';
import { deliveryLine } from '../../operator/notices/notice-line.ts';
import type { Terminal } from './terminal.ts';

/** When each line is printed, by `type`. docs/json.md has their fields. */
export const LINE_MEANINGS = {
  state: 'an execution entered a state, at this virtual time',
  execution: 'an execution ended',
  'audit-event': 'the audit bus took an event; docs/audit.md describes it',
  notice: 'NotifyUser recorded what became of a notice',
  summary: 'the last line: what the play came to',
} as const satisfies Partial<Record<Line['type'], string>>;

/** Writes a play for programs: one JSON object per line, as things happen, and last the summary. The lines hold ids only. */
export function jsonLines(terminal: Pick<Terminal, 'json' | 'behind'>): Reporter {
  return {
    state: ({ arn, state, at }) => terminal.json({ type: 'state', execution: arn, state, at: at.toISOString() }),
    ended: ({ arn, status, outcome, cause, startedAt, endedAt }) =>
      terminal.json({
        type: 'execution',
        execution: arn,
        status,
        outcome,
        ...endingOf(outcome, cause),
        startedAt: startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
      }),
    audit: ({ DetailType, Source, Time, Resources, Detail }) =>
      terminal.json({
        type: 'audit-event',
        'detail-type': DetailType,
        source: Source,
        time: Time,
        resources: Resources,
        detail: Detail,
      }),
    notice: (delivery) => terminal.json(deliveryLine(delivery)),
    finish: ({ executions, seats, assignments, subscriptions, notices, calls }) =>
      terminal.json({
        type: 'summary',
        executions,
        seats,
        assignments: assignments.map(withApplication),
        subscriptions: subscriptions.map(withApplication),
        notices,
        calls,
      }),
    behind: () => terminal.behind(),
  };
}

/** Returns why an execution ended so, as `usher status` says it. */
function endingOf(outcome: ExecutionOutcome, cause: string | undefined): { reason?: string; handedOverTo?: string } {
  if (cause === undefined) return {};
  if (outcome === 'handedOver') return { handedOverTo: cause };
  return { reason: outcome === 'ignored' ? ignoredBecause(cause) : cause };
}

function withApplication<One extends { applicationArn: string }>({ applicationArn, ...one }: One) {
  return { application: applicationArn, ...one };
}
