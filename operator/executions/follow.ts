import type { ExecutionDetail } from '../../adapters/executions.ts';
import type { Executions, Step } from '../../adapters/operator/executions.ts';
import { CommandFailed, UsageError } from '../failures.ts';
import { isReadFailure, type Unread } from '../unread.ts';
import { nameIn } from './find.ts';
import { addSteps } from './history.ts';
import { type Ending, endingOf } from './outcomes.ts';

/** Describes an execution. @throws UsageError if there is no such execution */
export async function requireExecution(
  executions: Pick<Executions, 'describe'>,
  arn: string,
): Promise<ExecutionDetail> {
  const found = await executions.describe(arn);
  if (found) return found;
  throw new UsageError(`There is no execution ${arn}`);
}

/**
 * Follows an execution: yields each step, and returns how it ended. If AWS refuses to show the history, it yields none.
 *
 * @param pause waits until the next read
 */
export async function* followExecution(
  arn: string,
  executions: Pick<Executions, 'describe' | 'history'>,
  { unread, pause }: { unread: Unread; pause(): Promise<unknown> },
): AsyncGenerator<Step, Ending> {
  const steps: Step[] = [];
  let seen = 0;
  for (;;) {
    // Described before its history is read, so that the history of an execution that has ended is complete.
    const ending = endingOf(await requireExecution(executions, arn));
    if (unread.isEmpty) await unread.attempt(() => addSteps(steps, executions.history(arn, steps.at(-1)?.id)));
    yield* steps.slice(seen);
    seen = steps.length;
    if (ending) return ending;
    await pause();
  }
}

/** Reads about an execution that was started. @throws CommandFailed if AWS refuses: the execution continues all the same */
export async function readStarted<T>(arn: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    throw new CommandFailed(`${error.message}. The execution continues: usher status ${nameIn(arn)}`, { cause: error });
  }
}
