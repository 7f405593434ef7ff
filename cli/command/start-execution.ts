import { nameIn } from '../../operator/executions/find.ts';
import { readStarted } from '../../operator/executions/follow.ts';
import { noteAwsEquivalent } from './aws-equivalent.ts';
import type { Context } from './context.ts';
import { follow, printEnding } from './follow-execution.ts';

/** What to start, and whether to wait for its end. */
export interface Start {
  /** `adminMachine` also accepts what requires a permission of its own. */
  machine: 'machine' | 'adminMachine';
  input: Record<string, unknown>;
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
    if (!wait) terminal.note(terminal.noteColors.dim(`Follow it: usher status ${nameIn(arn)}`));
  }
  noteAwsEquivalent(context, 'stepfunctions start-execution', { 'state-machine-arn': machineArn, input });
  if (wait) await followToEnd(arn, context);
}

/** Follows an execution, and those to which its work is handed over, and prints their ends. @throws CommandFailed if one fails */
export async function followToEnd(arn: string, context: Context): Promise<void> {
  let current = arn;
  for (let handovers = 0; ; handovers += 1) {
    const followed = current;
    const ending = await readStarted(followed, () => follow(followed, context));
    printEnding(current, ending, context);
    if (ending.handedOverTo === undefined || handovers === MOST_HANDOVERS) return;
    current = ending.handedOverTo;
  }
}
