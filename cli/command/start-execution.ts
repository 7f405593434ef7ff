import type { Context } from './context.ts';
import { follow, tellEnding } from './follow-execution.ts';

/** What is started, and whether it is waited for. */
export interface Start {
  /** `adminMachine` also takes what only a person may ask for. */
  machine: 'machine' | 'adminMachine';
  input: object;
  wait: boolean;
}

/** A handed-over execution's work is followed where it went, but not for ever. */
export const MOST_HANDOVERS = 5;

/** Starts an execution and says which; with `wait` follows it to its end. @throws CommandFailed when it failed then */
export async function startAndFollow({ machine, input, wait }: Start, context: Context): Promise<void> {
  const { terminal, json } = context;
  const services = await context.services();
  const executions = await services.executions();
  const { arn } = await executions.start(await services.machineArn(services.names[machine]), input);
  if (json) terminal.json({ type: 'start', execution: arn, input });
  else {
    terminal.line(`started ${arn}`);
    if (!wait) terminal.note(terminal.noteColors.dim(`Follow it: usher status ${arn.split(':').at(-1)}`));
  }
  if (!wait) return;
  let current = arn;
  for (let handovers = 0; ; handovers += 1) {
    const ending = await follow(current, executions, context);
    tellEnding({ arn: current }, ending, context);
    if (ending.handedOverTo === undefined || handovers === MOST_HANDOVERS) return;
    current = ending.handedOverTo;
  }
}
