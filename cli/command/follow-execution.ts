import { setTimeout as sleep } from 'node:timers/promises';
import type { Step } from '../../adapters/operator/executions.ts';
import { followExecution } from '../../operator/executions/follow.ts';
import { type Ending, OUTCOMES } from '../../operator/executions/outcomes.ts';
import { STATES } from '../../operator/executions/states.ts';
import { CommandFailed } from '../../operator/failures.ts';
import { escaped, timeOf } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import type { Context } from './context.ts';
import { printUnread } from './unread.ts';

/** AWS allows 15 calls per second of DescribeExecution and 5 of GetExecutionHistory, for all callers together. */
const POLL_MILLISECONDS = 1000;
/** The emulator may run faster than real time. */
const POLL_LOCAL_MILLISECONDS = 100;

/** Returns the time between two polls of something that is under way. */
export function pollMilliseconds({ local }: Pick<Context, 'local'>): number {
  return local ? POLL_LOCAL_MILLISECONDS : POLL_MILLISECONDS;
}

/** Prints each state that an execution enters, until it ends; only its end, if AWS refuses to show its history. */
export async function follow(arn: string, context: Context): Promise<Ending> {
  const unread = new Unread();
  const executions = await (await context.services()).executions();
  const steps = followExecution(arn, executions, { unread, pause: () => sleep(pollMilliseconds(context)) });
  for (;;) {
    const { value, done } = await steps.next();
    printUnread({ ...context, unread });
    if (done) return value;
    printStep(arn, value, context);
  }
}

function printStep(
  execution: string,
  { at: stepAt, what, state = '', error = 'unknown' }: Step,
  { terminal, json }: Pick<Context, 'terminal' | 'json'>,
): void {
  const at = stepAt.toISOString();
  const { dim, yellow } = terminal.colors;
  const line = (words: string) => terminal.line(`${dim(timeOf(stepAt).slice(11))}  ${words}`);
  if (what === 'entered' && STATES[state] !== undefined) {
    if (json) terminal.json({ type: 'state', execution, state, at });
    else line(`${state.padEnd(18)}  ${STATES[state]}`);
  }
  if (what === 'attempt-failed') {
    if (json) terminal.json({ type: 'attempt', execution, error, at });
    else line(yellow(`${escaped(error)}: retried, or the execution fails`));
  }
}

/** Prints how an execution ended. @throws CommandFailed if it failed */
export function printEnding(execution: string, ending: Ending, context: Pick<Context, 'terminal' | 'json'>): void {
  const { terminal, json } = context;
  const { outcome, reason, handedOverTo } = ending;
  if (json) terminal.json({ type: 'end', execution, ...ending });
  else if (outcome !== 'failed') {
    const color = outcome === 'converged' ? terminal.colors.green : terminal.colors.yellow;
    terminal.line(
      color(
        [OUTCOMES[outcome], reason, handedOverTo]
          .filter(Boolean)
          .map((text) => escaped(`${text}`))
          .join(': '),
      ),
    );
  }
  if (outcome === 'failed') throw new CommandFailed(reason ?? 'The execution failed');
}
