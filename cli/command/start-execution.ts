import { CommandFailed } from '../../operator/failures.ts';
import { isReadFailure } from '../../operator/unread.ts';
import { noteAwsEquivalent } from './aws-equivalent.ts';
import type { Context } from './context.ts';
import { follow, printEnding } from './follow-execution.ts';

/** What to start, and whether to wait for its end. */
export interface Start {
  /** `adminMachine` also accepts what requires a permission of its own. */
  machine: 'machine' | 'adminMachine';
  input: object;
  wait: boolean;
}

/** The CLI follows handed-over work to the next execution, but not without end. */
export const MOST_HANDOVERS = 5;

/** Starts an execution and prints its ARN; with `wait`, follows it to its end. @throws CommandFailed if it failed */
export async function startAndFollow({ machine, input, wait }: Start, context: Context): Promise<void> {
  const { terminal, json } = context;
  const services = await context.services();
  const executions = await services.executions();
  const machineArn = await services.machineArn(services.names[machine]);
  const { arn } = await executions.start(machineArn, input);
  if (json) terminal.json({ type: 'start', execution: arn, input: { ...input } });
  else {
    terminal.line(`started ${arn}`);
    if (!wait) terminal.note(terminal.noteColors.dim(`Follow it: usher status ${arn.split(':').at(-1)}`));
  }
  noteAwsEquivalent(context, 'stepfunctions start-execution', { 'state-machine-arn': machineArn, input });
  if (!wait) return;
  let current = arn;
  for (let handovers = 0; ; handovers += 1) {
    const followed = current;
    const ending = await readStarted(followed, () => follow(followed, executions, context));
    printEnding({ arn: current }, ending, context);
    if (ending.handedOverTo === undefined || handovers === MOST_HANDOVERS) return;
    current = ending.handedOverTo;
  }
}

/** Reads about an execution that was started. @throws CommandFailed if AWS refuses: the execution continues all the same */
export async function readStarted<T>(arn: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    throw new CommandFailed(`${error.message}. The execution continues: usher status ${arn.split(':').at(-1)}`, {
      cause: error,
    });
  }
}
