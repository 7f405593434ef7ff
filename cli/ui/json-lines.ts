import type { Reporter } from '../../emulator/scenario/player.ts';
import type { Terminal } from './terminal.ts';

/**
 * What a program sees: a JSON object a line, as things happen; the last is the summary. It holds ids only.
 *
 * The form is documented in `docs/scenarios.md`.
 */
export function jsonLines(terminal: Pick<Terminal, 'json' | 'behind'>): Reporter {
  const tell = (line: object) => terminal.json(line);
  return {
    state: ({ execution, state, at }) => tell({ type: 'state', execution, state, time: at.toISOString() }),
    ended: ({ execution, status, outcome, cause, startedAt, endedAt }) =>
      tell({
        type: 'execution',
        id: execution,
        status,
        outcome,
        cause,
        startedAt: startedAt.toISOString(),
        endedAt: endedAt.toISOString(),
      }),
    audit: (event) => tell({ type: 'audit', event }),
    finish: ({ executions, seats, assignments, calls }) =>
      tell({ type: 'summary', executions, seats, assignments, calls }),
    behind: () => terminal.behind(),
  };
}
