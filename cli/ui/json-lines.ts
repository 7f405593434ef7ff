import type { Reporter } from '../../emulator/scenario/player.ts';
import type { Terminal } from './terminal.ts';

/** The lines, by `type`, with what they hold. */
export const LINE_FIELDS = {
  state: 'an execution entered a state, at this virtual time',
  execution:
    'an execution ended: `status` as Step Functions has it; `outcome`; `reason`, if there is one: why it was ignored or failed, or the execution to which it was handed over',
  audit: 'an entry of `PutEvents` that the audit bus took, with its `Detail` parsed; docs/audit.md describes it',
  summary:
    'the last line. `executions`: the number of executions by outcome. `seats`: `entitlement` (its name), `userId`, `status`, as the ledger holds them. `assignments`: `applicationArn`, `principalId`, all that the applications hold, including those that Usher did not make. `subscriptions`: `applicationArn`, `principalId`, `plan`, `status`, including those that Usher did not start. `calls`: requests by `<Service>.<Operation>`, including refused ones. All sorted',
} as const satisfies Record<string, string>;

/**
 * Writes a play for programs: one JSON object per line, as things happen, and last the summary. The lines hold ids only.
 *
 * `docs/scenarios.md` documents the form.
 */
export function jsonLines(terminal: Pick<Terminal, 'untypedJson' | 'behind'>): Reporter {
  const write = (line: { type: keyof typeof LINE_FIELDS; [field: string]: unknown }) => terminal.untypedJson(line);
  return {
    state: ({ execution, state, at }) => write({ type: 'state', execution, state, time: at.toISOString() }),
    ended: ({ execution, status, outcome, cause, startedAt, endedAt }) =>
      write({
        type: 'execution',
        execution,
        status,
        outcome,
        reason: cause,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
      }),
    audit: (event) => write({ type: 'audit', event }),
    finish: ({ executions, seats, assignments, subscriptions, calls }) =>
      write({ type: 'summary', executions, seats, assignments, subscriptions, calls }),
    behind: () => terminal.behind(),
  };
}
