import type * as z from 'zod/mini';
import type { ExecutionSummary } from '../../../adapters/executions.ts';
import type { ListedExecution } from '../../../operator/executions/list.ts';
import type { Ending } from '../../../operator/executions/outcomes.ts';
import type { ExecutionLineSchema } from '../../../operator/lines/executions.ts';
import type { Colors } from '../../ui/colors.ts';

type ExecutionLine = z.infer<typeof ExecutionLineSchema>;

/** Returns the fields that an execution has in a list and in full. */
export function executionFields({
  execution: { arn, status, startedAt, endedAt },
  ending,
  subject,
  changes,
  redrive,
}: ListedExecution): Omit<ExecutionLine, 'type'> {
  return {
    execution: arn,
    status,
    startedAt: startedAt.toISOString(),
    ...(endedAt ? { endedAt: endedAt.toISOString() } : {}),
    ...ending,
    ...(subject ? { subject } : {}),
    ...(changes ? { changes } : {}),
    ...(redrive ? { redrive } : {}),
  };
}

/** Says in a word how an execution ended, or that it runs. */
export function coloredOutcome(
  { execution, ending }: { execution: Pick<ExecutionSummary, 'status'>; ending: Ending | undefined },
  colors: Colors,
): string {
  const { status } = execution;
  if (!ending) return status === 'RUNNING' ? colors.cyan('running') : status.toLowerCase();
  const { outcome } = ending;
  if (outcome === 'failed') return colors.red(WORDS[status] ?? 'failed');
  if (outcome === 'handedOver') return 'handed over';
  return outcome === 'held' ? colors.yellow('held') : colors.green(outcome);
}

const WORDS: Partial<Record<ExecutionSummary['status'], string>> = { TIMED_OUT: 'timed out', ABORTED: 'stopped' };
