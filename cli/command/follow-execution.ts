import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Executions, Step } from '../../adapters/operator/executions.ts';
import { CommandFailed, UsageError } from '../../operator/failures.ts';
import { timeOf } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import { type Ending, endingOf, OUTCOMES, STATES } from '../ui/outcomes.ts';
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

/** Describes an execution. @throws UsageError if there is no such execution */
export async function requireExecution(executions: Executions, arn: string): Promise<ExecutionDetail> {
  const found = await executions.describe(arn);
  if (found) return found;
  throw new UsageError(`There is no execution ${arn}`);
}

/** Prints each state that an execution enters, until it ends; only its end, if AWS refuses to show its history. */
export async function follow(
  arn: string,
  executions: Executions,
  context: Pick<Context, 'terminal' | 'local' | 'json'>,
): Promise<Ending> {
  const unread = new Unread();
  let shown = 0;
  for (;;) {
    const execution = await requireExecution(executions, arn);
    if (unread.isEmpty) {
      let seen = 0;
      await unread.attempt(async () => {
        for await (const page of executions.history(arn)) {
          for (const step of page) {
            seen += 1;
            if (seen > shown) printStep(arn, step, context);
          }
        }
      });
      shown = seen;
      printUnread({ ...context, unread });
    }
    const ending = endingOf(execution);
    if (ending) return ending;
    await sleep(pollMilliseconds(context));
  }
}

function printStep(
  execution: string,
  { at, what, state = '', error }: Step,
  { terminal, json }: Pick<Context, 'terminal' | 'json'>,
): void {
  const isShown = (what === 'entered' && STATES[state] !== undefined) || what === 'attempt-failed';
  if (!isShown) return;
  const time = at.toISOString();
  if (json) {
    terminal.untypedJson(
      what === 'entered' ? { type: 'state', execution, state, time } : { type: what, execution, error, time },
    );
    return;
  }
  const { dim, yellow } = terminal.colors;
  const words =
    what === 'entered' ? `${state.padEnd(18)}  ${STATES[state]}` : yellow(`${error}: retried, or the execution fails`);
  terminal.line(`${dim(timeOf(at).slice(11))}  ${words}`);
}

/** Prints how an execution ended. @throws CommandFailed if it failed */
export function printEnding(execution: ExecutionDetail | { arn: string }, ending: Ending, context: Context): void {
  const { terminal, json } = context;
  const { outcome, reason, handedOverTo } = ending;
  if (json) terminal.untypedJson({ type: 'end', execution: execution.arn, ...ending });
  else if (outcome !== 'failed') {
    const color = outcome === 'converged' ? terminal.colors.green : terminal.colors.yellow;
    terminal.line(color([OUTCOMES[outcome], reason, handedOverTo].filter(Boolean).join(': ')));
  }
  if (outcome === 'failed') throw new CommandFailed(reason ?? 'The execution failed');
}
